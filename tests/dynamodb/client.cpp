#include <sluice/dynamodb/client.hpp>

#include <sluice/aws/crc32.hpp>

#include <aws/fakes.hpp>
#include <credentials/fakes.hpp>
#include <run.hpp>

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace sluice;
using namespace std::chrono_literals;
using dynamodb::Item;

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
        : fake(executor, in_ireland()),
          client(dynamodb::Client::open(fake.world, {}, aws::Machine()).value()) {
        fake.clock.dice = std::uint64_t{1} << 63U; // delays are half as long as they can be
    }

    void refuse(std::string_view code, std::string_view more = "") {
        fake.transport.answer(400, R"({"__type":"com.amazonaws.dynamodb.v20120810#)" + std::string(code) +
                                       R"(","message":"m")" + std::string(more) + "}");
    }

    /// An answer whose checksum is that of another.
    void damage(int status, std::string body) {
        std::vector<HttpHeader> headers;
        headers.emplace_back("x-amz-crc32", std::to_string(aws::crc32(body + " ")));
        fake.transport.answer(status, std::move(body), std::move(headers));
    }

    [[nodiscard]] const std::vector<HttpRequest>& requests() const { return fake.transport.requests; }
    [[nodiscard]] boost::json::value body(std::size_t index) const {
        return boost::json::parse(*requests().at(index).body);
    }
    [[nodiscard]] std::string target(std::size_t index) const {
        return std::string(find_header(requests().at(index).headers, "X-Amz-Target"));
    }

    FakeWorld fake;
    dynamodb::Client client;
};

Item key(const std::string& id) {
    Item item;
    item["id"] = dynamodb::AttributeValue::of(id);
    return item;
}

std::vector<Item> keys(int count) {
    std::vector<Item> items;
    for (int i = 0; i < count; ++i) items.push_back(key(std::to_string(i)));
    return items;
}

std::vector<dynamodb::Write> puts(int count) {
    std::vector<dynamodb::Write> writes;
    for (int i = 0; i < count; ++i) writes.emplace_back(dynamodb::PutItem("t", key(std::to_string(i))));
    return writes;
}

std::string cancelled(std::string_view codes) {
    return R"(,"CancellationReasons":[)" + std::string(codes) + "]";
}

/// A reply of a batch that left these undone, of those that it was asked to put, and `more`.
std::string undone(int first, int end, const std::string& more = {}) {
    std::string list;
    for (int i = first; i < end; ++i) {
        if (!list.empty()) list += ",";
        list += R"({"PutRequest":{"Item":{"id":{"S":")" + std::to_string(i) + R"("}}}})";
    }
    return R"({"UnprocessedItems":{"t":[)" + list + more + "]}}";
}

std::string described(std::string_view status, std::string_view index = "ACTIVE") {
    return R"({"Table":{"TableName":"t","TableStatus":")" + std::string(status) +
           R"(","GlobalSecondaryIndexes":[{"IndexName":"i","IndexStatus":")" + std::string(index) + R"("}]}})";
}

/// What is waited after so many failures, one after the other.
std::vector<std::chrono::milliseconds> back_offs(std::size_t count) {
    const std::vector<std::chrono::milliseconds> all{12ms, 25ms, 50ms, 100ms, 200ms, 400ms, 800ms, 1600ms, 2500ms};
    REQUIRE(count <= all.size());
    return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count)};
}

/// What is waited for calls of four attempts that are all throttled, and after each of them.
std::vector<std::chrono::milliseconds> throttled_calls(std::size_t count) {
    const std::vector<std::chrono::milliseconds> all{500ms, 1s, 2s, 100ms, 500ms, 1s, 2s, 1600ms};
    REQUIRE(count <= 2);
    return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(4 * count)};
}

/// The ids of what a batch puts, and after them of what it removes.
std::vector<std::string> ids_of(const boost::json::value& batch) {
    std::vector<std::string> ids;
    for (const auto& write : batch.at("RequestItems").at("t").as_array()) {
        const auto* const put = write.as_object().if_contains("PutRequest");
        const auto& item = put != nullptr ? put->at("Item") : write.at("DeleteRequest").at("Key");
        ids.emplace_back((put != nullptr ? "put " : "remove ") + std::string(item.at("id").at("S").as_string()));
    }
    return ids;
}

} // namespace

