#include <sluice/detail/waiter.hpp>

#include <doctest/doctest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using sluice::detail::park;
using sluice::detail::Waiter;

TEST_CASE("a handler is called with what was told, on its executor, and never from within the call") {
    asio::io_context context;
    int called = 0;
    std::string heard;
    const auto waiter = park<int, std::string>(
        [&](int number, std::string text) {
            called += number;
            heard = std::move(text);
        },
        context.get_executor());
    waiter->complete(7, "told");
    CHECK(called == 0);
    context.run();
    CHECK(called == 7);
    CHECK(heard == "told");
}

TEST_CASE("only the first completion counts") {
    asio::io_context context;
    std::vector<int> heard;
    const auto waiter = park<int>([&](int number) { heard.push_back(number); }, context.get_executor());
    waiter->complete(1);
    waiter->complete(2);
    context.run();
    waiter->complete(3);
    context.restart();
    context.run();
    CHECK(heard == std::vector<int>{1});
}

TEST_CASE("the associated executor goes before the fallback, and is kept at work") {
    asio::io_context fallback;
    asio::io_context own;
    bool called = false;
    auto waiter = park<int>(asio::bind_executor(own.get_executor(), [&](int) { called = true; }), fallback.get_executor());
    fallback.run();
    own.restart();
    CHECK(own.run_for(1ms) == 0);
    CHECK_FALSE(own.stopped()); // it ran out of time, and not out of work
    waiter->complete(1);
    waiter.reset();
    own.run();
    CHECK(called);
    CHECK(own.stopped());
}

TEST_CASE("a waiter destroyed uncalled destroys its handler, and lets the executor go") {
    asio::io_context context;
    auto owned = std::make_shared<int>(1);
    const std::weak_ptr<int> watch = owned;
    auto waiter = park<int>([owned = std::move(owned)](int) { FAIL("called"); }, context.get_executor());
    CHECK_FALSE(watch.expired());
    waiter.reset();
    CHECK(watch.expired());
    CHECK(context.run() == 0);
    CHECK(context.stopped());
}

TEST_CASE("a handler that is posted to a context that never runs is destroyed with it") {
    auto owned = std::make_shared<int>(1);
    const std::weak_ptr<int> watch = owned;
    {
        asio::io_context context;
        auto waiter = park<int>([owned = std::move(owned)](int) {}, context.get_executor());
        waiter->complete(1);
        waiter.reset();
        CHECK_FALSE(watch.expired());
    }
    CHECK(watch.expired());
}

TEST_CASE("a handler that can only be moved may be parked, and sees itself gone from the waiter") {
    asio::io_context context;
    std::shared_ptr<Waiter<int>> waiter;
    bool alone = false;
    auto unique = std::make_unique<int>(5);
    waiter = park<int>([&, unique = std::move(unique)](int number) { alone = number == *unique && waiter.use_count() == 1; },
                       context.get_executor());
    waiter->complete(5);
    context.run();
    CHECK(alone);
}

TEST_CASE("a handler may park another, and complete it, too") {
    asio::io_context context;
    int called = 0;
    std::shared_ptr<Waiter<int>> second;
    const auto first = park<int>(
        [&](int) {
            second = park<int>([&](int) { ++called; }, context.get_executor());
            second->complete(1);
            ++called;
        },
        context.get_executor());
    first->complete(1);
    context.run();
    CHECK(called == 2);
}

TEST_CASE("the slot cancels, and is free again when the handler is called") {
    asio::io_context context;
    asio::cancellation_signal signal;
    int cancels = 0;
    bool free = false;
    auto handler = asio::bind_cancellation_slot(signal.slot(), [&](int) { free = !signal.slot().has_handler(); });
    const auto waiter = park<int>(std::move(handler), context.get_executor());
    waiter->on_cancel([&] { ++cancels; });
    CHECK(signal.slot().has_handler());
    signal.emit(asio::cancellation_type::total);
    signal.emit(asio::cancellation_type::terminal);
    CHECK(cancels == 2);
    waiter->complete(1);
    CHECK(signal.slot().has_handler()); // only on the handler's executor
    context.run();
    CHECK(free);
    signal.emit(asio::cancellation_type::terminal);
    CHECK(cancels == 2);
}

TEST_CASE("a cancellation that completes the waiter calls its handler once") {
    asio::io_context context;
    asio::cancellation_signal signal;
    std::vector<int> heard;
    auto handler = asio::bind_cancellation_slot(signal.slot(), [&](int number) { heard.push_back(number); });
    const auto waiter = park<int>(std::move(handler), context.get_executor());
    waiter->on_cancel([weak = std::weak_ptr(waiter)] {
        if (const auto its = weak.lock()) its->complete(-1);
    });
    signal.emit(asio::cancellation_type::terminal);
    waiter->complete(1);
    context.run();
    CHECK(heard == std::vector<int>{-1});
}

TEST_CASE("a handler without a slot cannot be cancelled, which is no harm") {
    asio::io_context context;
    const auto waiter = park<int>([](int) {}, context.get_executor());
    waiter->on_cancel([] { FAIL("nobody can call this"); });
    waiter->complete(1);
    context.run();
}

TEST_CASE("of completions on many threads one is heard") {
    asio::thread_pool pool(2);
    constexpr int waiters = 500;
    std::vector<std::atomic<int>> heard(waiters);
    std::vector<std::shared_ptr<Waiter<int>>> parked;
    for (auto& count : heard) {
        const auto strand = asio::make_strand(pool);
        parked.push_back(park<int>(asio::bind_executor(strand, [&](int) { ++count; }), pool.get_executor()));
    }
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (const auto& waiter : parked) waiter->complete(t);
        });
    }
    for (auto& thread : threads) thread.join();
    parked.clear();
    pool.join();
    for (const auto& count : heard) CHECK(count == 1);
}

} // namespace
