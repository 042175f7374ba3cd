#include "moments.hpp"

#include <sluice/local/kinesis.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace sluice::local;

namespace {

/// A service with one stream, and a clock.
class Fixture {
public:
    explicit Fixture(std::int64_t shards = 1, Settings settings = {}) : kinesis(std::move(settings)) {
        REQUIRE(kinesis.create_stream(StreamSpec("s", shards), moments.now()).has_value());
    }

    /// Everything in a shard, page by page.
    std::vector<std::string> read_all(const std::string& shard) {
        std::vector<std::string> found;
        auto iterator = kinesis.get_shard_iterator(IteratorQuery("s", shard), moments.pass(1s));
        REQUIRE(iterator.has_value());
        std::optional<std::string> next = *iterator;
        while (next) {
            auto page = kinesis.get_records(*next, 10'000, moments.pass(6s));
            REQUIRE(page.has_value());
            for (const auto& record : page->records) found.push_back(record.data);
            if (page->records.empty()) break;
            next = page->next_iterator;
        }
        return found;
    }

    std::string shard_of(const std::string& hash_key) {
        auto put = kinesis.put_record("s", PutEntry("k", "x", hash_key), moments.now());
        REQUIRE(put.has_value());
        return put->shard_id;
    }

    Moments moments;
    Kinesis kinesis;
};

Settings unthrottled() {
    Settings settings;
    settings.limits = ShardLimits::none();
    return settings;
}

template <class T>
std::string code_of(const Reply<T>& reply) {
    return reply.has_value() ? "" : reply.error().code;
}

} // namespace

TEST_CASE("a record that is put can be read, with its key, its time and its number") {
    Fixture f;
    const auto put = f.kinesis.put_record("s", PutEntry("key", std::string("da\0ta", 5)), f.moments.now());
    REQUIRE(put.has_value());
    CHECK(put->shard_id == "shardId-000000000000");
    CHECK(put->sequence_number.size() == 56);
    const auto iterator = f.kinesis.get_shard_iterator(IteratorQuery("s", put->shard_id), f.moments.pass(1s));
    const auto page = f.kinesis.get_records(*iterator, 10, f.moments.now());
    REQUIRE(page.has_value());
    REQUIRE(page->records.size() == 1);
    CHECK(page->records[0].data == std::string("da\0ta", 5));
    CHECK(page->records[0].partition_key == "key");
    CHECK(page->records[0].sequence_number == put->sequence_number);
    CHECK(page->records[0].arrival == f.moments.now().wall - 1s);
    CHECK(page->behind == 0ms);
    CHECK(page->next_iterator.has_value());
    CHECK(page->children.empty());
}

TEST_CASE("the MD5 of the partition key chooses the shard, unless a hash key is given") {
    Fixture f(2);
    // MD5("a") is 0cc1..., MD5("b") is 92eb...
    CHECK(f.kinesis.put_record("s", PutEntry("a", ""), f.moments.now())->shard_id == "shardId-000000000000");
    CHECK(f.kinesis.put_record("s", PutEntry("b", ""), f.moments.now())->shard_id == "shardId-000000000001");
    CHECK(f.shard_of("170141183460469231731687303715884105727") == "shardId-000000000000");
    CHECK(f.shard_of("170141183460469231731687303715884105728") == "shardId-000000000001");
    CHECK(f.shard_of("0") == "shardId-000000000000");
    CHECK(f.shard_of("340282366920938463463374607431768211455") == "shardId-000000000001");
}

TEST_CASE("sequence numbers of a shard grow strictly, over many requests") {
    Fixture f(1, unthrottled());
    std::string last;
    for (int i = 0; i < 20; ++i) {
        std::vector<PutEntry> entries(100, PutEntry("k", "x"));
        const auto results = f.kinesis.put_records("s", std::move(entries), f.moments.now());
        for (const auto& result : *results) {
            REQUIRE(last < result.sequence_number);
            last = result.sequence_number;
        }
    }
}

TEST_CASE("streams are created, listed, described and deleted") {
    Fixture f(3);
    REQUIRE(f.kinesis.create_stream(StreamSpec("a-first", 1), f.moments.now()).has_value());
    auto page = f.kinesis.list_streams(StreamQuery(), f.moments.now());
    REQUIRE(page->streams.size() == 2);
    CHECK(page->streams[0].name == "a-first");
    CHECK(page->streams[1].arn == "arn:aws:kinesis:us-east-1:000000000000:stream/s");
    CHECK_FALSE(page->next_token.has_value());
    const auto summary = f.kinesis.describe_stream_summary("s", f.moments.now());
    CHECK(summary->open_shards == 3);
    CHECK(summary->status == StreamStatus::active);
    CHECK(summary->created == f.moments.now().wall);
    CHECK(f.kinesis.delete_stream("s", f.moments.now()).has_value());
    CHECK(code_of(f.kinesis.describe_stream_summary("s", f.moments.now())) == "ResourceNotFoundException");
}

TEST_CASE("a page of streams leads to the next") {
    Fixture f;
    for (const char* name : {"a", "b", "c"})
        REQUIRE(f.kinesis.create_stream(StreamSpec(name), f.moments.now()).has_value());
    StreamQuery query;
    query.limit = 3;
    const auto first = f.kinesis.list_streams(query, f.moments.now());
    REQUIRE(first->streams.size() == 3);
    REQUIRE(first->next_token.has_value());
    query.next_token = *first->next_token;
    const auto second = f.kinesis.list_streams(query, f.moments.now());
    REQUIRE(second->streams.size() == 1);
    CHECK(second->streams[0].name == "s");
    CHECK_FALSE(second->next_token.has_value());
}

TEST_CASE("creating and deleting take the time that they are given") {
    Settings settings;
    settings.change_time = 500ms;
    Moments moments;
    Kinesis kinesis(settings);
    REQUIRE(kinesis.create_stream(StreamSpec("s"), moments.now()).has_value());
    CHECK(kinesis.describe_stream_summary("s", moments.pass(499ms))->status == StreamStatus::creating);
    CHECK(code_of(kinesis.put_record("s", PutEntry("k", "x"), moments.now())) == "ResourceNotFoundException");
    CHECK(code_of(kinesis.split_shard("s", "shardId-000000000000", "100", moments.now())) == "ResourceInUseException");
    CHECK(kinesis.describe_stream_summary("s", moments.pass(1ms))->status == StreamStatus::active);
    CHECK(kinesis.put_record("s", PutEntry("k", "x"), moments.now()).has_value());
    REQUIRE(kinesis.delete_stream("s", moments.now()).has_value());
    CHECK(kinesis.describe_stream_summary("s", moments.pass(499ms))->status == StreamStatus::deleting);
    CHECK(code_of(kinesis.create_stream(StreamSpec("s"), moments.now())) == "ResourceInUseException");
    CHECK(code_of(kinesis.describe_stream_summary("s", moments.pass(1ms))) == "ResourceNotFoundException");
    CHECK(kinesis.create_stream(StreamSpec("s"), moments.now()).has_value());
}

TEST_CASE("a stream that is deleted and made again shares nothing with the old one") {
    Fixture f;
    const auto old = f.kinesis.put_record("s", PutEntry("k", "old"), f.moments.now());
    const auto iterator = f.kinesis.get_shard_iterator(IteratorQuery("s", old->shard_id), f.moments.now());
    REQUIRE(f.kinesis.delete_stream("s", f.moments.now()).has_value());
    REQUIRE(f.kinesis.create_stream(StreamSpec("s"), f.moments.now()).has_value());
    CHECK(f.read_all("shardId-000000000000").empty());
    CHECK(code_of(f.kinesis.get_records(*iterator, 1, f.moments.now())) == "ResourceNotFoundException");
    const auto fresh = f.kinesis.put_record("s", PutEntry("k", "new"), f.moments.now());
    CHECK(fresh->sequence_number != old->sequence_number);
}

TEST_CASE("what CreateStream refuses") {
    Fixture f;
    const auto now = f.moments.now();
    CHECK(code_of(f.kinesis.create_stream(StreamSpec("s"), now)) == "ResourceInUseException");
    CHECK(code_of(f.kinesis.create_stream(StreamSpec(""), now)) == "ValidationException");
    CHECK(code_of(f.kinesis.create_stream(StreamSpec("a/b"), now)) == "ValidationException");
    CHECK(code_of(f.kinesis.create_stream(StreamSpec(std::string(129, 'a')), now)) == "ValidationException");
    CHECK(code_of(f.kinesis.create_stream(StreamSpec("t", 0), now)) == "ValidationException");
    CHECK(code_of(f.kinesis.create_stream(StreamSpec("t", -1), now)) == "ValidationException");
    CHECK(code_of(f.kinesis.create_stream(StreamSpec("t", std::nullopt), now)) == "ValidationException");
    CHECK(code_of(f.kinesis.create_stream(StreamSpec("t", INT64_MAX), now)) == "ValidationException");
    CHECK(code_of(f.kinesis.create_stream(StreamSpec("t", 20'000), now)) == "LimitExceededException");
    StreamSpec spec("t");
    spec.max_record_kib = 10'241;
    CHECK(code_of(f.kinesis.create_stream(spec, now)) == "ValidationException");
    CHECK(f.kinesis.create_stream(StreamSpec("t", 19'999), now).has_value());
}

TEST_CASE("five streams may be created at the same time, not six") {
    Settings settings;
    settings.change_time = 1s;
    Moments moments;
    Kinesis kinesis(settings);
    for (const char* name : {"a", "b", "c", "d", "e"})
        CHECK(kinesis.create_stream(StreamSpec(name), moments.now()).has_value());
    CHECK(code_of(kinesis.create_stream(StreamSpec("f"), moments.now())) == "LimitExceededException");
    CHECK(kinesis.create_stream(StreamSpec("f"), moments.pass(1s)).has_value());
}

TEST_CASE("an on-demand stream needs no shard count") {
    Moments moments;
    Kinesis kinesis;
    StreamSpec spec("s", std::nullopt);
    spec.on_demand = true;
    REQUIRE(kinesis.create_stream(spec, moments.now()).has_value());
    CHECK(kinesis.describe_stream_summary("s", moments.now())->open_shards == 4);
    CHECK(code_of(kinesis.split_shard("s", "shardId-000000000000", "100", moments.now())) == "ValidationException");
}

TEST_CASE("a split closes the parent, and the children take over where it ended") {
    Fixture f;
    const std::string parent = "shardId-000000000000";
    f.shard_of("5");
    REQUIRE(f.kinesis.split_shard("s", parent, "1000", f.moments.pass(1s)).has_value());
    CHECK(f.shard_of("999") == "shardId-000000000001");
    CHECK(f.shard_of("1000") == "shardId-000000000002");

    const auto shards = f.kinesis.list_shards(ShardQuery("s"), f.moments.now())->shards;
    REQUIRE(shards.size() == 3);
    CHECK(shards[0].last_sequence_number.has_value());
    CHECK_FALSE(shards[1].last_sequence_number.has_value());
    CHECK(shards[1].parent == parent);
    CHECK(shards[2].parent == parent);
    CHECK_FALSE(shards[1].adjacent_parent.has_value());
    CHECK(*shards[0].last_sequence_number < shards[1].first_sequence_number);
    CHECK(shards[1].range.last.to_string() == "999");
    CHECK(shards[2].range.last.to_string() == "340282366920938463463374607431768211455");
}

TEST_CASE("a closed shard is read to its end, which names the children and no next iterator") {
    Fixture f;
    const std::string parent = "shardId-000000000000";
    f.shard_of("5");
    f.shard_of("5");
    REQUIRE(f.kinesis.split_shard("s", parent, "1000", f.moments.pass(1s)).has_value());
    const auto iterator = f.kinesis.get_shard_iterator(IteratorQuery("s", parent), f.moments.now());
    const auto first = f.kinesis.get_records(*iterator, 1, f.moments.pass(1s));
    REQUIRE(first->next_iterator.has_value());
    CHECK(first->children.empty());
    CHECK(first->behind > 0ms);
    const auto last = f.kinesis.get_records(*first->next_iterator, 1, f.moments.pass(1s));
    CHECK(last->records.size() == 1);
    CHECK_FALSE(last->next_iterator.has_value());
    CHECK(last->behind == 0ms);
    REQUIRE(last->children.size() == 2);
    CHECK(last->children[0].shard_id == "shardId-000000000001");
    CHECK(last->children[0].parents == std::vector<std::string>{parent});
    CHECK(last->children[1].range.first.to_string() == "1000");

    IteratorQuery query("s", parent, IteratorType::latest);
    const auto end =
        f.kinesis.get_records(*f.kinesis.get_shard_iterator(query, f.moments.now()), 1, f.moments.pass(1s));
    CHECK(end->records.empty());
    CHECK_FALSE(end->next_iterator.has_value());
    CHECK(end->children.size() == 2);
}

TEST_CASE("a merge joins neighbours, in either order") {
    Fixture f(3);
    REQUIRE(f.kinesis.merge_shards("s", "shardId-000000000001", "shardId-000000000000", f.moments.now()).has_value());
    const auto shards = f.kinesis.list_shards(ShardQuery("s"), f.moments.now())->shards;
    REQUIRE(shards.size() == 4);
    CHECK(shards[3].parent == "shardId-000000000001");
    CHECK(shards[3].adjacent_parent == "shardId-000000000000");
    CHECK(shards[3].range.first.to_string() == "0");
    CHECK(shards[3].range.last == shards[1].range.last);
    CHECK(f.shard_of("0") == "shardId-000000000003");
    CHECK(f.kinesis.describe_stream_summary("s", f.moments.now())->open_shards == 2);
}

TEST_CASE("every key has a shard, through many splits and merges") {
    Fixture f(1, unthrottled());
    REQUIRE(f.kinesis.split_shard("s", "shardId-000000000000", "1000", f.moments.pass(1s)).has_value());
    REQUIRE(f.kinesis.split_shard("s", "shardId-000000000001", "500", f.moments.pass(1s)).has_value());
    REQUIRE(f.kinesis.split_shard("s", "shardId-000000000002", "200000", f.moments.pass(1s)).has_value());
    REQUIRE(
        f.kinesis.merge_shards("s", "shardId-000000000004", "shardId-000000000005", f.moments.pass(1s)).has_value());
    CHECK(f.shard_of("0") == "shardId-000000000003");
    CHECK(f.shard_of("499") == "shardId-000000000003");
    CHECK(f.shard_of("500") == "shardId-000000000007");
    CHECK(f.shard_of("199999") == "shardId-000000000007");
    CHECK(f.shard_of("200000") == "shardId-000000000006");
    CHECK(f.kinesis.describe_stream_summary("s", f.moments.now())->open_shards == 3);
}

TEST_CASE("what SplitShard and MergeShards refuse") {
    Fixture f(3);
    const auto now = f.moments.now();
    const std::string zero = "shardId-000000000000";
    CHECK(code_of(f.kinesis.split_shard("s", zero, "0", now)) == "InvalidArgumentException");
    CHECK(code_of(f.kinesis.split_shard("s", zero, "1", now)) == "InvalidArgumentException");
    CHECK(code_of(f.kinesis.split_shard("s", zero, "113427455640312821154458202477256070484", now)) ==
          "InvalidArgumentException");
    CHECK(code_of(f.kinesis.split_shard("s", zero, "x", now)) == "ValidationException");
    CHECK(code_of(f.kinesis.split_shard("s", zero, "999999999999999999999999999999999999999", now)) ==
          "InvalidArgumentException");
    CHECK(code_of(f.kinesis.split_shard("s", "shardId-000000000009", "100", now)) == "ResourceNotFoundException");
    CHECK(code_of(f.kinesis.split_shard("t", zero, "100", now)) == "ResourceNotFoundException");
    CHECK(code_of(f.kinesis.merge_shards("s", zero, "shardId-000000000002", now)) == "InvalidArgumentException");
    CHECK(code_of(f.kinesis.merge_shards("s", zero, zero, now)) == "InvalidArgumentException");
    REQUIRE(f.kinesis.split_shard("s", zero, "2", now).has_value());
    CHECK(code_of(f.kinesis.split_shard("s", zero, "100", now)) == "ResourceInUseException");
    CHECK(code_of(f.kinesis.merge_shards("s", zero, "shardId-000000000001", now)) == "ResourceInUseException");
}

TEST_CASE("no split goes beyond the account's shard limit") {
    Settings settings;
    settings.shard_limit = 2;
    Fixture f(1, settings);
    REQUIRE(f.kinesis.split_shard("s", "shardId-000000000000", "1000", f.moments.now()).has_value());
    CHECK(code_of(f.kinesis.split_shard("s", "shardId-000000000001", "10", f.moments.now())) ==
          "LimitExceededException");
}

TEST_CASE("shards and records are forgotten after 24 hours") {
    Fixture f;
    f.shard_of("5");
    REQUIRE(f.kinesis.split_shard("s", "shardId-000000000000", "1000", f.moments.now()).has_value());
    f.moments.pass(23h);
    f.shard_of("5");
    CHECK(f.read_all("shardId-000000000000").size() == 1);
    f.moments.pass(2h);
    CHECK(f.kinesis.list_shards(ShardQuery("s"), f.moments.now())->shards.size() == 2);
    CHECK(code_of(f.kinesis.get_shard_iterator(IteratorQuery("s", "shardId-000000000000"), f.moments.now())) ==
          "ResourceNotFoundException");
    CHECK(f.read_all("shardId-000000000001").size() == 1);
    f.moments.pass(24h);
    CHECK(f.read_all("shardId-000000000001").empty());
    CHECK(f.shard_of("5") == "shardId-000000000001");
}

TEST_CASE("a copy of the service goes on by itself") {
    Fixture f;
    f.shard_of("5");
    Kinesis copy = f.kinesis;
    REQUIRE(copy.put_record("s", PutEntry("k", "only in the copy"), f.moments.now()).has_value());
    CHECK(copy.find("s")->shards()[0].records().size() == 2);
    CHECK(f.kinesis.find("s")->shards()[0].records().size() == 1);
    CHECK(f.kinesis.find("t") == nullptr);
}
