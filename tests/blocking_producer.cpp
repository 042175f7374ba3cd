#include "doubles.hpp"
#include "storage/temporary.hpp"

#include <sluice/blocking_producer.hpp>
#include <sluice/credentials/from.hpp>
#include <sluice/storage/sqlite.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using sluice::error;

namespace {

using OnDisk = sluice::BlockingProducer<ScriptedDestination, NobodySigns, NoTransport, sluice::SqliteStorage>;
using InMemory = sluice::BlockingProducer<ScriptedDestination, NobodySigns, NoTransport>;
using Ask = asio::awaitable<sluice::Secrets> (*)();
using Sleepy = sluice::BlockingProducer<ScriptedDestination, sluice::CredentialsFrom<Ask>, NoTransport>;

/// Takes its time, and does not notice that it is cancelled.
asio::awaitable<sluice::Secrets> sleep_and_sign() {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    asio::steady_timer timer(co_await asio::this_coro::executor, 20s);
    co_await timer.async_wait(asio::use_awaitable);
    co_return sluice::Secrets("nobody", sluice::Secret("nothing"));
}

sluice::Options quick() {
    sluice::Options options{"clicks"};
    options.linger = 5ms;
    options.back_off = 1ms;
    options.longest_back_off = 5ms;
    return options;
}

std::shared_ptr<Script> offline() {
    auto script = std::make_shared<Script>();
    script->repeat_last = true;
    script->replies.emplace_back([](const std::string&, std::span<const sluice::Entry>) {
        return sluice::Answer(make_error_code(error::connection_failed), {}, {});
    });
    return script;
}

} // namespace

TEST_CASE("a blocking producer does what its name says, verb by verb") {
    const auto script = std::make_shared<Script>();
    InMemory producer{quick(), ScriptedDestination{script}, NobodySigns{}, NoTransport{}};
    producer.open();
    producer.put({"key", "one"});
    const std::vector<sluice::Record> records(3, sluice::Record("key", "many"));
    CHECK(producer.put_all(records).accepted == 3);
    CHECK(producer.deliver({"key", "two"}).shard_id() == "shardId-000000000000");
    CHECK_FALSE(producer.try_put({"key", "three"}));
    producer.sync();
    CHECK(producer.flush().left == 0);
    CHECK(producer.stats().total().delivered == 6);
    CHECK(producer.clear() == 0);
    CHECK(producer.close().left == 0);
    CHECK(producer.try_put({"key", "late"}) == error::closed);
}

TEST_CASE("a blocking verb throws, or fills an error_code and does not") {
    InMemory producer{quick(), ScriptedDestination{}, NobodySigns{}, NoTransport{}};
    CHECK_THROWS_AS(producer.put({"", "empty key"}), boost::system::system_error);
    sluice::error_code failure;
    producer.put({"", "empty key"}, failure);
    CHECK(failure == error::partition_key_empty);
    producer.put({"key", "fine"}, failure);
    CHECK_FALSE(failure);
}

