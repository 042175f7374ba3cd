#include <sluice/kinesis/subscription.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace sluice;
using namespace std::chrono_literals;
using aws::EventHeader;
using aws::EventMessage;
using kinesis::Subscription;

namespace {

std::string message(std::vector<std::pair<std::string, std::string>> headers, std::string payload) {
    EventMessage made;
    for (auto& [name, value] : headers) made.headers.emplace_back(name, value);
    made.payload = std::move(payload);
    return aws::encode_event(made).value();
}

std::string event(const std::string& payload, const std::string& type = "SubscribeToShardEvent") {
    return message({{":event-type", type}, {":content-type", "application/x-amz-json-1.1"}, {":message-type", "event"}},
                   payload);
}

std::string exception(const std::string& type, const std::string& payload) {
    return message({{":exception-type", type}, {":message-type", "exception"}}, payload);
}

const std::string records =
    R"({"Records":[{"SequenceNumber":"49","ApproximateArrivalTimestamp":1787036486.712,"Data":"YQ==",)"
    R"("PartitionKey":"p"}],"ContinuationSequenceNumber":"50","MillisBehindLatest":7})";

error_code failure_of(const std::string& stream) {
    Subscription subscription;
    subscription.feed(stream);
    while (true) {
        const auto next = subscription.next();
        if (!next) return next.error();
        if (!*next) return {};
    }
}

} // namespace

TEST_CASE("events are read, however the stream is cut") {
    const auto stream = event("{}", "initial-response") + event(records) +
                        event(R"({"Records":[],"ContinuationSequenceNumber":"51","MillisBehindLatest":0})");
    for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
        Subscription subscription;
        std::vector<kinesis::SubscriptionEvent> events;
        for (std::size_t at = 0; at < stream.size(); at += piece) {
            subscription.feed(std::string_view(stream).substr(at, piece));
            for (auto next = subscription.next(); next.value(); next = subscription.next()) events.push_back(**next);
        }
        REQUIRE(events.size() == 2);
        REQUIRE(events[0].records.size() == 1);
        CHECK(events[0].records[0].sequence_number == "49");
        CHECK(events[0].records[0].data == "a");
        CHECK(events[0].records[0].partition_key == "p");
        CHECK(events[0].records[0].arrival == std::chrono::sys_time<std::chrono::milliseconds>(1'787'036'486'712ms));
        CHECK(events[0].continuation == "50");
        CHECK(events[0].behind == 7ms);
        CHECK(events[1].records.empty());
        CHECK(events[1].continuation == "51");
        CHECK(subscription.complete());
        CHECK_FALSE(subscription.failure().error);
    }
}

TEST_CASE("the end of a shard names its children") {
    Subscription subscription;
    subscription.feed(event(R"({"Records":[],"MillisBehindLatest":0,"ContinuationSequenceNumber":null,"ChildShards":[)"
                            R"({"ShardId":"s1","ParentShards":["s0"],"HashKeyRange":{"StartingHashKey":"0",)"
                            R"("EndingHashKey":"1"}}]})"));
    const auto end = subscription.next().value().value();
    CHECK(end.continuation.empty());
    REQUIRE(end.child_shards.size() == 1);
    CHECK(end.child_shards[0].shard.id == "s1");
    CHECK(end.child_shards[0].parents == std::vector<std::string>{"s0"});
}

TEST_CASE("an exception ends the stream, and nothing after it counts") {
    Subscription subscription;
    subscription.feed(event(records) + exception("ResourceInUseException", R"({"message":"taken over"})") +
                      event(records) + "garbage");
    CHECK(subscription.next().value().has_value());
    for (int again = 0; again < 3; ++again) CHECK(subscription.next().error() == error::resource_in_use);
    CHECK(subscription.failure().code == "ResourceInUseException");
    CHECK(subscription.failure().message == "taken over");
    subscription.feed(event(records));
    CHECK(subscription.next().error() == error::resource_in_use);
    CHECK_FALSE(subscription.complete());
}

TEST_CASE("each failure inside a stream has its meaning") {
    CHECK(failure_of(exception("KMSThrottlingException", "{}")) == error::throttled);
    CHECK(failure_of(exception("InternalFailureException", "")) == error::service_failed);
    CHECK(failure_of(exception("ResourceNotFoundException", "half {")) == error::stream_not_found);
    CHECK(failure_of(exception("Surprise", "{}")) == error::request_refused);
    CHECK(failure_of(exception("", R"({"message":"m"})")) == error::response_invalid);

    Subscription subscription;
    subscription.feed(message({{":message-type", "error"},
                               {":error-code", "Surprise"},
                               {":error-message", "An internal server error occurred"}},
                              ""));
    CHECK(subscription.next().error() == error::service_failed);
    CHECK(subscription.failure().code == "Surprise");
    CHECK(subscription.failure().message == "An internal server error occurred");
}

TEST_CASE("a stream that is damaged or another's is refused") {
    auto damaged = event(records);
    damaged[damaged.size() / 2] ^= 1;
    CHECK(failure_of(damaged) == error::response_invalid);
    CHECK(failure_of("HTTP/1.1 400 Bad Request\r\n\r\n") == error::response_invalid);
    for (const std::string payload : {"", "{", "[]", R"({"Records":[{}]})", R"({"Records":{}})", "{}x",
                                      R"({"Records":[{"SequenceNumber":"1","Data":"%"}]})"}) {
        CAPTURE(payload);
        CHECK(failure_of(event(payload)) == error::response_invalid);
    }
    CHECK(failure_of(message({}, records)) == error::response_invalid);
    CHECK(failure_of(message({{":message-type", "surprise"}}, records)) == error::response_invalid);
    CHECK_FALSE(failure_of(event("what may come one day", "Surprise") + event(records)));
}

TEST_CASE("a stream that is cut off is not complete") {
    const auto stream = event(records);
    for (std::size_t size = 1; size < stream.size(); ++size) {
        Subscription subscription;
        subscription.feed(stream.substr(0, size));
        CHECK_FALSE(subscription.next().value().has_value());
        CHECK_FALSE(subscription.complete());
    }
}
