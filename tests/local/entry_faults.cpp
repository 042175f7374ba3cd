#include "caller.hpp"
#include "moments.hpp"

#include <sluice/local/entry_faults.hpp>
#include <sluice/local/service.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace sluice::local;

namespace {

/// A service with a stream of two shards, which meets faults.
class Fixture {
public:
    Fixture() { REQUIRE(service.kinesis.create_stream(StreamSpec("s", 2), moments.now()).has_value()); }

    boost::json::value call(const std::string& operation, const std::string& body) {
        const auto response = service.handle(caller.call(operation, body, moments.now().wall), moments.now());
        status = response.status;
        return boost::json::parse(response.body);
    }

    /// Four records, the first two for the first shard.
    boost::json::value put() {
        return call("PutRecords", R"({"StreamName":"s","Records":[
            {"Data":"","PartitionKey":"k","ExplicitHashKey":"0"}, {"Data":"","PartitionKey":"k","ExplicitHashKey":"1"},
            {"Data":"","PartitionKey":"k","ExplicitHashKey":"340282366920938463463374607431768211455"},
            {"Data":"","PartitionKey":"k","ExplicitHashKey":"340282366920938463463374607431768211454"}]})");
    }

    [[nodiscard]] std::size_t stored() const {
        std::size_t count = 0;
        for (const auto& shard : service.kinesis.find("s")->shards()) count += shard.records().size();
        return count;
    }

    Moments moments;
    Service service;
    Caller caller;
    int status = 0;
};

std::string code(const boost::json::value& entry) {
    const auto* found = entry.as_object().if_contains("ErrorCode");
    return found == nullptr ? "" : std::string(found->as_string());
}

const std::string zero = "shardId-000000000000";
const std::string one = "shardId-000000000001";

} // namespace

TEST_CASE("a throttled shard takes nothing, and its neighbour everything") {
    Fixture f;
    f.service.faults.add(Fault(fault::Throttle(one)).times(1));
    const auto reply = f.put();
    CHECK(f.status == 200);
    CHECK(reply.at("FailedRecordCount").as_int64() == 2);
    CHECK(code(reply.at("Records").at(0)) == "");
    CHECK(code(reply.at("Records").at(2)) == "ProvisionedThroughputExceededException");
    CHECK(reply.at("Records").at(3).at("ErrorMessage").as_string() ==
          "Rate exceeded for shard shardId-000000000001 in stream s under account 000000000000.");
    CHECK(f.stored() == 2);
    CHECK(f.put().at("FailedRecordCount").as_int64() == 0);
}

TEST_CASE("a throttled service throttles calls of every kind") {
    Fixture f;
    f.service.faults.add(Fault(fault::Throttle()).until(f.moments.now().steady + 1s));
    CHECK(f.put().at("FailedRecordCount").as_int64() == 4);
    CHECK(f.call("PutRecord", R"({"StreamName":"s","Data":"","PartitionKey":"k"})").at("__type").as_string() ==
          "ProvisionedThroughputExceededException");
    CHECK(f.status == 400);
    CHECK(f.call("ListShards", R"({"StreamName":"s"})").at("__type").as_string() == "LimitExceededException");
    CHECK(f.call("GetShardIterator",
                 R"({"StreamName":"s","ShardId":"shardId-000000000001","ShardIteratorType":"LATEST"})")
              .at("__type")
              .as_string() == "ProvisionedThroughputExceededException");
    CHECK(f.stored() == 0);
    f.moments.pass(1s);
    CHECK(f.put().at("FailedRecordCount").as_int64() == 0);
}

TEST_CASE("only the throttled shard cannot be read") {
    Fixture f;
    f.service.faults.add(Fault(fault::Throttle(one)));
    const auto iterator = *f.service.kinesis.get_shard_iterator(IteratorQuery("s", one), f.moments.now());
    const auto other = *f.service.kinesis.get_shard_iterator(IteratorQuery("s", zero), f.moments.now());
    CHECK(f.call("GetRecords", R"({"ShardIterator":")" + iterator + "\"}").at("__type").as_string() ==
          "ProvisionedThroughputExceededException");
    CHECK(f.call("GetRecords", R"({"ShardIterator":")" + other + "\"}").as_object().contains("Records"));
    CHECK(f.call("ListShards", R"({"StreamName":"s"})").as_object().contains("Shards"));
}

TEST_CASE("entries that fail are not stored, the others are") {
    Fixture f;
    f.service.faults.add(Fault(fault::FailEntries(std::vector<bool>{true, false})).on("PutRecords"));
    const auto reply = f.put();
    CHECK(f.status == 200);
    CHECK(reply.at("FailedRecordCount").as_int64() == 2);
    CHECK(code(reply.at("Records").at(0)) == "InternalFailure");
    CHECK(reply.at("Records").at(0).at("ErrorMessage").as_string() == "Internal Service Failure");
    CHECK_FALSE(reply.at("Records").at(0).as_object().contains("ShardId"));
    CHECK(code(reply.at("Records").at(1)) == "");
    CHECK(f.stored() == 2);
}

