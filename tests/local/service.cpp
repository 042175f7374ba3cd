#include "caller.hpp"
#include "moments.hpp"

#include <sluice/local/service.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <random>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace sluice::local;
using sluice::HttpRequest;
using sluice::HttpResponse;
using sluice::Wire;

namespace {

/// A service with the stream "s" of two shards, and a client.
class Fixture {
public:
    Fixture() { REQUIRE(service.kinesis.create_stream(StreamSpec("s", 2), moments.now()).has_value()); }

    HttpResponse call(const std::string& operation, const std::string& body) {
        return service.handle(caller.call(operation, body, moments.now().wall), moments.now());
    }

    boost::json::value json(const std::string& operation, const std::string& body) {
        const auto response = call(operation, body);
        CAPTURE(response.body);
        REQUIRE(response.status == 200);
        return boost::json::parse(response.body);
    }

    /// The code of a refusal.
    std::string refusal(const std::string& operation, const std::string& body) {
        const auto response = call(operation, body);
        CHECK(response.status >= 400);
        const auto value = boost::json::parse(response.body);
        return std::string(value.at("__type").as_string());
    }

    Moments moments;
    Service service;
    Caller caller;
};

const std::string one_record = R"({"StreamName":"s","Data":"aGVsbG8=","PartitionKey":"a"})";

} // namespace

