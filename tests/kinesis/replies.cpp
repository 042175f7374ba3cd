#include <sluice/kinesis/calls.hpp>
#include <sluice/kinesis/replies.hpp>

#include <sluice/aws/base64.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace {

using namespace sluice::kinesis;
using sluice::error;
using sluice::Wire;

template <class Reply>
Reply json(std::string_view body) {
    auto reply = decode<Reply>(body, Wire::json);
    REQUIRE_MESSAGE(reply.has_value(), body);
    return std::move(*reply);
}

template <class Reply>
Reply cbor(std::string_view base64) {
    auto reply = decode<Reply>(sluice::aws::decode_base64(base64).value(), Wire::cbor);
    REQUIRE_MESSAGE(reply.has_value(), base64);
    return std::move(*reply);
}

template <class Reply>
bool invalid(std::string_view body, Wire wire = Wire::json) {
    const auto reply = decode<Reply>(body, wire);
    return reply.has_error() && reply.error() == error::response_invalid;
}

std::int64_t ms(const StreamRecord& record) {
    REQUIRE(record.arrival.has_value());
    return std::chrono::duration_cast<std::chrono::milliseconds>(record.arrival->time_since_epoch()).count();
}

// The examples of the API reference, and what kinesis-mock adds.
const std::string shards = R"({"Shards":[
    {"ShardId":"shardId-000000000001","ParentShardId":"shardId-000000000000","AdjacentParentShardId":null,
     "HashKeyRange":{"StartingHashKey":"68056473384187692692674921486353642280",
                     "EndingHashKey":"136112946768375385385349842972707284579"},
     "SequenceNumberRange":{"StartingSequenceNumber":"49579844037727333356165064238440708846556371693205002258",
                            "EndingSequenceNumber":null}},
    {"ShardId":"shardId-000000000000",
     "HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"68056473384187692692674921486353642279"},
     "SequenceNumberRange":{"StartingSequenceNumber":"1","EndingSequenceNumber":"9"}}],
  "NextToken":"AAAA"})";

const std::string records = R"({"Records":[
    {"SequenceNumber":"49","ApproximateArrivalTimestamp":1.441215410867E9,"Data":"aGVsbG8=",
     "PartitionKey":"pk","EncryptionType":"NONE"},
    {"SequenceNumber":"50","Data":"","PartitionKey":"x"}],
  "NextShardIterator":"it","MillisBehindLatest":2100,
  "ChildShards":[{"ShardId":"shardId-000000000002","ParentShards":["shardId-000000000000","shardId-000000000001"],
                  "HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"9"}}]})";

const std::string summary = R"({"StreamDescriptionSummary":{
    "StreamName":"s","StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/s",
    "StreamStatus":"ACTIVE","StreamModeDetails":{"StreamMode":"ON_DEMAND"},"RetentionPeriodHours":48,
    "StreamCreationTimestamp":1572297168.0,"EnhancedMonitoring":[{"ShardLevelMetrics":[]}],"EncryptionType":"KMS",
    "KeyId":"alias/aws/kinesis","OpenShardCount":4,"ConsumerCount":1,"WarmThroughput":{"TargetMiBps":0},
    "MaxRecordSizeInKiB":10240,"StreamId":null}})";

} // namespace

TEST_CASE("shards are read with their parents, ranges and whether they are closed") {
    const auto page = json<ShardPage>(shards);
    CHECK(page.next_token == "AAAA");
    REQUIRE(page.shards.size() == 2);
    const auto& open = page.shards[0];
    CHECK(open.id == "shardId-000000000001");
    CHECK(open.parent == "shardId-000000000000");
    CHECK(open.adjacent_parent.empty());
    CHECK(open.first_hash_key == "68056473384187692692674921486353642280");
    CHECK(open.range().last_hash_key == "136112946768375385385349842972707284579");
    CHECK_FALSE(open.closed());
    CHECK(page.shards[1].closed());
    CHECK(page.shards[1].last_sequence_number == "9");
}

TEST_CASE("a page may be the last, or empty") {
    CHECK(json<ShardPage>(R"({"Shards":[],"NextToken":null})").next_token.empty());
    CHECK(json<ShardPage>("{}").shards.empty());
    CHECK(invalid<ShardPage>(R"({"Shards":[{}]})"));
    CHECK(invalid<ShardPage>(R"({"Shards":[null]})"));
    CHECK(invalid<ShardPage>(R"({"Shards":[{"ShardId":1}]})"));
}

