#pragma once

#include <sluice/detail/guarded.hpp>
#include <sluice/detail/waiter.hpp>
#include <sluice/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace sluice::detail {

/// What an operation completes with.
template <class T>
using Outcome = std::pair<error_code, T>;

/// Does the work, and tells who waits what came of it.
template <class T>
[[nodiscard]] asio::awaitable<void> tell_outcome(std::shared_ptr<Waiter<error_code, T>> waiter,
                                                 asio::awaitable<Outcome<T>> work) {
    Outcome<T> outcome;
    try {
        outcome = co_await std::move(work);
    } catch (...) {
        outcome.first = error_of_exception();
    }
    waiter->complete(outcome.first, std::move(outcome.second));
}

/// What cuts work on a strand short. Whoever waits may be there after the context of the strand, so that his slot does
/// not own it.
class WorkCut {
public:
    explicit WorkCut(asio::any_io_executor its_strand) : strand(std::move(its_strand)) {}

    const asio::any_io_executor strand;
    asio::cancellation_signal signal;
};

/// Starts work; the cancellation of who waits cuts it short.
template <class T>
void start(const asio::any_io_executor& strand, asio::awaitable<Outcome<T>> work,
           const std::shared_ptr<Waiter<error_code, T>>& waiter) {
    const auto cut = std::make_shared<WorkCut>(strand);
    waiter->on_cancel([weak = std::weak_ptr(cut)] {
        const auto self = weak.lock();
        if (self) asio::post(self->strand, [self] { self->signal.emit(asio::cancellation_type::terminal); });
    });
    auto ended = [cut](const std::exception_ptr&) {};
    asio::co_spawn(strand, tell_outcome(waiter, std::move(work)),
                   asio::bind_cancellation_slot(cut->signal.slot(), std::move(ended)));
}

/// An operation with a completion token, of signature `void(error_code, T)`, from a coroutine that runs on a strand.
/// `Token` is a reference if it is to be copied.
template <class T, class Token>
auto initiate(asio::any_io_executor strand, asio::awaitable<Outcome<T>> work, std::remove_reference_t<Token>& token) {
    return asio::async_initiate<Token, void(error_code, T)>(
        [strand = std::move(strand)](auto handler, asio::awaitable<Outcome<T>> its_work) mutable {
            const auto its_strand = std::move(strand); // not to be kept in the frames of who waits
            start<T>(its_strand, std::move(its_work), park<error_code, T>(std::move(handler), its_strand));
        },
        token, std::move(work));
}

} // namespace sluice::detail
