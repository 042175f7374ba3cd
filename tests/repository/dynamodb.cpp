#include <sluice/repository/dynamodb.hpp>

#include <aws/fakes.hpp>
#include <run.hpp>

#include <doctest/doctest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

using namespace sluice;

namespace {

using Objects = DynamoDbRepository<boost::json::object>;

Options nowhere() {
    Options options{"stream"};
    options.region = "eu-west-1";
    options.endpoint = "http://127.0.0.1:1"; // of Kinesis, and of nothing else
    return options;
}

Objects products() { return Objects("products").at("http://127.0.0.1:8000").on_machine(aws::Machine()); }

std::string table(const std::string& status = "ACTIVE", const std::string& key = "$id") {
    return R"({"Table":{"TableName":"products","TableStatus":")" + status +
           R"(","AttributeDefinitions":[{"AttributeName":"$id","AttributeType":"S"}],)"
           R"("KeySchema":[{"AttributeName":")" + key + R"(","KeyType":"HASH"}]}})";
}

std::string operations(const FakeWorld& fake) {
    std::string all;
    for (const auto& request : fake.transport.requests) {
        const auto target = find_header(request.headers, "X-Amz-Target");
        all += std::string(target.substr(target.find('.') + 1)) + " ";
    }
    return all;
}

} // namespace

TEST_CASE("a repository opens where its table is, and waits until that can be used") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), nowhere());
        fake.transport.answer(200, table("CREATING"));
        fake.transport.answer(200, table("CREATING"));
        fake.transport.answer(200, table());
        auto recipe = products();
        auto opened = co_await recipe.open(fake.world);
        REQUIRE(opened.has_value());
        CHECK(operations(fake) == "DescribeTable DescribeTable DescribeTable ");
        CHECK(fake.transport.requests[0].url == "http://127.0.0.1:8000/");
        CHECK(find_header(fake.transport.requests[0].headers, "Authorization").find("/eu-west-1/dynamodb/aws4_request") !=
              std::string::npos);
        fake.transport.answer(200, R"({"Item":{"$id":{"S":"a"},"x":{"N":"1"}}})");
        const auto got = co_await opened->get("a");
        CHECK(got.value() == boost::json::object{{"x", 1}});
    });
}

TEST_CASE("without an endpoint it is that of the region, never that of Kinesis") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), nowhere());
        fake.transport.answer(200, table());
        auto recipe = Objects("products").on_machine(aws::Machine());
        const auto opened = co_await recipe.open(fake.world);
        CHECK(opened.has_value());
        CHECK(fake.transport.requests[0].url == "https://dynamodb.eu-west-1.amazonaws.com/");
        FakeWorld lost(context.get_executor());
        const auto no_region = co_await recipe.open(lost.world);
        CHECK(no_region.error() == error::region_missing);
    });
}

TEST_CASE("a table that is missing, or another one, is told at once") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), nowhere());
        fake.transport.answer(400, R"({"__type":"ResourceNotFoundException"})");
        auto recipe = products();
        const auto missing = co_await recipe.open(fake.world);
        CHECK(missing.error() == error::table_not_found);
        CHECK(fake.transport.requests.size() == 1);
        fake.transport.answer(200, table("ACTIVE", "id"));
        const auto other = co_await recipe.open(fake.world);
        CHECK(other.error() == error::table_unfit);
        CHECK(fake.log.find("its key is not the text `$id` alone") != std::string::npos);
    });
}

TEST_CASE("a missing table is made where that is wanted, with its expiry") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), nowhere());
        fake.transport.answer(400, R"({"__type":"ResourceNotFoundException"})");
        fake.transport.answer(200, R"({"TableDescription":{"TableName":"products","TableStatus":"CREATING"}})");
        fake.transport.answer(200, table());
        fake.transport.answer(200, R"({"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}})");
        fake.transport.answer(200, "{}");
        auto recipe = products().create_table().expire_by("$until");
        const auto opened = co_await recipe.open(fake.world);
        CHECK(opened.has_value());
        CHECK(operations(fake) == "DescribeTable CreateTable DescribeTable DescribeTimeToLive UpdateTimeToLive ");
        CHECK(boost::json::parse(*fake.transport.requests.back().body) ==
              boost::json::parse(R"({"TableName":"products","TimeToLiveSpecification":)"
                                 R"({"Enabled":true,"AttributeName":"$$until"}})"));
    });
}

TEST_CASE("items expire, whoever made the table") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), nowhere());
        auto recipe = products().create_table().expire_by("until");
        const auto told = [](const std::string& status, const std::string& attribute) {
            return R"({"TimeToLiveDescription":{"TimeToLiveStatus":")" + status + R"(","AttributeName":")" + attribute +
                   "\"}}";
        };
        fake.transport.answer(200, table());
        fake.transport.answer(200, told("ENABLED", "until"));
        const auto enabled = co_await recipe.open(fake.world);
        CHECK(enabled.has_value());
        fake.transport.answer(200, table());
        fake.transport.answer(200, told("ENABLED", "other"));
        const auto other = co_await recipe.open(fake.world);
        CHECK(other.error() == error::table_unfit);
        fake.transport.answer(200, table());
        fake.transport.answer(200, told("DISABLED", ""));
        fake.transport.answer(400, R"({"__type":"ValidationException","message":"TimeToLive is already enabled"})");
        fake.transport.answer(200, told("ENABLING", "until"));
        const auto faster = co_await recipe.open(fake.world);
        CHECK(faster.has_value());
        fake.transport.answer(200, table());
        fake.transport.answer(400, R"({"__type":"AccessDeniedException"})");
        const auto denied = co_await recipe.open(fake.world);
        CHECK(denied.error() == error::access_denied);
        fake.transport.answer(200, table());
        auto foreign = products().expire_by("until"); // its items are not this one's to expire
        const auto untold = co_await foreign.open(fake.world);
        CHECK(untold.has_value());
    });
}

TEST_CASE("two that make a table at the same time both find it") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), nowhere());
        fake.transport.answer(400, R"({"__type":"ResourceNotFoundException"})");
        fake.transport.answer(400, R"({"__type":"ResourceInUseException"})");
        fake.transport.answer(200, table());
        auto recipe = products().create_table();
        const auto opened = co_await recipe.open(fake.world);
        CHECK(opened.has_value());
        fake.transport.answer(400, R"({"__type":"ResourceNotFoundException"})");
        fake.transport.answer(400, R"({"__type":"AccessDeniedException"})");
        const auto denied = co_await recipe.open(fake.world);
        CHECK(denied.error() == error::access_denied);
    });
}

TEST_CASE("what can never work is refused by the recipe") {
    CHECK_THROWS_AS(Objects(""), std::invalid_argument);
    CHECK_THROWS_AS(Objects("ab"), std::invalid_argument);
    CHECK_THROWS_AS(Objects("a b c"), std::invalid_argument);
    CHECK_THROWS_AS(Objects(std::string(256, 'x')), std::invalid_argument);
    CHECK_THROWS_AS(products().parallel_scan(0), std::invalid_argument);
    CHECK_THROWS_AS(products().parallel_scan(1'001), std::invalid_argument);
    CHECK_THROWS_AS(products().look_every(std::chrono::seconds(0)), std::invalid_argument);
    CHECK_THROWS_AS(products().expire_by(""), std::invalid_argument);
    CHECK_NOTHROW(Objects("a.b-C_9"));
}