TEST_CASE("records are read with their bytes and times") {
    const auto page = json<RecordPage>(records);
    REQUIRE(page.records.size() == 2);
    CHECK(page.records[0].sequence_number == "49");
    CHECK(page.records[0].data == "hello");
    CHECK(page.records[0].partition_key == "pk");
    CHECK(ms(page.records[0]) == 1441215410867);
    CHECK_FALSE(page.records[1].arrival.has_value());
    CHECK(page.next_shard_iterator == "it");
    CHECK(page.behind == std::chrono::milliseconds(2100));
    REQUIRE(page.child_shards.size() == 1);
    CHECK(page.child_shards[0].shard.id == "shardId-000000000002");
    CHECK(page.child_shards[0].shard.last_hash_key == "9");
    CHECK(page.child_shards[0].parents.size() == 2);
}

TEST_CASE("a record page in CBOR comes in every form that servers write") {
    // As Jackson writes it, with indefinite lengths: the Java SDK and the servers made with it.
    const auto page = cbor<RecordPage>(
        "v2dSZWNvcmRzn79uU2VxdWVuY2VOdW1iZXJjNDk1eBtBcHByb3hpbWF0ZUFycml2YWxUaW1lc3RhbXDBGwAAAaATrMw4ZERhdGFHAP9oZWxs"
        "b2xQYXJ0aXRpb25LZXlicGtuRW5jcnlwdGlvblR5cGVkTk9ORf+/blNlcXVlbmNlTnVtYmVyYzQ5NngbQXBwcm94aW1hdGVBcnJpdmFsVGlt"
        "ZXN0YW1wwRsAAAGgE6zMOGREYXRhQGxQYXJ0aXRpb25LZXlo0LrQu9GO0Yf//3FOZXh0U2hhcmRJdGVyYXRvcmRBQUFBck1pbGxpc0JlaGlu"
        "ZExhdGVzdAD/");
    REQUIRE(page.records.size() == 2);
    CHECK(page.records[0].data == std::string("\0\xffhello", 7));
    CHECK(ms(page.records[0]) == 1787036486712);
    CHECK(page.records[1].partition_key == "\xd0\xba\xd0\xbb\xd1\x8e\xd1\x87");
    CHECK(page.behind == std::chrono::milliseconds(0));
    // Bytes in chunks.
    const auto chunked = cbor<RecordPage>("omdSZWNvcmRzgaNuU2VxdWVuY2VOdW1iZXJhMWxQYXJ0aXRpb25LZXlhcGREYXRhX0FhQWL/"
                                          "ck1pbGxpc0JlaGluZExhdGVzdAU=");
    CHECK(chunked.records.at(0).data == "ab");
    // More than a double can tell.
    CHECK(cbor<RecordPage>("omdSZWNvcmRzgHJNaWxsaXNCZWhpbmRMYXRlc3QbACAAAAAAAAE=").behind ==
          std::chrono::milliseconds(9007199254740993));
}

TEST_CASE("the end of a shard has no next iterator") {
    CHECK(json<RecordPage>(R"({"Records":[],"NextShardIterator":null})").next_shard_iterator.empty());
    CHECK_FALSE(json<RecordPage>(R"({"Records":[]})").behind.has_value());
}

TEST_CASE("a stream is summarized") {
    const auto stream = json<StreamSummary>(summary);
    CHECK(stream.name == "s");
    CHECK(stream.arn == "arn:aws:kinesis:us-east-1:123456789012:stream/s");
    CHECK(stream.status == StreamStatus::active);
    CHECK(stream.on_demand);
    CHECK(stream.retention == std::chrono::hours(48));
    CHECK(stream.open_shards == 4);
    CHECK(stream.consumers == 1);
    CHECK(stream.max_record_bytes == limits::largest_record_bytes);
    CHECK(stream.key_id == "alias/aws/kinesis");
    CHECK(stream.created == std::chrono::system_clock::time_point(std::chrono::seconds(1572297168)));
}

