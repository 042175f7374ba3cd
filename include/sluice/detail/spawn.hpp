#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <functional>
#include <utility>

namespace sluice::detail {

namespace asio = boost::asio;

/// Starts a coroutine that `slot` may cut short. `ended` is called with what it threw, if anything; if the coroutine is
/// destroyed before its end, so is `ended`, uncalled.
///
/// Whatever `ended` is, compilers make code of `co_spawn` but once.
template <class...>
void spawn(const asio::any_io_executor& executor, asio::awaitable<void> task, asio::cancellation_slot slot,
           std::function<void(std::exception_ptr)> ended) {
    asio::co_spawn(executor, std::move(task), asio::bind_cancellation_slot(slot, std::move(ended)));
}

} // namespace sluice::detail
