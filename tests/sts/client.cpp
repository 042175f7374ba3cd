#include <sluice/sts/client.hpp>

#include <aws/fakes.hpp>
#include <run.hpp>
#include <sts/answers.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace sluice;

namespace {

Options in_ireland() {
    Options options{"stream"};
    options.region = "eu-west-1";
    return options;
}

class Bench {
public:
    explicit Bench(const asio::any_io_executor& executor)
        : fake(executor, in_ireland()), client(sts::Client::open(fake.world, aws::Settings(fake.options)).value()) {}

    [[nodiscard]] const HttpRequest& request(std::size_t index = 0) const { return fake.transport.requests.at(index); }

    FakeWorld fake;
    sts::Client client;
};

Secrets base() { return Secrets("AKIDBASE", Secret("base-key"), Secret("base-token")); }

} // namespace

TEST_CASE("a role is assumed with the credentials of whoever asks") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(200, assumed("AssumeRole", "ASIAROLE"));
        auto secrets = base();
        sts::Role role("arn:aws:iam::123456789012:role/r");
        auto given = co_await bench.client.assume_role(secrets, role);
        REQUIRE(given.has_value());
        CHECK(given->access_key_id == "ASIAROLE");
        CHECK(given->secret_access_key == Secret("role-key"));
        CHECK(given->session_token == Secret("role-token"));
        CHECK(given->account_id == "123456789012");
        CHECK(given->expires == wall_time(std::chrono::seconds(1'767'326'645)));
        const auto& request = bench.request();
        CHECK(request.url == "https://sts.eu-west-1.amazonaws.com/");
        CHECK(request.body->find("Action=AssumeRole&") == 0);
        CHECK(request.body->find("&RoleSessionName=sluice-ffffffffffffffff&") != std::string::npos);
        CHECK(find_header(request.headers, "Authorization").find("AKIDBASE/20260102/eu-west-1/sts/") !=
              std::string::npos);
        CHECK(find_header(request.headers, "X-Amz-Security-Token") == "base-token");
        CHECK(bench.fake.credentials.fetched == 0);
        CHECK(bench.fake.log.empty());
    });
}

TEST_CASE("a web identity is not signed") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(200, assumed("AssumeRoleWithWebIdentity", "ASIAWEB"));
        sts::WebIdentity identity("arn:aws:iam::123456789012:role/r", Secret("TOKEN"));
        identity.session_name = "pod";
        auto given = co_await bench.client.assume_role_with_web_identity(identity);
        REQUIRE(given.has_value());
        CHECK(given->access_key_id == "ASIAWEB");
        CHECK(bench.request().body->find("&RoleSessionName=pod&WebIdentityToken=TOKEN&") != std::string::npos);
        CHECK(find_header(bench.request().headers, "Authorization").empty());
    });
}

TEST_CASE("STS says who somebody is") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(200, "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:x</Arn>"
                                         "<UserId>AROA:s</UserId><Account>123456789012</Account>"
                                         "</GetCallerIdentityResult></GetCallerIdentityResponse>");
        auto secrets = base();
        auto identity = co_await bench.client.get_caller_identity(secrets);
        REQUIRE(identity.has_value());
        CHECK(identity->account == "123456789012");
        CHECK(*bench.request().body == "Action=GetCallerIdentity&Version=2011-06-15");
    });
}