TEST_CASE("a record goes in as JSON and comes out as JSON") {
    Fixture f;
    const auto put = f.json("PutRecord", one_record);
    CHECK(put.at("ShardId").as_string() == "shardId-000000000000");
    const auto iterator =
        f.json("GetShardIterator",
               R"({"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON"})");
    f.moments.pass(250ms);
    const auto page = f.json("GetRecords", boost::json::serialize(iterator));
    const auto& record = page.at("Records").at(0);
    CHECK(record.at("Data").as_string() == "aGVsbG8=");
    CHECK(record.at("PartitionKey").as_string() == "a");
    CHECK(record.at("SequenceNumber") == put.at("SequenceNumber"));
    CHECK(record.at("ApproximateArrivalTimestamp").to_number<double>() == 1'767'323'045);
    CHECK(page.at("MillisBehindLatest").as_int64() == 0);
    CHECK(page.at("NextShardIterator").is_string());
    CHECK_FALSE(page.as_object().contains("ChildShards"));
}

TEST_CASE("every reply names its wire, its request and its time") {
    Fixture f;
    for (const auto wire : {Wire::json, Wire::cbor}) {
        f.caller.wire = wire;
        for (const char* operation : {"ListStreams", "NoSuchThing"}) {
            const auto response = f.call(operation, wire == Wire::json ? "{}" : "\xa0");
            CHECK(find_header(response.headers, "Content-Type") ==
                  (wire == Wire::json ? "application/x-amz-json-1.1" : "application/x-amz-cbor-1.1"));
            CHECK(find_header(response.headers, "Date") == "Fri, 02 Jan 2026 03:04:05 GMT");
            CHECK(find_header(response.headers, "x-amzn-RequestId").size() == 36);
            CHECK_FALSE(find_header(response.headers, "x-amz-id-2").empty());
        }
    }
}

TEST_CASE("no two replies have one request id") {
    Fixture f;
    const auto first = f.call("ListStreams", "{}");
    const auto second = f.call("ListStreams", "{}");
    CHECK(find_header(first.headers, "x-amzn-RequestId") != find_header(second.headers, "x-amzn-RequestId"));
}

TEST_CASE("calls that answer nothing have an empty body") {
    Fixture f;
    const auto response = f.call("CreateStream", R"({"StreamName":"t","ShardCount":1})");
    CHECK(response.status == 200);
    CHECK(response.body.empty());
}

TEST_CASE("both wires give equal answers, refusals too") {
    Fixture f;
    const std::vector<std::pair<std::string, std::string>> calls{
        {"CreateStream", R"({"StreamName":"t","ShardCount":3,"Tags":{"a":"b"},"MaxRecordSizeInKiB":2048})"},
        {"CreateStream", R"({"StreamName":"t","ShardCount":3})"},
        {"DescribeStreamSummary", R"({"StreamName":"t"})"},
        {"DescribeStreamSummary", R"({"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/t"})"},
        {"DescribeStream", R"({"StreamName":"t","Limit":2})"},
        {"ListStreams", R"({"Limit":1})"},
        {"ListShards", R"({"StreamName":"t","MaxResults":2})"},
        {"ListShards", R"({"StreamName":"t","ShardFilter":{"Type":"AT_TIMESTAMP","Timestamp":1767323045}})"},
        {"PutRecord", R"({"StreamName":"t","Data":"aGVsbG8=","PartitionKey":"k\u00e4se"})"},
        {"PutRecords",
         R"({"StreamName":"t","Records":[{"Data":"","PartitionKey":"a"},{"Data":"/+8=","PartitionKey":"b","ExplicitHashKey":"0"}]})"},
        {"PutRecords", R"({"StreamName":"t","Records":[{"Data":"","PartitionKey":""}]})"},
        {"PutRecords", R"({"StreamName":"t","Records":[]})"},
        {"PutRecord",
         R"({"StreamName":"t","Data":"","PartitionKey":"a","ExplicitHashKey":"340282366920938463463374607431768211456"})"},
        {"GetShardIterator",
         R"({"StreamName":"t","ShardId":"shardId-000000000000","ShardIteratorType":"AT_TIMESTAMP","Timestamp":1767323000})"},
        {"GetRecords", R"({"ShardIterator":"iterator.2.0.0.10800000000000","Limit":5})"},
        {"SplitShard", R"({"StreamName":"t","ShardToSplit":"shardId-000000000000","NewStartingHashKey":"77"})"},
        {"MergeShards",
         R"({"StreamName":"t","ShardToMerge":"shardId-000000000001","AdjacentShardToMerge":"shardId-000000000002"})"},
        {"GetRecords", R"({"ShardIterator":"iterator.2.0.0.10800000000000"})"},
        {"ListShards", R"({"StreamName":"t"})"},
        {"GetRecords", R"({"ShardIterator":7})"},
        {"DeleteStream", R"({"StreamName":"t"})"},
        {"DeleteStream", R"({"StreamName":"t"})"},
        {"NoSuchThing", R"({})"},
    };
    Service other = f.service;
    Caller cbor = f.caller;
    cbor.wire = Wire::cbor;
    for (const auto& [operation, body] : calls) {
        CAPTURE(operation);
        CAPTURE(body);
        const auto text = f.call(operation, body);
        const auto bytes = other.handle(cbor.call(operation, cbor_of(body), f.moments.now().wall), f.moments.now());
        CHECK(text.status == bytes.status);
        CHECK(text.body.empty() == bytes.body.empty());
        if (text.body.empty() || bytes.body.empty()) continue;
        const auto decoded = sluice::aws::decode_cbor(bytes.body);
        REQUIRE(decoded.has_value());
        CHECK(boost::json::parse(text.body) == as_json(*decoded));
    }
}

TEST_CASE("the Java SDK's open-ended CBOR is understood") {
    Fixture f;
    f.caller.wire = Wire::cbor;
    std::string body;
    sluice::aws::CborWriter out(body);
    out.begin_map();
    out.key("StreamName");
    out.text("s");
    out.key("Records");
    out.begin_array();
    out.begin_map();
    out.key("Data");
    out.bytes("x");
    out.key("PartitionKey");
    out.text("k");
    out.end_map();
    out.end_array();
    out.end_map();
    CHECK(f.call("PutRecords", body).status == 200);
    CHECK(f.service.kinesis.find("s")->shards()[0].records().size() +
              f.service.kinesis.find("s")->shards()[1].records().size() ==
          1);
}

TEST_CASE("null is the same as absent") {
    Fixture f;
    CHECK(f.json("ListShards", R"({"StreamName":"s","NextToken":null,"ShardFilter":null,"MaxResults":null})")
              .at("Shards")
              .as_array()
              .size() == 2);
}

TEST_CASE("a stream may be named by ARN, by name, or by both if they agree") {
    Fixture f;
    const std::string arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
    CHECK(f.call("ListShards", R"({"StreamARN":")" + arn + "\"}").status == 200);
    CHECK(f.call("ListShards", R"({"StreamName":"s","StreamARN":")" + arn + "\"}").status == 200);
    CHECK(f.call("PutRecords", R"({"Records":[{"Data":"eA==","PartitionKey":"k"}],"StreamARN":")" + arn + "\"}").status == 200);
    CHECK(f.refusal("ListShards", R"({"StreamName":"t","StreamARN":")" + arn + "\"}") == "InvalidArgumentException");
    CHECK(f.refusal("ListShards", R"({"StreamARN":"arn:aws:kinesis:eu-west-1:000000000000:stream/s"})") ==
          "ResourceNotFoundException");
    CHECK(f.refusal("ListShards", R"({"StreamARN":"arn:aws:sqs:us-east-1:000000000000:stream/s"})") ==
          "ValidationException");
    CHECK(f.refusal("ListShards", R"({"StreamARN":"s"})") == "ValidationException");
    CHECK(f.refusal("ListShards", "{}") == "InvalidArgumentException");
}

