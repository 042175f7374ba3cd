#include <sluice/detail/call_queue.hpp>

#include "run.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

namespace asio = boost::asio;
using asio::awaitable;
using sluice::result;
using sluice::detail::CallQueue;

/// Notes its name when it begins and when it ends, some turns later.
awaitable<result<int>> noted(std::string& notes, char name, int turns) {
    notes += name;
    for (int i = 0; i < turns; ++i) co_await asio::post(asio::use_awaitable);
    notes += name;
    co_return turns;
}

class Noting {
public:
    Noting(std::string& its_notes, char its_name, int so_many_turns)
        : notes(&its_notes), name(its_name), turns(so_many_turns) {}

    awaitable<result<int>> operator()() const { return noted(*notes, name, turns); }

    std::string* notes;
    char name;
    int turns;
};

class Throwing {
public:
    awaitable<result<int>> operator()() const { throw std::runtime_error("no awaitable"); }
};

} // namespace

TEST_CASE("calls are made one after the other, in the order in which they were begun") {
    std::string notes;
    int ended = 0;
    asio::io_context context;
    CallQueue queue(context.get_executor());
    for (const char name : {'a', 'b', 'c', 'd'}) {
        Noting work(notes, name, 'd' - name);
        asio::co_spawn(context, queue.perform<int>(nullptr, work), [&, name](std::exception_ptr, result<int> turns) {
            CHECK(turns.value() == 'd' - name);
            ++ended;
        });
    }
    context.run();
    CHECK(notes == "aabbccdd");
    CHECK(ended == 4);
}

TEST_CASE("a call that nobody waits for has its turn, too") {
    std::string notes;
    asio::io_context context;
    {
        CallQueue queue(context.get_executor());
        auto held = std::make_shared<int>(0);
        asio::co_spawn(context, queue.perform<int>(nullptr, Noting(notes, 'a', 3)), asio::detached);
        while (notes.empty()) context.poll_one();
        auto work = [&]() -> awaitable<result<void>> {
            (void)co_await noted(notes, 'b', 1);
            co_return result<void>();
        };
        queue.post(held, work);
    }
    context.run();
    CHECK(notes == "aabb");
}

TEST_CASE("a call that throws, with or without an awaitable, fails alone") {
    run([](asio::io_context& context) -> awaitable<void> {
        CallQueue queue(context.get_executor());
        Throwing bad;
        const auto failed = co_await queue.perform<int>(nullptr, bad);
        CHECK(failed.error() == boost::system::errc::state_not_recoverable);
        std::string notes;
        Noting good(notes, 'a', 3);
        const auto done = co_await queue.perform<int>(nullptr, good);
        CHECK(done.value() == 3);
    });
}

TEST_CASE("cancellation detaches who waits, at once, and the call is made all the same") {
    std::string notes;
    asio::io_context context;
    CallQueue queue(context.get_executor());
    asio::cancellation_signal stop;
    std::optional<result<int>> got;
    for (const char name : {'a', 'b'}) {
        Noting work(notes, name, 10);
        auto ended = [&, name](std::exception_ptr, result<int> turns) {
            if (name == 'b') got = turns;
        };
        auto slot = name == 'b' ? stop.slot() : asio::cancellation_slot();
        asio::co_spawn(context, queue.perform<int>(nullptr, work), asio::bind_cancellation_slot(slot, ended));
    }
    while (notes.empty()) context.poll_one();
    stop.emit(asio::cancellation_type::terminal);
    while (!got) context.poll_one();
    CHECK(got->error() == asio::error::operation_aborted);
    CHECK(notes == "a");
    context.run();
    CHECK(notes == "aabb");
}

TEST_CASE("what is queued is done after the queue is gone, and holds what it was given until then") {
    std::string notes;
    asio::io_context context;
    auto held = std::make_shared<int>(0);
    const std::weak_ptr<int> watched = held;
    {
        CallQueue queue(context.get_executor());
        for (const char name : {'a', 'b'}) {
            asio::co_spawn(context, queue.perform<int>(held, Noting(notes, name, 3)), asio::detached);
        }
        while (notes.empty()) context.poll_one();
        held.reset();
    }
    CHECK_FALSE(watched.expired());
    context.run();
    CHECK(notes == "aabb");
    CHECK(watched.expired());
}

TEST_CASE("a context may end while calls wait, even if these own the queue") {
    auto witness = std::make_shared<int>(0);
    const std::weak_ptr<int> watched = witness;
    {
        asio::io_context context;
        const auto queue = std::make_shared<CallQueue>(context.get_executor());
        for (int i = 0; i < 3; ++i) {
            auto for_ever = [&context, witness]() -> awaitable<result<int>> {
                asio::steady_timer timer(context, std::chrono::hours(1));
                co_await timer.async_wait(asio::use_awaitable);
                co_return *witness;
            };
            const auto keeps = [](std::shared_ptr<CallQueue> its, auto work) -> awaitable<void> {
                (void)co_await its->perform<int>(nullptr, std::move(work));
            };
            asio::co_spawn(context, keeps(queue, std::move(for_ever)), asio::detached);
        }
        context.poll();
    }
    witness.reset();
    CHECK(watched.expired());
}
