#include <sluice/local/requests.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace sluice::local;

namespace {

/// Reads one call out of a JSON text.
template <class Read>
auto read(const std::string& json, Read how) {
    const Kinesis kinesis;
    auto fields = Fields::parse(json, sluice::Wire::json);
    REQUIRE(fields.has_value());
    Requests requests(*fields, kinesis);
    return how(requests);
}

} // namespace

TEST_CASE("CreateStream is read with all that it may say") {
    const auto spec = read(R"({"StreamName":"s","ShardCount":3,"MaxRecordSizeInKiB":2048,"Tags":{"a":"b"},)"
                           R"("StreamModeDetails":{"StreamMode":"ON_DEMAND"}})",
                           [](auto& r) { return r.stream_spec(); });
    REQUIRE(spec.has_value());
    CHECK(spec->name == "s");
    CHECK(spec->shards == 3);
    CHECK(spec->max_record_kib == 2'048);
    CHECK(spec->tags.at("a") == "b");
    CHECK(spec->on_demand);
}

TEST_CASE("records are read with key, data and hash key, and the one that is wrong is named") {
    const auto records = read(R"({"Records":[{"Data":"aGk=","PartitionKey":"a","ExplicitHashKey":"7"}]})",
                              [](auto& r) { return r.records(); });
    REQUIRE(records.has_value());
    CHECK(records->at(0).data == "hi");
    CHECK(records->at(0).partition_key == "a");
    CHECK(records->at(0).explicit_hash_key == "7");
    const auto wrong =
        read(R"({"Records":[{"Data":"","PartitionKey":"a"},{"Data":""}]})", [](auto& r) { return r.records(); });
    CHECK(wrong.error().message.find("'records.2.member.partitionKey'") != std::string::npos);
}

TEST_CASE("an iterator is read with its type, its number and its time") {
    const auto query = read(
        R"({"StreamName":"s","ShardId":"x","ShardIteratorType":"AT_TIMESTAMP","Timestamp":2.5,"StartingSequenceNumber":"9"})",
        [](auto& r) { return r.iterator_query(); });
    REQUIRE(query.has_value());
    CHECK(query->type == IteratorType::at_timestamp);
    CHECK(query->timestamp == sluice::wall_time(std::chrono::milliseconds(2'500)));
    CHECK(query->sequence_number == "9");
}

TEST_CASE("each filter is told from the others, and has what its type needs and no more") {
    const auto type = [](const std::string& filter) {
        const auto query =
            read(R"({"StreamName":"s","ShardFilter":)" + filter + "}", [](auto& r) { return r.shard_query(); });
        return query.has_value() ? std::optional(query->filter->type) : std::nullopt;
    };
    CHECK(type(R"({"Type":"AT_LATEST"})") == ShardFilterType::at_latest);
    CHECK(type(R"({"Type":"AT_TRIM_HORIZON"})") == ShardFilterType::at_trim_horizon);
    CHECK(type(R"({"Type":"FROM_TRIM_HORIZON"})") == ShardFilterType::from_trim_horizon);
    CHECK(type(R"({"Type":"AFTER_SHARD_ID","ShardId":"x"})") == ShardFilterType::after_shard_id);
    CHECK(type(R"({"Type":"AT_TIMESTAMP","Timestamp":1})") == ShardFilterType::at_timestamp);
    CHECK(type(R"({"Type":"FROM_TIMESTAMP","Timestamp":1})") == ShardFilterType::from_timestamp);
    CHECK_FALSE(type(R"({"Type":"AT_LATEST","Timestamp":1})").has_value());
    CHECK_FALSE(type(R"({"Type":"AT_LATEST","ShardId":"x"})").has_value());
    CHECK_FALSE(type(R"({"Type":"AFTER_SHARD_ID"})").has_value());
}

TEST_CASE("a page of shards is asked for by its token alone") {
    const auto shards = [](const std::string& json) { return read(json, [](auto& r) { return r.shard_query(); }); };
    CHECK(shards(R"({"NextToken":"t","MaxResults":7})")->max_results == 7);
    CHECK(shards(R"({"NextToken":"t","StreamARN":"a"})").error().message ==
          "NextToken and StreamARN cannot be provided together.");
    CHECK(shards(R"({"NextToken":"t","StreamName":"s"})")->stream == "s");
    CHECK(shards("{}").error().code == "InvalidArgumentException");
}
