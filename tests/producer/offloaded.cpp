#include "chosen.hpp"
#include "fixture.hpp"

#include <sluice/kinesis/deaggregate.hpp>
#include <sluice/offload/pointer.hpp>
#include <sluice/offload/s3.hpp>
#include <sluice/storage/sqlite.hpp>

#include <run.hpp>
#include <s3/fake.hpp>
#include <storage/temporary.hpp>

#include <doctest/doctest.h>

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace sluice;
using namespace std::chrono_literals;

namespace {

/// A stream and a bucket, both scripted, and options of producers between them.
class Bench {
public:
    Bench() {
        options.region = "eu-west-1";
        options.retry.attempts = 1;
        options.flush_timeout = 5s;
        options.log = Log([this](LogLevel level, std::string_view line) {
            if (level >= LogLevel::info) log.emplace_back(line);
        });
        how.threshold = 1'024;
    }

    auto producer(asio::io_context& context) {
        s3::Bucket bucket("payloads");
        bucket.endpoint = "http://127.0.0.1:9000";
        return make_producer(context.get_executor(), options, S3Offload(bucket, how, aws::Machine()), ToFakeS3(service),
                             ScriptedDestination(script), NobodySigns{}, KeepDeadLetters(letters),
                             batching, compression, ChosenStorage(file, bodies));
    }

    /// What a pointer points to, "?" if that is nothing; or the data itself.
    [[nodiscard]] std::string payload_of(const std::string& data) const {
        const auto pointer = parse_pointer(data);
        if (!pointer) return data;
        const auto found = service->objects.find(pointer->key);
        return found == service->objects.end() ? "?" : found->second;
    }

    /// The payloads that arrived.
    [[nodiscard]] std::vector<std::string> payloads() const {
        std::vector<std::string> all;
        for (const auto& arrival : script->taken) all.push_back(payload_of(arrival.data));
        return all;
    }

    [[nodiscard]] std::size_t told(const std::string& text) const {
        return static_cast<std::size_t>(std::count_if(log.begin(), log.end(), [&](const std::string& line) {
            return line.find(text) != std::string::npos;
        }));
    }

    std::shared_ptr<FakeS3> service = std::make_shared<FakeS3>();
    std::shared_ptr<Script> script = std::make_shared<Script>();
    std::shared_ptr<std::vector<DeadLetter>> letters = std::make_shared<std::vector<DeadLetter>>();
    std::vector<std::string> log;
    std::shared_ptr<Bodies> bodies = std::make_shared<Bodies>();
    Options options = quick();
    S3OffloadOptions how;
    ChosenBatching batching = Collect();
    ChosenCompression compression = NoCompression();
    std::optional<SqliteStorage> file; ///< Without it records wait in memory.
};

using Condition = std::function<bool()>;

/// Waits until something is true, but not for ever.
asio::awaitable<bool> eventually(const Condition& what) {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    for (int i = 0; i < 2'000 && !what(); ++i) {
        timer.expires_after(1ms);
        co_await timer.async_wait(asio::use_awaitable);
    }
    co_return what();
}

const std::string large_text(5'000, 'L');

Record small(const std::string& data = "small") { return {"key", data}; }
Record large(char c = 'L') { return {"key", std::string(5'000, c)}; }

} // namespace

TEST_CASE("a large payload goes to S3, and a pointer to the stream; a small one as it is") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench;
        auto producer = bench.producer(context);
        co_await producer.async_put(small(), asio::use_awaitable);
        auto record = large();
        const auto receipt = co_await producer.async_deliver(std::move(record), asio::use_awaitable);
        CHECK(receipt.shard_id() == "shardId-000000000000");
        CHECK(bench.service->objects.size() == 1);
        const auto payloads = bench.payloads();
        CHECK(std::count(payloads.begin(), payloads.end(), "small") == 1);
        CHECK(std::count(payloads.begin(), payloads.end(), large_text) == 1);
        CHECK(producer.stats().total().offloaded == 1);
        co_await producer.async_close(asio::use_awaitable);
        CHECK(bench.letters->empty());
    });
}

TEST_CASE("data of exactly the threshold stays, and more than the stream takes is welcome") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench;
        auto producer = bench.producer(context);
        const std::vector<Record> records{Record("k", std::string(1'024, 'a')), Record("k", std::string(1'025, 'b')),
                                          Record("k", std::string(20U << 20U, 'c'))};
        co_await producer.async_put_all(records, asio::use_awaitable);
        const auto report = co_await producer.async_flush(asio::use_awaitable);
        CHECK(report.left == 0);
        CHECK(bench.service->objects.size() == 2);
        CHECK(bench.script->taken.size() == 3);
        auto record = Record("k", std::string((63U << 20U) + 1, 'd'));
        const auto [refused] = co_await producer.async_put(std::move(record), quietly);
        CHECK(refused == error::record_too_large);
    });
}