TEST_CASE("STS is asked again when it fails, and not when it refuses") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        bench.fake.transport.answer(503);
        bench.fake.transport.answer(400, refused("IDPCommunicationError", "later"));
        bench.fake.transport.answer(200, assumed("AssumeRoleWithWebIdentity", "ASIAWEB"));
        sts::WebIdentity identity("arn", Secret("TOKEN"));
        auto given = co_await bench.client.assume_role_with_web_identity(identity);
        CHECK(given.has_value());
        CHECK(bench.fake.transport.requests.size() == 3);
        bench.fake.transport.answer(403, refused("AccessDenied", "User x is not authorized, base-key and base-token"));
        auto secrets = base();
        sts::Role role("arn");
        given = co_await bench.client.assume_role(secrets, role);
        CHECK(given.error() == error::access_denied);
        CHECK(bench.fake.transport.requests.size() == 4);
        CHECK(bench.fake.log == "STS did not do AssumeRole: AccessDenied User x is not authorized, *** and ***\n");
        bench.fake.log.clear();
        bench.fake.transport.answer(400, refused("InvalidIdentityToken", "TOKEN is no token"));
        given = co_await bench.client.assume_role_with_web_identity(identity);
        CHECK(given.error() == error::credentials_refused);
        CHECK(bench.fake.log.find("TOKEN") == std::string::npos);
    });
}

TEST_CASE("STS that is not reached is told with the reason, and is not waited for as long as others") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        for (int i = 0; i < 3; ++i) bench.fake.transport.fail(error::timed_out);
        auto secrets = base();
        sts::Role role("arn");
        auto given = co_await bench.client.assume_role(secrets, role);
        CHECK(given.error() == error::timed_out);
        CHECK(bench.fake.log.find("AssumeRole: No answer came in time") != std::string::npos);
        CHECK(bench.request().timeout == std::chrono::seconds(10));
        CHECK(bench.request().max_response_bytes == 1U << 20U);
        bench.fake.log.clear();
        bench.fake.transport.fail(asio::error::operation_aborted);
        given = co_await bench.client.assume_role(secrets, role);
        CHECK(given.error() == asio::error::operation_aborted);
        CHECK(bench.fake.log.empty());
    });
}

TEST_CASE("STS shows how wrong this machine's clock is") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        std::vector<HttpHeader> hour_ago{HttpHeader("Date", "Fri, 02 Jan 2026 02:04:05 GMT")};
        bench.fake.transport.answer(200, assumed("AssumeRole", "ASIAROLE"), hour_ago);
        auto secrets = base();
        sts::Role role("arn");
        auto given = co_await bench.client.assume_role(secrets, role);
        CHECK(given.has_value());
        CHECK(bench.fake.world.clock_correction() == -std::chrono::hours(1));
        CHECK(bench.fake.world.service_time() == bench.fake.clock.wall() - std::chrono::hours(1));
        std::vector<HttpHeader> nearly{HttpHeader("Date", "Fri, 02 Jan 2026 02:06:05 GMT")};
        bench.fake.transport.answer(200, assumed("AssumeRole", "ASIAROLE"), nearly);
        given = co_await bench.client.assume_role(secrets, role);
        CHECK(bench.fake.world.clock_correction() == -std::chrono::hours(1));
    });
}

TEST_CASE("how often STS is asked is a setting") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        auto options = in_ireland();
        options.retry.attempts = 1;
        FakeWorld fake(context.get_executor(), options);
        auto client = sts::Client::open(fake.world, aws::Settings(options)).value();
        fake.transport.answer(503);
        auto secrets = base();
        sts::Role role("arn");
        auto given = co_await client.assume_role(secrets, role);
        CHECK(given.error() == error::service_failed);
        sts::WebIdentity identity("arn", Secret("TOKEN"));
        fake.transport.answer(503);
        given = co_await client.assume_role_with_web_identity(identity);
        CHECK(given.error() == error::service_failed);
        CHECK(fake.transport.requests.size() == 2);
    });
}

TEST_CASE("what STS does not send is an invalid answer") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Bench bench(context.get_executor());
        for (const auto* body : {"", "<html>", "{}", "<AssumeRoleResponse/>"}) {
            bench.fake.transport.answer(200, body);
            auto secrets = base();
            sts::Role role("arn");
            auto given = co_await bench.client.assume_role(secrets, role);
            CHECK(given.error() == error::response_invalid);
        }
    });
}
