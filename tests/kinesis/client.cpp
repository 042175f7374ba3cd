#include <sluice/kinesis/client.hpp>

#include "../aws/fakes.hpp"
#include "../run.hpp"

#include <sluice/aws/cbor.hpp>

#include <boost/system/errc.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace sluice::kinesis;
using sluice::Entry;
using sluice::error;
using sluice::Options;
using sluice::Wire;
namespace asio = boost::asio;

Options options(Wire wire = Wire::json) {
    Options its_options("stream");
    its_options.region = "eu-west-1";
    its_options.endpoint = "http://127.0.0.1:4567";
    its_options.wire = wire;
    its_options.retry.attempts = 1;
    return its_options;
}

std::optional<std::string> no_environment(std::string_view) { return std::nullopt; }

const sluice::aws::Machine bare{no_environment};

Client opened(FakeWorld& fake) { return Client::open(fake.world, bare).value(); }

std::string sent(const FakeWorld& fake, std::size_t request) { return *fake.transport.requests.at(request).body; }

std::string header(const FakeWorld& fake, std::size_t request, std::string_view name) {
    return std::string(find_header(fake.transport.requests.at(request).headers, name));
}

std::string page(std::string_view shard, std::string_view rest) {
    return R"({"Shards":[{"ShardId":")" + std::string(shard) +
           R"(","HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"9"},)"
           R"("SequenceNumberRange":{"StartingSequenceNumber":"1"}}])" +
           std::string(rest) + "}";
}

} // namespace

TEST_CASE("a client needs a region and an endpoint that is one") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld nowhere(context.get_executor(), Options("stream"));
        CHECK(Client::open(nowhere.world, bare).error() == error::region_missing);
        auto wrong = options();
        wrong.endpoint = "not a url";
        FakeWorld fake(context.get_executor(), wrong);
        CHECK(Client::open(fake.world, bare).error() == error::endpoint_invalid);
        const auto environment = [](std::string_view name) -> std::optional<std::string> {
            if (name == "AWS_REGION") return "us-east-1";
            return std::nullopt;
        };
        CHECK(Client::open(nowhere.world, sluice::aws::Machine(environment)).has_value());
        co_return;
    });
}

TEST_CASE("what options leave open the shared configuration may say") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        sluice::aws::Machine machine([](std::string_view name) {
            return name == "HOME" ? std::optional<std::string>("/h") : std::nullopt;
        });
        machine.read_file = [](const std::string& path) -> sluice::result<std::string> {
            if (path != "/h/.aws/config") return make_error_code(boost::system::errc::no_such_file_or_directory);
            return "[default]\nregion = eu-west-3\nmax_attempts = 1\nendpoint_url = http://127.0.0.1:9/x\n";
        };
        FakeWorld fake(context.get_executor(), Options("stream"));
        auto client = Client::open(fake.world, machine).value();
        fake.transport.answer(500, "{}");
        DeleteStream request("s");
        auto reply = co_await client.delete_stream(std::move(request));
        CHECK(reply.error() == error::service_failed);
        REQUIRE(fake.transport.requests.size() == 1);
        CHECK(fake.transport.requests[0].url == "http://127.0.0.1:9/x/");
        CHECK(header(fake, 0, "Authorization").find("/eu-west-3/kinesis/aws4_request") != std::string::npos);
    });
}

namespace {

constexpr auto by_arn = "arn:aws:kinesis:us-west-2:123456789012:stream/clicks";

Options of_account(std::string region = "eu-west-1") {
    Options its_options(by_arn);
    its_options.region = std::move(region);
    its_options.retry.attempts = 1;
    return its_options;
}

asio::awaitable<sluice::Answer> put_one(Client& client, std::string stream) {
    const std::vector<Entry> entries(1, Entry("k", "", "data"));
    auto answer = co_await client.put_records(std::move(stream), entries);
    co_return answer;
}

} // namespace