TEST_CASE("several payloads are on their way at once, and no more than that") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench;
        bench.how.at_once = 3;
        auto producer = bench.producer(context);
        const std::vector<Record> records(20, large());
        co_await producer.async_put_all(records, asio::use_awaitable);
        const auto report = co_await producer.async_flush(asio::use_awaitable);
        CHECK(report.delivered == 20);
        CHECK(bench.service->objects.size() == 20);
        CHECK(bench.service->most_at_once == 3);
    });
}

TEST_CASE("while S3 fails small records go on, and large ones wait without spending anything") {
    for (const int way : {0, 1, 2}) {
        run([way](asio::io_context& context) -> asio::awaitable<void> {
            Bench bench;
            bench.options.attempts = 2;
            if (way == 0) bench.service->outage = error::connection_failed;
            if (way == 1) bench.service->denied = true;
            if (way == 2) bench.service->bucket = "another";
            const error expected[] = {error::connection_failed, error::access_denied, error::bucket_not_found};
            auto producer = bench.producer(context);
            std::vector<Record> records;
            for (char c = 'A'; c < 'K'; ++c) {
                records.push_back(large(c));
                records.push_back(small());
            }
            co_await producer.async_put_all(records, asio::use_awaitable);
            const Condition done_1 = [&] { return bench.script->taken.size() == 10; };
            const bool is_done_1 = co_await eventually(done_1);
            CHECK(is_done_1);
            const Condition done_2 = [&] { return bench.service->requests >= 6; };
            const bool is_done_2 = co_await eventually(done_2);
            CHECK(is_done_2);
            const auto report = co_await producer.async_flush(0s, asio::use_awaitable);
            CHECK(report.left == 10);
            CHECK(report.paused_by == expected[way]);
            CHECK(producer.stats().offload_fails_by == expected[way]);
            CHECK(producer.stats().paused_by == expected[way]);
            CHECK_FALSE(producer.stats().streams["clicks"].paused_by);
            CHECK(bench.told("payloads over the threshold wait") == 1);
            co_await producer.async_put(small("later"), asio::use_awaitable);
            const Condition done_3 = [&] { return bench.script->taken.size() == 11; };
            const bool is_done_3 = co_await eventually(done_3);
            CHECK(is_done_3);
            bench.service->outage.reset();
            bench.service->denied = false;
            bench.service->bucket = "payloads";
            const auto rest = co_await producer.async_flush(asio::use_awaitable);
            CHECK(rest.left == 0);
            CHECK(bench.script->taken.size() == 21);
            CHECK(bench.service->objects.size() == 10);
            CHECK(bench.letters->empty());
            CHECK(bench.told("payloads are offloaded again") == 1);
            CHECK_FALSE(producer.stats().offload_fails_by);
        });
    }
}

