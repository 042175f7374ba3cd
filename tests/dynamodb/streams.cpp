#include <sluice/dynamodb/streams.hpp>

#include <sluice/aws/json_call.hpp>

#include <doctest/doctest.h>

#include <string_view>

using namespace sluice;

namespace {

template <class Reply>
result<Reply> read(std::string_view json) {
    return aws::decode_json<Reply>(json);
}

} // namespace

TEST_CASE("requests of a change stream are what the service documents") {
    CHECK(aws::encode_json(dynamodb::DescribeStream("arn")) == R"({"StreamArn":"arn"})");
    CHECK(aws::encode_json(dynamodb::DescribeStream("arn", "shard")) ==
          R"({"StreamArn":"arn","ExclusiveStartShardId":"shard"})");
    using dynamodb::ShardPosition;
    CHECK(aws::encode_json(dynamodb::GetShardIterator("arn", "s", ShardPosition::latest())) ==
          R"({"StreamArn":"arn","ShardId":"s","ShardIteratorType":"LATEST"})");
    CHECK(aws::encode_json(dynamodb::GetShardIterator("arn", "s", ShardPosition::oldest())) ==
          R"({"StreamArn":"arn","ShardId":"s","ShardIteratorType":"TRIM_HORIZON"})");
    CHECK(aws::encode_json(dynamodb::GetShardIterator("arn", "s", ShardPosition::after("100"))) ==
          R"({"StreamArn":"arn","ShardId":"s","ShardIteratorType":"AFTER_SEQUENCE_NUMBER","SequenceNumber":"100"})");
    CHECK(aws::encode_json(dynamodb::GetRecords("iterator")) == R"({"ShardIterator":"iterator"})");
}

TEST_CASE("shards are read with their parents, and whether they are closed") {
    const auto page = read<dynamodb::ShardPage>(
        R"({"StreamDescription":{"StreamStatus":"ENABLED","StreamLabel":"x","Shards":[)"
        R"({"ShardId":"a","SequenceNumberRange":{"StartingSequenceNumber":"1","EndingSequenceNumber":"9"}},)"
        R"({"ShardId":"b","ParentShardId":"a","SequenceNumberRange":{"StartingSequenceNumber":"10"}}],)"
        R"("LastEvaluatedShardId":"b"}})");
    REQUIRE(page.has_value());
    CHECK(page->enabled);
    CHECK(page->last == "b");
    REQUIRE(page->shards.size() == 2);
    CHECK(page->shards[0].closed);
    CHECK(page->shards[0].parent.empty());
    CHECK(page->shards[1].parent == "a");
    CHECK_FALSE(page->shards[1].closed);
    CHECK_FALSE(read<dynamodb::ShardPage>(R"({"StreamDescription":{"StreamStatus":"DISABLED","Shards":null}})")->enabled);
    CHECK(read<dynamodb::ShardPage>(R"({"StreamDescription":{"Shards":[{}]}})").error() == error::response_invalid);
    CHECK(read<dynamodb::ShardPage>("[]").error() == error::response_invalid);
}

TEST_CASE("a place is an iterator") {
    CHECK(read<dynamodb::ShardIterator>(R"({"ShardIterator":"x|y=="})")->iterator == "x|y==");
    CHECK(read<dynamodb::ShardIterator>("{}").error() == error::response_invalid);
}

TEST_CASE("changes are read with what was before and after") {
    const auto page = read<dynamodb::RecordPage>(
        R"({"NextShardIterator":"next","Records":[{"eventID":"1","eventName":"MODIFY","awsRegion":"r","dynamodb":{)"
        R"("Keys":{"$id":{"S":"a"}},"OldImage":{"$id":{"S":"a"},"x":{"N":"1"}},"NewImage":{"$id":{"S":"a"}},)"
        R"("SequenceNumber":"100","SizeBytes":5,"ApproximateCreationDateTime":1.7E9}},)"
        R"({"eventName":"REMOVE","dynamodb":{"SequenceNumber":"101","Keys":{"$id":{"S":"b"}}},)"
        R"("userIdentity":{"PrincipalId":"dynamodb.amazonaws.com","Type":"Service"}},)"
        R"({"eventName":"INSERT","dynamodb":{"SequenceNumber":"102"}}]})");
    REQUIRE(page.has_value());
    CHECK(page->next == "next");
    REQUIRE(page->records.size() == 3);
    using Kind = dynamodb::StreamRecord::Kind;
    CHECK(page->records[0].kind == Kind::modify);
    CHECK(page->records[0].sequence_number == "100");
    CHECK(page->records[0].before.size() == 2);
    CHECK(page->records[0].after.size() == 1);
    CHECK(page->records[1].kind == Kind::remove);
    CHECK(page->records[1].before.empty());
    CHECK(page->records[2].kind == Kind::insert);
    CHECK(read<dynamodb::RecordPage>(R"({"Records":[],"NextShardIterator":null})")->next.empty());
    CHECK(read<dynamodb::RecordPage>(R"({"Records":[{"eventName":"INSERT"}]})").error() == error::response_invalid);
    CHECK(read<dynamodb::RecordPage>(R"({"Records":[{"dynamodb":{"SequenceNumber":"1","NewImage":{"x":{"Q":1}}}}]})")
              .error() == error::response_invalid);
}