TEST_CASE("a stream named by its ARN is reached at its account's host, in the client's region") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), of_account());
        auto client = opened(fake);
        for (int i = 0; i < 4; ++i) fake.transport.answer(200, R"({"Records":[{"ShardId":"a","SequenceNumber":"1"}]})");
        auto answer = co_await put_one(client, by_arn);
        CHECK_FALSE(answer.error);
        DescribeStreamSummary summary(by_arn);
        static_cast<void>(co_await client.describe_stream_summary(std::move(summary)));
        GetShardIterator iterator(by_arn, "shardId-000000000000", Position::oldest());
        static_cast<void>(co_await client.get_shard_iterator(std::move(iterator)));
        auto plain = co_await put_one(client, "clicks");
        CHECK_FALSE(plain.error);

        const auto& requests = fake.transport.requests;
        REQUIRE(requests.size() == 4);
        CHECK(requests[0].url == "https://123456789012.data-kinesis.eu-west-1.amazonaws.com/");
        CHECK(header(fake, 0, "Host") == "123456789012.data-kinesis.eu-west-1.amazonaws.com");
        CHECK(header(fake, 0, "Authorization").find("/eu-west-1/kinesis/aws4_request") != std::string::npos);
        CHECK(sent(fake, 0).starts_with(R"({"StreamARN":"arn:aws:kinesis:us-west-2:123456789012:stream/clicks",)"));
        CHECK(requests[1].url == "https://123456789012.control-kinesis.eu-west-1.amazonaws.com/");
        CHECK(requests[2].url == "https://123456789012.data-kinesis.eu-west-1.amazonaws.com/");
        CHECK(requests[3].url == "https://kinesis.eu-west-1.amazonaws.com/");
        CHECK(sent(fake, 3).starts_with(R"({"StreamName":"clicks",)"));
    });
}

TEST_CASE("an ARN leads nowhere else than a configured endpoint, nor away from the region if so asked") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        auto configured = of_account();
        configured.endpoint = "http://127.0.0.1:4567";
        auto regional = of_account();
        regional.account_endpoints = false;
        FakeWorld here(context.get_executor(), configured);
        FakeWorld there(context.get_executor(), regional);
        for (auto* fake : {&here, &there}) {
            fake->transport.answer(200, R"({"Records":[{"ShardId":"a","SequenceNumber":"1"}]})");
            auto client = opened(*fake);
            auto answer = co_await put_one(client, by_arn);
            CHECK_FALSE(answer.error);
            CHECK(sent(*fake, 0).find("StreamARN") != std::string::npos);
        }
        CHECK(here.transport.requests[0].url == "http://127.0.0.1:4567/");
        CHECK(there.transport.requests[0].url == "https://kinesis.eu-west-1.amazonaws.com/");
    });
}

TEST_CASE("an ARN of another partition leads nowhere") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), of_account("cn-north-1"));
        auto client = opened(fake);
        auto answer = co_await put_one(client, by_arn);
        CHECK(answer.error == error::endpoint_invalid);
        CHECK(answer.message.find("ARN") != std::string::npos);
        ListShards shards(by_arn);
        auto list = co_await client.list_shards(std::move(shards));
        REQUIRE(list.has_error());
        CHECK(list.error() == error::endpoint_invalid);
        CHECK(fake.transport.requests.empty());
    });
}

TEST_CASE("a call names its operation and its content, on either wire") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        for (const auto wire : {Wire::json, Wire::cbor}) {
            FakeWorld fake(context.get_executor(), options(wire));
            auto client = opened(fake);
            fake.transport.answer(200);
            CreateStream request("s", 2);
            const auto made = co_await client.create_stream(std::move(request));
            CHECK(made.has_value());
            REQUIRE(fake.transport.requests.size() == 1);
            CHECK(fake.transport.requests[0].method == "POST");
            CHECK(fake.transport.requests[0].url == "http://127.0.0.1:4567/");
            CHECK(header(fake, 0, "X-Amz-Target") == "Kinesis_20131202.CreateStream");
            CHECK(header(fake, 0, "Content-Type") == content_type(wire));
            const auto cbor = sluice::aws::decode_cbor(sent(fake, 0));
            CHECK(cbor.has_value() == (wire == Wire::cbor));
            if (wire == Wire::json) CHECK(sent(fake, 0) == R"({"StreamName":"s","ShardCount":2})");
        }
    });
}