TEST_CASE("a summary without the newer members has the service's defaults") {
    const auto stream = json<StreamSummary>(
        R"({"StreamDescriptionSummary":{"StreamName":"s","StreamStatus":"SLEEPING",
                                        "MaxRecordSizeInKiB":null,"KeyId":null}})");
    CHECK(stream.max_record_bytes == limits::record_bytes);
    CHECK(stream.status == StreamStatus::unknown);
    CHECK_FALSE(stream.on_demand);
    CHECK(stream.retention == std::chrono::hours(24));
    CHECK(stream.key_id.empty());
    for (const auto* body :
         {R"({"StreamDescriptionSummary":{"StreamName":"s","OpenShardCount":-1}})",
          R"({"StreamDescriptionSummary":{"StreamName":"s","RetentionPeriodHours":9223372036854775807}})",
          R"({"StreamDescriptionSummary":{"StreamName":"s","MaxRecordSizeInKiB":9223372036854775807}})",
          R"({"StreamDescriptionSummary":{}})", "{}"}) {
        CHECK_MESSAGE(invalid<StreamSummary>(body), body);
    }
}

TEST_CASE("every status has its word") {
    const auto status = [](const std::string& word) {
        const auto body = R"({"StreamDescriptionSummary":{"StreamName":"s","StreamStatus":")" + word + R"("}})";
        return json<StreamSummary>(body).status;
    };
    CHECK(status("CREATING") == StreamStatus::creating);
    CHECK(status("DELETING") == StreamStatus::deleting);
    CHECK(status("UPDATING") == StreamStatus::updating);
}

TEST_CASE("one put record tells its place") {
    const auto reply = json<PutRecordReply>(
        R"({"ShardId": "shardId-000000000003", "EncryptionType": "KMS",
            "SequenceNumber": "49543463076548007577105092703039560359975228518395012686"})");
    CHECK(reply.shard_id == "shardId-000000000003");
    CHECK(reply.sequence_number == "49543463076548007577105092703039560359975228518395012686");
    CHECK(invalid<PutRecordReply>("{}"));
    CHECK(invalid<PutRecordReply>(R"({"ShardId":"s"})"));
    CHECK(invalid<PutRecordReply>(R"({"SequenceNumber":"1","ShardId":null})"));
}

TEST_CASE("an iterator is taken as it is, with what some servers append") {
    CHECK(json<ShardIterator>(R"({"ShardIterator":"AAAA\n"})").iterator == "AAAA\n");
    CHECK(invalid<ShardIterator>("{}"));
}

TEST_CASE("an answer that says nothing may be anything") {
    for (const auto* body : {"", "{}", "<html>"}) CHECK(decode<Nothing>(body, Wire::json).has_value());
}

TEST_CASE("pages that are no answers are refused on both wires") {
    for (const auto wire : {Wire::json, Wire::cbor}) {
        for (const std::string& body : {std::string(), std::string("<html>oops</html>"), std::string("\x01"),
                                        std::string(100'000, '\x81'), std::string(100'000, '[')}) {
            CHECK(invalid<RecordPage>(body, wire));
            CHECK(invalid<ShardPage>(body, wire));
            CHECK(invalid<PutRecordReply>(body, wire));
            CHECK(invalid<ShardIterator>(body, wire));
            CHECK(invalid<StreamSummary>(body, wire));
        }
    }
    CHECK(invalid<RecordPage>(R"({"Records":[{"SequenceNumber":"1","Data":"!!"}]})"));
}

TEST_CASE("damaged answers are read or refused, never more") {
    std::mt19937 dice(20262);
    std::size_t read = 0;
    for (int round = 0; round < 20'000; ++round) {
        auto body = round % 3 == 0 ? shards : round % 3 == 1 ? records : summary;
        for (auto changes = dice() % 3 + 1; changes > 0; --changes) {
            body[dice() % body.size()] = dice() % 2 == 0 ? static_cast<char>(dice()) : "\"\\{}[]:,0n"[dice() % 10];
        }
        read += decode<ShardPage>(body, Wire::json).has_value() ? 1U : 0U;
        read += decode<RecordPage>(body, Wire::json).has_value() ? 1U : 0U;
        read += decode<StreamSummary>(body, Wire::json).has_value() ? 1U : 0U;
    }
    CHECK(read > 100);
}
