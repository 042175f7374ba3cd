#include <sluice/dynamodb/streams_client.hpp>

#include <aws/fakes.hpp>
#include <credentials/fakes.hpp>
#include <run.hpp>

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <string>
#include <string_view>

using namespace sluice;
using dynamodb::StreamsClient;

namespace {

Options in_ireland() {
    Options options{"stream"};
    options.region = "eu-west-1";
    options.endpoint = "http://127.0.0.1:1"; // of Kinesis, and of nothing else
    return options;
}

/// A client of a service whose answers are scripted.
class Bench {
public:
    explicit Bench(const asio::any_io_executor& executor)
        : fake(executor, in_ireland()), client(StreamsClient::open(fake.world, {}, aws::Machine()).value()) {}

    void refuse(std::string_view code) {
        fake.transport.answer(400, R"({"__type":"com.amazonaws.dynamodb.v20120810#)" + std::string(code) +
                                       R"(","message":"m"})");
    }

    /// An answer with a shard, and where its page ends.
    void describe(std::string_view status, std::string_view shard, std::string_view last) {
        const std::string end = last.empty() ? "" : R"(,"LastEvaluatedShardId":")" + std::string(last) + "\"";
        fake.transport.answer(200, R"({"StreamDescription":{"StreamStatus":")" + std::string(status) +
                                       R"(","Shards":[{"ShardId":")" + std::string(shard) + "\"}]" + end + "}}");
    }

    [[nodiscard]] boost::json::value body(std::size_t index) const {
        return boost::json::parse(*fake.transport.requests.at(index).body);
    }

    FakeWorld fake;
    StreamsClient client;
};

/// What the log has of calls that failed.
std::size_t lines(const std::string& log) {
    std::size_t count = 0;
    for (const char c : log) count += c == '\n' ? 1U : 0U;
    return count;
}

} // namespace

TEST_CASE("DynamoDB Streams has a host of its own, and signs as DynamoDB") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(200, R"({"Records":[],"NextShardIterator":"next"})");
        const auto page = co_await bench.client.call(dynamodb::GetRecords("iterator"));
        REQUIRE(page.has_value());
        CHECK(page->next == "next");
        const auto& request = bench.fake.transport.requests.at(0);
        CHECK(request.url == "https://streams.dynamodb.eu-west-1.amazonaws.com/");
        CHECK(find_header(request.headers, "Content-Type") == "application/x-amz-json-1.0");
        CHECK(find_header(request.headers, "X-Amz-Target") == "DynamoDBStreams_20120810.GetRecords");
        CHECK(find_header(request.headers, "Authorization").find("/20260102/eu-west-1/dynamodb/aws4_request") !=
              std::string::npos);
        CHECK(bench.body(0) == boost::json::parse(R"({"ShardIterator":"iterator"})"));
    });
}

TEST_CASE("DynamoDB Streams may be elsewhere, as code or environment say, and never where Kinesis is") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), in_ireland());
        FakeMachine machine;
        machine.variables["AWS_ENDPOINT_URL_DYNAMODB_STREAMS"] = "http://localhost:8000";
        machine.variables["AWS_ENDPOINT_URL_DYNAMODB"] = "http://localhost:1";
        machine.variables["AWS_MAX_ATTEMPTS"] = "1";
        auto there = StreamsClient::open(fake.world, {}, machine.machine()).value();
        auto elsewhere = StreamsClient::open(fake.world, "http://localhost:9000", machine.machine()).value();
        const dynamodb::GetRecords request("iterator");
        fake.transport.answer(500);
        auto page = co_await there.call(request);
        CHECK(page.error() == error::service_failed);
        fake.transport.answer(200, "{}");
        page = co_await elsewhere.call(request);
        REQUIRE(fake.transport.requests.size() == 2);
        CHECK(fake.transport.requests[0].url == "http://localhost:8000/");
        CHECK(fake.transport.requests[1].url == "http://localhost:9000/");

        CHECK(StreamsClient::open(fake.world, "elsewhere", machine.machine()).error() == error::endpoint_invalid);
        FakeWorld nowhere(context.get_executor());
        CHECK(StreamsClient::open(nowhere.world, {}, aws::Machine()).error() == error::region_missing);
    });
}

TEST_CASE("shards are described page by page, and the last page says whether more will come") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.describe("ENABLED", "a", "a");
        bench.describe("ENABLED", "b", "b");
        bench.describe("DISABLED", "c", "");
        const auto all = co_await bench.client.describe("arn");
        REQUIRE(all.has_value());
        REQUIRE(all->shards.size() == 3);
        CHECK(all->shards[0].id == "a");
        CHECK(all->shards[1].id == "b");
        CHECK(all->shards[2].id == "c");
        CHECK_FALSE(all->enabled);
        CHECK(all->last.empty());
        CHECK(bench.body(0) == boost::json::parse(R"({"StreamArn":"arn"})"));
        CHECK(bench.body(1) == boost::json::parse(R"({"StreamArn":"arn","ExclusiveStartShardId":"a"})"));
        CHECK(bench.body(2) == boost::json::parse(R"({"StreamArn":"arn","ExclusiveStartShardId":"b"})"));
        CHECK(bench.fake.transport.requests.size() == 3);
    });
}

TEST_CASE("of shards of which a page is missing nothing is told") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.describe("ENABLED", "a", "a");
        bench.refuse("ResourceNotFoundException");
        auto all = co_await bench.client.describe("arn");
        CHECK(all.error() == error::stream_not_found);
        bench.describe("ENABLED", "a", "a");
        bench.fake.transport.answer(200, "<html>");
        all = co_await bench.client.describe("arn");
        CHECK(all.error() == error::response_invalid);
    });
}

TEST_CASE("what cannot be read on is told apart") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        const dynamodb::GetRecords request("iterator");
        for (const auto* code : {"ExpiredIteratorException", "TrimmedDataAccessException"}) {
            bench.refuse(code);
            const auto page = co_await bench.client.call(request);
            CHECK(page.error() == error::iterator_expired);
        }
        bench.refuse("AccessDeniedException");
        const auto page = co_await bench.client.call(request);
        CHECK(page.error() == error::access_denied);
    });
}

TEST_CASE("the log is told of a failure once, until all is well or it is another") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        const dynamodb::GetRecords request("iterator"); // without a script nobody is there
        for (int i = 0; i < 3; ++i) static_cast<void>(co_await bench.client.call(request));
        CHECK(bench.fake.log == "DynamoDB Streams did not do GetRecords: " +
                                    error_code(error::connection_failed).message() + "\n");
        bench.refuse("ResourceNotFoundException");
        static_cast<void>(co_await bench.client.call(request));
        CHECK(lines(bench.fake.log) == 2);
        CHECK(bench.fake.log.ends_with("did not do GetRecords: ResourceNotFoundException m\n"));
        bench.refuse("ResourceNotFoundException");
        static_cast<void>(co_await bench.client.call(request));
        CHECK(lines(bench.fake.log) == 2);
        bench.client.settle();
        bench.refuse("ResourceNotFoundException");
        static_cast<void>(co_await bench.client.call(request));
        CHECK(lines(bench.fake.log) == 3);
    });
}
