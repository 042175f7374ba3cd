#include <sluice/credentials/container.hpp>

#include <credentials/fakes.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

using namespace sluice;

namespace {

constexpr auto good = R"({"AccessKeyId":"ASIA","SecretAccessKey":"key","Token":"tok",)"
                      R"("Expiration":"2026-01-02T09:04:05Z","AccountId":"123456789012"})";

static_assert(Credentials<ContainerCredentials>);

class Bench : public FakeMachine, public Asked<ContainerCredentials> {
public:
    Bench() : Asked(ContainerCredentials(machine())) {}

    void answer(int status, std::string body = good) { fake.transport.answer(status, std::move(body)); }
    [[nodiscard]] const HttpRequest& request(std::size_t index = 0) const { return fake.transport.requests.at(index); }
    [[nodiscard]] std::string header(std::string_view name) const {
        return std::string(find_header(request().headers, name));
    }
};

/// The longest delay below `most`, as the fake's dice make it.
std::chrono::milliseconds delay(std::uint64_t most) {
    return std::chrono::milliseconds(UINT64_MAX % most);
}

} // namespace

TEST_CASE("a container's credentials come from the agent's address") {
    Bench bench;
    bench.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/5";
    bench.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1/other";
    bench.answer(200);
    const auto secrets = bench.fetch();
    REQUIRE(secrets.has_value());
    CHECK(secrets->access_key_id == "ASIA");
    CHECK(secrets->account_id == "123456789012");
    CHECK(bench.request().method == "GET");
    CHECK(bench.request().url == "http://169.254.170.2/v2/credentials/5");
    CHECK_FALSE(bench.request().proxy);
    CHECK(bench.header("Host") == "169.254.170.2");
    CHECK(bench.header("Accept") == "application/json");
    CHECK(bench.header("Authorization").empty());
    CHECK(bench.fake.log.empty());
}

TEST_CASE("a container that is not set up is missing, without a word") {
    Bench bench;
    CHECK(bench.fetch().error() == error::credentials_missing);
    CHECK(bench.fake.transport.requests.empty());
    CHECK(bench.fake.log.empty());
}

TEST_CASE("without TLS credentials are asked for at this host and the agents only") {
    const auto fetch = [](const std::string& url) {
        Bench bench;
        bench.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
        bench.hosts["localhost"] = {"127.0.0.1", "::1"};
        bench.hosts["half"] = {"127.0.0.1", "192.0.2.1"};
        bench.hosts["none"] = {};
        bench.answer(200);
        const auto secrets = bench.fetch();
        CHECK(bench.fake.transport.requests.size() == (secrets.has_value() ? 1U : 0U));
        CHECK(bench.fake.log.empty() == secrets.has_value());
        return secrets.has_value();
    };
    for (const auto* url : {"http://127.0.0.1:8080/c", "http://127.9.9.9/c", "http://[::1]/c", "http://localhost:9/c",
                            "http://169.254.170.2/c", "http://169.254.170.23/v1", "http://[fd00:ec2::23]/v1",
                            "https://anywhere.example/c", "HTTP://127.0.0.1/c", "http://[::ffff:127.0.0.1]/"}) {
        CAPTURE(std::string(url));
        CHECK(fetch(url));
    }
    for (const auto* url : {"http://192.0.2.1/c", "http://169.254.169.254/c", "http://half/c", "http://none/c",
                            "http://unknown/c", "http://[fd00:ec2::24]/v1", "ftp://127.0.0.1/c", "127.0.0.1/c",
                            "http://user@127.0.0.1/c", "http:///c", "http://localhost%00.example:8105/c",
                            "http://%6cocalhost/c", "http://127.0.0.1.example/c", "http://127.0.0.1%2f.example/c",
                            "http://127.0.0.1%00@192.0.2.1/c", "http://localhost:0/c", "http://localhost:65536/c",
                            "http://127.0.0.1\\@192.0.2.1/c", "http://127.0.0.1@192.0.2.1/c", "not a url"}) {
        CAPTURE(std::string(url));
        CHECK_FALSE(fetch(url));
    }
}

TEST_CASE("what is sent goes to the address that was checked, whatever becomes of the name") {
    Bench bench;
    bench.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://Agent.local:8105/c%20d?x=%2F";
    bench.hosts["Agent.local"] = {"127.0.0.1"};
    bench.answer(200);
    CHECK(bench.fetch().has_value());
    CHECK(bench.request().url == "http://127.0.0.1:8105/c%20d?x=%2F");
    CHECK(bench.header("Host") == "agent.local:8105");
    bench.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "https://Agent.local:8105?x";
    bench.answer(200);
    CHECK(bench.fetch().has_value());
    CHECK(bench.request(1).url == "https://Agent.local:8105?x"); // the certificate is of the name
    bench.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://Agent.local?x";
    bench.hosts["Agent.local"] = {"::1"};
    bench.answer(200);
    CHECK(bench.fetch().has_value());
    CHECK(bench.request(2).url == "http://[::1]/?x");
    CHECK(find_header(bench.request(2).headers, "Host") == "agent.local");
    bench.hosts["Agent.local"] = {"192.0.2.1"};
    CHECK(bench.fetch().error() == error::credentials_failed);
    CHECK(bench.fake.transport.requests.size() == 3);
}

