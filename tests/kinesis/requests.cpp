#include <sluice/kinesis/calls.hpp>
#include <sluice/kinesis/requests.hpp>

#include <sluice/aws/cbor.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace sluice::kinesis;
using sluice::Wire;
using sluice::aws::CborBytes;
using sluice::aws::CborValue;

std::chrono::system_clock::time_point at_ms(std::int64_t ms) {
    return std::chrono::system_clock::time_point(std::chrono::milliseconds(ms));
}

/// A CBOR value as the JSON wire would have it: bytes as base64, a time as whole milliseconds.
boost::json::value as_json(const CborValue& value) {
    if (const auto* text = value.get<std::string>()) return boost::json::value(*text);
    if (const auto* number = value.get<std::uint64_t>()) return boost::json::value(*number);
    if (const auto* truth = value.get<bool>()) return boost::json::value(*truth);
    if (const auto* tagged = value.get<CborValue::Tagged>()) return as_json(tagged->front().value);
    if (const auto* bytes = value.get<CborBytes>()) {
        std::string text;
        sluice::aws::append_base64(text, bytes->data);
        return boost::json::value(text);
    }
    boost::json::object object;
    REQUIRE(value.get<CborValue::Map>() != nullptr);
    for (const auto& member : *value.get<CborValue::Map>()) {
        object[*member.name.get<std::string>()] = as_json(member.value);
    }
    return object;
}

/// Checks the exact JSON, and that the CBOR says the same.
template <class Request>
void check_body(const Request& request, const std::string& json) {
    CHECK(encode(request, Wire::json) == json);
    const auto cbor = sluice::aws::decode_cbor(encode(request, Wire::cbor));
    REQUIRE(cbor.has_value());
    CHECK(boost::json::serialize(as_json(*cbor)) == boost::json::serialize(boost::json::parse(json)));
}

} // namespace

TEST_CASE("streams are made with shards, or on demand") {
    check_body(CreateStream("s", 2), R"({"StreamName":"s","ShardCount":2})");
    check_body(CreateStream("s"), R"({"StreamName":"s","StreamModeDetails":{"StreamMode":"ON_DEMAND"}})");
    CreateStream large("s", 1);
    large.max_record_bytes = limits::largest_record_bytes;
    check_body(large, R"({"StreamName":"s","ShardCount":1,"MaxRecordSizeInKiB":10240})");
}

TEST_CASE("streams are deleted and described by name") {
    check_body(DeleteStream("s"), R"({"StreamName":"s"})");
    check_body(DeleteStream("s", true), R"({"StreamName":"s","EnforceConsumerDeletion":true})");
    check_body(DescribeStreamSummary("s"), R"({"StreamName":"s"})");
}

TEST_CASE("the pages of the shards after the first are asked for by token alone") {
    check_body(ListShards("s"), R"({"StreamName":"s"})");
    ListShards request("s", true);
    request.max_results = 7;
    check_body(request, R"({"MaxResults":7,"StreamName":"s","ShardFilter":{"Type":"AT_LATEST"}})");
    request.next_token = "t";
    check_body(request, R"({"NextToken":"t","MaxResults":7})");
}

TEST_CASE("an iterator is asked for at each kind of position") {
    const std::string front = R"({"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":")";
    const auto body = [&](Position position, const std::string& rest) {
        check_body(GetShardIterator("s", "shardId-000000000000", std::move(position)), front + rest);
    };
    body(Position::latest(), R"(LATEST"})");
    body(Position::oldest(), R"(TRIM_HORIZON"})");
    body(Position::at("49"), R"(AT_SEQUENCE_NUMBER","StartingSequenceNumber":"49"})");
    body(Position::after("49"), R"(AFTER_SEQUENCE_NUMBER","StartingSequenceNumber":"49"})");
}

TEST_CASE("a time is seconds in JSON and tagged milliseconds in CBOR") {
    const GetShardIterator request("s", "x", Position::at(at_ms(1'787'036'486'712)));
    CHECK(encode(request, Wire::json) ==
          R"({"StreamName":"s","ShardId":"x","ShardIteratorType":"AT_TIMESTAMP","Timestamp":1787036486.712})");
    const auto cbor = sluice::aws::decode_cbor(encode(request, Wire::cbor));
    REQUIRE(cbor.has_value());
    CHECK(*cbor->find("Timestamp") == CborValue::tagged(1, CborValue::integer(1'787'036'486'712)));
    const GetShardIterator whole("s", "x", Position::at(at_ms(1'700'000'000'000)));
    CHECK(boost::json::parse(encode(whole, Wire::json)).at("Timestamp").as_int64() == 1'700'000'000);
}

TEST_CASE("records are read by an iterator") {
    check_body(GetRecords("it"), R"({"ShardIterator":"it"})");
    check_body(GetRecords("it\n", 100), R"({"ShardIterator":"it\n","Limit":100})");
}

TEST_CASE("shards are split and merged") {
    check_body(SplitShard("s", "shardId-000000000000", "10"),
               R"({"StreamName":"s","ShardToSplit":"shardId-000000000000","NewStartingHashKey":"10"})");
    check_body(MergeShards("s", "a", "b"), R"({"StreamName":"s","ShardToMerge":"a","AdjacentShardToMerge":"b"})");
}

TEST_CASE("a record is put with what it has and no more") {
    check_body(PutRecord("s", "pk", std::string("\0\x01\xff", 3)),
               R"({"StreamName":"s","Data":"AAH/","PartitionKey":"pk"})");
    PutRecord request("s", "\xd0\xba\xd0\xbb\xd1\x8e\xd1\x87", "");
    request.explicit_hash_key = "0";
    request.sequence_number_for_ordering = "49039857307707719593840066370180380661734935976090628259";
    check_body(request, "{\"StreamName\":\"s\",\"Data\":\"\",\"PartitionKey\":\"\xd0\xba\xd0\xbb\xd1\x8e\xd1\x87\","
                        R"("ExplicitHashKey":"0","SequenceNumberForOrdering":)"
                        R"("49039857307707719593840066370180380661734935976090628259"})");
}

TEST_CASE("the body that a known signature was computed for comes out byte for byte") {
    // Signed with botocore 1.43: see the SigV4 vectors.
    CHECK(encode(PutRecord("s", "a", "hello"), Wire::json) ==
          R"({"StreamName":"s","Data":"aGVsbG8=","PartitionKey":"a"})");
}
