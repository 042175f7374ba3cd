#include "moments.hpp"

#include <sluice/local/kinesis.hpp>
#include <sluice/local/reading.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace sluice::local;

namespace {

const std::string zero = "shardId-000000000000";

/// A stream of one shard with ten records, one a second: "0" to "9".
class Fixture {
public:
    Fixture() {
        settings().limits = ShardLimits::none();
        REQUIRE(kinesis.create_stream(StreamSpec("s"), moments.now()).has_value());
        for (char c = '0'; c <= '9'; ++c) {
            times.push_back(moments.pass(1s).wall);
            numbers.push_back(
                kinesis.put_record("s", PutEntry("k", std::string(1, c)), moments.now())->sequence_number);
        }
    }

    Settings& settings() { return kinesis.settings(); }

    Reply<std::string> iterator(IteratorType type, std::optional<std::string> number = {},
                                std::optional<sluice::wall_time> time = {}) {
        IteratorQuery query("s", zero, type);
        query.sequence_number = std::move(number);
        query.timestamp = time;
        return kinesis.get_shard_iterator(query, moments.now());
    }

    /// The data from an iterator on, up to `limit` records, joined.
    std::string read(const Reply<std::string>& from, std::int64_t limit = 10'000) {
        REQUIRE(from.has_value());
        const auto page = kinesis.get_records(*from, limit, moments.now());
        REQUIRE(page.has_value());
        std::string joined;
        for (const auto& record : page->records) joined += record.data;
        next = page->next_iterator.value_or("");
        behind = page->behind;
        return joined;
    }

    std::string refusal(const Reply<std::string>& reply) { return reply.has_value() ? "" : reply.error().code; }

    Moments moments;
    Kinesis kinesis;
    std::vector<std::string> numbers;
    std::vector<sluice::wall_time> times;
    std::string next;
    std::chrono::milliseconds behind{0};
};

} // namespace

TEST_CASE("each type of iterator starts where it says") {
    Fixture f;
    CHECK(f.read(f.iterator(IteratorType::trim_horizon)) == "0123456789");
    CHECK(f.read(f.iterator(IteratorType::latest)) == "");
    CHECK(f.read(f.iterator(IteratorType::at_sequence_number, f.numbers[3])) == "3456789");
    CHECK(f.read(f.iterator(IteratorType::after_sequence_number, f.numbers[3])) == "456789");
    CHECK(f.read(f.iterator(IteratorType::after_sequence_number, f.numbers[9])) == "");
    CHECK(f.read(f.iterator(IteratorType::at_timestamp, {}, f.times[3])) == "3456789");
    CHECK(f.read(f.iterator(IteratorType::at_timestamp, {}, f.times[3] + 1ms)) == "456789");
    CHECK(f.read(f.iterator(IteratorType::at_timestamp, {}, f.times[0] - 100h)) == "0123456789");
    CHECK(f.read(f.iterator(IteratorType::at_timestamp, {}, f.moments.now().wall)) == "9");
}

TEST_CASE("the first sequence number of a shard reads from its first record") {
    Fixture f;
    const auto first = f.kinesis.list_shards(ShardQuery("s"), f.moments.now())->shards[0].first_sequence_number;
    CHECK(f.read(f.iterator(IteratorType::at_sequence_number, first)) == "0123456789");
    CHECK(f.read(f.iterator(IteratorType::after_sequence_number, first)) == "0123456789");
}

TEST_CASE("the latest iterator sees what comes after it") {
    Fixture f;
    const auto latest = f.iterator(IteratorType::latest);
    REQUIRE(f.kinesis.put_record("s", PutEntry("k", "new"), f.moments.now()).has_value());
    CHECK(f.read(latest) == "new");
}

TEST_CASE("page after page gives every record once") {
    Fixture f;
    CHECK(f.read(f.iterator(IteratorType::trim_horizon), 4) == "0123");
    CHECK(f.behind == 5s);
    CHECK(f.read(f.next, 4) == "4567");
    CHECK(f.read(f.next, 4) == "89");
    CHECK(f.behind == 0ms);
    CHECK(f.read(f.next, 4) == "");
    REQUIRE(f.kinesis.put_record("s", PutEntry("k", "!"), f.moments.now()).has_value());
    CHECK(f.read(f.next, 4) == "!");
}

TEST_CASE("what is left to read is behind, even in the millisecond in which it came") {
    Fixture f;
    CHECK(f.read(f.iterator(IteratorType::at_sequence_number, f.numbers[8]), 1) == "8");
    CHECK(f.behind == 1ms);
}

TEST_CASE("a page holds at most 10 MiB, but at least one record") {
    Fixture f;
    const auto latest = f.iterator(IteratorType::latest);
    for (int i = 0; i < 12; ++i) {
        REQUIRE(f.kinesis.put_record("s", PutEntry("k", std::string((1 << 20) - 1, 'x')), f.moments.now()).has_value());
    }
    CHECK(f.read(latest).size() == 10 * ((1 << 20) - 1));
    CHECK(f.read(f.next).size() == 2 * ((1 << 20) - 1));
}

