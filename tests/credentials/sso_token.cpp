#include <sluice/credentials/sso_token.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace sluice;
using namespace std::chrono_literals;

namespace {

const wall_time now{1'767'323'045s}; // 2026-01-02T03:04:05Z

const std::string whole = R"({"startUrl":"https://x/start","region":"eu-west-1","accessToken":"access",)"
                          R"("expiresAt":"2026-01-02T04:00:00Z","clientId":"client","clientSecret":"secret",)"
                          R"("registrationExpiresAt":"2026-02-02T04:00:00Z","refreshToken":"refresh"})";

aws::Environment home(const std::string& directory) {
    return [directory](std::string_view name) -> std::optional<std::string> {
        return name == "HOME" ? std::optional(directory) : std::nullopt;
    };
}

} // namespace

TEST_CASE("a token file is named by the SHA-1 of the session, or of the start URL") {
    SsoRole role("1", "r");
    role.start_url = "https://x";
    CHECK(sso_token_path(role, home("/h"), aws::Platform::posix) ==
          "/h/.aws/sso/cache/98383e6608d65e46b24bbd92582bc8d916605a21.json");
    role.session = "dev";
    CHECK(sso_token_path(role, home("/h"), aws::Platform::posix) ==
          "/h/.aws/sso/cache/34c6fceca75e456f25e7e99531e2425c6c1de443.json");
    CHECK(sso_token_path(role, {}, aws::Platform::posix).empty());
}

TEST_CASE("a token file is read and written the same") {
    const auto token = parse_sso_token(whole);
    REQUIRE(token.has_value());
    CHECK(token->access_token.reveal() == "access");
    CHECK(token->expires == wall_time(1'767'326'400s));
    CHECK(token->renewable(now));
    CHECK(write_sso_token(*token) == whole);
}

TEST_CASE("members that nobody knows here stay in the file") {
    const auto token = parse_sso_token(whole).value();
    const std::string strange = R"("x":null,"a\"b":{"accessToken":[1,-2,0.5,true,false,"\n",{}],"e":[]},)"
                                R"("big":18446744073709551615)";
    auto former = whole;
    former.replace(former.find("access\","), 6, "former");
    former.insert(1, strange + ",");
    const auto written = write_sso_token(token, former);
    CHECK(written.starts_with(whole.substr(0, whole.size() - 1) + R"(,"x":null,"a\"b":{)"));
    CHECK(written.find(R"({"accessToken":[1,-2,0.5,true,false,"\n",{}],"e":[]},"big":18446744073709551615})") !=
          std::string::npos);
    CHECK(written.find("former") == std::string::npos);
    CHECK(parse_sso_token(written)->access_token.reveal() == "access");
    CHECK(write_sso_token(token, written) == written);
    for (std::size_t size = 0; size < former.size(); ++size) {
        CHECK(write_sso_token(token, former.substr(0, size)) == whole);
    }
    CHECK(write_sso_token(token, "[1]") == whole);
}

TEST_CASE("a token of the older kind has less, and is not renewable") {
    const auto token = parse_sso_token(R"({"accessToken":"a","expiresAt":"2026-01-02T04:00:00UTC","other":[1]})");
    REQUIRE(token.has_value());
    CHECK(token->expires == wall_time(1'767'326'400s));
    CHECK(!token->renewable(now));
    CHECK(write_sso_token(*token) == R"({"accessToken":"a","expiresAt":"2026-01-02T04:00:00Z"})");
}

TEST_CASE("a token is renewable only with all that a renewal takes") {
    const auto complete = parse_sso_token(whole).value();
    for (auto* text : {"refreshToken", "clientId", "clientSecret", "registrationExpiresAt"}) {
        auto json = whole;
        json.replace(json.find(text), 1, "X");
        CHECK(!parse_sso_token(json).value().renewable(now));
    }
    CHECK(!complete.renewable(*complete.registration_expires));
}

TEST_CASE("what holds no token is malformed") {
    for (const std::string text :
         {"", "{}", "[]", "x", R"({"accessToken":"a"})", R"({"expiresAt":"2026-01-02T04:00:00Z"})",
          R"({"accessToken":"","expiresAt":"2026-01-02T04:00:00Z"})", R"({"accessToken":"a","expiresAt":"UTC"})",
          R"({"accessToken":"a\r\nb","expiresAt":"2026-01-02T04:00:00Z"})",
          R"({"accessToken":1,"expiresAt":"2026-01-02T04:00:00Z"})"}) {
        CAPTURE(text);
        CHECK(parse_sso_token(text).error() == error::malformed);
    }
    for (std::size_t size = 0; size < whole.size(); ++size) CHECK(!parse_sso_token(whole.substr(0, size)).has_value());
}

TEST_CASE("a renewal sends what the service wants, and takes what it gives") {
    const auto token = parse_sso_token(whole).value();
    CHECK(sso_renewal(token) ==
          R"({"clientId":"client","clientSecret":"secret","grantType":"refresh_token","refreshToken":"refresh"})");
    const auto renewed = renewed_sso_token(
        token, R"({"accessToken":"new","expiresIn":3600,"refreshToken":"next","tokenType":"Bearer"})", now);
    REQUIRE(renewed.has_value());
    CHECK(renewed->access_token.reveal() == "new");
    CHECK(renewed->refresh_token.reveal() == "next");
    CHECK(renewed->client_secret.reveal() == "secret");
    CHECK(renewed->expires == now + 1h);
    const auto kept = renewed_sso_token(token, R"({"accessToken":"new","expiresIn":1})", now);
    CHECK(kept.value().refresh_token.reveal() == "refresh");
    for (const std::string text : {"", "{}", R"({"accessToken":"new"})", R"({"expiresIn":1})",
                                   R"({"accessToken":"new","expiresIn":0})", R"({"accessToken":"new","expiresIn":-1})",
                                   R"({"accessToken":"new","expiresIn":9223372036854775807})",
                                   R"({"accessToken":"n w","expiresIn":1})"}) {
        CAPTURE(text);
        CHECK(renewed_sso_token(token, text, now).error() == error::malformed);
    }
}

TEST_CASE("role credentials are read, with their end in milliseconds") {
    const auto secrets = parse_role_credentials(
        R"({"roleCredentials":{"accessKeyId":"id","secretAccessKey":"key","sessionToken":"t",)"
        R"("expiration":1767323045123}})");
    REQUIRE(secrets.has_value());
    CHECK(*secrets == Secrets("id", Secret("key"), Secret("t"), now + 123ms));
    for (const std::string members :
         {R"()", R"("accessKeyId":"id","secretAccessKey":"key","sessionToken":"t")",
          R"("accessKeyId":"id","secretAccessKey":"key","expiration":1767323045123)",
          R"("accessKeyId":"id","sessionToken":"t","expiration":1767323045123)",
          R"("secretAccessKey":"key","sessionToken":"t","expiration":1767323045123)",
          R"("accessKeyId":"id","secretAccessKey":"key","sessionToken":"t","expiration":0)",
          R"("accessKeyId":"id","secretAccessKey":"key","sessionToken":"t","expiration":9223372036854775807)"}) {
        CAPTURE(members);
        CHECK(parse_role_credentials("{\"roleCredentials\":{" + members + "}}").error() == error::malformed);
    }
    for (const std::string text : {"", "{}", R"({"roleCredentials":[]})", R"({"roleCredentials":null})"}) {
        CHECK(parse_role_credentials(text).error() == error::malformed);
    }
}
