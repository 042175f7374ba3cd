#pragma once

#include <sluice/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace sluice {

/// A new value of something that is watched.
template <class V>
class Update {
public:
    Update(V its_value, std::uint64_t so_many_skipped) : value(std::move(its_value)), skipped(so_many_skipped) {}

    V value;
    std::uint64_t skipped; ///< Values before this one that nobody read in time.
};

namespace repository {

/// Values on their way to one reader: so many may wait; of what is more, only the newest is kept.
///
/// Written on any thread, read on the strand of its executor. Whoever reads closes it: then it has nothing of the
/// executor's context any more, which may end before the last writer lets go of it.
template <class V>
class Feed : public std::enable_shared_from_this<Feed<V>> {
public:
    Feed(const boost::asio::any_io_executor& executor, std::size_t capacity)
        : capacity_(capacity), bell_(std::in_place, executor, boost::asio::steady_timer::time_point::max()) {}

    void push(V value) {
        const std::lock_guard lock(mutex_);
        if (ended_) return;
        std::uint64_t skipped = 0;
        if (waiting_.size() >= capacity_) {
            skipped = waiting_.back().skipped + 1;
            waiting_.pop_back();
        }
        waiting_.emplace_back(std::move(value), skipped);
        if (!std::exchange(ringing_, true)) ring();
    }

    /// Nothing follows what waits; only the first end counts.
    void end(error_code why) {
        const std::lock_guard lock(mutex_);
        if (std::exchange(ended_, true)) return;
        why_ = why;
        ring();
    }

    /// Nobody reads any more. On the strand, or where nothing else of its context runs.
    void close() {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        waiting_.clear();
        bell_.reset();
    }

    /// The next value, as soon as there is one; none after the last. One call at a time.
    ///
    /// Errors: why it ended; `operation_aborted` if this wait was cancelled.
    [[nodiscard]] boost::asio::awaitable<result<std::optional<Update<V>>>> next() {
        const auto self = this->shared_from_this();
        for (;;) {
            if (auto told = take()) co_return *std::move(told);
            error_code woken;
            if (bell_) co_await bell_->async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
            const auto state = co_await boost::asio::this_coro::cancellation_state;
            if (state.cancelled() != boost::asio::cancellation_type::none) {
                co_return boost::asio::error::operation_aborted;
            }
        }
    }

private:
    [[nodiscard]] std::optional<result<std::optional<Update<V>>>> take() {
        const std::lock_guard lock(mutex_);
        ringing_ = false;
        if (!waiting_.empty()) {
            std::optional<Update<V>> first(std::move(waiting_.front()));
            waiting_.pop_front();
            return result<std::optional<Update<V>>>(std::move(first));
        }
        if (!ended_) return std::nullopt;
        if (why_) return result<std::optional<Update<V>>>(why_);
        return result<std::optional<Update<V>>>(std::optional<Update<V>>());
    }

    /// With the lock.
    void ring() {
        if (!bell_) return;
        boost::asio::post(bell_->get_executor(), [weak = this->weak_from_this()] {
            const auto self = weak.lock();
            if (self && self->bell_) self->bell_->cancel();
        });
    }

    const std::size_t capacity_;
    std::mutex mutex_;
    std::deque<Update<V>> waiting_;
    bool ringing_ = false; ///< Since the reader looked last.
    bool ended_ = false;
    error_code why_;
    std::optional<boost::asio::steady_timer> bell_; ///< Changed with the lock, on the strand; none: closed.
};

} // namespace repository

} // namespace sluice
