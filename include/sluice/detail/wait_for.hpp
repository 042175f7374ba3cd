#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

namespace sluice::detail {

/// Waits for a timer's end; `operation_aborted` if it is cancelled, or the waiting is.
template <class Timer>
[[nodiscard]] boost::asio::awaitable<boost::system::error_code> wait_for(Timer& timer) {
    boost::system::error_code failure;
    co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, failure));
    co_return failure;
}

} // namespace sluice::detail
