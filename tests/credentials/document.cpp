#include <sluice/credentials/document.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace sluice;

TEST_CASE("the answer of a credential endpoint is read") {
    const auto document = parse_credentials_document(
        R"({"RoleArn":"arn:x","AccessKeyId":"ASIA","SecretAccessKey":"key","Token":"tok","AccountId":"123456789012",)"
        R"("Expiration":"2009-02-13T23:31:30Z","New":[1,{"a":null}]})");
    REQUIRE(document.has_value());
    CHECK(document->success());
    CHECK(document->secrets.access_key_id == "ASIA");
    CHECK(document->secrets.secret_access_key == Secret("key"));
    CHECK(document->secrets.session_token == Secret("tok"));
    CHECK(document->secrets.account_id == "123456789012");
    CHECK(document->secrets.expires == std::chrono::system_clock::from_time_t(1'234'567'890));
}

TEST_CASE("credentials without an end are none, for they would be kept for ever") {
    for (const std::string end : {"", R"(,"Expiration":null)", R"(,"Expiration":"")"}) {
        CAPTURE(end);
        CHECK(parse_credentials_document(R"({"Code":"Success","AccessKeyId":"A","SecretAccessKey":"k")" + end + "}")
                  .error() == error::malformed);
    }
}

TEST_CASE("a null is absent, and an end beyond all reckoning is far away") {
    const auto document = parse_credentials_document(
        R"({"AccessKeyId":"A","SecretAccessKey":"k","Token":null,"Expiration":"9999-12-31T23:59:59Z"})");
    REQUIRE(document.has_value());
    CHECK(document->success());
    CHECK(document->secrets.session_token.empty());
    CHECK(document->secrets.expires == sluice::detail::last_expiration);
}

TEST_CASE("what went wrong is one word, fit for a log") {
    const auto refused = parse_credentials_document(R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"no"})");
    REQUIRE(refused.has_value());
    CHECK_FALSE(refused->success());
    CHECK(refused->code == "AssumeRoleUnauthorizedAccess");
    CHECK(parse_credentials_document("{\"code\":\"a\\nb\"}").error() == error::malformed);
    CHECK(parse_credentials_document("{\"code\":\"" + std::string(65, 'a') + "\"}").error() == error::malformed);
}

TEST_CASE("an answer that is none is malformed") {
    for (const auto* text :
         {"", "[]", "null", "<html>", R"({"AccessKeyId":"A","Expiration":"2026-01-02T03:04:05Z"})",
          R"({"AccessKeyId":"A","SecretAccessKey":"","Expiration":"2026-01-02T03:04:05Z"})",
          R"({"AccessKeyId":1,"SecretAccessKey":"k","Expiration":"2026-01-02T03:04:05Z"})",
          R"({"AccessKeyId":"A","SecretAccessKey":"k","Expiration":"2026-01-02T03:04:05Z"}x)",
          R"({"AccessKeyId":"A","SecretAccessKey":"k","Expiration":"tomorrow"})", R"({"Code":"Success"})"}) {
        CAPTURE(text);
        CHECK(parse_credentials_document(text).error() == error::malformed);
    }
}
