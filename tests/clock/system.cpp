#include "run.hpp"

#include <sluice/clock/system.hpp>

#include <doctest/doctest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <set>

using namespace std::chrono_literals;

TEST_CASE("steady time never runs backwards, and wall time is the calendar's") {
    const sluice::SystemClock clock;
    const auto before = clock.steady();
    CHECK(clock.steady() >= before);
    // Later than the day this was written; a clock that counts from another epoch, or in another unit, is not.
    CHECK(clock.wall() > sluice::wall_time(std::chrono::sys_days(std::chrono::year(2025) / 1 / 1)));
    CHECK(clock.wall() < sluice::wall_time(std::chrono::sys_days(std::chrono::year(2100) / 1 / 1)));
}

TEST_CASE("a wait ends at its time and not before") {
    run([](boost::asio::io_context&) -> boost::asio::awaitable<void> {
        sluice::SystemClock clock;
        const auto end = clock.steady() + 5ms;
        const auto failure = co_await clock.async_wait_until(end);
        CHECK_FALSE(failure);
        CHECK(clock.steady() >= end);
    });
}

TEST_CASE("a wait for the past ends at once") {
    run([](boost::asio::io_context&) -> boost::asio::awaitable<void> {
        sluice::SystemClock clock;
        const auto failure = co_await clock.async_wait_until(sluice::steady_time::min());
        CHECK_FALSE(failure);
    });
}

TEST_CASE("a cancelled wait ends with operation_aborted") {
    boost::asio::io_context context;
    boost::asio::cancellation_signal signal;
    sluice::SystemClock clock;
    sluice::error_code outcome;
    bool ended = false;
    boost::asio::co_spawn(context, clock.async_wait_until(clock.steady() + 1h),
                          boost::asio::bind_cancellation_slot(
                              signal.slot(), [&](const std::exception_ptr&, sluice::error_code failure) {
                                  outcome = failure;
                                  ended = true;
                              }));
    context.poll();
    signal.emit(boost::asio::cancellation_type::terminal);
    context.run_for(10s);
    REQUIRE(ended);
    CHECK(outcome == boost::asio::error::operation_aborted);
}

TEST_CASE("a wait outlives the clock that began it") {
    run([](boost::asio::io_context&) -> boost::asio::awaitable<void> {
        auto clock = std::make_unique<sluice::SystemClock>();
        auto wait = clock->async_wait_until(clock->steady() + 1ms);
        clock.reset();
        const auto failure = co_await std::move(wait);
        CHECK_FALSE(failure);
    });
}

TEST_CASE("the dice of two clocks differ, and no throw repeats soon") {
    sluice::SystemClock one;
    sluice::SystemClock other;
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 1'000; ++i) {
        seen.insert(one.random());
        seen.insert(other.random());
    }
    CHECK(seen.size() == 2'000);
}
