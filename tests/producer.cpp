#include "producer/fixture.hpp"
#include "run.hpp"

#include <sluice/producer.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;
using sluice::error;

TEST_CASE("a delivered record's receipt names its shard and sequence number") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        const auto receipt = co_await its.producer.async_deliver({"user-42", "hello"}, asio::use_awaitable);
        CHECK(receipt.shard_id() == "shardId-000000000000");
        CHECK(receipt.sequence_number() == "1");
        REQUIRE(receipt.attempts().size() == 1);
        CHECK_FALSE(receipt.attempts()[0].error);
        REQUIRE(its.script->taken.size() == 1);
        CHECK(its.script->taken[0].key == "user-42");
        CHECK(its.script->taken[0].data == "hello");
        const auto stats = its.producer.stats();
        CHECK(stats.accepted == 1);
        CHECK(stats.total().delivered == 1);
        CHECK(stats.buffered_records == 0);
        CHECK(stats.buffered_bytes == 0);
    });
}

TEST_CASE("a flush delivers everything that was put before, without lingering") {
    run([](asio::io_context& context) -> awaitable<void> {
        auto options = quick();
        options.linger = 1h;
        Fixture its(context, options);
        for (int i = 0; i < 1234; ++i) {
            const auto failure = its.producer.try_put({"key", "data"});
            REQUIRE_FALSE(failure);
        }
        const auto report = co_await its.producer.async_flush(asio::use_awaitable);
        CHECK(report.left == 0);
        CHECK(report.delivered > 0);
        CHECK(its.producer.stats().total().delivered == 1234);
        CHECK(its.script->taken.size() == 1234);
        CHECK(its.script->requests >= 3);
    });
}

TEST_CASE("every token serves: a callback, a future, co_await that throws, and a tuple") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        int called = 0;
        its.producer.async_put({"key", "one"}, [&](sluice::error_code failure) { called += failure ? 0 : 1; });
        CHECK(called == 0); // never from within the call
        auto future = its.producer.async_put({"key", "two"}, asio::use_future);
        co_await its.producer.async_put({"key", "three"}); // deferred, by default
        const auto [failure] = co_await its.producer.async_put({"", "no key"}, quietly);
        CHECK(failure == error::partition_key_empty);
        bool thrown = false;
        try {
            co_await its.producer.async_put({"", "no key"}, asio::use_awaitable);
        } catch (const boost::system::system_error& refused) {
            thrown = refused.code() == error::partition_key_empty;
        }
        CHECK(thrown);
        co_await its.producer.async_flush(asio::use_awaitable);
        for (int i = 0; i < 20; ++i) co_await asio::post(asio::use_awaitable);
        CHECK(called == 1);
        CHECK(future.wait_for(10s) == std::future_status::ready); // on a thread of the system executor
        CHECK(its.script->taken.size() == 3);
    });
}

TEST_CASE("an operation that nobody awaits does not start") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        auto operation = its.producer.async_put({"key", "data"});
        co_await its.producer.async_flush(asio::use_awaitable);
        CHECK(its.script->taken.empty());
        co_await std::move(operation);
        co_await its.producer.async_flush(asio::use_awaitable);
        CHECK(its.script->taken.size() == 1);
    });
}

TEST_CASE("a range is put in one pass, and each refusal is told with its place and its reason") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        std::vector<sluice::Record> records;
        for (int i = 0; i < 10; ++i) records.emplace_back("key", std::to_string(i));
        records[3].partition_key = std::string(257, 'k');
        records[7].explicit_hash_key = "not a number";
        const auto [failure, report] = co_await its.producer.async_put_all(records, quietly);
        CHECK(failure == error::partition_key_too_long);
        CHECK(report.accepted == 8);
        REQUIRE(report.refused.size() == 2);
        CHECK(report.refused[0].index == 3);
        CHECK(report.refused[1].index == 7);
        CHECK(report.refused[1].reason == error::hash_key_invalid);
        co_await its.producer.async_flush(asio::use_awaitable);
        CHECK(its.script->taken.size() == 8);
        const std::vector<sluice::Record> none;
        const auto empty = co_await its.producer.async_put_all(none, asio::use_awaitable);
        CHECK(empty.accepted == 0);
    });
}

