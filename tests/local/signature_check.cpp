#include "caller.hpp"
#include "moments.hpp"

#include <sluice/local/signature_check.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using sluice::HttpHeader;
using sluice::HttpRequest;
using sluice::Secret;
using sluice::Secrets;
using sluice::wall_time;
using sluice::local::Authorization;
using sluice::local::parse_amz_date;
using sluice::local::SignatureCheck;

namespace {

const wall_time now{std::chrono::seconds(1'767'323'045)}; // 2026-01-02T03:04:05Z
const Secrets known("AKIDEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"));
const std::string body = R"({"StreamName":"s","Data":"aGVsbG8=","PartitionKey":"a"})";

/// The code of the refusal, and nothing if the request is accepted.
std::string refusal(const HttpRequest& request, wall_time when = now, std::vector<Secrets> keys = {known}) {
    const auto failure = SignatureCheck(keys, when)(request);
    return failure ? failure->code : "";
}

std::string sentence(const HttpRequest& request, wall_time when) {
    const std::vector<Secrets> keys{known};
    const auto failure = SignatureCheck(keys, when)(request);
    return failure ? failure->message : "";
}

HttpRequest signed_request() { return Caller(known).call("PutRecord", body, now); }

std::string& header(HttpRequest& request, std::string_view name) {
    for (auto& found : request.headers) {
        if (found.name == name) return found.value;
    }
    FAIL("no such header");
    return request.headers.front().value;
}

} // namespace

TEST_CASE("a request that botocore signed is accepted, and none that differs in a bit") {
    // Made with botocore 1.43.11.
    HttpRequest request("POST", "https://kinesis.us-east-1.amazonaws.com/");
    request.headers = {HttpHeader("Content-Type", "application/x-amz-json-1.1"),
                       HttpHeader("Host", "kinesis.us-east-1.amazonaws.com"),
                       HttpHeader("X-Amz-Date", "20260102T030405Z"),
                       HttpHeader("X-Amz-Target", "Kinesis_20131202.PutRecord"),
                       HttpHeader("User-Agent", "anything"),
                       HttpHeader("Authorization",
                                  "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/kinesis/aws4_request, "
                                  "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
                                  "Signature=e59133f8f021ed9b11fa13b0fa66cd1098a53191935197a4f79496e25061b46d")};
    request.body = std::make_shared<const std::string>(body);
    CHECK(refusal(request) == "");
    header(request, "Authorization").back() = 'e';
    CHECK(refusal(request) == "InvalidSignatureException");
}

TEST_CASE("a request that botocore signed with a session token is accepted with that token only") {
    HttpRequest request("POST", "http://127.0.0.1:4568/");
    request.headers = {HttpHeader("Content-Type", "application/x-amz-json-1.1"),
                       HttpHeader("Host", "127.0.0.1:4568"),
                       HttpHeader("X-Amz-Date", "20260102T030405Z"),
                       HttpHeader("X-Amz-Security-Token", "SESSION/TOKEN=="),
                       HttpHeader("X-Amz-Target", "Kinesis_20131202.PutRecord"),
                       HttpHeader("Authorization",
                                  "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/kinesis/aws4_request, "
                                  "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "
                                  "Signature=a5fc78082b833f075186dd1194d475b10fe3efc4cc28ab02aaccdc735e919784")};
    request.body = std::make_shared<const std::string>(body);
    const Secrets temporary("AKIDEXAMPLE", known.secret_access_key, Secret("SESSION/TOKEN=="));
    const Secrets another("AKIDEXAMPLE", known.secret_access_key, Secret("SESSION/TOKEN=!"));
    CHECK(refusal(request, now, {temporary}) == "");
    CHECK(refusal(request, now, {another}) == "UnrecognizedClientException");
    CHECK(refusal(request, now, {known}) == "UnrecognizedClientException");
}

TEST_CASE("what the library signs is accepted, whatever the region") {
    CHECK(refusal(signed_request()) == "");
    Caller caller(known);
    caller.region = "eu-west-1";
    CHECK(refusal(caller.call("PutRecord", body, now)) == "");
    CHECK(refusal(Caller(known, "http://127.0.0.1:1/some/path?b=2&a=1").call("PutRecord", "", now)) == "");
}

TEST_CASE("a temporary key without its token is refused, and after its end expired") {
    const Secrets temporary("AKIDEXAMPLE", known.secret_access_key, Secret("token"), now + 1h);
    const auto late = Caller(temporary).call("PutRecord", body, now + 2h);
    CHECK(refusal(Caller(temporary).call("PutRecord", body, now), now, {temporary}) == "");
    CHECK(refusal(signed_request(), now, {temporary}) == "UnrecognizedClientException");
    CHECK(refusal(late, now + 2h, {temporary}) == "ExpiredTokenException");
}

TEST_CASE("an unsigned request lacks its token") {
    CHECK(refusal(Caller(known).unsigned_call("PutRecord", body)) == "MissingAuthenticationTokenException");
    CHECK(refusal(HttpRequest()) == "MissingAuthenticationTokenException");
}

TEST_CASE("a wrong secret, an unknown key and another service are told apart") {
    CHECK(refusal(Caller(Secrets("AKIDEXAMPLE", Secret("wrong"))).call("PutRecord", body, now)) ==
          "InvalidSignatureException");
    CHECK(refusal(Caller(Secrets("AKIDOTHER", known.secret_access_key)).call("PutRecord", body, now)) ==
          "UnrecognizedClientException");
    CHECK(refusal(signed_request(), now, {}) == "UnrecognizedClientException");
    Caller caller(known);
    caller.service = "firehose";
    CHECK(refusal(caller.call("PutRecord", body, now)) == "InvalidSignatureException");
}

TEST_CASE("whatever is changed after signing is noticed") {
    HttpRequest request = signed_request();
    SUBCASE("the body") { request.body = std::make_shared<const std::string>(body + " "); }
    SUBCASE("the body is taken away") { request.body = nullptr; }
    SUBCASE("the target") { header(request, "X-Amz-Target") = "Kinesis_20131202.DeleteStream"; }
    SUBCASE("the wire") { header(request, "Content-Type") = "application/x-amz-cbor-1.1"; }
    SUBCASE("the host") { header(request, "Host") = "127.0.0.1:4568"; }
    SUBCASE("the date") { header(request, "X-Amz-Date") = "20260102T030406Z"; }
    SUBCASE("the method") { request.method = "PUT"; }
    SUBCASE("the path") { request.url += "x"; }
    SUBCASE("the query") { request.url += "?x=1"; }
    SUBCASE("a header of the same name is added") {
        request.headers.emplace_back("x-amz-target", "Kinesis_20131202.DeleteStream");
    }
    SUBCASE("a header is taken away") {
        std::erase_if(request.headers, [](const HttpHeader& h) { return h.name == "Content-Type"; });
    }
    SUBCASE("a header of AWS is added unsigned") { request.headers.emplace_back("X-Amz-Anything", "x"); }
    SUBCASE("a digest is added that is not the body's") {
        request.headers.emplace_back("X-Amz-Content-SHA256", std::string(64, '0'));
    }
    CHECK(refusal(request) == "InvalidSignatureException");
}

TEST_CASE("what nobody signs may change on the way") {
    HttpRequest request = signed_request();
    request.headers.emplace_back("User-Agent", "another");
    request.headers.emplace_back("Content-Length", "55");
    CHECK(refusal(request) == "");
}

TEST_CASE("a claimed digest is held against the body even if it is signed") {
    HttpRequest request = Caller(known).unsigned_call("PutRecord", body);
    request.headers.emplace_back("X-Amz-Content-SHA256", sluice::aws::sha256_hex(body));
    CHECK(refusal(Caller(known).sign(request, now)) == "");
    request.headers.back().value = "UNSIGNED-PAYLOAD";
    CHECK(sentence(Caller(known).sign(request, now), now) ==
          "The provided 'x-amz-content-sha256' header does not match what was computed.");
}

TEST_CASE("a signature holds for five minutes, before and after") {
    const auto request = signed_request();
    CHECK(refusal(request, now + 5min) == "");
    CHECK(refusal(request, now - 5min) == "");
    CHECK(refusal(request, now + 5min + 1s) == "InvalidSignatureException");
    CHECK(refusal(request, now - 5min - 1s) == "InvalidSignatureException");
    CHECK(sentence(request, now + 6min) == "Signature expired: 20260102T030405Z is now earlier than 20260102T030505Z "
                                           "(20260102T031005Z - 5 min.)");
    CHECK(sentence(request, now - 6min) == "Signature not yet current: 20260102T030405Z is still later than "
                                           "20260102T030305Z (20260102T025805Z + 5 min.)");
}

TEST_CASE("the day of the scope must be that of the date") {
    HttpRequest request = signed_request();
    auto& authorization = header(request, "Authorization");
    authorization.replace(authorization.find("20260102"), 8, "20260101");
    CHECK(refusal(request) == "InvalidSignatureException");
}

TEST_CASE("a signature that does not cover the host is none") {
    HttpRequest request = signed_request();
    auto& authorization = header(request, "Authorization");
    authorization.replace(authorization.find("host;"), 5, "");
    CHECK(sentence(request, now) == "'Host' must be a 'SignedHeader' in the AWS Authorization.");
}

TEST_CASE("half an Authorization is incomplete") {
    for (const std::string text :
         {"AWS4-HMAC-SHA256", "Basic bG9jYWw6bG9jYWw=", "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request",
          "AWS4-HMAC-SHA256 Credential=a/b/c/kinesis/aws4_request, SignedHeaders=host",
          "AWS4-HMAC-SHA256 Credential=b/c/kinesis/aws4_request, SignedHeaders=host, Signature=0",
          "AWS4-HMAC-SHA256 Credential=/b/c/kinesis/aws4_request, SignedHeaders=host, Signature=0",
          "AWS4-HMAC-SHA256 Credential=a/b/c/kinesis/aws5_request, SignedHeaders=host, Signature=0",
          "AWS4-HMAC-SHA256 ,,,===,,", "AWS4-HMAC-SHA256 Credential, SignedHeaders, Signature"}) {
        CAPTURE(text);
        HttpRequest request = signed_request();
        header(request, "Authorization") = text;
        CHECK(refusal(request) == "IncompleteSignatureException");
    }
    HttpRequest request = signed_request();
    header(request, "X-Amz-Date") = "yesterday";
    CHECK(refusal(request) == "IncompleteSignatureException");
}

TEST_CASE("an access key may hold slashes, and the parts of an Authorization any spaces between them") {
    const auto parsed = Authorization::parse(
        "AWS4-HMAC-SHA256 Credential=a/b/20260102/r/kinesis/aws4_request,SignedHeaders=host,  Signature=ab");
    REQUIRE(parsed.has_value());
    CHECK(parsed->access_key_id == "a/b");
    CHECK(parsed->region == "r");
    CHECK(parsed->signed_headers == "host");
    CHECK(parsed->signature == "ab");
}

TEST_CASE("a date is read to the second, and what is none is none") {
    CHECK(parse_amz_date("20260102T030405Z") == now);
    CHECK(parse_amz_date("19700101T000000Z") == wall_time());
    for (const char* text : {"", "20260102T030405", "20260102T030405z", "2026-01-02T03:04:05Z", "20260230T030405Z",
                             "20261302T030405Z", "20260102T240405Z", "20260102T036005Z", "20260102T030461Z",
                             "99990102T030405Z", "00000000T000000Z", "2026010 T030405Z"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_amz_date(text).has_value());
    }
}
