#include "fixture.hpp"
#include "../run.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;
using sluice::error;

TEST_CASE("closing without a storage that persists hands what is left to the dead letters") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        its.script->repeat_last = true;
        its.script->replies.emplace_back([](const std::string&, auto) { return fail(error::connection_failed); });
        co_await its.producer.async_put({"key", "one"}, asio::use_awaitable);
        const auto report = co_await its.producer.async_close(20ms, asio::use_awaitable);
        REQUIRE(its.letters->size() == 1);
        CHECK(its.letters->front().reason == error::closed);
        CHECK(report.left == 0);
        CHECK(its.producer.try_put({"key", "two"}) == error::closed);
        const auto [failure] = co_await its.producer.async_put({"key", "three"}, quietly);
        CHECK(failure == error::closed);
    });
}

TEST_CASE("a destroyed producer tells those who wait, and hands the rest to the dead letters") {
    run([](asio::io_context& context) -> awaitable<void> {
        std::shared_ptr<std::vector<sluice::DeadLetter>> letters;
        bool told = false;
        {
            auto options = quick();
            options.linger = 1h;
            Fixture its(context, options);
            letters = its.letters;
            its.producer.async_deliver({"key", "data"}, [&told](sluice::error_code failure, const sluice::Receipt&) {
                CHECK(failure == error::closed);
                told = true;
            });
        }
        for (int i = 0; i < 100 && !told; ++i) co_await asio::post(asio::use_awaitable);
        CHECK(told);
        CHECK(letters->size() == 1);
    });
}

TEST_CASE("a producer that was closed completes every verb") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        co_await its.producer.async_close(asio::use_awaitable);
        const auto [flushed, report] = co_await its.producer.async_flush(quietly);
        CHECK(flushed == error::closed);
        const auto [synced] = co_await its.producer.async_sync(quietly);
        CHECK(synced == error::closed);
        const auto [opened] = co_await its.producer.async_open(quietly);
        CHECK(opened == error::closed);
        const auto [cleared, removed] = co_await its.producer.async_clear(quietly);
        CHECK(cleared == error::closed);
        const auto [closed, again] = co_await its.producer.async_close(quietly);
        CHECK_FALSE(closed);
    });
}

TEST_CASE("a flush and the close that ends it tell each outcome once") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        its.script->repeat_last = true;
        its.script->replies.emplace_back(
            [script = its.script.get()](const auto& stream, auto entries) { return script->take(stream, entries); });
        its.script->replies.emplace_back([](const auto&, auto) { return fail(error::connection_failed); });
        co_await its.producer.async_put(sluice::Record("key", "arrives"), asio::use_awaitable);
        while (its.producer.stats().total().delivered == 0) co_await asio::post(asio::use_awaitable);
        co_await its.producer.async_put(sluice::Record("key", "does not"), asio::use_awaitable);
        std::optional<sluice::FlushReport> flushed;
        its.producer.async_flush(std::chrono::hours(1),
                                 [&](sluice::error_code, sluice::FlushReport report) { flushed = report; });
        while (!its.producer.stats().paused_by) co_await asio::post(asio::use_awaitable);
        std::optional<sluice::FlushReport> late;
        std::optional<sluice::FlushReport> closed;
        its.producer.async_close(0ms, [&](sluice::error_code, sluice::FlushReport report) { closed = report; });
        its.producer.async_flush([&](sluice::error_code, sluice::FlushReport report) { late = report; });
        while (!closed || !flushed || !late) co_await asio::post(asio::use_awaitable);
        CHECK(flushed->delivered == 1);
        CHECK(flushed->left == 1);
        CHECK(closed->delivered == 0);
        CHECK(closed->failed == 1);
        CHECK(its.letters->size() == 1);
    });
}

TEST_CASE("an io_context that dies with everything pending destroys handlers uncalled, and nothing leaks") {
    bool called = false;
    std::optional<Fixture> its;
    {
        asio::io_context context;
        auto options = quick();
        options.linger = 1h;
        its.emplace(context, options);
        its->producer.async_deliver({"key", "data"},
                                    [&called](sluice::error_code, const sluice::Receipt&) { called = true; });
        context.poll();
        its.reset();
    }
    CHECK_FALSE(called);
}

TEST_CASE("threads put at the same time, and every record arrives once") {
    asio::io_context context;
    auto options = quick();
    options.buffer_records = 500;
    Fixture its(context, options);
    auto guard = asio::make_work_guard(context);
    std::vector<std::thread> runners;
    for (int i = 0; i < 2; ++i) runners.emplace_back([&] { context.run(); });
    std::vector<std::thread> putters;
    for (int t = 0; t < 4; ++t) {
        putters.emplace_back([&, t] {
            for (int i = 0; i < 500; ++i) {
                const auto data = std::to_string(t * 500 + i);
                if (i % 2 == 0) {
                    while (its.producer.try_put({"key", data})) std::this_thread::yield();
                } else {
                    its.producer.async_put({"key", data}, asio::use_future).get();
                }
                if (i % 100 == 0) static_cast<void>(its.producer.stats());
            }
        });
    }
    for (auto& putter : putters) putter.join();
    its.producer.async_flush(asio::use_future).get();
    its.producer.async_close(asio::use_future).get();
    guard.reset();
    for (auto& runner : runners) runner.join();
    std::set<std::string> seen;
    for (const auto& arrival : its.script->taken) seen.insert(arrival.data);
    CHECK(its.script->taken.size() == 2000);
    CHECK(seen.size() == 2000);
}

TEST_CASE("an io_context that dies under a coroutine which owns a producer leaks nothing") {
    asio::io_context context;
    auto options = quick();
    options.linger = 1h;
    auto sleeper = [](asio::io_context& its_context, sluice::Options its_options) -> awaitable<void> {
        Fixture its(its_context, its_options);
        co_await its.producer.async_deliver({"key", "data"}, asio::use_awaitable);
    };
    asio::co_spawn(context, sleeper(context, options), [](std::exception_ptr) {});
    context.run_for(20ms);
}