TEST_CASE("entries may fail with any code, and the one entry of PutRecord fails the call") {
    Fixture f;
    fault::FailEntries fails(std::vector<bool>{true});
    f.service.faults.add(Fault(fails).times(1));
    CHECK(f.call("PutRecord", R"({"StreamName":"s","Data":"","PartitionKey":"k"})").at("__type").as_string() ==
          "InternalFailure");
    CHECK(f.status == 500);
    fails.failure = Failure("KMSThrottlingException", "slow down");
    f.service.faults.add(Fault(fails).times(1));
    CHECK(code(f.put().at("Records").at(3)) == "KMSThrottlingException");
}

TEST_CASE("the wrong shard is told for records that lie in the right one") {
    Fixture f;
    f.service.faults.add(Fault(fault::WrongShard()).times(1));
    const auto reply = f.put();
    CHECK(reply.at("Records").at(0).at("ShardId").as_string() == one);
    CHECK(reply.at("Records").at(2).at("ShardId").as_string() == zero);
    CHECK(f.service.kinesis.find("s")->shards()[0].records().size() == 2);
    f.service.faults.add(Fault(fault::WrongShard("shardId-000000000077")).times(1));
    CHECK(f.call("PutRecord", R"({"StreamName":"s","Data":"","PartitionKey":"k"})").at("ShardId").as_string() ==
          "shardId-000000000077");
}

TEST_CASE("fewer entries are told than were sent, though all are stored") {
    Fixture f;
    f.service.faults.add(Fault(fault::FewerEntries(1)).times(1));
    CHECK(f.put().at("Records").as_array().size() == 3);
    f.service.faults.add(Fault(fault::FewerEntries(99)).times(1));
    CHECK(f.put().at("Records").as_array().empty());
    CHECK(f.stored() == 8);
    f.service.faults.add(Fault(fault::FewerEntries(1)).times(1));
    CHECK(f.call("PutRecord", R"({"StreamName":"s","Data":"","PartitionKey":"k"})").as_object().contains("ShardId"));
}

TEST_CASE("a refusal comes in the request's wire, with its own status, and changes nothing") {
    Fixture f;
    f.service.faults.add(Fault(fault::Refuse::internal_failure()).times(2));
    CHECK(f.put().at("__type").as_string() == "InternalFailure");
    CHECK(f.status == 500);
    f.caller.wire = sluice::Wire::cbor;
    const auto response = f.service.handle(f.caller.call("ListStreams", "\xa0", f.moments.now().wall), f.moments.now());
    CHECK(response.status == 500);
    CHECK(as_json(*sluice::aws::decode_cbor(response.body)).at("__type").as_string() == "InternalFailure");
    CHECK(f.stored() == 0);
}

TEST_CASE("every ready-made refusal has the code and the status of the service") {
    CHECK(fault::Refuse::service_unavailable().failure.status == 503);
    CHECK(fault::Refuse::expired_credentials().failure.code == "ExpiredTokenException");
    CHECK(fault::Refuse::unknown_credentials().failure.code == "UnrecognizedClientException");
    CHECK(fault::Refuse::access_denied().failure.code == "AccessDeniedException");
    CHECK(fault::Refuse::access_denied().failure.status == 400);
}

TEST_CASE("a page is not of the service") {
    Fixture f;
    f.service.faults.add(Fault(fault::Page(503)).times(1));
    const auto response = f.service.handle(f.caller.call("ListStreams", "{}", f.moments.now().wall), f.moments.now());
    CHECK(response.status == 503);
    CHECK(find_header(response.headers, "Content-Type") == "text/html");
    CHECK(response.body.starts_with("<html>"));
}

TEST_CASE("a skewed calendar refuses what is signed in time, and shows in Date and in arrival times") {
    Fixture f;
    f.service.faults.add(Fault(fault::Skew(10min)).times(1));
    CHECK(f.put().at("__type").as_string() == "InvalidSignatureException");
    f.service.faults.add(Fault(fault::Skew(-4min)));
    const auto response = f.service.handle(
        f.caller.call("PutRecord", R"({"StreamName":"s","Data":"","PartitionKey":"k","ExplicitHashKey":"0"})",
                      f.moments.now().wall),
        f.moments.now());
    CHECK(response.status == 200);
    CHECK(find_header(response.headers, "Date") == "Fri, 02 Jan 2026 03:00:05 GMT");
    CHECK(f.service.kinesis.find("s")->shards()[0].records()[0].arrival == f.moments.now().wall - 4min);
}

TEST_CASE("what befalls the connection is told beside the response, and what is not read is not applied") {
    Fixture f;
    using Fate = Reaction::Fate;
    using Where = fault::Cut::Where;
    const auto fate = [&](Fault::Act act) {
        f.service.faults.clear();
        f.service.faults.add(Fault(std::move(act)).times(1));
        const auto request =
            f.caller.call("PutRecord", R"({"StreamName":"s","Data":"","PartitionKey":"k"})", f.moments.now().wall);
        const Met met = f.service.meet(request, f.moments.now());
        return f.service.react(request, f.moments.now(), met).fate;
    };
    CHECK(fate(fault::Unavailable()) == Fate::refused);
    CHECK(fate(fault::Cut(Where::before_reading)) == Fate::unread);
    CHECK(fate(fault::Garbage()) == Fate::garbage);
    CHECK(f.stored() == 0);
    CHECK(fate(fault::Cut(Where::mid_response)) == Fate::cut_short);
    CHECK(f.stored() == 1);
    CHECK(fate(fault::Cut(Where::after_applying)) == Fate::unanswered);
    CHECK(f.stored() == 2);
    CHECK(fate(fault::Delay(1s)) == Fate::answered);
}
