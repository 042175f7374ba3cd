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

TEST_CASE("credentials without an end never expire, and a null is absent") {
    const auto document =
        parse_credentials_document(R"({"Code":"Success","AccessKeyId":"A","SecretAccessKey":"k","Expiration":null})");
    REQUIRE(document.has_value());
    CHECK(document->success());
    CHECK_FALSE(document->secrets.expires.has_value());
    CHECK(document->secrets.session_token.empty());
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
         {"", "[]", "null", "<html>", R"({"AccessKeyId":"A"})", R"({"AccessKeyId":"A","SecretAccessKey":""})",
          R"({"AccessKeyId":1,"SecretAccessKey":"k"})", R"({"AccessKeyId":"A","SecretAccessKey":"k"}x)",
          R"({"AccessKeyId":"A","SecretAccessKey":"k","Expiration":"tomorrow"})", R"({"Code":"Success"})"}) {
        CAPTURE(text);
        CHECK(parse_credentials_document(text).error() == error::malformed);
    }
}