TEST_CASE("DynamoDB is called with a signed request, where its region is") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(200, R"({"Item":{"id":{"S":"a"}}})");
        auto found = co_await bench.client.call(dynamodb::GetItem("t", key("a")));
        REQUIRE(found.has_value());
        CHECK((found->item == key("a")));
        const auto& request = bench.requests().at(0);
        CHECK(request.method == "POST");
        CHECK(request.url == "https://dynamodb.eu-west-1.amazonaws.com/");
        CHECK(find_header(request.headers, "Content-Type") == "application/x-amz-json-1.0");
        CHECK(bench.target(0) == "DynamoDB_20120810.GetItem");
        CHECK(find_header(request.headers, "amz-sdk-request") == "attempt=1; max=4");
        CHECK(find_header(request.headers, "Authorization").find("/20260102/eu-west-1/dynamodb/aws4_request") !=
              std::string::npos);
        CHECK(bench.body(0) == boost::json::parse(R"({"TableName":"t","Key":{"id":{"S":"a"}},"ConsistentRead":true})"));
    });
}

TEST_CASE("DynamoDB may be elsewhere, as code or environment say, and never where Kinesis is") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), in_ireland());
        FakeMachine machine;
        machine.variables["AWS_ENDPOINT_URL_DYNAMODB"] = "http://localhost:8000";
        machine.variables["AWS_ENDPOINT_URL"] = "http://localhost:1";
        auto there = dynamodb::Client::open(fake.world, {}, machine.machine()).value();
        auto elsewhere = dynamodb::Client::open(fake.world, "http://localhost:9000", machine.machine()).value();
        fake.transport.answer(200, "{}");
        fake.transport.answer(200, "{}");
        const dynamodb::GetItem request("t", key("a"));
        auto found = co_await there.call(request);
        found = co_await elsewhere.call(request);
        CHECK(fake.transport.requests.at(0).url == "http://localhost:8000/");
        CHECK(fake.transport.requests.at(1).url == "http://localhost:9000/");

        CHECK(dynamodb::Client::open(fake.world, "elsewhere", machine.machine()).error() == error::endpoint_invalid);
        FakeWorld nowhere(context.get_executor());
        CHECK(dynamodb::Client::open(nowhere.world, {}, aws::Machine()).error() == error::region_missing);
    });
}

TEST_CASE("retries are as the environment says") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), in_ireland());
        FakeMachine machine;
        machine.variables["AWS_MAX_ATTEMPTS"] = "2";
        auto client = dynamodb::Client::open(fake.world, {}, machine.machine()).value();
        fake.transport.answer(500);
        fake.transport.answer(500);
        auto found = co_await client.call(dynamodb::GetItem("t", key("a")));
        CHECK(found.error() == error::service_failed);
        CHECK(fake.transport.requests.size() == 2);
    });
}

TEST_CASE("failures are typed, and told in the log without their secrets") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        const dynamodb::GetItem request("t", key("a"));
        bench.refuse("ResourceNotFoundException");
        auto found = co_await bench.client.call(request);
        CHECK(found.error() == error::table_not_found);
        CHECK(bench.fake.log.find("GetItem: ResourceNotFoundException m") != std::string::npos);
        bench.refuse("ValidationException");
        found = co_await bench.client.call(request);
        CHECK(found.error() == error::request_refused);
        bench.fake.transport.answer(400, R"({"__type":"x#ValidationException",)"
                                         R"("message":"Item size has exceeded the maximum allowed size"})");
        auto put = co_await bench.client.call(dynamodb::PutItem("t", key("a")));
        CHECK(put.error() == error::item_too_large);
        bench.refuse("AccessDeniedException");
        found = co_await bench.client.call(request);
        CHECK(found.error() == error::access_denied);
        for (const auto* body : {"", "{\"Item\":1}", "<html>"}) {
            bench.fake.transport.answer(200, body);
            found = co_await bench.client.call(request);
            CHECK(found.error() == error::response_invalid);
        }
        CHECK(bench.requests().size() == 7);
        CHECK(bench.fake.clock.waits.empty());

        bench.fake.log.clear();
        for (int i = 0; i < 4; ++i) bench.fake.transport.fail(error::connection_failed);
        found = co_await bench.client.call(request);
        CHECK(found.error() == error::connection_failed);
        CHECK(bench.fake.log.find(error_code(error::connection_failed).message()) != std::string::npos);
    });
}

