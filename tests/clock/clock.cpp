#include "run.hpp"

#include <sluice/clock/clock.hpp>
#include <sluice/clock/system.hpp>

#include <doctest/doctest.h>

#include <memory>

namespace {

using sluice::asio::awaitable;

class Untagged {
public:
    sluice::steady_time steady() const { return sluice::steady_time(std::chrono::seconds(1)); }
    sluice::wall_time wall() const { return sluice::wall_time(std::chrono::seconds(2)); }
    awaitable<sluice::error_code> async_wait_until(sluice::steady_time) { co_return sluice::error::timed_out; }
    std::uint64_t random() { return 3; }
};

class Tagged : public Untagged {
public:
    using policy_kind = sluice::kind::clock;
};

class CannotBeCopied : public Tagged {
public:
    CannotBeCopied() = default;
    CannotBeCopied(CannotBeCopied&&) = default;
};

class OnlyTheWall : public Tagged {
public:
    sluice::wall_time steady() const;
};

class NotConst : public Tagged {
public:
    sluice::steady_time steady();
};

} // namespace

static_assert(sluice::Clock<sluice::SystemClock>);
static_assert(sluice::Clock<Tagged>);
static_assert(!sluice::Clock<Untagged>);
static_assert(!sluice::Clock<CannotBeCopied>);
static_assert(!sluice::Clock<OnlyTheWall>);
static_assert(!sluice::Clock<NotConst>);

TEST_CASE("a boxed clock is the clock in the box") {
    run([](boost::asio::io_context&) -> awaitable<void> {
        sluice::ClockBox<Tagged> box{Tagged{}};
        sluice::AnyClock& clock = box;
        CHECK(clock.steady() == sluice::steady_time(std::chrono::seconds(1)));
        CHECK(clock.wall() == sluice::wall_time(std::chrono::seconds(2)));
        CHECK(clock.random() == 3);
        const auto failure = co_await clock.async_wait_until(sluice::steady_time{});
        CHECK(failure == sluice::error::timed_out);
    });
}
