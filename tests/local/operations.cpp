#include "moments.hpp"

#include <sluice/aws/json_writer.hpp>
#include <sluice/local/operations.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace sluice::local;

namespace {

/// The body of a reply, or the code of a refusal.
std::string perform(Kinesis& kinesis, const Moments& moments, const std::string& operation, const std::string& json,
                    const Met& met = {}) {
    auto fields = Fields::parse(json, sluice::Wire::json);
    REQUIRE(fields.has_value());
    auto reply = Operations<sluice::aws::JsonWriter>(kinesis, *fields, moments.now(), met).perform(operation);
    return reply.has_value() ? *reply : reply.error().code;
}

} // namespace

TEST_CASE("every operation that is offered is known by its name, and no other") {
    const Moments moments;
    Kinesis kinesis;
    for (const char* name :
         {"CreateStream", "DeleteStream", "DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator",
          "ListShards", "MergeShards", "PutRecord", "PutRecords", "SplitShard"}) {
        CAPTURE(name);
        const std::string code = perform(kinesis, moments, name, "{}");
        CHECK((code == "ValidationException" || code == "InvalidArgumentException"));
    }
    CHECK(perform(kinesis, moments, "ListStreams", "{}") ==
          R"({"StreamNames":[],"StreamSummaries":[],"HasMoreStreams":false})");
    for (const char* name : {"", "putrecord", "PutRecordsX", "SubscribeToShard"}) {
        CHECK(perform(kinesis, moments, name, "{}") == "UnknownOperationException");
    }
}

TEST_CASE("a stream goes through its whole life by calls") {
    Moments moments;
    Kinesis kinesis;
    CHECK(perform(kinesis, moments, "CreateStream", R"({"StreamName":"s","ShardCount":1})") == "");
    CHECK(perform(kinesis, moments, "SplitShard",
                  R"({"StreamName":"s","ShardToSplit":"shardId-000000000000","NewStartingHashKey":"9"})") == "");
    CHECK(
        perform(
            kinesis, moments, "MergeShards",
            R"({"StreamName":"s","ShardToMerge":"shardId-000000000001","AdjacentShardToMerge":"shardId-000000000002"})") ==
        "");
    CHECK(kinesis.find("s")->shards().size() == 4);
    const std::string page = perform(kinesis, moments, "DescribeStream",
                                     R"({"StreamName":"s","ExclusiveStartShardId":"shardId-000000000001","Limit":1})");
    CHECK(page.find("shardId-000000000002") != std::string::npos);
    CHECK(page.find("\"HasMoreShards\":true") != std::string::npos);
    CHECK(perform(kinesis, moments, "DeleteStream", R"({"StreamName":"s"})") == "");
    CHECK(kinesis.find("s") == nullptr);
}

TEST_CASE("a throttled shard stops its own calls only, and a throttled service all") {
    const Moments moments;
    Kinesis kinesis;
    REQUIRE(kinesis.create_stream(StreamSpec("s"), moments.now()).has_value());
    Met met;
    met.act = fault::Throttle("shardId-000000000000");
    const std::string put = R"({"StreamName":"s","Data":"","PartitionKey":"k"})";
    CHECK(perform(kinesis, moments, "PutRecord", put, met) == "ProvisionedThroughputExceededException");
    CHECK(perform(kinesis, moments, "ListStreams", "{}", met).starts_with("{"));
    met.act = fault::Throttle();
    CHECK(perform(kinesis, moments, "PutRecord", put, met) == "ProvisionedThroughputExceededException");
    CHECK(perform(kinesis, moments, "ListStreams", "{}", met) == "LimitExceededException");
}