TEST_CASE("what is missing or has another type is refused by name") {
    Fixture f;
    CHECK(f.refusal("PutRecord", R"({"StreamName":"s","PartitionKey":"a"})") == "ValidationException");
    CHECK(f.refusal("PutRecord", R"({"StreamName":"s","Data":"aGVsbG8="})") == "ValidationException");
    CHECK(f.refusal("PutRecord", R"({"StreamName":"s","Data":"not base64","PartitionKey":"a"})") ==
          "SerializationException");
    CHECK(f.refusal("PutRecord", R"({"StreamName":"s","Data":7,"PartitionKey":"a"})") == "SerializationException");
    CHECK(f.refusal("PutRecord", R"({"StreamName":"s","Data":"","PartitionKey":7})") == "SerializationException");
    CHECK(f.refusal("PutRecord", R"({"StreamName":{},"Data":"","PartitionKey":"a"})") == "SerializationException");
    CHECK(f.refusal("PutRecords", R"({"StreamName":"s"})") == "ValidationException");
    CHECK(f.refusal("PutRecords", R"({"StreamName":"s","Records":{}})") == "SerializationException");
    CHECK(f.refusal("PutRecords", R"({"StreamName":"s","Records":[1,2]})") == "SerializationException");
    CHECK(f.refusal("PutRecords", R"({"StreamName":"s","Records":[{"Data":"","PartitionKey":"a"},[]]})") ==
          "SerializationException");
    CHECK(f.refusal("PutRecords", R"({"StreamName":"s","Records":[null]})") == "SerializationException");
    CHECK(f.refusal("CreateStream", R"({"StreamName":"t","ShardCount":"1"})") == "SerializationException");
    CHECK(f.refusal("CreateStream", R"({"StreamName":"t","ShardCount":1.5})") == "SerializationException");
    CHECK(f.refusal("CreateStream", R"({"StreamName":"t","ShardCount":99999999999999999999})") ==
          "SerializationException");
    CHECK(f.refusal("CreateStream", R"({"StreamName":"t","ShardCount":1,"StreamModeDetails":{"StreamMode":"X"}})") ==
          "ValidationException");
    CHECK(f.refusal("CreateStream", R"({"ShardCount":1})") == "ValidationException");
    CHECK(f.refusal("ListShards", R"({"StreamName":"s","ShardFilter":{"Type":"SOME"}})") == "ValidationException");
    CHECK(f.refusal("ListShards", R"({"StreamName":"s","ShardFilter":{"Type":"AT_TIMESTAMP"}})") ==
          "InvalidArgumentException");
    CHECK(f.refusal("ListShards", R"({"StreamName":"s","ShardFilter":{}})") == "ValidationException");
    CHECK(f.refusal("ListShards", R"({"StreamName":"s","ShardFilter":[]})") == "SerializationException");
    CHECK(f.refusal("GetShardIterator",
                    R"({"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"SOMEWHERE"})") ==
          "ValidationException");
    CHECK(f.refusal("GetRecords", R"({"Limit":1})") == "ValidationException");
    CHECK(f.refusal("GetRecords", R"({"ShardIterator":"x"})") == "InvalidArgumentException");
    CHECK(f.refusal("SplitShard", R"({"StreamName":"s"})") == "ValidationException");
    CHECK(f.refusal("MergeShards", R"({"StreamName":"s","ShardToMerge":"shardId-000000000000"})") ==
          "ValidationException");
}

TEST_CASE("a time far beyond the calendar is no accident") {
    Fixture f;
    const std::string start =
        R"({"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"AT_TIMESTAMP","Timestamp":)";
    CHECK(f.call("GetShardIterator", start + "-1e300}").status == 200);
    CHECK(f.refusal("GetShardIterator", start + "1e300}") == "InvalidArgumentException");
    CHECK(f.refusal("GetShardIterator", start + "\"now\"}") == "SerializationException");
}

