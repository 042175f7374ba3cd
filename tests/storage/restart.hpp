#pragma once

#include "producer/fixture.hpp"
#include "run.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <set>
#include <string>
#include <utility>

/// What a producer could not deliver is in its storage after a restart, and is delivered then, once. `open(context)`
/// gives, each time on the same storage, something with a `producer`, the `script` of its destination and its `letters`.
template <class Open>
void check_restart(Open open) {
    namespace asio = boost::asio;
    constexpr int count = 30;
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        auto offline = open(context);
        offline.script->repeat_last = true;
        offline.script->replies.emplace_back([](const auto&, auto) { return fail(sluice::error::connection_failed); });
        for (int i = 0; i < count; ++i) {
            // Some are larger than an item may be.
            sluice::Record record("key", std::to_string(i) + std::string(i % 10 == 0 ? 700'000 : 10, 'x'));
            co_await offline.producer.async_put(std::move(record), asio::use_awaitable);
        }
        const auto report = co_await offline.producer.async_close(std::chrono::milliseconds(10), asio::use_awaitable);
        CHECK(report.left == count);
        CHECK(offline.letters->empty());
    });
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        auto online = open(context);
        const auto report = co_await online.producer.async_flush(asio::use_awaitable);
        CHECK(report.delivered == count);
        std::set<std::string> arrived;
        for (const auto& arrival : online.script->taken) arrived.insert(arrival.data);
        CHECK(arrived.size() == count);
        CHECK(online.script->taken.size() == count);
        co_await online.producer.async_close(asio::use_awaitable);
    });
}
