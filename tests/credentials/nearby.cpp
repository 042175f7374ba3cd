#include <sluice/credentials/nearby.hpp>

#include <aws/fakes.hpp>
#include <run.hpp>

#include <doctest/doctest.h>

#include <chrono>

using namespace sluice;
using namespace std::chrono_literals;

TEST_CASE("an endpoint of this host is asked without a proxy, shortly and for little") {
    const auto request = detail::nearby_request("PUT", "http://169.254.169.254/x");
    CHECK(request.method == "PUT");
    CHECK(request.url == "http://169.254.169.254/x");
    CHECK_FALSE(request.proxy);
    CHECK_FALSE(request.http2);
    CHECK(request.connect_timeout <= 2s);
    CHECK(request.timeout <= 5s);
    CHECK(request.max_response_bytes <= 1U << 20U);
}

TEST_CASE("what may pass is tried again, with growing delays, and no oftener than allowed") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor());
        fake.clock.dice = 199; // the most of 100 and of 200 ms
        fake.transport.answer(500);
        fake.transport.answer(429);
        fake.transport.fail(error::timed_out);
        fake.transport.answer(200, "late");
        auto request = detail::nearby_request("GET", "http://h/");
        auto answer = co_await detail::send_nearby(fake.world, request, 3);
        CHECK(answer.error() == error::timed_out);
        CHECK(fake.transport.requests.size() == 3);
        REQUIRE(fake.clock.waits.size() == 2);
        CHECK(fake.clock.waits[0] == 99ms);
        CHECK(fake.clock.waits[1] == 199ms);
        answer = co_await detail::send_nearby(fake.world, request, 1);
        CHECK(answer->body == "late");
    });
}

TEST_CASE("an answer that will not change is taken as it is") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        FakeWorld fake(context.get_executor());
        for (const int status : {200, 301, 400, 403, 404}) fake.transport.answer(status);
        fake.transport.fail(error::response_too_large);
        fake.transport.fail(error::tls_failed);
        auto request = detail::nearby_request("GET", "http://h/");
        for (int i = 0; i < 7; ++i) {
            auto answer = co_await detail::send_nearby(fake.world, request, 3);
            CHECK(fake.transport.requests.size() == static_cast<std::size_t>(i) + 1);
        }
        CHECK(fake.clock.waits.empty());
    });
}