TEST_CASE("a call that is none is refused, whatever it is") {
    Fixture f;
    const auto now = f.moments.now();
    const auto refused = [&](const HttpRequest& request) {
        const auto response = f.service.handle(f.caller.sign(request, now.wall), now);
        CHECK(response.status >= 400);
        return std::string(boost::json::parse(response.body).at("__type").as_string());
    };
    HttpRequest request = f.caller.unsigned_call("ListStreams", "{}");
    request.method = "GET";
    CHECK(refused(request) == "UnknownOperationException");
    request = f.caller.unsigned_call("ListStreams", "{}");
    request.url += "some/path";
    CHECK(refused(request) == "UnknownOperationException");
    request = f.caller.unsigned_call("ListStreams", "{}");
    request.headers[0].value = "text/plain";
    CHECK(refused(request) == "UnknownOperationException");
    request = f.caller.unsigned_call("ListStreams", "{}");
    request.headers[1].value = "DynamoDB_20120810.ListTables";
    CHECK(refused(request) == "UnknownOperationException");
    CHECK(refused(HttpRequest()) == "UnknownOperationException");
    CHECK(refused(HttpRequest("POST", "http://127.0.0.1:1/")) == "UnknownOperationException");
    CHECK(refused(f.caller.unsigned_call("RegisterStreamConsumer", "{}")) == "UnknownOperationException");
    CHECK(refused(f.caller.unsigned_call("PutRecords", "")) == "SerializationException");
    CHECK(refused(f.caller.unsigned_call("PutRecords", "[]")) == "SerializationException");
    CHECK(refused(f.caller.unsigned_call("PutRecords", R"({"StreamName":"s")")) == "SerializationException");
    CHECK(refused(f.caller.unsigned_call("PutRecords", std::string(100'000, '['))) == "SerializationException");
}

TEST_CASE("a body of millions of values is refused before it fills the memory") {
    Fixture f;
    std::string body = R"({"StreamName":"s","Records":[0)";
    for (int i = 0; i < 2'000'000; ++i) body += ",0";
    CHECK(f.refusal("PutRecords", body + "]}") == "SerializationException");
}

TEST_CASE("no bytes that are signed properly break the service") {
    Fixture f;
    std::mt19937 dice(7);
    const std::vector<std::string> seeds{
        one_record,
        R"({"StreamName":"s","Records":[{"Data":"","PartitionKey":"a"},{"Data":"/+8=","PartitionKey":"b","ExplicitHashKey":"0"}]})",
        R"({"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"AT_TIMESTAMP","Timestamp":1767323000})",
        R"({"ShardIterator":"iterator.1.0.0.10800000000000","Limit":5})",
        R"({"NextToken":"shards.1.1.2.0.10800000000000"})"};
    const std::vector<std::string> operations{"PutRecord", "PutRecords", "GetShardIterator", "GetRecords",
                                              "ListShards"};
    for (int i = 0; i < 4'000; ++i) {
        const auto which = dice() % seeds.size();
        f.caller.wire = i % 2 == 0 ? Wire::json : Wire::cbor;
        std::string body = f.caller.wire == Wire::json ? seeds[which] : cbor_of(seeds[which]);
        for (auto changes = 1 + dice() % 4; changes > 0; --changes) {
            const auto at = dice() % body.size();
            if (dice() % 3 == 0) {
                body.erase(at, 1 + dice() % 3);
            } else if (dice() % 2 == 0) {
                body.insert(at, 1, static_cast<char>(dice() & 0xFFU));
            } else {
                body[at] = static_cast<char>(dice() & 0xFFU);
            }
            if (body.empty()) body = "x";
        }
        const auto status = f.call(operations[which], body).status;
        REQUIRE((status == 200 || status == 400));
    }
}

TEST_CASE("stats count what was asked and what was refused") {
    Fixture f;
    (void)f.call("ListStreams", "{}");
    (void)f.call("NoSuchThing", "{}");
    CHECK(f.service.stats.requests == 2);
    CHECK(f.service.stats.refused == 1);
}

TEST_CASE("the Date header is right on the first, the last and the leap day") {
    using namespace std::chrono;
    CHECK(http_date(sys_days(year(1970) / 1 / 1)) == "Thu, 01 Jan 1970 00:00:00 GMT");
    CHECK(http_date(sys_days(year(2024) / 2 / 29) + 23h + 59min + 59s + 999ms) == "Thu, 29 Feb 2024 23:59:59 GMT");
    CHECK(http_date(sys_days(year(1994) / 11 / 6) + 8h + 49min + 37s) == "Sun, 06 Nov 1994 08:49:37 GMT");
}