TEST_CASE("while the stream fails nothing is uploaded twice, and little before it is needed") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench;
        bench.script->repeat_last = true;
        bench.script->replies.push_back([](const auto&, auto) { return fail(error::connection_failed); });
        auto producer = bench.producer(context);
        const std::vector<Record> records(50, large());
        co_await producer.async_put_all(records, asio::use_awaitable);
        const Condition done_4 = [&] { return bench.script->requests >= 10; };
        const bool is_done_4 = co_await eventually(done_4);
        CHECK(is_done_4);
        CHECK(bench.service->requests <= 8);
        CHECK(bench.service->requests > 0);
        CHECK(producer.stats().paused_by == error::connection_failed);
        CHECK_FALSE(producer.stats().offload_fails_by);
        bench.script->replies.clear();
        const auto report = co_await producer.async_flush(asio::use_awaitable);
        CHECK(report.left == 0);
        CHECK(bench.service->requests == 50);
        CHECK(bench.script->taken.size() == 50);
    });
}

TEST_CASE("what S3 refuses as invalid spends attempts, and goes to the dead letters with its payload") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench;
        bench.options.attempts = 3;
        bench.service->refuses = true;
        auto producer = bench.producer(context);
        auto record = large();
        const auto [failure, receipt] = co_await producer.async_deliver(std::move(record), quietly);
        CHECK(failure == error::gave_up);
        CHECK(receipt.attempts().size() == 3);
        CHECK(receipt.attempts().front().error == error::request_refused);
        CHECK(receipt.attempts().front().code == "Offload");
        REQUIRE(bench.letters->size() == 1);
        CHECK(bench.letters->front().record.data == large_text);
        CHECK(bench.service->requests == 3);
    });
}

TEST_CASE("a record expires while its payload waits, and what was cleared is not sent") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench;
        bench.service->outage = error::connection_failed;
        auto producer = bench.producer(context);
        auto record = large();
        record.time_to_live = 20ms;
        const auto [failure, receipt] = co_await producer.async_deliver(std::move(record), quietly);
        CHECK(failure == error::expired);
        CHECK(bench.letters->size() == 1);
        CHECK_FALSE(receipt.attempts().empty());
        const Condition done_5 = [&] { return !producer.stats().offload_fails_by; };
        const bool is_done_5 = co_await eventually(done_5);
        CHECK(is_done_5); // nothing waits
        const std::vector<Record> records(10, large());
        co_await producer.async_put_all(records, asio::use_awaitable);
        const Condition done_6 = [&] { return !!producer.stats().offload_fails_by; };
        const bool is_done_6 = co_await eventually(done_6);
        CHECK(is_done_6);
        const auto cleared = co_await producer.async_clear(asio::use_awaitable);
        CHECK(cleared == 10);
        bench.service->outage.reset();
        const auto report = co_await producer.async_flush(asio::use_awaitable);
        CHECK(report.left == 0);
        CHECK(bench.script->taken.empty());
        CHECK(producer.stats().buffered_records == 0);
    });
}

TEST_CASE("a restart uploads to the same object, and delivers") {
    const TemporaryDirectory place;
    std::string key;
    const auto life = [&](Bench& bench, std::chrono::milliseconds patience) {
        run([&](asio::io_context& context) -> asio::awaitable<void> {
            bench.file.emplace((place / "buffer.db").string());
            auto producer = bench.producer(context);
            if (patience == 0ms) {
                co_await producer.async_put(large(), asio::use_awaitable);
                const Condition done_7 = [&] { return bench.script->requests > 0; };
                const bool is_done_7 = co_await eventually(done_7);
                CHECK(is_done_7);
            }
            const auto report = co_await producer.async_flush(patience, asio::use_awaitable);
            CHECK(report.left == (patience == 0ms ? 1 : 0));
            co_await producer.async_close(0s, asio::use_awaitable);
        });
    };
    Bench first;
    first.script->repeat_last = true;
    first.script->replies.push_back([](const auto&, auto) { return fail(error::timed_out); });
    life(first, 0ms);
    REQUIRE(first.service->objects.size() == 1);
    Bench second;
    second.service = first.service;
    life(second, 5s);
    CHECK(second.service->objects.size() == 1);
    CHECK(second.payloads() == std::vector<std::string>{large_text});
}