TEST_CASE("while disabled puts are ignored quietly, deliveries say so, and what was put before is flushed") {
    run([](asio::io_context& context) -> awaitable<void> {
        auto options = quick();
        options.linger = 1h;
        Fixture its(context, options);
        co_await its.producer.async_put({"key", "before"}, asio::use_awaitable);
        its.producer.disable();
        CHECK_FALSE(its.producer.try_put({"key", "ignored"}));
        co_await its.producer.async_put({"key", "ignored"}, asio::use_awaitable);
        const auto [failure, receipt] = co_await its.producer.async_deliver({"key", "refused"}, quietly);
        CHECK(failure == error::disabled);
        co_await its.producer.async_flush(asio::use_awaitable);
        CHECK(its.script->taken.size() == 1);
        CHECK(its.producer.stats().ignored == 3);
        its.producer.enable();
        co_await its.producer.async_put({"key", "after"}, asio::bind_executor(context, asio::use_awaitable));
        co_await its.producer.async_flush(asio::use_awaitable);
        CHECK(its.script->taken.size() == 2);
    });
}

TEST_CASE("records of many streams go to their streams, and one that does not exist delays no other") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        its.script->repeat_last = true;
        its.script->replies.push_back([&](const std::string& stream, std::span<const sluice::Entry> entries) {
            return stream == "missing" ? fail(error::stream_not_found) : its.script->take(stream, entries);
        });
        for (const char* stream : {"missing", "clicks", "views"}) {
            sluice::Record record("key", stream);
            record.stream = stream;
            co_await its.producer.async_put(std::move(record), asio::use_awaitable);
        }
        const auto report = co_await its.producer.async_flush(100ms, asio::use_awaitable);
        CHECK(report.delivered == 2);
        CHECK(report.left == 1);
        CHECK(report.paused_by == error::stream_not_found);
        CHECK(its.letters->empty());
        const auto stats = its.producer.stats();
        CHECK(stats.streams.at("missing").paused_by == error::stream_not_found);
        CHECK_FALSE(stats.streams.at("clicks").paused_by);
    });
}

TEST_CASE("options that can never work are told at once, with the remedy") {
    asio::io_context context;
    auto options = quick();
    options.request_records = 501;
    CHECK_THROWS_WITH_AS(Fixture(context, options), "sluice: Options::request_records must be 1 to 500.",
                         std::invalid_argument);
    options = sluice::Options{"no such name!"};
    CHECK_THROWS_AS(Fixture(context, options), std::invalid_argument);
}

TEST_CASE("a record leaves by itself when it has lingered") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        co_await its.producer.async_put({"key", "data"}, asio::use_awaitable);
        asio::steady_timer timer(context, 500ms);
        co_await timer.async_wait(asio::use_awaitable);
        CHECK(its.script->taken.size() == 1);
    });
}

TEST_CASE("records that fail on their own are tried again until they give up, and go to the dead letters") {
    run([](asio::io_context& context) -> awaitable<void> {
        auto options = quick();
        options.attempts = 3;
        Fixture its(context, options);
        its.script->repeat_last = true;
        its.script->replies.push_back([](const std::string&, std::span<const sluice::Entry> entries) {
            sluice::Answer answer;
            for (std::size_t i = 0; i < entries.size(); ++i) {
                answer.entries.emplace_back().error = make_error_code(error::record_failed);
                answer.entries.back().code = "InternalFailure";
            }
            return answer;
        });
        const auto [failure, receipt] = co_await its.producer.async_deliver({"key", "data"}, quietly);
        CHECK(failure == error::gave_up);
        CHECK(receipt.attempts().size() == 3);
        CHECK(receipt.attempts().back().code == "InternalFailure");
        REQUIRE(its.letters->size() == 1);
        CHECK(its.letters->front().reason == error::gave_up);
        CHECK(its.letters->front().record.data == "data");
        CHECK(its.letters->front().attempts.size() == 3);
        CHECK(its.script->requests == 3);
    });
}

TEST_CASE("being offline costs no record, shows in the report, and ends by itself") {
    run([](asio::io_context& context) -> awaitable<void> {
        Fixture its(context);
        for (int i = 0; i < 5; ++i) {
            its.script->replies.emplace_back([](const std::string&, auto) { return fail(error::connection_failed); });
        }
        co_await its.producer.async_put({"key", "data"}, asio::use_awaitable);
        const auto offline = co_await its.producer.async_flush(0ms, asio::use_awaitable);
        CHECK(offline.left == 1);
        CHECK(offline.paused_by == error::connection_failed);
        CHECK(its.producer.stats().paused_by == error::connection_failed);
        const auto online = co_await its.producer.async_flush(10s, asio::use_awaitable);
        CHECK(online.delivered == 1);
        CHECK(its.letters->empty());
    });
}