TEST_CASE("every call gives its reply") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), options());
        auto client = opened(fake);
        fake.transport.answer(200, R"({"ShardId":"a","SequenceNumber":"7"})");
        PutRecord put("s", "k", "data");
        const auto placed = co_await client.put_record(std::move(put));
        REQUIRE(placed.has_value());
        CHECK(placed->sequence_number == "7");

        fake.transport.answer(200, R"({"ShardIterator":"it"})");
        GetShardIterator where("s", "a", Position::oldest());
        const auto iterator = co_await client.get_shard_iterator(std::move(where));
        REQUIRE(iterator.has_value());
        CHECK(iterator->iterator == "it");

        fake.transport.answer(200, R"({"Records":[{"SequenceNumber":"7","Data":"ZGF0YQ==","PartitionKey":"k"}],
                                       "NextShardIterator":"it2"})");
        GetRecords read("it");
        const auto records = co_await client.get_records(std::move(read));
        REQUIRE(records.has_value());
        CHECK(records->records.at(0).data == "data");

        fake.transport.answer(200);
        SplitShard split("s", "a", "5");
        const auto divided = co_await client.split_shard(std::move(split));
        CHECK(divided.has_value());

        fake.transport.answer(200);
        MergeShards merge("s", "a", "b");
        const auto merged = co_await client.merge_shards(std::move(merge));
        CHECK(merged.has_value());

        fake.transport.answer(200);
        DeleteStream remove("s");
        const auto deleted = co_await client.delete_stream(std::move(remove));
        CHECK(deleted.has_value());
        CHECK(header(fake, 5, "X-Amz-Target") == "Kinesis_20131202.DeleteStream");
    });
}

TEST_CASE("a refusal is a typed error, and the service's words are in the log") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), options());
        auto client = opened(fake);
        fake.transport.answer(400, R"({"__type":"ResourceNotFoundException","message":"Stream s not found."})");
        DescribeStreamSummary request("s");
        const auto summary = co_await client.describe_stream_summary(std::move(request));
        REQUIRE(summary.has_error());
        CHECK(summary.error() == error::stream_not_found);
        CHECK(fake.log.find("DescribeStreamSummary") != std::string::npos);
        CHECK(fake.log.find("Stream s not found.") != std::string::npos);

        fake.log.clear();
        const auto offline = co_await client.describe_stream_summary(DescribeStreamSummary("s"));
        CHECK(offline.error() == error::connection_failed);
        CHECK(fake.log == "Kinesis did not do DescribeStreamSummary: " +
                              sluice::error_code(error::connection_failed).message() + "\n");
    });
}

TEST_CASE("an answer of another form is invalid") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), options());
        auto client = opened(fake);
        fake.transport.answer(200, "<html>");
        GetRecords request("it");
        const auto page = co_await client.get_records(std::move(request));
        CHECK(page.error() == error::response_invalid);
    });
}

TEST_CASE("all pages of shards are followed, and only the first names the stream") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), options());
        auto client = opened(fake);
        fake.transport.answer(200, page("a", R"(,"NextToken":"t1")"));
        fake.transport.answer(200, R"({"Shards":[],"NextToken":"t2"})");
        fake.transport.answer(200, page("b", R"(,"NextToken":null)"));
        ListShards request("s", true);
        const auto shards = co_await client.list_shards(std::move(request));
        REQUIRE(shards.has_value());
        REQUIRE(shards->size() == 2);
        CHECK(shards->at(0).id == "a");
        CHECK(shards->at(1).id == "b");
        REQUIRE(fake.transport.requests.size() == 3);
        CHECK(sent(fake, 0) == R"({"StreamName":"s","ShardFilter":{"Type":"AT_LATEST"}})");
        CHECK(sent(fake, 1) == R"({"NextToken":"t1"})");
        CHECK(sent(fake, 2) == R"({"NextToken":"t2"})");
    });
}

TEST_CASE("a service that sends page after page is left at last") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), options());
        auto client = opened(fake);
        for (int i = 0; i < 2'000; ++i) fake.transport.answer(200, R"({"Shards":[],"NextToken":"again"})");
        ListShards request("s");
        const auto shards = co_await client.list_shards(std::move(request));
        REQUIRE(shards.has_error());
        CHECK(shards.error() == error::response_invalid);
        CHECK(fake.transport.requests.size() == 1'000);
    });
}

TEST_CASE("a failure on a later page fails the listing") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), options());
        auto client = opened(fake);
        fake.transport.answer(200, page("a", R"(,"NextToken":"t1")"));
        fake.transport.answer(400, R"({"__type":"ExpiredNextTokenException"})");
        ListShards request("s");
        const auto shards = co_await client.list_shards(std::move(request));
        CHECK(shards.error() == error::iterator_expired);
    });
}