TEST_CASE("a body is held against its checksum, and asked for again if it does not fit") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        const std::string body = R"({"Item":{"id":{"S":"a"}}})";
        bench.damage(200, R"({"Item":{"id":{"S":"b"}}})");
        bench.damage(400, R"({"__type":"x#ResourceNotFoundException"})");
        std::vector<HttpHeader> right;
        right.emplace_back("X-Amz-Crc32", std::to_string(aws::crc32(body)));
        bench.fake.transport.answer(200, body, std::move(right));
        const dynamodb::GetItem request("t", key("a"));
        auto found = co_await bench.client.call(request);
        REQUIRE(found.has_value());
        CHECK((found->item == key("a")));
        CHECK(bench.fake.clock.waits == back_offs(2));

        for (int i = 0; i < 4; ++i) bench.damage(200, body);
        found = co_await bench.client.call(request);
        CHECK(found.error() == error::response_truncated);
        CHECK(bench.requests().size() == 7);
    });
}

TEST_CASE("one write is a call of its own") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(200, "{}");
        bench.fake.transport.answer(200, "{}");
        auto put = puts(1);
        auto outcome = co_await bench.client.write(std::move(put));
        CHECK_FALSE(outcome.error);
        std::vector<dynamodb::Write> removal;
        removal.emplace_back(dynamodb::DeleteItem("t", key("a")));
        outcome = co_await bench.client.write(std::move(removal));
        CHECK_FALSE(outcome.error);
        CHECK_FALSE(outcome.doubtful);
        CHECK(bench.target(0) == "DynamoDB_20120810.PutItem");
        CHECK(bench.body(0) == boost::json::parse(R"({"TableName":"t","Item":{"id":{"S":"0"}}})"));
        CHECK(bench.target(1) == "DynamoDB_20120810.DeleteItem");
        CHECK(bench.body(1) == boost::json::parse(R"({"TableName":"t","Key":{"id":{"S":"a"}}})"));
    });
}

TEST_CASE("no writes are made at once, and more than a hundred not at all") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        auto none = puts(0);
        auto outcome = co_await bench.client.write(std::move(none));
        CHECK_FALSE(outcome.error);
        auto many = puts(101);
        outcome = co_await bench.client.write(std::move(many));
        CHECK(outcome.error == error::batch_too_large);
        CHECK_FALSE(outcome.again);
        CHECK(bench.requests().empty());
        bench.fake.transport.answer(200, "{}");
        auto most = puts(100);
        outcome = co_await bench.client.write(std::move(most));
        CHECK_FALSE(outcome.error);
        CHECK(bench.body(0).at("TransactItems").as_array().size() == 100);
    });
}

TEST_CASE("writes that are made together have one token for all attempts of a call, and another for the next try") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(500);
        bench.fake.transport.fail(error::timed_out);
        bench.refuse("TransactionCanceledException", cancelled(R"({"Code":"None"},{"Code":"TransactionConflict"})"));
        bench.fake.transport.script[2] = [&bench, last = bench.fake.transport.script[2]](const HttpRequest& request) {
            bench.fake.clock.dice = 5; // for the next token
            return last(request);
        };
        bench.fake.transport.answer(200, "{}");
        auto two = puts(2);
        auto outcome = co_await bench.client.write(std::move(two));
        CHECK_FALSE(outcome.error);
        REQUIRE(bench.requests().size() == 4);
        CHECK(bench.target(0) == "DynamoDB_20120810.TransactWriteItems");
        const auto token = bench.body(0).at("ClientRequestToken").as_string();
        CHECK(token.size() == 36);
        CHECK(bench.body(1).at("ClientRequestToken") == token);
        CHECK(bench.body(2).at("ClientRequestToken") == token);
        CHECK(bench.body(3).at("ClientRequestToken") != token);
        CHECK(bench.body(3).at("ClientRequestToken").as_string().size() == 36);
        CHECK(bench.body(3).at("TransactItems") == bench.body(0).at("TransactItems"));
    });
}

