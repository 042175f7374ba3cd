#include <sluice/sts/replies.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>

using namespace sluice;

namespace {

const std::string keys = "<AccessKeyId>ASIATEST</AccessKeyId><SecretAccessKey>sec/ret+1</SecretAccessKey>";
const std::string token = "<SessionToken>tok==</SessionToken>";
const std::string end = "<Expiration>2026-01-02T03:04:05.5Z</Expiration>";
const std::string user = "<AssumedRoleUser><AssumedRoleId>AROA:s</AssumedRoleId>"
                         "<Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn></AssumedRoleUser>";

std::string reply(const std::string& operation, const std::string& inside) {
    return "<" + operation + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n<" + operation + "Result>" +
           inside + "</" + operation + "Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></" +
           operation + "Response>";
}

std::string credentials(const std::string& inside) { return "<Credentials>" + inside + "</Credentials>"; }

} // namespace

TEST_CASE("the credentials of three operations are read") {
    for (const std::string operation : {"AssumeRole", "AssumeRoleWithWebIdentity", "GetSessionToken"}) {
        CAPTURE(operation);
        const auto secrets = sts::parse_credentials(reply(operation, credentials(keys + token + end) + user));
        REQUIRE(secrets.has_value());
        CHECK(secrets->access_key_id == "ASIATEST");
        CHECK(secrets->secret_access_key == Secret("sec/ret+1"));
        CHECK(secrets->session_token == Secret("tok=="));
        CHECK(secrets->account_id == "123456789012");
        CHECK(secrets->expires == std::chrono::sys_seconds(std::chrono::seconds(1'767'323'045)) +
                                      std::chrono::milliseconds(500));
    }
}

TEST_CASE("credentials that lack something are none") {
    for (const auto& inside : {keys + token, keys + end, token + end, std::string(),
                               keys + token + "<Expiration>tomorrow</Expiration>",
                               "<AccessKeyId>A</AccessKeyId><SecretAccessKey/>" + token + end,
                               "<SecretAccessKey>s</SecretAccessKey>" + token + end}) {
        CAPTURE(inside);
        CHECK(sts::parse_credentials(reply("AssumeRole", credentials(inside))).error() == error::malformed);
    }
    CHECK_FALSE(sts::parse_credentials(reply("AssumeRole", keys + token + end)).has_value());
    CHECK_FALSE(sts::parse_credentials(reply("GetRole", credentials(keys + token + end))).has_value());
    CHECK_FALSE(sts::parse_credentials("<ResponseResponse/>").has_value());
    CHECK_FALSE(sts::parse_credentials("<Response/>").has_value());
    CHECK_FALSE(sts::parse_credentials(credentials(keys + token + end)).has_value());
    CHECK_FALSE(sts::parse_credentials("").has_value());
    CHECK_FALSE(sts::parse_credentials("{}").has_value());
}

TEST_CASE("an account that is none is not told") {
    for (const std::string arn : {"", "arn", "arn:aws:sts::1:assumed-role/r/s", "arn:aws:sts::12345678901x:a", "::::",
                                  "arn:aws:sts:123456789012:a", "arn:aws:sts::1234567890123:a"}) {
        CAPTURE(arn);
        const auto role = "<AssumedRoleUser><Arn>" + arn + "</Arn></AssumedRoleUser>";
        const auto secrets = sts::parse_credentials(reply("AssumeRole", credentials(keys + token + end) + role));
        REQUIRE(secrets.has_value());
        CHECK(secrets->account_id.empty());
    }
    CHECK(sts::detail::account_of("arn:aws-cn:iam::000011112222:user/u") == "000011112222");
}

TEST_CASE("who called is read") {
    const std::string inside = "<UserId>AROA:s</UserId><Account>000011112222</Account><Arn>arn:aws-cn:sts::0:x</Arn>";
    const auto identity = sts::parse_caller_identity(reply("GetCallerIdentity", inside));
    REQUIRE(identity.has_value());
    CHECK(identity->account == "000011112222");
    CHECK(identity->arn == "arn:aws-cn:sts::0:x");
    CHECK(identity->user_id == "AROA:s");
    CHECK_FALSE(sts::parse_caller_identity(reply("GetCallerIdentity", "<Account>1</Account>")).has_value());
    CHECK_FALSE(sts::parse_caller_identity(reply("GetCallerIdentity", "<Arn>1</Arn>")).has_value());
    CHECK_FALSE(sts::parse_caller_identity(reply("AssumeRole", inside)).has_value());
    CHECK_FALSE(sts::parse_caller_identity(inside).has_value());
}
