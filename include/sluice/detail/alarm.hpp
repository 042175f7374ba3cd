#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/detail/spawn.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <utility>

namespace sluice::detail {

/// One wake-up call: the earliest that was asked for. Strand only; `ring` keeps alive what it touches.
class Alarm {
public:
    Alarm(asio::any_io_executor executor, AnyClock& clock) : executor_(std::move(executor)), clock_(clock) {}

    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;

    /// Silences it, and no more: its context may be being destroyed, when what waits must not be cancelled any more.
    ~Alarm() {
        if (call_) call_->cancelled = true;
    }

    /// Has `ring` called at `when`, unless it will be called before. Never sooner than in a tenth of a millisecond, so
    /// that a caller whose reckoning is off cannot spin.
    template <class Ring>
    void set(steady_time when, Ring ring) {
        if (when == steady_time::max() || (call_ && when >= call_->when)) return;
        cancel();
        when = std::max(when, clock_.steady() + std::chrono::microseconds(100));
        call_ = std::make_shared<Call>(when);
        auto answer = [this, call = call_, ring = std::move(ring)](std::exception_ptr) {
            if (call->cancelled) return;
            call_.reset();
            ring();
        };
        spawn(executor_, wait(call_, clock_), call_->signal.slot(), std::move(answer));
    }

    void cancel() {
        if (!call_) return;
        const auto call = std::exchange(call_, nullptr);
        call->cancelled = true;
        // Asio loses a coroutine that is cancelled before it begins (Boost 1.81), or throws out of `run` (1.83).
        if (call->begun) call->signal.emit(asio::cancellation_type::terminal);
    }

private:
    class Call {
    public:
        explicit Call(steady_time its_when) : when(its_when) {}

        steady_time when;
        asio::cancellation_signal signal;
        bool begun = false;
        bool cancelled = false;
    };

    template <class...>
    static asio::awaitable<void> wait(std::shared_ptr<Call> call, AnyClock& clock) {
        call->begun = true;
        if (!call->cancelled) co_await clock.async_wait_until(call->when);
    }

    asio::any_io_executor executor_;
    AnyClock& clock_;
    std::shared_ptr<Call> call_;
};

} // namespace sluice::detail