TEST_CASE("an iterator whose records were trimmed goes on with the oldest that is left") {
    Fixture f;
    const auto old = f.iterator(IteratorType::at_sequence_number, f.numbers[0]);
    f.settings().retention_bytes = 6;
    REQUIRE(f.kinesis.put_record("s", PutEntry("k", "!"), f.moments.now()).has_value());
    CHECK(f.read(old) == "89!");
    CHECK(f.read(f.iterator(IteratorType::at_sequence_number, f.numbers[0])) == "89!");
    CHECK(f.read(f.iterator(IteratorType::trim_horizon)) == "89!");
}

TEST_CASE("an iterator lives for five minutes") {
    Fixture f;
    const auto iterator = f.iterator(IteratorType::trim_horizon);
    f.moments.pass(5min);
    CHECK(f.read(iterator) == "0123456789");
    f.moments.pass(1ms);
    CHECK(f.kinesis.get_records(*iterator, 1, f.moments.now()).error().code == "ExpiredIteratorException");
}

TEST_CASE("what GetShardIterator refuses") {
    Fixture f;
    CHECK(f.refusal(f.iterator(IteratorType::at_sequence_number)) == "InvalidArgumentException");
    CHECK(f.refusal(f.iterator(IteratorType::after_sequence_number)) == "InvalidArgumentException");
    CHECK(f.refusal(f.iterator(IteratorType::at_timestamp)) == "InvalidArgumentException");
    CHECK(f.refusal(f.iterator(IteratorType::at_timestamp, {}, f.moments.now().wall + 1ms)) ==
          "InvalidArgumentException");
    CHECK(f.refusal(f.iterator(IteratorType::at_sequence_number, "x")) == "ValidationException");
    CHECK(f.refusal(f.iterator(IteratorType::at_sequence_number, "123")) == "InvalidArgumentException");
    std::string future = f.numbers[9];
    future.replace(future.size() - 4, 4, "9999");
    CHECK(f.refusal(f.iterator(IteratorType::at_sequence_number, future)) == "InvalidArgumentException");
    CHECK(f.refusal(f.kinesis.get_shard_iterator(IteratorQuery("s", "shardId-000000000001"), f.moments.now())) ==
          "ResourceNotFoundException");
    CHECK(f.refusal(f.kinesis.get_shard_iterator(IteratorQuery("s", "any name"), f.moments.now())) ==
          "ValidationException");
    CHECK(f.refusal(f.kinesis.get_shard_iterator(IteratorQuery("t", zero), f.moments.now())) ==
          "ResourceNotFoundException");
}

TEST_CASE("what GetRecords refuses, forged iterators above all") {
    Fixture f;
    const auto code = [&](const std::string& iterator, std::int64_t limit) {
        const auto page = f.kinesis.get_records(iterator, limit, f.moments.now());
        return page.has_value() ? "" : page.error().code;
    };
    const std::string good = *f.iterator(IteratorType::trim_horizon);
    CHECK(code(good, 0) == "ValidationException");
    CHECK(code(good, 10'001) == "ValidationException");
    CHECK(code("", 1) == "ValidationException");
    CHECK(code(std::string(513, 'x'), 1) == "ValidationException");
    CHECK(code("iterator.1.0.0", 1) == "InvalidArgumentException");
    const std::string tail = good.substr(good.rfind('.'));
    CHECK(code("iterator.99.0.1" + tail, 1) == "ResourceNotFoundException");
    CHECK(code("iterator.1.99.1" + tail, 1) == "ResourceNotFoundException");
    CHECK(code("iterator.1.18446744073709551615.1" + tail, 1) == "ResourceNotFoundException");
    CHECK(code("iterator.1.0.18446744073709551615" + tail, 1) == "");
    CHECK(code("iterator.1.0.1.18446744073709551615", 1) == "ExpiredIteratorException");
}

TEST_CASE("a shard is read five times a second, and gives iterators five times a second") {
    Fixture f;
    f.settings().limits = ShardLimits();
    for (int i = 0; i < 5; ++i) REQUIRE(f.iterator(IteratorType::trim_horizon).has_value());
    CHECK(f.refusal(f.iterator(IteratorType::trim_horizon)) == "ProvisionedThroughputExceededException");
    f.moments.pass(200ms);
    const auto iterator = f.iterator(IteratorType::trim_horizon);
    for (int i = 0; i < 5; ++i) (void)f.read(iterator, 1);
    const auto sixth = f.kinesis.get_records(*iterator, 1, f.moments.now());
    REQUIRE(sixth.has_error());
    CHECK(sixth.error().code == "ProvisionedThroughputExceededException");
    f.moments.pass(200ms);
    CHECK(f.read(iterator, 1) == "0");
}

TEST_CASE("the child of a merge names both parents at the end of each") {
    Moments moments;
    Kinesis kinesis;
    REQUIRE(kinesis.create_stream(StreamSpec("s", 2), moments.now()).has_value());
    REQUIRE(kinesis.merge_shards("s", zero, "shardId-000000000001", moments.now()).has_value());
    for (const auto& parent : {zero, std::string("shardId-000000000001")}) {
        const auto iterator = kinesis.get_shard_iterator(IteratorQuery("s", parent), moments.now());
        const auto page = kinesis.get_records(*iterator, 1, moments.now());
        REQUIRE(page->children.size() == 1);
        CHECK(page->children[0].shard_id == "shardId-000000000002");
        CHECK(page->children[0].parents == std::vector<std::string>{zero, "shardId-000000000001"});
        CHECK(page->children[0].range.last == sluice::kinesis::HashKey::max());
    }
}
