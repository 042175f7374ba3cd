#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/detail/spawn.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <utility>

namespace sluice::detail {

/// The coroutines of one owner that are under way, on its strand.
class Tasks {
public:
    Tasks(asio::any_io_executor executor, AnyClock& clock) : executor_(std::move(executor)), clock_(clock) {}

    /// Starts a task. `ended` is called with what it threw, if anything; it keeps the owner alive meanwhile.
    template <class Ended>
    void spawn(asio::awaitable<void> task, Ended ended) {
        start(std::move(task), nullptr, std::move(ended));
    }

    /// The same for a task that `cancel` may cut short.
    template <class Ended>
    void spawn_cancellable(asio::awaitable<void> task, Ended ended) {
        start(std::move(task), std::make_shared<asio::cancellation_signal>(), std::move(ended));
    }

    /// Lets others have their turn. The first step of a task that may be cut short, possibly by what it does itself:
    /// co_spawn loses a coroutine that was cancelled and has never been suspended.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] asio::awaitable<void> begin() {
        co_await asio::post(executor_, Token());
    }

    /// Waits within a task; `cancel` ends it early.
    template <class Wait = asio::awaitable<void>>
    [[nodiscard]] asio::awaitable<void> rest(std::chrono::nanoseconds time) {
        if (cancelled_) co_return;
        const auto id = ++last_;
        const auto signal = std::make_shared<asio::cancellation_signal>();
        resting_.emplace(id, signal);
        Wait wait = sleep(clock_, clock_.steady() + time);
        auto token = asio::bind_cancellation_slot(signal->slot(), asio::use_awaitable);
        try {
            co_await asio::co_spawn(executor_, std::move(wait), std::move(token));
        } catch (const boost::system::system_error&) {
            // Cancelled before it began: the rest is over.
        }
        resting_.erase(id);
    }

    /// Cuts short what may be, now and later.
    void cancel() {
        cancelled_ = true;
        emit(std::map(running_));
        emit(std::map(resting_));
    }

    [[nodiscard]] bool none() const noexcept { return running_.empty(); }

private:
    using Signal = std::shared_ptr<asio::cancellation_signal>;
    using Signals = std::map<std::uint64_t, Signal>;

    template <class Ended>
    void start(asio::awaitable<void> task, const Signal& signal, Ended ended) {
        const auto id = ++last_;
        running_.emplace(id, signal);
        auto end = [this, id, signal, ended = std::move(ended)](std::exception_ptr thrown) {
            running_.erase(id);
            ended(thrown);
        };
        const auto slot = signal ? signal->slot() : asio::cancellation_slot();
        detail::spawn(executor_, std::move(task), slot, std::move(end));
    }

    template <class...>
    static asio::awaitable<void> sleep(AnyClock& clock, steady_time until) { co_await clock.async_wait_until(until); }

    static void emit(const Signals& signals) {
        for (const auto& [id, signal] : signals) {
            if (signal) signal->emit(asio::cancellation_type::terminal);
        }
    }

    asio::any_io_executor executor_;
    AnyClock& clock_;
    Signals running_;
    Signals resting_;
    std::uint64_t last_ = 0;
    bool cancelled_ = false;
};

} // namespace sluice::detail