TEST_CASE("closed shards are left out if only open ones are wanted, though the service sends them") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        const std::string both = R"({"Shards":[{"ShardId":"closed","SequenceNumberRange":{"EndingSequenceNumber":"9"}},
                                               {"ShardId":"open"}]})";
        FakeWorld fake(context.get_executor(), options());
        auto client = opened(fake);
        fake.transport.answer(200, both);
        ListShards open("s", true);
        const auto some = co_await client.list_shards(std::move(open));
        REQUIRE(some.has_value());
        REQUIRE(some->size() == 1);
        CHECK(some->front().id == "open");
        fake.transport.answer(200, both);
        ListShards all("s");
        const auto every = co_await client.list_shards(std::move(all));
        REQUIRE(every.has_value());
        CHECK(every->size() == 2);
    });
}

TEST_CASE("a stream is waited for until it is active, and no longer than one has patience") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        const auto status = [](const std::string& word) {
            return R"({"StreamDescriptionSummary":{"StreamName":"s","StreamStatus":")" + word + R"("}})";
        };
        FakeWorld fake(context.get_executor(), options());
        auto client = opened(fake);
        fake.transport.answer(200, status("CREATING"));
        fake.transport.answer(200, status("CREATING"));
        fake.transport.answer(200, status("ACTIVE"));
        const auto stream = co_await client.wait_until_active("s", std::chrono::seconds(10));
        REQUIRE(stream.has_value());
        CHECK(stream->name == "s");
        CHECK(fake.clock.waits == std::vector<std::chrono::milliseconds>(2, std::chrono::milliseconds(1'000)));

        for (int i = 0; i < 10; ++i) fake.transport.answer(200, status("CREATING"));
        const auto late = co_await client.wait_until_active("s", std::chrono::seconds(3));
        CHECK(late.error() == error::timed_out);
        CHECK(fake.transport.requests.size() == 7);

        fake.transport.script.clear();
        fake.transport.answer(400, R"({"__type":"ResourceNotFoundException"})");
        const auto absent = co_await client.wait_until_active("s", std::chrono::seconds(3));
        CHECK(absent.error() == error::stream_not_found);
    });
}

TEST_CASE("many records are put with one request, sent once") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        for (const auto wire : {Wire::json, Wire::cbor}) {
            auto its_options = options(wire);
            its_options.retry.attempts = 3;
            FakeWorld fake(context.get_executor(), its_options);
            auto client = opened(fake);
            const std::vector<Entry> entries(2, Entry("k", "", "data"));

            std::string body = R"({"Records":[{"ShardId":"a","SequenceNumber":"1"},{"ErrorCode":"InternalFailure"}]})";
            if (wire == Wire::cbor) {
                body.clear();
                sluice::aws::CborWriter out(body);
                out.map(1);
                out.key("Records");
                out.array(2);
                out.map(2);
                out.key("ShardId");
                out.text("a");
                out.key("SequenceNumber");
                out.text("1");
                out.map(1);
                out.key("ErrorCode");
                out.text("InternalFailure");
            }
            fake.transport.answer(200, body);
            const auto answer = co_await client.put_records("s", entries);
            CHECK_FALSE(answer.error);
            REQUIRE(answer.entries.size() == 2);
            CHECK(answer.entries[0].sequence_number == "1");
            CHECK(answer.entries[1].error == error::record_failed);
            CHECK(sent(fake, 0) == encode_put_records("s", entries, wire));
            CHECK(header(fake, 0, "X-Amz-Target") == "Kinesis_20131202.PutRecords");
            CHECK(header(fake, 0, "Content-Type") == content_type(wire));

            fake.transport.answer(500, "oops");
            const auto failed = co_await client.put_records("s", entries);
            CHECK(failed.error == error::service_failed);
            CHECK(failed.entries.empty());
            CHECK(fake.transport.requests.size() == 2);
        }
    });
}

TEST_CASE("what the service says of a whole request is in the answer") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), options());
        auto client = opened(fake);
        const std::vector<Entry> entries(1, Entry("k", "", "data"));
        fake.transport.answer(400, R"({"__type":"com.amazonaws#ValidationException","message":"1 validation error"})");
        const auto refused = co_await client.put_records("s", entries);
        CHECK(refused.error == error::request_refused);
        CHECK(refused.code == "ValidationException");
        CHECK(refused.message == "1 validation error");

        fake.transport.fail(error::timed_out);
        const auto unanswered = co_await client.put_records("s", entries);
        CHECK(unanswered.error == error::timed_out);

        fake.transport.answer(200, R"({"Records":[]})");
        const auto odd = co_await client.put_records("s", entries);
        CHECK(odd.error == error::response_invalid);
    });
}
