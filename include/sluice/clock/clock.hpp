#pragma once

#include <sluice/error.hpp>
#include <sluice/policy.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>

namespace sluice {

using steady_time = std::chrono::steady_clock::time_point;
using wall_time = std::chrono::system_clock::time_point;

/// What time it is, when to wake, and what the dice show.
///
/// | expression                | meaning                                                                          |
/// |---------------------------|----------------------------------------------------------------------------------|
/// | `c.steady()`              | Never runs backwards: linger, back-off, time-outs. Any thread.                   |
/// | `c.wall()`                | The calendar: put times, signatures. Any thread.                                 |
/// | `c.async_wait_until(t)`   | Completes when `steady()` is `t`, or with `operation_aborted` when cancelled.    |
/// | `c.random()`              | 64 random bits. Strand only.                                                     |
///
/// A clock is its own running policy: it is there before anything is opened, since puts stamp their records. Copies
/// tell the same time. Models: SystemClock (default).
template <class C>
concept Clock = PolicyOf<C, kind::clock> && std::copy_constructible<C> &&
                requires(const C constant, C clock, steady_time when) {
                    { constant.steady() } -> std::same_as<steady_time>;
                    { constant.wall() } -> std::same_as<wall_time>;
                    { clock.async_wait_until(when) } -> std::same_as<asio::awaitable<error_code>>;
                    { clock.random() } -> std::same_as<std::uint64_t>;
                };

/// The producer's clock, whichever policy it is; what running policies and the AWS layer see of it.
class AnyClock {
public:
    virtual ~AnyClock() = default;
    [[nodiscard]] virtual steady_time steady() const = 0;
    [[nodiscard]] virtual wall_time wall() const = 0;
    [[nodiscard]] virtual asio::awaitable<error_code> async_wait_until(steady_time when) = 0;
    [[nodiscard]] virtual std::uint64_t random() = 0;
};

/// Shows a clock policy as `AnyClock`.
template <Clock C>
class ClockBox final : public AnyClock {
public:
    explicit ClockBox(C clock) : clock_(std::move(clock)) {}

    [[nodiscard]] steady_time steady() const override { return clock_.steady(); }
    [[nodiscard]] wall_time wall() const override { return clock_.wall(); }
    [[nodiscard]] asio::awaitable<error_code> async_wait_until(steady_time when) override {
        return clock_.async_wait_until(when);
    }
    [[nodiscard]] std::uint64_t random() override { return clock_.random(); }

private:
    C clock_;
};

} // namespace sluice