TEST_CASE("a condition that does not hold ends it at once, and is told") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.refuse("TransactionCanceledException",
                     cancelled(R"({"Code":"TransactionConflict"},{"Code":"ConditionalCheckFailed",)"
                               R"("Item":{"id":{"S":"x"}}})"));
        auto two = puts(2);
        auto outcome = co_await bench.client.write(std::move(two));
        CHECK(outcome.error == error::conflict);
        CHECK(outcome.culprit == 1);
        CHECK((outcome.found == key("x")));
        CHECK_FALSE(outcome.doubtful);
        bench.refuse("ConditionalCheckFailedException", R"(,"Item":{"id":{"S":"x"}})");
        auto one = puts(1);
        outcome = co_await bench.client.write(std::move(one));
        CHECK(outcome.error == error::conflict);
        CHECK(outcome.culprit == 0);
        CHECK((outcome.found == key("x")));
        CHECK(bench.requests().size() == 2);
        CHECK(bench.fake.clock.waits.empty());
        CHECK(bench.fake.log.empty()); // it is nothing out of the ordinary
    });
}

TEST_CASE("whoever meets other writers tries again after a while") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.refuse("TransactionConflictException");
        bench.refuse("TransactionConflictException");
        bench.fake.transport.answer(200, "{}");
        auto one = puts(1);
        auto outcome = co_await bench.client.write(std::move(one));
        CHECK_FALSE(outcome.error);
        CHECK_FALSE(outcome.doubtful);
        CHECK(bench.requests().size() == 3);
        CHECK(bench.fake.clock.waits == back_offs(2));
    });
}

TEST_CASE("whoever meets others again and again gives up with what stood in the way") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        for (const std::string code : {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}) {
            Bench bench(context.get_executor());
            for (int i = 0; i < 10; ++i) {
                bench.refuse("TransactionCanceledException",
                             cancelled(R"({"Code":"None"},{"Code":")" + code + R"("},{"Code":"TransactionConflict"})"));
            }
            auto three = puts(3);
            auto outcome = co_await bench.client.write(std::move(three));
            CHECK(outcome.error == (code == "TransactionConflict" ? error::conflict : error::throttled));
            CHECK(outcome.again);
            CHECK_FALSE(outcome.culprit.has_value());
            CHECK(bench.requests().size() == 10);
            CHECK(bench.fake.clock.waits == back_offs(9));
        }
        Bench bench(context.get_executor());
        for (int i = 0; i < 10; ++i) bench.refuse("TransactionConflictException");
        auto one = puts(1);
        auto outcome = co_await bench.client.write(std::move(one));
        CHECK(outcome.error == error::conflict);
        CHECK(bench.requests().size() == 10);
    });
}

TEST_CASE("writes that are throttled as a whole are tried again, a few times more than ten in all") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        for (const int count : {1, 2}) {
            CAPTURE(count);
            Bench bench(context.get_executor());
            for (int i = 0; i < 8; ++i) bench.refuse("ProvisionedThroughputExceededException"); // two calls
            bench.fake.transport.answer(200, "{}");
            auto writes = puts(count);
            auto outcome = co_await bench.client.write(std::move(writes));
            CHECK_FALSE(outcome.error);
            CHECK_FALSE(outcome.doubtful);
            CHECK(bench.requests().size() == 9);
            CHECK(bench.fake.clock.waits == throttled_calls(2));

            for (int i = 0; i < 12; ++i) bench.refuse("ThrottlingException");
            writes = puts(count);
            outcome = co_await bench.client.write(std::move(writes));
            CHECK(outcome.error == error::throttled);
            CHECK_FALSE(outcome.doubtful);
            CHECK(bench.requests().size() == 21);
        }
    });
}

TEST_CASE("writes whose answer was lost before they were throttled are tried again as the same, and stay in doubt") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.fail(error::timed_out);
        for (int i = 0; i < 2; ++i) bench.refuse("TransactionInProgressException");
        bench.refuse("ThrottlingException");
        bench.fake.transport.script[3] = [&bench, last = bench.fake.transport.script[3]](const HttpRequest& request) {
            bench.fake.clock.dice = 5; // for another token, if there were one
            return last(request);
        };
        bench.fake.transport.answer(200, "{}");
        auto two = puts(2);
        auto outcome = co_await bench.client.write(std::move(two));
        CHECK_FALSE(outcome.error);
        REQUIRE(bench.requests().size() == 5);
        for (std::size_t i = 1; i < 5; ++i) {
            CHECK(bench.body(i).at("ClientRequestToken") == bench.body(0).at("ClientRequestToken"));
        }

        bench.fake.transport.fail(error::timed_out);
        for (int i = 0; i < 3; ++i) bench.refuse("ThrottlingException");
        bench.refuse("ConditionalCheckFailedException", R"(,"Item":{"id":{"S":"0"}})");
        auto one = puts(1);
        outcome = co_await bench.client.write(std::move(one));
        CHECK(outcome.error == error::conflict);
        CHECK(outcome.doubtful);
        CHECK((outcome.found == key("0")));
        CHECK(bench.requests().size() == 10);
    });
}