TEST_CASE("offloaded records keep the order of their key") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench;
        bench.options.ordering = Ordering::per_key;
        bench.batching = Aggregate();
        auto producer = bench.producer(context);
        std::vector<Record> records;
        std::vector<std::string> expected;
        for (int i = 0; i < 30; ++i) {
            const auto text = std::to_string(i);
            records.emplace_back("key", i % 3 == 0 ? text + std::string(2'000, '.') : text);
            expected.push_back(records.back().data);
        }
        co_await producer.async_put_all(records, asio::use_awaitable);
        const auto report = co_await producer.async_flush(asio::use_awaitable);
        CHECK(report.delivered == 30);
        std::vector<std::string> arrived;
        for (const auto& arrival : bench.script->taken) {
            const auto opened = kinesis::deaggregate(arrival.data, arrival.key);
            for (const auto& member : opened.records) arrived.push_back(bench.payload_of(std::string(member.data)));
        }
        CHECK(arrived == expected);
    });
}

TEST_CASE("pointers are compressed like any data, and payloads are not") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench;
        bench.compression = Gzip();
        auto producer = bench.producer(context);
        co_await producer.async_deliver(large(), asio::use_awaitable);
        REQUIRE(bench.script->taken.size() == 1);
        CHECK(bench.script->taken[0].data.starts_with("\x1F\x8B"));
        REQUIRE(bench.service->objects.size() == 1);
        CHECK(bench.service->objects.begin()->second == large_text);
    });
}

TEST_CASE("without persistence a close gives what waits for S3 to the dead letters, whole") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench;
        bench.service->outage = error::timed_out;
        auto producer = bench.producer(context);
        const std::vector<Record> records(5, large());
        co_await producer.async_put_all(records, asio::use_awaitable);
        const auto report = co_await producer.async_close(50ms, asio::use_awaitable);
        CHECK(report.failed == 5);
        CHECK(report.paused_by == error::timed_out);
        REQUIRE(bench.letters->size() == 5);
        CHECK(bench.letters->front().record.data == large_text);
    });
}

TEST_CASE("while S3 is away, payloads of more than the window let small records pass, and take little memory") {
    for (const auto ordering : {Ordering::none, Ordering::per_key}) {
        const TemporaryDirectory place;
        run([&](asio::io_context& context) -> asio::awaitable<void> {
            Bench bench;
            bench.file.emplace((place / "buffer.db").string());
            bench.options.ordering = ordering;
            bench.options.window_bytes = 1U << 20U;
            bench.service->outage = error::connection_failed;
            auto producer = bench.producer(context);
            std::set<std::string> all;
            for (int i = 100; i < 160; ++i) {
                Record payload("key" + std::to_string(i % 3), std::to_string(i) + std::string(100'000, 'L'));
                Record behind("key" + std::to_string(i % 3), std::to_string(i) + " behind");
                all.insert({payload.data, behind.data});
                co_await producer.async_put(std::move(payload), asio::use_awaitable);
                co_await producer.async_put(std::move(behind), asio::use_awaitable);
            }
            for (int i = 0; i < 50; ++i) {
                Record free("free" + std::to_string(i), "free " + std::to_string(i));
                all.insert(free.data);
                co_await producer.async_put(std::move(free), asio::use_awaitable);
            }
            const std::size_t pass = ordering == Ordering::none ? 110 : 50;
            const Condition passed = [&] { return bench.script->taken.size() == pass; };
            const bool have_passed = co_await eventually(passed);
            CHECK(have_passed);
            CHECK(producer.stats().offload_fails_by == error::connection_failed);
            CHECK(producer.stats().buffered_records == 170 - pass);
            bench.service->outage.reset();
            const auto report = co_await producer.async_flush(20s, asio::use_awaitable);
            CHECK(report.left == 0);
            CHECK(bench.bodies->most < 2U << 20U); // of 6 MB
            const auto payloads = bench.payloads();
            CHECK(payloads.size() == 170);
            CHECK((std::set<std::string>(payloads.begin(), payloads.end()) == all));
            CHECK(bench.service->objects.size() == 60);
            std::map<std::string, std::string> last;
            for (std::size_t i = 0; i < payloads.size() && ordering == Ordering::per_key; ++i) {
                const auto place_in_line = payloads[i].substr(0, 3) + (payloads[i].ends_with("behind") ? '2' : '1');
                auto& before = last[bench.script->taken[i].key];
                CHECK((before < place_in_line || bench.script->taken[i].key.starts_with("free")));
                before = place_in_line;
            }
            CHECK(bench.letters->empty());
            co_await producer.async_close(asio::use_awaitable);
        });
    }
}

TEST_CASE("a payload that is in the file alone is whole in its dead letter, and cleared like any") {
    const TemporaryDirectory place;
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench;
        bench.file.emplace((place / "buffer.db").string());
        bench.options.window_bytes = 10'000;
        bench.options.attempts = 1;
        bench.service->refuses = true;
        auto producer = bench.producer(context);
        const auto [failure, receipt] = co_await producer.async_deliver(large(), quietly);
        CHECK(failure == error::gave_up);
        REQUIRE(bench.letters->size() == 1);
        CHECK(bench.letters->front().record.data == large_text);
        bench.service->outage = error::connection_failed;
        for (int i = 0; i < 20; ++i) co_await producer.async_put(large(), asio::use_awaitable);
        const auto cleared = co_await producer.async_clear(asio::use_awaitable);
        CHECK(cleared == 20);
        CHECK(producer.stats().buffered_records == 0);
        CHECK(producer.stats().buffered_bytes == 0);
        co_await producer.async_close(asio::use_awaitable);
        CHECK(bench.letters->size() == 1);
    });
}

