#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/detail/wait_for.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <random>

namespace sluice {

/// The machine's own clocks, and dice seeded from its entropy.
class SystemClock {
public:
    using policy_kind = kind::clock;

    [[nodiscard]] steady_time steady() const { return std::chrono::steady_clock::now(); }
    [[nodiscard]] wall_time wall() const { return std::chrono::system_clock::now(); }

    template <class...>
    [[nodiscard]] asio::awaitable<error_code> async_wait_until(steady_time when) { return wait(when); }

    [[nodiscard]] std::uint64_t random() { return dice_(); }

private:
    template <class...>
    static asio::awaitable<error_code> wait(steady_time when) {
        asio::steady_timer timer(co_await asio::this_coro::executor, when);
        const auto failure = co_await detail::wait_for(timer);
        co_return failure;
    }

    static std::uint64_t entropy() {
        std::random_device device;
        return (std::uint64_t{device()} << 32U) | device();
    }

    std::mt19937_64 dice_{entropy()};
};

} // namespace sluice