TEST_CASE("a transaction that was cancelled for no reason that can be read is not tried again") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.refuse("TransactionCanceledException", cancelled(R"({"Code":"None"},{"Code":"None"})"));
        auto two = puts(2);
        const auto outcome = co_await bench.client.write(std::move(two));
        CHECK(outcome.error == error::response_invalid);
        CHECK(bench.requests().size() == 1);
        CHECK(bench.fake.clock.waits.empty());
    });
}

TEST_CASE("a service that blames what it was not asked is not believed") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.refuse("TransactionCanceledException",
                     cancelled(R"({"Code":"None"},{"Code":"None"},{"Code":"ConditionalCheckFailed"})"));
        auto two = puts(2);
        auto outcome = co_await bench.client.write(std::move(two));
        CHECK(outcome.error == error::response_invalid);
        CHECK_FALSE(outcome.culprit.has_value());
        CHECK(bench.requests().size() == 1);
    });
}

TEST_CASE("after a lost answer it is in doubt who wrote what is there") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.fail(error::connection_failed);
        bench.refuse("ConditionalCheckFailedException", R"(,"Item":{"id":{"S":"0"}})");
        auto one = puts(1);
        auto outcome = co_await bench.client.write(std::move(one));
        CHECK(outcome.error == error::conflict);
        CHECK(outcome.doubtful);
        CHECK((outcome.found == key("0")));

        // The answer was lost by an earlier try.
        bench.damage(200, "{}");
        bench.refuse("TransactionConflictException");
        bench.refuse("ConditionalCheckFailedException");
        one = puts(1);
        outcome = co_await bench.client.write(std::move(one));
        CHECK(outcome.error == error::conflict);
        CHECK(outcome.culprit == 0);
        CHECK(outcome.doubtful);
        CHECK(bench.requests().size() == 5);
    });
}

TEST_CASE("a write whose answers are all lost is told as that") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        for (int i = 0; i < 4; ++i) bench.fake.transport.fail(error::timed_out);
        auto one = puts(1);
        auto outcome = co_await bench.client.write(std::move(one));
        CHECK(outcome.error == error::timed_out);
        CHECK(outcome.doubtful);
        CHECK_FALSE(outcome.again);
        CHECK(bench.requests().size() == 4);
    });
}

TEST_CASE("a batch is split into what the service takes") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        for (int i = 0; i < 3; ++i) bench.fake.transport.answer(200, "{}");
        auto items = keys(30);
        auto removals = keys(25);
        auto done = co_await bench.client.write_batch("t", std::move(items), std::move(removals));
        CHECK(done.has_value());
        REQUIRE(bench.requests().size() == 3);
        std::vector<std::string> asked;
        for (std::size_t i = 0; i < 3; ++i) {
            CHECK(bench.target(i) == "DynamoDB_20120810.BatchWriteItem");
            const auto ids = ids_of(bench.body(i));
            CHECK(ids.size() == (i < 2 ? 25 : 5));
            asked.insert(asked.end(), ids.begin(), ids.end());
        }
        std::vector<std::string> expected;
        for (int i = 0; i < 30; ++i) expected.push_back("put " + std::to_string(i));
        for (int i = 0; i < 25; ++i) expected.push_back("remove " + std::to_string(i));
        CHECK(asked == expected);
        CHECK(bench.fake.clock.waits.empty());
        items.clear();
        done = co_await bench.client.write_batch("t", std::move(items));
        CHECK(done.has_value());
        CHECK(bench.requests().size() == 3);
    });
}