TEST_CASE("a payload that cannot be read waits, and if it is lost for another reason, its letter has no data") {
    const TemporaryDirectory place;
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench;
        bench.file.emplace((place / "buffer.db").string());
        bench.options.window_bytes = 10'000;
        bench.bodies->failure = error::storage_failed;
        auto producer = bench.producer(context);
        co_await producer.async_put(large(), asio::use_awaitable);
        const Condition tried = [&] { return bench.told("the storage could not be read") > 0; };
        const bool was_tried = co_await eventually(tried);
        CHECK(was_tried);
        CHECK_FALSE(producer.stats().offload_fails_by); // S3 was not asked
        CHECK(bench.service->requests == 0);
        bench.bodies->failure = error_code();
        const auto report = co_await producer.async_flush(20s, asio::use_awaitable);
        CHECK(report.left == 0);
        CHECK(bench.payloads() == std::vector<std::string>{large_text});
        bench.bodies->failure = error::storage_corrupt;
        auto record = large();
        record.time_to_live = 20ms;
        const auto [failure, receipt] = co_await producer.async_deliver(std::move(record), quietly);
        CHECK(failure == error::expired);
        REQUIRE(bench.letters->size() == 1);
        CHECK(bench.letters->front().record.partition_key == "key");
        CHECK(bench.letters->front().record.data.empty());
        co_await producer.async_close(asio::use_awaitable);
    });
}

TEST_CASE("after a restart what waits is read without being held, and small records behind it go") {
    const TemporaryDirectory place;
    Bench first;
    first.file.emplace((place / "buffer.db").string());
    first.service->outage = error::connection_failed;
    first.options.auto_flush = false;
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        auto producer = first.producer(context);
        std::vector<Record> records;
        for (int i = 0; i < 60; ++i) records.emplace_back("key", std::string(100'000, static_cast<char>('A' + i)));
        records.push_back(small());
        co_await producer.async_put_all(records, asio::use_awaitable);
        co_await producer.async_close(0s, asio::use_awaitable);
    });
    Bench second;
    second.file = first.file;
    second.service = first.service;
    second.options.window_bytes = 1U << 20U;
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        auto producer = second.producer(context);
        co_await producer.async_open(asio::use_awaitable);
        const Condition passed = [&] { return second.script->taken.size() == 1; };
        const bool has_passed = co_await eventually(passed);
        CHECK(has_passed);
        second.service->outage.reset();
        const auto report = co_await producer.async_flush(20s, asio::use_awaitable);
        CHECK(report.left == 0);
        CHECK(second.bodies->most < 2U << 20U); // of 6 MB
        CHECK(second.service->objects.size() == 60);
        co_await producer.async_close(asio::use_awaitable);
    });
}
