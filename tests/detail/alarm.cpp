#include <sluice/detail/alarm.hpp>

#include "simulate/clock.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace {

using namespace std::chrono_literals;
using sluice::steady_time;
using sluice::detail::Alarm;

/// An alarm, and a time that passes as it is told.
class Bedroom {
public:
    Bedroom() { alarm.emplace(context.get_executor(), clock); }

    ~Bedroom() { alarm.reset(); }

    void set(std::chrono::nanoseconds after, const std::string& name) {
        alarm->set(begin + after, [this, name] { rung += name; });
    }

    /// Lets this much time pass since the beginning.
    void pass(std::chrono::nanoseconds after) {
        run();
        while (timeline.next() && *timeline.next() <= begin + after) {
            timeline.wake();
            run();
        }
        timeline.pass_until(begin + after);
    }

    void run() {
        context.restart();
        context.poll();
    }

    /// Does something where an alarm may be touched.
    template <class Action>
    void on_strand(Action action) {
        boost::asio::post(context, action);
        run();
    }

    simulate::Timeline timeline;
    steady_time begin = timeline.now();
    sluice::ClockBox<simulate::SimulatedClock> clock{simulate::SimulatedClock(timeline, 1)};
    boost::asio::io_context context;
    std::optional<Alarm> alarm;
    std::string rung;
};

TEST_CASE("an alarm rings at its time, once") {
    Bedroom bedroom;
    bedroom.set(5s, "a");
    bedroom.pass(4999ms);
    CHECK(bedroom.rung.empty());
    bedroom.pass(5s);
    CHECK(bedroom.rung == "a");
    bedroom.pass(1h);
    CHECK(bedroom.rung == "a");
}

TEST_CASE("the earliest that was asked for rings, and a later one does not") {
    Bedroom bedroom;
    bedroom.set(5s, "a");
    bedroom.set(9s, "b");
    bedroom.set(3s, "c");
    bedroom.pass(1h);
    CHECK(bedroom.rung == "c");
    bedroom.set(2h, "d");
    bedroom.pass(2h);
    CHECK(bedroom.rung == "cd");
}

TEST_CASE("an alarm that is replaced before it began to wait does not ring, and the new one does") {
    Bedroom bedroom;
    for (int i = 100; i > 0; --i) bedroom.set(i * 1s, std::to_string(i));
    bedroom.pass(1h);
    CHECK(bedroom.rung == "1");
}

TEST_CASE("no time is no alarm") {
    Bedroom bedroom;
    bedroom.alarm->set(steady_time::max(), [] { FAIL("rung"); });
    bedroom.run();
    CHECK_FALSE(bedroom.timeline.next().has_value());
}

TEST_CASE("a time that is past rings soon, but leaves a tenth of a millisecond") {
    Bedroom bedroom;
    bedroom.set(-1h, "a");
    bedroom.pass(99us);
    CHECK(bedroom.rung.empty());
    bedroom.pass(100us);
    CHECK(bedroom.rung == "a");
}

TEST_CASE("a ring may set the alarm again") {
    Bedroom bedroom;
    int rings = 0;
    std::function<void()> again = [&] {
        if (++rings < 5) bedroom.alarm->set(bedroom.timeline.now() + 1s, again);
    };
    bedroom.alarm->set(bedroom.begin + 1s, again);
    bedroom.pass(1h);
    CHECK(rings == 5);
}

TEST_CASE("a cancelled alarm does not ring, whether it waits already or not, and may be set again") {
    for (const bool waits : {false, true}) {
        Bedroom bedroom;
        bedroom.set(5s, "a");
        if (waits) bedroom.run();
        bedroom.on_strand([&] {
            bedroom.alarm->cancel();
            bedroom.alarm->cancel();
        });
        bedroom.pass(10s);
        CHECK(bedroom.rung.empty());
        bedroom.set(20s, "b");
        bedroom.pass(20s);
        CHECK(bedroom.rung == "b");
    }
}

TEST_CASE("a cancel that comes when the time has come, but before the ring, silences it") {
    Bedroom bedroom;
    bedroom.set(1s, "a");
    bedroom.run();
    bedroom.on_strand([&] {
        bedroom.timeline.wake();
        bedroom.alarm->cancel();
    });
    CHECK(bedroom.rung.empty());
}

TEST_CASE("an alarm may be destroyed while it waits, and lets go of its ring") {
    Bedroom bedroom;
    auto owned = std::make_shared<int>(1);
    const std::weak_ptr<int> watch = owned;
    bedroom.alarm->set(bedroom.begin + 1s, [owned = std::move(owned)] { FAIL("rung"); });
    bedroom.run();
    bedroom.on_strand([&] { bedroom.alarm.reset(); });
    bedroom.pass(1h);
    CHECK(watch.expired());
}

} // namespace