TEST_CASE("something is done between two requests of a batch, and may end it") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        for (int i = 0; i < 3; ++i) bench.fake.transport.answer(200, "{}");
        std::vector<std::size_t> after;
        error_code verdict;
        const auto between = [&]() -> asio::awaitable<error_code> {
            after.push_back(bench.requests().size());
            co_return verdict;
        };
        auto items = keys(60);
        std::vector<Item> none;
        const auto all = co_await bench.client.write_batch("t", items, none, between);
        CHECK(all.has_value());
        CHECK(after == std::vector<std::size_t>{1, 2});
        verdict = error::storage_locked;
        bench.fake.transport.answer(200, "{}");
        const auto some = co_await bench.client.write_batch("t", items, none, between);
        CHECK(some.error() == error::storage_locked);
        CHECK(bench.requests().size() == 4);
    });
}

TEST_CASE("what a batch leaves undone is asked for again, after a while") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        const std::string removal = R"({"DeleteRequest":{"Key":{"id":{"S":"x"}}}})";
        bench.fake.transport.answer(200, undone(1, 3, "," + removal));
        bench.fake.transport.answer(200, undone(0, 0, removal));
        bench.fake.transport.answer(200, "{}");
        auto items = keys(3);
        std::vector<Item> removals;
        removals.push_back(key("x"));
        auto done = co_await bench.client.write_batch("t", std::move(items), std::move(removals));
        CHECK(done.has_value());
        REQUIRE(bench.requests().size() == 3);
        CHECK(ids_of(bench.body(0)) == std::vector<std::string>{"put 0", "put 1", "put 2", "remove x"});
        CHECK(ids_of(bench.body(1)) == std::vector<std::string>{"put 1", "put 2", "remove x"});
        CHECK(ids_of(bench.body(2)) == std::vector<std::string>{"remove x"});
        CHECK(bench.fake.clock.waits == std::vector{12ms, 12ms});
    });
}

TEST_CASE("a batch of which nothing is done gives up, and progress begins the count anew") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        for (int i = 0; i < 10; ++i) bench.fake.transport.answer(200, undone(0, 3));
        auto items = keys(3);
        auto done = co_await bench.client.write_batch("t", std::move(items));
        CHECK(done.error() == error::throttled);
        CHECK(bench.requests().size() == 10);
        CHECK(bench.fake.clock.waits == back_offs(9));

        bench.fake.clock.waits.clear();
        for (int i = 0; i < 9; ++i) bench.fake.transport.answer(200, undone(0, 3));
        bench.fake.transport.answer(200, undone(1, 3));
        for (int i = 0; i < 8; ++i) bench.fake.transport.answer(200, undone(1, 3));
        bench.fake.transport.answer(200, "{}");
        items = keys(3);
        done = co_await bench.client.write_batch("t", std::move(items));
        CHECK(done.has_value());
        CHECK(bench.requests().size() == 29);
        auto waits = back_offs(9);
        for (const auto wait : back_offs(9)) waits.push_back(wait);
        CHECK(bench.fake.clock.waits == waits);
    });
}

TEST_CASE("a batch ends with the first error, or with an answer that makes no sense") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(200, "{}");
        bench.refuse("ResourceNotFoundException");
        auto items = keys(60);
        auto done = co_await bench.client.write_batch("t", std::move(items));
        CHECK(done.error() == error::table_not_found);
        CHECK(bench.requests().size() == 2);
        bench.fake.transport.answer(400, R"({"__type":"x#ValidationException",)"
                                         R"("Message":"Item size has exceeded the maximum allowed size"})");
        items = keys(1);
        done = co_await bench.client.write_batch("t", std::move(items));
        CHECK(done.error() == error::item_too_large);
        bench.fake.transport.answer(200, undone(0, 3)); // more than it was asked for
        items = keys(2);
        done = co_await bench.client.write_batch("t", std::move(items));
        CHECK(done.error() == error::response_invalid);
        bench.fake.transport.answer(200, R"({"UnprocessedItems":{"t":[{"PutRequest":{"Item":null}}]}})");
        items = keys(1);
        done = co_await bench.client.write_batch("t", std::move(items));
        CHECK(done.error() == error::response_invalid);
        CHECK(bench.requests().size() == 5);
        CHECK(bench.fake.clock.waits.empty());
    });
}

