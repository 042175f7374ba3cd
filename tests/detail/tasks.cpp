#include <sluice/detail/tasks.hpp>

#include "simulate/clock.hpp"

#include <doctest/doctest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using sluice::detail::Tasks;

/// Tasks, and what they wrote down.
class Office {
public:
    void run() {
        context.restart();
        context.poll();
    }

    void pass(std::chrono::nanoseconds time) {
        const auto end = timeline.now() + time;
        run();
        while (timeline.next() && *timeline.next() <= end) {
            timeline.wake();
            run();
        }
        timeline.pass_until(end);
    }

    [[nodiscard]] auto ended() {
        return [this](std::exception_ptr thrown) { notes += thrown ? "!" : "."; };
    }

    asio::awaitable<void> write(std::string note) {
        notes += note;
        co_return;
    }

    asio::awaitable<void> rest_and_write(std::chrono::nanoseconds time, std::string note) {
        co_await tasks.rest(time);
        notes += note;
    }

    asio::awaitable<void> wait_and_write(std::chrono::nanoseconds time, std::string note) {
        const auto failure = co_await clock.async_wait_until(timeline.now() + time);
        notes += failure ? "aborted" : note;
    }

    asio::awaitable<void> fail() {
        throw std::runtime_error("task");
        co_return;
    }

    simulate::Timeline timeline;
    sluice::ClockBox<simulate::SimulatedClock> clock{simulate::SimulatedClock(timeline, 1)};
    asio::io_context context;
    Tasks tasks{context.get_executor(), clock};
    std::string notes;
};

TEST_CASE("a task runs later, and is counted until it has ended") {
    Office office;
    CHECK(office.tasks.none());
    office.tasks.spawn(office.write("a"), office.ended());
    CHECK(office.notes.empty());
    CHECK_FALSE(office.tasks.none());
    office.run();
    CHECK(office.notes == "a.");
    CHECK(office.tasks.none());
}

TEST_CASE("who waits for the end of a task finds it gone, and may start another") {
    Office office;
    office.tasks.spawn(office.write("a"), [&](std::exception_ptr) {
        CHECK(office.tasks.none());
        office.tasks.spawn(office.write("b"), office.ended());
    });
    office.run();
    CHECK(office.notes == "ab.");
}

TEST_CASE("a task that throws has ended, and tells so") {
    Office office;
    office.tasks.spawn(office.fail(), office.ended());
    office.tasks.spawn_cancellable(office.fail(), office.ended());
    office.run();
    CHECK(office.notes == "!!");
    CHECK(office.tasks.none());
}

TEST_CASE("a task rests as long as it wants") {
    Office office;
    office.tasks.spawn(office.rest_and_write(5s, "a"), office.ended());
    office.pass(4999ms);
    CHECK(office.notes.empty());
    office.pass(1ms);
    CHECK(office.notes == "a.");
}

TEST_CASE("cancelling ends rests, and goes on with what follows them") {
    for (const bool begun : {false, true}) {
        Office office;
        office.tasks.spawn(office.rest_and_write(5h, "a"), office.ended());
        office.tasks.spawn(office.rest_and_write(6h, "a"), office.ended());
        if (begun) office.run();
        office.tasks.cancel();
        office.run();
        CHECK(std::count(office.notes.begin(), office.notes.end(), 'a') == 2);
        CHECK(office.tasks.none());
        office.tasks.spawn(office.rest_and_write(5h, "b"), office.ended());
        office.run();
        CHECK(office.notes.ends_with("b.")); // nobody rests any more
    }
}

TEST_CASE("cancelling cuts short those that may be, and no others") {
    Office office;
    office.tasks.spawn_cancellable(office.wait_and_write(1h, "x"), office.ended());
    office.tasks.spawn(office.wait_and_write(1h, "done"), office.ended());
    office.run();
    office.tasks.cancel();
    office.run();
    CHECK(office.notes.starts_with("aborted"));
    CHECK_FALSE(office.tasks.none());
    office.pass(1h);
    CHECK(office.notes.ends_with("done."));
    CHECK(office.tasks.none());
}

TEST_CASE("a task that is cancelled while it ends another is no harm") {
    Office office;
    office.tasks.spawn_cancellable(office.wait_and_write(1h, "x"), [&](std::exception_ptr) { office.tasks.cancel(); });
    office.tasks.spawn_cancellable(office.wait_and_write(1h, "x"), [&](std::exception_ptr) { office.tasks.cancel(); });
    office.run();
    office.tasks.cancel();
    office.run();
    CHECK(office.tasks.none());
}

} // namespace