TEST_CASE("a full buffer makes async_put wait, first come first served, and try_put say so") {
    run([](asio::io_context& context) -> awaitable<void> {
        auto options = quick();
        options.buffer_records = 2;
        options.linger = 1h;
        Fixture its(context, options);
        co_await its.producer.async_open(asio::use_awaitable);
        std::string order;
        for (const char* name : {"a", "b", "c", "d"}) {
            its.producer.async_put({"key", name}, [&order, name](sluice::error_code failure) {
                CHECK_FALSE(failure);
                order += name;
            });
        }
        for (int i = 0; i < 20; ++i) co_await asio::post(asio::use_awaitable);
        CHECK(order == "ab");
        CHECK(its.producer.try_put({"key", "e"}) == error::buffer_full);
        CHECK(its.producer.stats().buffered_records == 2);
        while (order.size() < 4) co_await its.producer.async_flush(asio::use_awaitable);
        CHECK(order == "abcd");
    });
}

TEST_CASE("a cancelled put that waits for room is withdrawn; the one behind it goes on") {
    run([](asio::io_context& context) -> awaitable<void> {
        auto options = quick();
        options.buffer_bytes = 100;
        options.linger = 1h;
        Fixture its(context, options);
        co_await its.producer.async_put({"key", std::string(60, 'x')}, asio::use_awaitable);
        asio::cancellation_signal signal;
        sluice::error_code cancelled;
        bool small_in = false;
        its.producer.async_put({"key", std::string(60, 'y')},
                               asio::bind_cancellation_slot(signal.slot(), [&](sluice::error_code failure) {
                                   cancelled = failure;
                               }));
        its.producer.async_put({"k", ""}, [&](sluice::error_code failure) { small_in = !failure; });
        signal.emit(asio::cancellation_type::total);
        for (int i = 0; i < 20; ++i) co_await asio::post(asio::use_awaitable);
        CHECK(cancelled == asio::error::operation_aborted);
        co_await its.producer.async_flush(asio::use_awaitable);
        for (int i = 0; i < 20; ++i) co_await asio::post(asio::use_awaitable);
        CHECK(small_in);
        co_await its.producer.async_flush(asio::use_awaitable);
        CHECK(its.script->taken.size() == 2);
    });
}

TEST_CASE("cancelling a delivery that was accepted only ends the waiting") {
    run([](asio::io_context& context) -> awaitable<void> {
        auto options = quick();
        options.linger = 1h;
        Fixture its(context, options);
        co_await its.producer.async_open(asio::use_awaitable);
        asio::cancellation_signal signal;
        sluice::error_code cancelled;
        its.producer.async_deliver({"key", "data"},
                                   asio::bind_cancellation_slot(
                                       signal.slot(), [&](sluice::error_code failure, const sluice::Receipt&) {
                                           cancelled = failure;
                                       }));
        for (int i = 0; i < 20; ++i) co_await asio::post(asio::use_awaitable);
        signal.emit(asio::cancellation_type::terminal);
        co_await its.producer.async_flush(asio::use_awaitable);
        CHECK(cancelled == asio::error::operation_aborted);
        CHECK(its.script->taken.size() == 1);
    });
}

TEST_CASE("clearing empties the buffer, tells who waits, and leaves the dead letters alone") {
    run([](asio::io_context& context) -> awaitable<void> {
        auto options = quick();
        options.linger = 1h;
        Fixture its(context, options);
        for (int i = 0; i < 700; ++i) REQUIRE_FALSE(its.producer.try_put({"key", "data"}));
        sluice::error_code outcome;
        its.producer.async_deliver({"key", "awaited"}, [&](sluice::error_code failure, const sluice::Receipt&) {
            outcome = failure;
        });
        const auto removed = co_await its.producer.async_clear(asio::use_awaitable);
        CHECK(removed >= 201); // a full batch may have left before
        for (int i = 0; i < 20; ++i) co_await asio::post(asio::use_awaitable);
        CHECK(outcome == error::cleared);
        CHECK(its.producer.stats().buffered_records == 0);
        CHECK(its.producer.stats().cleared == removed);
        CHECK(its.producer.stats().total().delivered + removed == 701);
        CHECK(its.letters->empty());
        const auto report = co_await its.producer.async_flush(asio::use_awaitable);
        CHECK(report.left == 0);
    });
}
