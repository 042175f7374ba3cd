#include <sluice/destination/kinesis_stream.hpp>

#include "../aws/fakes.hpp"
#include "../run.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using sluice::Entry;
using sluice::error;
using sluice::KinesisStream;
using sluice::Options;
namespace asio = boost::asio;

static_assert(sluice::Destination<KinesisStream>);
static_assert(sluice::RunningDestination<KinesisStream::Running>);

std::optional<std::string> no_environment(std::string_view) { return std::nullopt; }

std::optional<std::string> ireland(std::string_view name) {
    if (name == "AWS_REGION") return "eu-west-1";
    return std::nullopt;
}

} // namespace

TEST_CASE("the region and the endpoint come from the options or the environment") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), Options("s"));
        const KinesisStream lost{sluice::aws::Machine(no_environment)};
        const auto none = co_await lost.open(fake.world);
        REQUIRE(none.has_error());
        CHECK(none.error() == error::region_missing);

        const KinesisStream stream{sluice::aws::Machine(ireland)};
        auto running = co_await stream.open(fake.world);
        REQUIRE(running.has_value());
        CHECK(fake.transport.requests.empty());
        fake.transport.answer(200, R"({"Records":[{"ShardId":"a","SequenceNumber":"1"}]})");
        const std::vector<Entry> entries(1, Entry("k", "", "data"));
        const auto answer = co_await running->send("s", entries);
        CHECK_FALSE(answer.error);
        REQUIRE(fake.transport.requests.size() == 1);
        CHECK(fake.transport.requests[0].url == "https://kinesis.eu-west-1.amazonaws.com/");
    });
}

TEST_CASE("a configured endpoint that is none is refused when the destination opens") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Options options("s");
        options.endpoint = "kinesis.example";
        FakeWorld fake(context.get_executor(), options);
        const KinesisStream stream{sluice::aws::Machine(ireland)};
        const auto running = co_await stream.open(fake.world);
        REQUIRE(running.has_error());
        CHECK(running.error() == error::endpoint_invalid);
    });
}

TEST_CASE("the open shards are told with their ranges") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), Options("s"));
        const KinesisStream stream{sluice::aws::Machine(ireland)};
        auto running = co_await stream.open(fake.world);
        REQUIRE(running.has_value());
        fake.transport.answer(200, R"({"Shards":[
            {"ShardId":"old","HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"99"},
             "SequenceNumberRange":{"EndingSequenceNumber":"5"}},
            {"ShardId":"new","HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"99"},
             "SequenceNumberRange":{"EndingSequenceNumber":null}}]})");
        const auto shards = co_await running->shards("s");
        REQUIRE(shards.has_value());
        REQUIRE(shards->size() == 1);
        CHECK(shards->front().shard_id == "new");
        CHECK(shards->front().first_hash_key == "0");
        CHECK(shards->front().last_hash_key == "99");
        CHECK(*fake.transport.requests.at(0).body == R"({"StreamName":"s","ShardFilter":{"Type":"AT_LATEST"}})");

        fake.transport.answer(400, R"({"__type":"AccessDeniedException"})");
        const auto denied = co_await running->shards("s");
        REQUIRE(denied.has_error());
        CHECK(denied.error() == error::access_denied);
    });
}

TEST_CASE("the limits are the options' within the service's") {
    const KinesisStream stream{sluice::aws::Machine(no_environment)};
    Options options("s");
    const auto usual = stream.limits(options);
    CHECK(usual.entries == 500);
    CHECK(usual.bytes == 10U << 20U);
    CHECK(usual.entry_bytes == 1U << 20U);
    options.request_records = 501;
    options.request_bytes = (10U << 20U) + 1;
    options.max_payload = (10U << 20U) + 1;
    const auto most = stream.limits(options);
    CHECK(most.entries == 500);
    CHECK(most.bytes == 10U << 20U);
    CHECK(most.entry_bytes == 10U << 20U);
    options.request_records = 0;
    options.request_bytes = 1'000;
    options.max_payload = 100;
    const auto least = stream.limits(options);
    CHECK(least.entries == 1);
    CHECK(least.bytes == 1'000);
    CHECK(least.entry_bytes == 100);
}