TEST_CASE("a batch that is throttled as a whole is asked for again, as one of which nothing is done") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        for (const auto* code : {"ProvisionedThroughputExceededException", "ThrottlingException",
                                 "RequestLimitExceeded"}) {
            CAPTURE(code);
            Bench bench(context.get_executor());
            for (int i = 0; i < 8; ++i) bench.refuse(code); // two calls
            bench.fake.transport.answer(200, "{}");
            bench.fake.transport.answer(200, "{}");
            auto items = keys(25);
            auto removals = keys(2);
            const auto done = co_await bench.client.write_batch("t", std::move(items), std::move(removals));
            CHECK(done.has_value());
            REQUIRE(bench.requests().size() == 10);
            CHECK(bench.body(4).at("RequestItems").at("t").as_array().size() == 25);
            std::vector<std::string> made = ids_of(bench.body(8));
            for (auto& id : ids_of(bench.body(9))) made.push_back(std::move(id));
            std::vector<std::string> expected;
            for (int i = 0; i < 25; ++i) expected.push_back("put " + std::to_string(i));
            std::sort(made.begin(), made.end());
            expected.insert(expected.end(), {"remove 0", "remove 1"});
            std::sort(expected.begin(), expected.end());
            CHECK(made == expected);
            CHECK(bench.fake.clock.waits == throttled_calls(2));
        }
    });
}

TEST_CASE("each attempt of a batch that is throttled as a whole counts, so that there are but a few more than ten") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        for (int i = 0; i < 12; ++i) bench.refuse("ThrottlingException");
        auto items = keys(3);
        auto done = co_await bench.client.write_batch("t", std::move(items));
        CHECK(done.error() == error::throttled);
        CHECK(bench.requests().size() == 12);

        for (int i = 0; i < 9; ++i) bench.fake.transport.answer(200, undone(0, 3));
        for (int i = 0; i < 4; ++i) bench.refuse("ThrottlingException");
        items = keys(3);
        done = co_await bench.client.write_batch("t", std::move(items));
        CHECK(done.error() == error::throttled);
        CHECK(bench.requests().size() == 25);
    });
}

TEST_CASE("a table is waited for until it and its indexes can be used") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.refuse("ResourceNotFoundException"); // what was made just now may not be seen yet
        bench.fake.transport.answer(200, described("CREATING"));
        bench.fake.transport.answer(200, described("ACTIVE", "CREATING"));
        bench.fake.transport.answer(200, described("UPDATING"));
        bench.fake.transport.answer(200, described("ACTIVE", "DELETING"));
        bench.fake.transport.answer(200, described("ACTIVE", "UPDATING"));
        auto table = co_await bench.client.wait_until_active("t", 60s);
        REQUIRE(table.has_value());
        CHECK(table->name == "t");
        CHECK(table->indexes.size() == 1);
        CHECK(bench.requests().size() == 6);
        CHECK(bench.fake.clock.waits == std::vector<std::chrono::milliseconds>{100ms, 200ms, 400ms, 800ms, 1000ms});
        CHECK(bench.target(5) == "DynamoDB_20120810.DescribeTable");
    });
}

TEST_CASE("nobody waits for a table any more when his producer is to end") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(200, described("CREATING"));
        bench.fake.world.leave();
        const auto table = co_await bench.client.wait_until_active("t", 2s);
        CHECK(table.error() == asio::error::operation_aborted);
        CHECK(bench.requests().size() == 1);
    });
}

TEST_CASE("a table is waited for no longer than one has patience") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        for (int i = 0; i < 5; ++i) bench.fake.transport.answer(200, described("CREATING"));
        auto table = co_await bench.client.wait_until_active("t", 2s);
        CHECK(table.error() == error::timed_out);
        CHECK(bench.fake.clock.waits == std::vector<std::chrono::milliseconds>{100ms, 200ms, 400ms, 800ms});
        for (int i = 0; i < 5; ++i) bench.refuse("ResourceNotFoundException");
        table = co_await bench.client.wait_until_active("t", 2s);
        CHECK(table.error() == error::table_not_found);
        bench.fake.transport.answer(200, described("DELETING"));
        table = co_await bench.client.wait_until_active("t", 0s);
        CHECK(table.error() == error::timed_out);
        bench.refuse("AccessDeniedException");
        table = co_await bench.client.wait_until_active("t", 2s);
        CHECK(table.error() == error::access_denied);
        bench.fake.transport.answer(200, "{}");
        table = co_await bench.client.wait_until_active("t", 2s);
        CHECK(table.error() == error::response_invalid);
    });
}