TEST_CASE("what could not be delivered waits on disk for the next producer, in its order and once") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "buffer.db";
    {
        OnDisk producer{quick(), ScriptedDestination{offline()}, NobodySigns{}, NoTransport{},
                        sluice::SqliteStorage{path}};
        std::vector<sluice::Record> records;
        for (int i = 0; i < 1'500; ++i) records.emplace_back("key", std::to_string(i));
        producer.put_all(records);
        const auto report = producer.close(0s);
        CHECK(report.left == 1'500);
        CHECK(report.paused_by == error::connection_failed);
    }
    const auto script = std::make_shared<Script>();
    OnDisk producer{quick(), ScriptedDestination{script}, NobodySigns{}, NoTransport{}, sluice::SqliteStorage{path}};
    const auto report = producer.flush();
    CHECK(report.delivered == 1'500);
    CHECK(report.left == 0);
    CHECK(producer.stats().recovered == 1'500);
    REQUIRE(script->taken.size() == 1'500);
    for (std::size_t i = 0; i < script->taken.size(); ++i) REQUIRE(script->taken[i].data == std::to_string(i));
}

TEST_CASE("a flush reports what got its outcome before it, too, and a close what came after the flush") {
    auto options = quick();
    options.linger = 0ms;
    sluice::BlockingProducer producer{options, ScriptedDestination{std::make_shared<Script>()}, NobodySigns{},
                                      NoTransport{}};
    const auto put = [&](std::uint64_t sum) {
        producer.put({"key", "data"});
        while (producer.stats().total().delivered < sum) std::this_thread::sleep_for(1ms);
    };
    put(1);
    put(2);
    CHECK(producer.flush().delivered == 2);
    CHECK(producer.flush().delivered == 0);
    put(3);
    CHECK(producer.close(0s).delivered == 1);
}

TEST_CASE("who waits for a receipt when the producer ends is told that the record is kept") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "buffer.db";
    auto options = quick();
    options.close_timeout = 0ms;
    sluice::error_code told;
    std::thread waiter;
    {
        OnDisk producer{options, ScriptedDestination{offline()}, NobodySigns{}, NoTransport{},
                        sluice::SqliteStorage{path}};
        waiter = std::thread([&] { static_cast<void>(producer.deliver({"key", "awaited"}, told)); });
        while (producer.stats().buffered_records == 0 || !producer.stats().paused_by) std::this_thread::sleep_for(1ms);
        static_cast<void>(producer.close());
        waiter.join();
    }
    CHECK(told == error::kept);
    const auto script = std::make_shared<Script>();
    OnDisk producer{options, ScriptedDestination{script}, NobodySigns{}, NoTransport{}, sluice::SqliteStorage{path}};
    CHECK(producer.flush().delivered == 1);
    REQUIRE(script->taken.size() == 1);
    CHECK(script->taken[0].data == "awaited");
}

TEST_CASE("a source of credentials that takes its time does not hold up the end") {
    const auto begin = std::chrono::steady_clock::now();
    sluice::error_code opened;
    std::thread waiter;
    {
        Sleepy producer{quick(), ScriptedDestination{}, sluice::CredentialsFrom(&sleep_and_sign), NoTransport{}};
        producer.put({"key", "data"});
        waiter = std::thread([&] { producer.open(opened); });
        std::this_thread::sleep_for(50ms);
        static_cast<void>(producer.close());
        waiter.join();
    }
    CHECK(std::chrono::steady_clock::now() - begin < 10s);
    CHECK(opened);
}

TEST_CASE("a second producer on the same file is told so, and works when the first has let go") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "buffer.db";
    OnDisk first{quick(), ScriptedDestination{}, NobodySigns{}, NoTransport{}, sluice::SqliteStorage{path}};
    first.put({"key", "data"});
    OnDisk second{quick(), ScriptedDestination{}, NobodySigns{}, NoTransport{}, sluice::SqliteStorage{path}};
    sluice::error_code failure;
    second.put({"key", "data"}, failure);
    CHECK(failure == error::storage_locked);
    static_cast<void>(first.close());
    second.put({"key", "data"}, failure);
    CHECK_FALSE(failure);
}

TEST_CASE("a buffer larger than the window is read back from disk in order") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "buffer.db";
    auto options = quick();
    options.window_bytes = 64U << 10U;
    const auto script = std::make_shared<Script>();
    OnDisk producer{options, ScriptedDestination{script}, NobodySigns{}, NoTransport{}, sluice::SqliteStorage{path}};
    producer.disable();
    producer.enable();
    std::vector<sluice::Record> records;
    for (int i = 0; i < 3'000; ++i) records.emplace_back("key", std::to_string(i) + std::string(1'000, 'x'));
    for (int round = 0; round < 3; ++round) producer.put_all(records);
    CHECK(producer.flush().left == 0);
    CHECK(script->taken.size() == 9'000);
}
