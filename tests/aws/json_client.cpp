#include <sluice/aws/json_client.hpp>

#include <aws/fakes.hpp>
#include <credentials/fakes.hpp>
#include <run.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace sluice;

namespace {

constexpr aws::JsonDialect dialect{aws::Service::firehose, "The service", "Service_1.", "application/x-amz-json-1.1"};

class Ask {
public:
    static constexpr std::string_view operation = "Ask";

    void write(aws::JsonWriter& out) const {
        out.key("Question");
        out.text("why");
    }
};

Options in_ireland() {
    Options options{"stream"};
    options.region = "eu-west-1";
    options.endpoint = "http://127.0.0.1:1"; // of the stream's service, and of no other
    return options;
}

class Bench {
public:
    explicit Bench(const asio::any_io_executor& executor)
        : fake(executor, in_ireland()),
          client(aws::JsonClient::open(fake.world, dialect, {}, aws::Machine()).value()) {}

    FakeWorld fake;
    aws::JsonClient client;
};

} // namespace

TEST_CASE("a call is what the dialect and the request say") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(200, R"({"Answer":"because"})");
        const Ask ask;
        const auto reply = co_await bench.client.send(ask);
        CHECK_FALSE(reply.error);
        CHECK(reply.response.body == R"({"Answer":"because"})");
        const auto& request = bench.fake.transport.requests.at(0);
        CHECK(request.url == "https://firehose.eu-west-1.amazonaws.com/");
        CHECK(find_header(request.headers, "X-Amz-Target") == "Service_1.Ask");
        CHECK(find_header(request.headers, "Content-Type") == "application/x-amz-json-1.1");
        CHECK(*request.body == R"({"Question":"why"})");
        CHECK(bench.fake.log.empty());
    });
}

TEST_CASE("where it calls and how often is what code and environment say") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), in_ireland());
        FakeMachine machine;
        machine.variables["AWS_ENDPOINT_URL_FIREHOSE"] = "http://localhost:8000";
        machine.variables["AWS_MAX_ATTEMPTS"] = "2";
        auto there = aws::JsonClient::open(fake.world, dialect, {}, machine.machine()).value();
        auto elsewhere = aws::JsonClient::open(fake.world, dialect, "http://localhost:9000", machine.machine()).value();
        for (int i = 0; i < 4; ++i) fake.transport.answer(500);
        const Ask ask;
        auto reply = co_await there.send(ask);
        reply = co_await elsewhere.send(ask);
        CHECK(reply.error == error::service_failed);
        REQUIRE(fake.transport.requests.size() == 4);
        CHECK(fake.transport.requests[1].url == "http://localhost:8000/");
        CHECK(fake.transport.requests[2].url == "http://localhost:9000/");

        CHECK(aws::JsonClient::open(fake.world, dialect, "elsewhere", machine.machine()).error() ==
              error::endpoint_invalid);
        FakeWorld nowhere(context.get_executor());
        CHECK(aws::JsonClient::open(nowhere.world, dialect, {}, aws::Machine()).error() == error::region_missing);
    });
}

TEST_CASE("the log has the service's words, or the error if it said nothing") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        const Ask ask;
        bench.fake.transport.answer(400, R"({"__type":"x#ValidationException","message":"No such thing."})");
        auto reply = co_await bench.client.send(ask);
        CHECK(reply.error == error::request_refused);
        CHECK(bench.fake.log.empty());
        bench.client.note("Ask", reply);
        CHECK(bench.fake.log == "The service did not do Ask: ValidationException No such thing.\n");

        bench.fake.log.clear();
        for (int i = 0; i < 4; ++i) bench.fake.transport.fail(error::connection_failed);
        reply = co_await bench.client.send(ask);
        CHECK(reply.error == error::connection_failed);
        bench.client.note("Ask", reply);
        CHECK(bench.fake.log == "The service did not do Ask: " + error_code(error::connection_failed).message() + "\n");
    });
}
