#include "doubles.hpp"
#include "run.hpp"

#include <sluice/producer.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <doctest/doctest.h>

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;
using sluice::error;

namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

sluice::Options quick() {
    sluice::Options options{"clicks"};
    options.linger = 5ms;
    options.back_off = 1ms;
    options.longest_back_off = 5ms;
    return options;
}

sluice::Answer fail(error why) { return {make_error_code(why), "Word", "The service's sentence."}; }

class Fixture {
public:
    explicit Fixture(asio::io_context& context, sluice::Options options = quick())
        : producer(sluice::make_producer(context.get_executor(), std::move(options), ScriptedDestination{script},
                                         NobodySigns{}, NoTransport{}, KeepDeadLetters{letters})) {}

    std::shared_ptr<Script> script = std::make_shared<Script>();
    std::shared_ptr<std::vector<sluice::DeadLetter>> letters = std::make_shared<std::vector<sluice::DeadLetter>>();
    sluice::Producer<ScriptedDestination, NobodySigns, NoTransport, KeepDeadLetters> producer;
};

} // namespace

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