TEST_CASE("of a name's addresses that one is asked where somebody listens") {
    Bench bench;
    bench.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://localhost:9/c";
    bench.hosts["localhost"] = {"::1", "127.0.0.1"};
    bench.fake.transport.fail(error::connection_failed);
    bench.answer(200);
    CHECK(bench.fetch().has_value());
    CHECK(bench.request(0).url == "http://[::1]:9/c");
    CHECK(bench.request(1).url == "http://127.0.0.1:9/c");
    CHECK(bench.fake.clock.waits.empty());
    CHECK(bench.fetch().error() == error::credentials_failed); // the script is over: nobody listens
    CHECK(bench.fake.transport.requests.size() == 8);
    CHECK(bench.fake.clock.waits.size() == 2);
}

TEST_CASE("half an answer is asked for again, and three of them are enough") {
    Bench bench;
    bench.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/c";
    bench.answer(200, std::string(good).substr(0, 40));
    bench.answer(200, "");
    bench.answer(200);
    CHECK(bench.fetch().has_value());
    CHECK(bench.fake.transport.requests.size() == 3);
    CHECK(bench.fake.log.empty());
    CHECK(bench.fake.clock.waits == std::vector<std::chrono::milliseconds>{delay(100), delay(200)});
    for (int i = 0; i < 4; ++i) bench.answer(200, "<html>");
    CHECK(bench.fetch().error() == error::credentials_failed);
    CHECK(bench.fake.transport.requests.size() == 6);
    CHECK(bench.fake.log == "credentials: container: the agent answered with status 200 and no credentials\n");
}

TEST_CASE("a document that says what is wrong is no half one") {
    Bench bench;
    bench.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/c";
    bench.answer(200, R"({"code":"AccessDenied"})");
    CHECK(bench.fetch().error() == error::credentials_failed);
    CHECK(bench.fake.transport.requests.size() == 1);
}

TEST_CASE("a question that was cancelled is no verdict on the host") {
    FakeMachine fake;
    fake.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://localhost/c";
    auto machine = fake.machine();
    machine.resolve = [](const std::string&) -> asio::awaitable<result<std::vector<asio::ip::address>>> {
        co_return error_code(asio::error::operation_aborted);
    };
    Asked asked(ContainerCredentials{machine});
    CHECK(asked.fetch().error() == asio::error::operation_aborted);
    CHECK(asked.fake.log.empty());
    CHECK(asked.fake.transport.requests.empty());
}

TEST_CASE("the authorization token is that of the file, read at each call") {
    Bench bench;
    bench.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/v1";
    bench.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/token";
    bench.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "other";
    bench.files["/token"] = "first\n";
    bench.answer(200);
    bench.answer(200);
    CHECK(bench.fetch().has_value());
    CHECK(bench.header("Authorization") == "first");
    bench.files["/token"] = "second";
    CHECK(bench.fetch().has_value());
    CHECK(find_header(bench.request(1).headers, "Authorization") == "second");
    bench.files.clear();
    CHECK(bench.fetch().error() == error::credentials_failed);
    CHECK(bench.fake.transport.requests.size() == 2);
}

TEST_CASE("a token with a line break goes nowhere") {
    for (const auto* token : {"a\r\nX-Evil: 1", "a\nb", "\n\na"}) {
        Bench bench;
        bench.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1/c";
        bench.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = token;
        CHECK(bench.fetch().error() == error::credentials_failed);
        CHECK(bench.fake.transport.requests.empty());
        CHECK(bench.fake.log.find("Evil") == std::string::npos);
    }
}

TEST_CASE("an agent that stumbles is asked three times, one that refuses once") {
    Bench bench;
    bench.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/c";
    bench.answer(500, "oops");
    bench.fake.transport.fail(error::timed_out);
    bench.answer(200);
    CHECK(bench.fetch().has_value());
    CHECK(bench.fake.transport.requests.size() == 3);

    bench.answer(404, R"({"code":"NotFound","message":"SECRET"})");
    CHECK(bench.fetch().error() == error::credentials_failed);
    CHECK(bench.fake.transport.requests.size() == 4);
    CHECK(bench.fake.log.find("NotFound") != std::string::npos);
    CHECK(bench.fake.log.find("SECRET") == std::string::npos);
    const auto told = bench.fake.log;
    bench.answer(404, R"({"code":"NotFound"})");
    CHECK(bench.fetch().error() == error::credentials_failed);
    CHECK(bench.fake.log == told); // once, until it is something else
    CHECK(bench.fetch().error() == error::credentials_failed); // the script is over: no connection
    CHECK(bench.fake.log != told);
}
