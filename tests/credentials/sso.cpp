#include <sluice/credentials/sso.hpp>

#include <credentials/fakes.hpp>

#include <doctest/doctest.h>

#include <boost/system/errc.hpp>

#include <chrono>
#include <stdexcept>
#include <string>

using namespace sluice;
using namespace std::chrono_literals;

static_assert(Credentials<SsoCredentials>);
static_assert(RunningCredentials<SsoCredentials::Running>);

namespace {

const wall_time now{1'767'323'045s}; // 2026-01-02T03:04:05Z, as FakeClock has it
constexpr const char* path = "/h/.aws/sso/cache/34c6fceca75e456f25e7e99531e2425c6c1de443.json";
constexpr const char* older_path = "/h/.aws/sso/cache/98383e6608d65e46b24bbd92582bc8d916605a21.json";
constexpr const char* credentials_json =
    R"({"roleCredentials":{"accessKeyId":"id","secretAccessKey":"key","sessionToken":"t","expiration":1767326645000}})";

SsoRole role(const std::string& session = "dev") {
    SsoRole made("012345678901", "Power User");
    made.region = "eu-west-1";
    made.start_url = "https://x";
    made.session = session;
    return made;
}

/// A token that ends after `left`.
std::string token(std::chrono::seconds left) {
    SsoToken made;
    made.access_token = Secret("access-hunter2");
    made.expires = now + left;
    made.refresh_token = Secret("refresh-hunter2");
    made.client_id = "client";
    made.client_secret = Secret("secret-hunter2");
    made.registration_expires = now + 24h;
    return write_sso_token(made);
}

class Desk {
public:
    explicit Desk(SsoRole its_role = role()) : asked(SsoCredentials(std::move(its_role), fake.machine())) {
        fake.variables["HOME"] = "/h";
    }

    [[nodiscard]] ScriptedTransport& transport() { return asked.fake.transport; }

    /// An attempt that fails, and what the log says of it.
    [[nodiscard]] std::string failure() {
        asked.fake.log.clear();
        CHECK(asked.fetch().error() == error::credentials_failed);
        CHECK(asked.fake.log.find("hunter2") == std::string::npos);
        return asked.fake.log;
    }

    FakeMachine fake;
    Asked<SsoCredentials> asked;
};

} // namespace

TEST_CASE("a token is traded for credentials") {
    Desk desk;
    desk.fake.files[path] = token(8h);
    desk.transport().answer(200, credentials_json);
    const auto secrets = desk.asked.fetch();
    REQUIRE(secrets.has_value());
    CHECK(secrets->access_key_id == "id");
    CHECK(secrets->account_id == "012345678901");
    CHECK(secrets->expires == now + 1h);
    REQUIRE(desk.transport().requests.size() == 1);
    const auto& request = desk.transport().requests.front();
    CHECK(request.method == "GET");
    CHECK(request.url == "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?role_name=Power%20User"
                         "&account_id=012345678901");
    CHECK(find_header(request.headers, "Host") == "portal.sso.eu-west-1.amazonaws.com");
    CHECK(find_header(request.headers, "x-amz-sso_bearer_token") == "access-hunter2");
    CHECK(find_header(request.headers, "Authorization").empty());
    CHECK(request.max_response_bytes == 65'536);
    CHECK(request.proxy);
    CHECK(desk.asked.fake.log.empty());
}

TEST_CASE("hosts follow the partition and the environment") {
    auto elsewhere = role();
    elsewhere.region = "cn-north-1";
    Desk desk(elsewhere);
    desk.fake.files[path] = token(1min);
    desk.transport().answer(200, R"({"accessToken":"new","expiresIn":3600})");
    desk.transport().answer(200, credentials_json);
    CHECK(desk.asked.fetch().has_value());
    CHECK(desk.transport().requests.at(0).url == "https://oidc.cn-north-1.amazonaws.com.cn/token");
    CHECK(desk.transport().requests.at(1).url.starts_with("https://portal.sso.cn-north-1.amazonaws.com.cn/fed"));
    desk.fake.variables["AWS_ENDPOINT_URL_SSO"] = "http://localhost:1";
    desk.transport().answer(200, credentials_json);
    CHECK(desk.asked.fetch().has_value());
    CHECK(desk.transport().requests.at(2).url.starts_with("http://localhost:1/federation/"));
    desk.fake.variables["AWS_ENDPOINT_URL_SSO"] = "nonsense";
    CHECK(desk.asked.fetch().error() == error::credentials_failed);
}

TEST_CASE("a token that nears its end is renewed, and the file is written anew") {
    Desk desk;
    desk.fake.files[path] = token(14min);
    desk.transport().answer(200, R"({"accessToken":"new","expiresIn":3600,"refreshToken":"next"})");
    desk.transport().answer(200, credentials_json);
    CHECK(desk.asked.fetch().has_value());
    const auto& request = desk.transport().requests.at(0);
    CHECK(request.method == "POST");
    CHECK(request.url == "https://oidc.eu-west-1.amazonaws.com/token");
    CHECK(find_header(request.headers, "Content-Type") == "application/json");
    CHECK(*request.body == R"({"clientId":"client","clientSecret":"secret-hunter2","grantType":"refresh_token",)"
                           R"("refreshToken":"refresh-hunter2"})");
    CHECK(find_header(desk.transport().requests.at(1).headers, "x-amz-sso_bearer_token") == "new");
    const auto kept = parse_sso_token(desk.fake.files[path]).value();
    CHECK(kept.access_token.reveal() == "new");
    CHECK(kept.refresh_token.reveal() == "next");
    CHECK(kept.expires == now + 1h);
    CHECK(kept.client_secret.reveal() == "secret-hunter2");
    desk.transport().answer(200, credentials_json);
    CHECK(desk.asked.fetch().has_value());
    CHECK(desk.transport().requests.size() == 3); // no renewal
}

TEST_CASE("a token that has ended is renewed too") {
    Desk desk;
    desk.fake.files[path] = token(-1h);
    desk.transport().answer(200, R"({"accessToken":"new","expiresIn":3600})");
    desk.transport().answer(200, credentials_json);
    CHECK(desk.asked.fetch().has_value());
}

TEST_CASE("a renewal that fails leaves the token, and is tried again after a minute") {
    Desk desk;
    desk.fake.files[path] = token(14min);
    const auto before = desk.fake.files[path];
    desk.transport().answer(400, R"({"error":"invalid_grant"})");
    desk.transport().answer(200, credentials_json);
    desk.transport().answer(200, credentials_json);
    CHECK(desk.asked.fetch().has_value());
    CHECK(desk.asked.fake.log ==
          "credentials: single sign-on: the sign-in could not be renewed: status 400\n");
    CHECK(desk.asked.fetch().has_value());
    CHECK(desk.transport().requests.size() == 3);
    CHECK(desk.fake.files[path] == before);
    desk.asked.fake.clock.advance(1min);
    desk.transport().answer(200, R"({"accessToken":"new"})");
    desk.transport().answer(200, credentials_json);
    CHECK(desk.asked.fetch().has_value());
    CHECK(desk.transport().requests.at(3).method == "POST");
    desk.asked.fake.clock.advance(20min);
    desk.transport().fail(error::tls_failed);
    CHECK(desk.failure() ==
          "credentials: single sign-on: the sign-in could not be renewed: " + error_code(error::tls_failed).message() +
              "\ncredentials: single sign-on: the sign-in has expired; run `aws sso login --sso-session dev`\n");
}

TEST_CASE("a file that cannot be written does not keep the credentials away") {
    FakeMachine fake;
    fake.variables["HOME"] = "/h";
    fake.files[path] = token(14min);
    auto machine = fake.machine();
    machine.write_file = nullptr;
    Asked<SsoCredentials> asked(SsoCredentials(role(), machine));
    asked.fake.transport.answer(200, R"({"accessToken":"new","expiresIn":3600})");
    asked.fake.transport.answer(200, credentials_json);
    CHECK(asked.fetch().has_value());
    CHECK(asked.fake.log.starts_with(std::string("credentials: single sign-on: cannot write ") + path + ": "));
}

TEST_CASE("a renewed token is not lost if the file cannot be written") {
    FakeMachine fake;
    fake.variables["HOME"] = "/h";
    fake.files[path] = token(14min);
    auto machine = fake.machine();
    machine.write_file = [](const std::string&, const std::string&) {
        return make_error_code(boost::system::errc::read_only_file_system);
    };
    Asked<SsoCredentials> asked(SsoCredentials(role(), machine));
    auto& transport = asked.fake.transport;
    transport.answer(200, R"({"accessToken":"new","expiresIn":3600,"refreshToken":"next"})");
    transport.answer(200, credentials_json);
    CHECK(asked.fetch().has_value());
    asked.fake.clock.advance(30min); // that of the file has ended
    transport.answer(200, credentials_json);
    CHECK(asked.fetch().has_value());
    REQUIRE(transport.requests.size() == 3);
    CHECK(find_header(transport.requests.at(2).headers, "x-amz-sso_bearer_token") == "new");
    asked.fake.clock.advance(20min);
    transport.answer(200, R"({"accessToken":"newer","expiresIn":3600})");
    transport.answer(200, credentials_json);
    CHECK(asked.fetch().has_value());
    CHECK(transport.requests.at(3).body->find("\"next\"") != std::string::npos);
    CHECK(find_header(transport.requests.at(4).headers, "x-amz-sso_bearer_token") == "newer");

    fake.files[path] = token(8h); // somebody has signed in anew
    transport.answer(200, credentials_json);
    CHECK(asked.fetch().has_value());
    CHECK(find_header(transport.requests.at(5).headers, "x-amz-sso_bearer_token") == "access-hunter2");
    CHECK(transport.requests.size() == 6);
}

TEST_CASE("a renewed token that is not accepted any more gives way to that of the file") {
    FakeMachine fake;
    fake.variables["HOME"] = "/h";
    fake.files[path] = token(14min);
    auto machine = fake.machine();
    machine.write_file = nullptr;
    Asked<SsoCredentials> asked(SsoCredentials(role(), machine));
    auto& transport = asked.fake.transport;
    transport.answer(200, R"({"accessToken":"new","expiresIn":36000})");
    transport.answer(401);
    CHECK(asked.fetch().error() == error::credentials_failed);
    fake.files[path] = token(1h);
    transport.answer(200, credentials_json);
    CHECK(asked.fetch().has_value());
    CHECK(find_header(transport.requests.at(2).headers, "x-amz-sso_bearer_token") == "access-hunter2");
}

TEST_CASE("a renewal leaves what else is in the file") {
    Desk desk;
    desk.fake.files[path] = token(14min);
    desk.fake.files[path].insert(1, R"("scopes":["sso:account:access"],)");
    desk.transport().answer(200, R"({"accessToken":"new","expiresIn":3600})");
    desk.transport().answer(200, credentials_json);
    CHECK(desk.asked.fetch().has_value());
    CHECK(desk.fake.files[path].find(R"("accessToken":"new")") != std::string::npos);
    CHECK(desk.fake.files[path].ends_with(R"(,"scopes":["sso:account:access"]})"));
}

TEST_CASE("the older kind is never renewed") {
    Desk desk(role(""));
    desk.fake.files[older_path] = token(1min);
    desk.transport().answer(200, credentials_json);
    CHECK(desk.asked.fetch().has_value());
    CHECK(desk.transport().requests.size() == 1);
    desk.fake.files[older_path] = token(0s);
    CHECK(desk.failure() == "credentials: single sign-on: the sign-in has expired; run `aws sso login`\n");
    CHECK(desk.transport().requests.size() == 1);
}

TEST_CASE("without a sign-in the log says how to sign in, once") {
    Desk desk;
    CHECK(desk.failure() ==
          "credentials: single sign-on: nobody has signed in; run `aws sso login --sso-session dev`\n");
    CHECK(desk.failure().empty());
    desk.fake.files[path] = "hunter2";
    CHECK(desk.failure() == std::string("credentials: single sign-on: ") + path +
                                " does not hold a token; run `aws sso login --sso-session dev`\n");
    desk.fake.variables.clear();
    CHECK(desk.failure() == "credentials: single sign-on: no home directory is known\n");
    CHECK(desk.transport().requests.empty());
}

TEST_CASE("what the portal refuses is told") {
    Desk desk;
    desk.fake.files[path] = token(8h);
    desk.transport().answer(401, R"({"message":"hunter2"})");
    CHECK(desk.failure() == "credentials: single sign-on: the sign-in is not accepted any more; run `aws sso login "
                            "--sso-session dev`\n");
    desk.transport().answer(403);
    CHECK(desk.failure() ==
          "credentials: single sign-on: whoever signed in may not use this role in this account\n");
    desk.transport().answer(400, "hunter2");
    CHECK(desk.failure() == "credentials: single sign-on: the portal answered with status 400\n");
    desk.transport().answer(200, "hunter2");
    CHECK(desk.failure() == "credentials: single sign-on: the portal answered without credentials\n");
    desk.transport().fail(error::tls_failed);
    CHECK(desk.failure() ==
          "credentials: single sign-on: " + error_code(error::tls_failed).message() + "\n");
}

TEST_CASE("a portal that is busy is asked three times") {
    Desk desk;
    desk.fake.files[path] = token(8h);
    desk.transport().answer(503);
    desk.transport().answer(429);
    desk.transport().answer(200, credentials_json);
    CHECK(desk.asked.fetch().has_value());
    for (int i = 0; i < 3; ++i) desk.transport().answer(500);
    CHECK(desk.failure() == "credentials: single sign-on: the portal answered with status 500\n");
    CHECK(desk.transport().requests.size() == 6);
}

TEST_CASE("what was cancelled is no failure") {
    Desk desk;
    desk.fake.files[path] = token(1min);
    desk.transport().fail(asio::error::operation_aborted);
    CHECK(desk.asked.fetch().error() == asio::error::operation_aborted);
    desk.fake.files[path] = token(8h);
    desk.transport().fail(asio::error::operation_aborted);
    CHECK(desk.asked.fetch().error() == asio::error::operation_aborted);
    CHECK(desk.asked.fake.log.empty());
}

TEST_CASE("a role without account, name, region or start URL can never work") {
    CHECK_THROWS_AS(SsoCredentials(SsoRole("1", "r")), std::invalid_argument);
    auto nameless = role();
    nameless.role_name.clear();
    CHECK_THROWS_AS(SsoCredentials{nameless}, std::invalid_argument);
}

TEST_CASE("a region that no host may have is told of") {
    auto strange = role();
    strange.region = "eu/west";
    Desk desk(strange);
    desk.fake.files[path] = token(8h);
    CHECK(desk.failure() ==
          "credentials: single sign-on: " + error_code(error::region_missing).message() + "\n");
    CHECK(desk.transport().requests.empty());
}
