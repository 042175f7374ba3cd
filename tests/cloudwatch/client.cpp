#include <sluice/cloudwatch/client.hpp>

#include <aws/fakes.hpp>
#include <run.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace sluice;

namespace {

Options in_ireland() {
    Options options{"stream"};
    options.region = "eu-west-1";
    options.endpoint = "http://127.0.0.1:1"; // of Kinesis, and of nothing else
    return options;
}

} // namespace

TEST_CASE("CloudWatch is told with a signed request") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), in_ireland());
        auto client = cloudwatch::Client::open(fake.world, fake.credentials, aws::Settings(fake.options)).value();
        fake.transport.answer(200, "{}");
        auto reply = co_await client.put_metric_data("{\"Namespace\":\"N\",\"MetricData\":[]}");
        CHECK_FALSE(reply.error);
        const auto& request = fake.transport.requests.at(0);
        CHECK(request.method == "POST");
        CHECK(request.url == "https://monitoring.eu-west-1.amazonaws.com/");
        CHECK(find_header(request.headers, "Content-Type") == "application/x-amz-json-1.0");
        CHECK(find_header(request.headers, "X-Amz-Target") == "GraniteServiceVersion20100801.PutMetricData");
        CHECK(find_header(request.headers, "x-amzn-query-mode") == "true");
        CHECK(find_header(request.headers, "Authorization").find("/20260102/eu-west-1/monitoring/aws4_request") !=
              std::string::npos);
        CHECK(*request.body == "{\"Namespace\":\"N\",\"MetricData\":[]}");
        CHECK(request.timeout == std::chrono::seconds(10));
    });
}

TEST_CASE("CloudWatch may be elsewhere") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), in_ireland());
        const aws::Settings settings(fake.options);
        auto client = cloudwatch::Client::open(fake.world, fake.credentials, settings, "http://localhost:4566").value();
        fake.transport.answer(200, "{}");
        auto reply = co_await client.put_metric_data("{}");
        CHECK(fake.transport.requests.at(0).url == "http://localhost:4566/");
        const auto nowhere = cloudwatch::Client::open(fake.world, fake.credentials, settings, "elsewhere");
        CHECK(nowhere.error() == error::endpoint_invalid);
        CHECK(cloudwatch::Client::open(fake.world, fake.credentials, aws::Settings(Options("s"))).error() ==
              error::region_missing);
    });
}

TEST_CASE("CloudWatch's refusals and failures are typed") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor(), in_ireland());
        auto client = cloudwatch::Client::open(fake.world, fake.credentials, aws::Settings(fake.options)).value();
        fake.transport.answer(400, R"({"__type":"com.amazonaws.cloudwatch#InvalidParameterValueException",)"
                                   R"("message":"too old"})",
                              {HttpHeader("x-amzn-query-error", "InvalidParameterValue;Sender")});
        auto reply = co_await client.put_metric_data("{}");
        CHECK(reply.error == error::request_refused);
        CHECK(reply.code == "InvalidParameterValue");
        CHECK(reply.message == "too old");
        fake.transport.answer(500, R"({"__type":"InternalServiceError"})");
        fake.transport.answer(400, R"({"__type":"Throttling"})");
        fake.transport.answer(200, "{}");
        reply = co_await client.put_metric_data("{}");
        CHECK_FALSE(reply.error);
        CHECK(fake.transport.requests.size() == 4);
        fake.transport.answer(403, R"({"__type":"AccessDenied","message":"no cloudwatch:PutMetricData"})");
        reply = co_await client.put_metric_data("{}");
        CHECK(reply.error == error::access_denied);
        CHECK(fake.transport.requests.size() == 5);
    });
}
