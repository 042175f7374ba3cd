#include <sluice/aws/sigv4.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

using namespace sluice;

namespace {

constexpr std::string_view put_record = R"({"StreamName":"s","Data":"aGVsbG8=","PartitionKey":"a"})";

wall_time at(std::chrono::sys_seconds time) { return time; }

// 2026-01-02T03:04:05Z
const wall_time now = at(std::chrono::sys_days(std::chrono::year(2026) / 1 / 2) + std::chrono::seconds(11'045));

Secrets secrets(std::string token = {}) {
    return Secrets("AKIDEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), Secret(std::move(token)));
}

HttpRequest request(std::string method, std::string url, std::vector<HttpHeader> headers, std::string_view body) {
    HttpRequest made(std::move(method), std::move(url));
    made.headers = std::move(headers);
    if (!body.empty()) made.body = std::make_shared<const std::string>(body);
    return made;
}

HttpRequest kinesis(std::string url) {
    return request("POST", std::move(url),
                   {{"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", "Kinesis_20131202.PutRecord"}},
                   put_record);
}

std::string authorization(HttpRequest made, const Secrets& keys, std::string_view service,
                          std::string_view region = "us-east-1") {
    aws::Signer signer;
    signer.sign(made, keys, region, service, now);
    return std::string(find_header(made.headers, "Authorization"));
}

bool signs(std::string_view authorization, std::string_view names, std::string_view signature) {
    const auto expected = "SignedHeaders=" + std::string(names) + ", Signature=" + std::string(signature);
    return authorization.ends_with(expected);
}

} // namespace

// Signatures: botocore 1.43.11 on the same requests, at 2026-01-02T03:04:05Z.

TEST_CASE("a Kinesis PutRecord is signed as botocore signs it") {
    CHECK(authorization(kinesis("https://kinesis.us-east-1.amazonaws.com/"), secrets(), "kinesis") ==
          "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/kinesis/aws4_request, "
          "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
          "Signature=e59133f8f021ed9b11fa13b0fa66cd1098a53191935197a4f79496e25061b46d");
}

TEST_CASE("a session token is sent and signed, and a port belongs to the host") {
    CHECK(signs(authorization(kinesis("http://127.0.0.1:4568/"), secrets("SESSION/TOKEN=="), "kinesis"),
                "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
                "a5fc78082b833f075186dd1194d475b10fe3efc4cc28ab02aaccdc735e919784"));
}

TEST_CASE("a form of IAM is signed as botocore signs it") {
    const auto form = request("POST", "https://iam.amazonaws.com/",
                              {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
                              "Action=GetRole&Version=2010-05-08&RoleName=r1");
    CHECK(signs(authorization(form, secrets(), "iam"), "content-type;host;x-amz-date",
                "2560bbab84f6d5cb2877c8b5b73c4a209249ca0753c4ef67c846ac8b51bc8f96"));
}

TEST_CASE("a path with dots and escapes is signed in its canonical form") {
    const auto get = request("GET", "https://x.example.com/a/./b/../c%20d//e", {}, "");
    CHECK(signs(authorization(get, secrets(), "execute-api"), "host;x-amz-date",
                "53ffd28a584a3500b4222df88c763eec18e8af2805a9c07a3dd80b6be4788fd6"));
}

TEST_CASE("a query is signed in its canonical form") {
    const auto get = request("GET", "https://x.example.com/?a-b=1&a=0&a.b=3", {}, "");
    CHECK(signs(authorization(get, secrets(), "execute-api"), "host;x-amz-date",
                "65a500240e0184da882a6ab9a813e009f3ec1087f1d0111ac3f72fa4294d0738"));
}

TEST_CASE("a URL without a path is signed like one with a slash") {
    const auto get = request("GET", "https://x.example.com?x=a%20b", {}, "");
    CHECK(signs(authorization(get, secrets(), "execute-api"), "host;x-amz-date",
                "0b88fd21cdb3d6b149d3ad9ef4bdd45e14a63bb48bcc9ea511da7e83f09102d7"));
}

TEST_CASE("what proxies and libraries change on the way is not signed") {
    auto post = request("POST", "https://x.example.com:8443/",
                        {{"X-Amz-Meta", "  a   b  c "}, {"My-Header", "\"a   b\""}}, std::string_view("\0\xff", 2));
    const std::vector<std::string> unsigned_names{
        "Connection", "Expect",     "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "TE",
        "Trailer",    "User-Agent", "Upgrade",    "Transfer-Encoding",  "X-Amzn-Trace-Id"};
    for (const auto& name : unsigned_names) post.headers.emplace_back(name, "x");
    CHECK(signs(authorization(post, secrets(), "execute-api"), "host;my-header;x-amz-date;x-amz-meta",
                "73861e0d2b2ded4e561ce811038457731a81574089d58341bfb7e3adfde97d76"));
}

TEST_CASE("an IPv6 host keeps its brackets") {
    CHECK(signs(authorization(kinesis("http://[::1]:4568/"), secrets(), "kinesis"),
                "content-type;host;x-amz-date;x-amz-target",
                "b51ec38da36706d01837c18c68d643674a89c00cc040f4e0807c7d8ae7a7f94a"));
}

TEST_CASE("the host is lower case, without the scheme's own port") {
    CHECK(signs(authorization(request("GET", "https://X.Example.com:443/", {}, ""), secrets(), "execute-api"),
                "host;x-amz-date", "0c6edd5e7e53005859eec18ff675f9d3ead84f73eefd6a1c2c44eef5f564c046"));
    CHECK(aws::host_header("https://a:443") == "a");
    CHECK(aws::host_header("https://a:80/x") == "a:80");
    CHECK(aws::host_header("http://A:80?x") == "a");
    CHECK(aws::host_header("http://a:443/") == "a:443");
    CHECK(aws::host_header("http://a:4443/") == "a:4443");
    CHECK(aws::host_header("HTTPS://[FD00::1]:443/x:443") == "[fd00::1]");
}

TEST_CASE("a digest that is given is used as it stands") {
    const auto put = request("PUT", "https://x.example.com/", {{"X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD"}}, "hello");
    CHECK(signs(authorization(put, secrets(), "execute-api"), "host;x-amz-content-sha256;x-amz-date",
                "af8a9dd0989883a1eea4277d5894885114021fcaf9fabec2cec303edd197f8d8"));
}

TEST_CASE("the headers that signing adds are those that it signed") {
    aws::Signer signer;
    auto made = kinesis("https://Kinesis.us-east-1.amazonaws.com:443/");
    signer.sign(made, secrets("SESSION"), "us-east-1", "kinesis", now);
    CHECK(find_header(made.headers, "Host") == "kinesis.us-east-1.amazonaws.com");
    CHECK(find_header(made.headers, "X-Amz-Date") == "20260102T030405Z");
    CHECK(find_header(made.headers, "X-Amz-Security-Token") == "SESSION");
    CHECK(find_header(made.headers, "Content-Type") == "application/x-amz-json-1.1");
    CHECK(*made.body == put_record);
}

TEST_CASE("a host that is set is signed and kept as it is") {
    auto made = kinesis("http://127.0.0.1:4568/");
    made.headers.emplace_back("HOST", "kinesis.us-east-1.amazonaws.com");
    const auto line = authorization(made, secrets(), "kinesis");
    CHECK(signs(line, "content-type;host;x-amz-date;x-amz-target",
                "e59133f8f021ed9b11fa13b0fa66cd1098a53191935197a4f79496e25061b46d"));
}

TEST_CASE("a request that was signed before is signed anew") {
    aws::Signer signer;
    auto made = kinesis("https://kinesis.us-east-1.amazonaws.com/");
    made.headers.emplace_back("Date", "Fri, 02 Jan 2026 03:04:05 GMT");
    signer.sign(made, secrets("OLD"), "us-east-1", "kinesis", now - std::chrono::hours(48));
    signer.sign(made, secrets(), "us-east-1", "kinesis", now);
    CHECK(find_header(made.headers, "Authorization").ends_with(
        "e59133f8f021ed9b11fa13b0fa66cd1098a53191935197a4f79496e25061b46d"));
    CHECK(made.headers.size() == 5);
}

TEST_CASE("the key that is kept is never used for another secret, day, region or service") {
    const auto fresh = [](const Secrets& keys, std::string_view region, std::string_view service, wall_time time) {
        auto made = kinesis("https://h/");
        aws::Signer signer;
        signer.sign(made, keys, region, service, time);
        return std::string(find_header(made.headers, "Authorization"));
    };
    aws::Signer signer;
    const Secrets other("AKIDEXAMPLE", Secret("another"));
    const auto tomorrow = now + std::chrono::hours(24);
    const auto check = [&](const Secrets& keys, std::string_view region, std::string_view service, wall_time time) {
        auto made = kinesis("https://h/");
        signer.sign(made, keys, region, service, time);
        CHECK(find_header(made.headers, "Authorization") == fresh(keys, region, service, time));
    };
    check(secrets(), "us-east-1", "kinesis", now);
    check(secrets(), "us-east-1", "kinesis", now);
    check(other, "us-east-1", "kinesis", now);
    check(other, "eu-west-1", "kinesis", now);
    check(other, "eu-west-1", "firehose", now);
    check(other, "eu-west-1", "firehose", tomorrow);
    check(secrets(), "us-east-1", "kinesis", now);
}

TEST_CASE("whoever knows the secret computes the same signature from what was sent") {
    aws::Signer signer;
    auto made = kinesis("http://127.0.0.1:4568/some%20path?b=2&a=1");
    signer.sign(made, secrets("SESSION/TOKEN=="), "eu-west-1", "kinesis", now);
    const auto line = std::string(find_header(made.headers, "Authorization"));

    std::vector<aws::SignedHeader> received;
    for (const auto& header : made.headers) {
        if (header.name != "Authorization") received.emplace_back(header.name, header.value);
    }
    const auto hash = aws::sha256_hex(*made.body);
    const aws::CanonicalRequest canonical("POST", "/some%20path", "b=2&a=1", received, hash);
    const auto key = secrets().secret_access_key;
    CHECK(line.ends_with("Signature=" + aws::signature(canonical, key, "eu-west-1", "kinesis", "20260102T030405Z")));
    CHECK_FALSE(line.ends_with(aws::signature(canonical, Secret("wrong"), "eu-west-1", "kinesis", "20260102T030405Z")));
    CHECK_FALSE(line.ends_with(aws::signature(canonical, key, "eu-west-2", "kinesis", "20260102T030405Z")));
    CHECK_FALSE(line.ends_with(aws::signature(canonical, key, "eu-west-1", "kinesis", "20260102T030406Z")));
}

TEST_CASE("every part of a request changes its signature") {
    const std::vector<aws::SignedHeader> headers{{"host", "h"}, {"x-amz-date", "20260102T030405Z"}};
    const auto sign = [](const aws::CanonicalRequest& canonical) {
        return aws::signature(canonical, Secret("key"), "us-east-1", "kinesis", "20260102T030405Z");
    };
    const auto plain = sign({"POST", "/", "", headers, "hash"});
    CHECK(sign({"GET", "/", "", headers, "hash"}) != plain);
    CHECK(sign({"POST", "/x", "", headers, "hash"}) != plain);
    CHECK(sign({"POST", "/", "x", headers, "hash"}) != plain);
    CHECK(sign({"POST", "/", "", {{"host", "h"}}, "hash"}) != plain);
    CHECK(sign({"POST", "/", "", {{"host", "i"}, headers[1]}, "hash"}) != plain);
    CHECK(sign({"POST", "/", "", headers, "other"}) != plain);
}

TEST_CASE("a server may verify what makes no sense") {
    const auto hostile = aws::signature({"", "%%/..//", "&&=&%", {{"", ""}}, ""}, Secret(), "", "", "");
    CHECK(hostile.size() == 64);
}

TEST_CASE("a URL falls into its parts, whatever it looks like") {
    const aws::UrlParts full("https://h:1/a/b?c=d?e#f");
    CHECK(full.scheme == "https");
    CHECK(full.authority == "h:1");
    CHECK(full.path == "/a/b");
    CHECK(full.query == "c=d?e");
    const aws::UrlParts bare("http://h?x");
    CHECK(bare.authority == "h");
    CHECK(bare.path.empty());
    CHECK(bare.query == "x");
    CHECK(aws::UrlParts("").authority.empty());
    CHECK(aws::UrlParts("://").authority.empty());
    CHECK(aws::UrlParts("https://h/a#?b").query.empty());
}

namespace {

HttpRequest object(std::string method, std::string path, std::string_view body) {
    return request(std::move(method), "https://b.s3.us-east-1.amazonaws.com" + path, {}, body);
}

std::string presigned(const HttpRequest& made, const Secrets& keys, std::string_view service,
                      std::chrono::seconds expires = std::chrono::hours(1), const aws::SigningRules& rules = {}) {
    return aws::Signer().presign(made, keys, "us-east-1", service, now, expires, rules).value();
}

} // namespace

TEST_CASE("S3 is told the digest of the body, and its paths are signed as they are") {
    aws::Signer signer;
    auto put = object("PUT", "/a//./b%20c/..", "hello");
    signer.sign(put, secrets(), "us-east-1", "s3", now, aws::SigningRules::s3());
    CHECK(find_header(put.headers, "X-Amz-Content-SHA256") == aws::sha256_hex("hello"));
    CHECK(signer.last_canonical_text() == "PUT\n/a//./b%20c/..\n\nhost:b.s3.us-east-1.amazonaws.com\n"
                                          "x-amz-content-sha256:" + aws::sha256_hex("hello") +
                                              "\nx-amz-date:20260102T030405Z\n\n"
                                              "host;x-amz-content-sha256;x-amz-date\n" + aws::sha256_hex("hello"));
    // Once more: the digest that stands there is that of the body, and is not sent twice.
    signer.sign(put, secrets(), "us-east-1", "s3", now, aws::SigningRules::s3());
    CHECK(put.headers.size() == 4);
}

TEST_CASE("a signature may hold for any body") {
    aws::SigningRules rules = aws::SigningRules::s3();
    rules.unsigned_payload = true;
    aws::Signer signer;
    auto one = object("PUT", "/a", "hello");
    auto other = object("PUT", "/a", "world");
    signer.sign(one, secrets(), "us-east-1", "s3", now, rules);
    signer.sign(other, secrets(), "us-east-1", "s3", now, rules);
    CHECK(find_header(one.headers, "X-Amz-Content-SHA256") == "UNSIGNED-PAYLOAD");
    CHECK(find_header(one.headers, "Authorization") == find_header(other.headers, "Authorization"));
}

TEST_CASE("a session token may go unsigned") {
    aws::SigningRules rules;
    rules.omit_session_token = true;
    aws::Signer signer;
    auto made = kinesis("https://kinesis.us-east-1.amazonaws.com/");
    signer.sign(made, secrets("SESSION"), "us-east-1", "kinesis", now, rules);
    CHECK(find_header(made.headers, "X-Amz-Security-Token") == "SESSION");
    CHECK(find_header(made.headers, "Authorization") ==
          authorization(kinesis("https://kinesis.us-east-1.amazonaws.com/"), secrets(), "kinesis"));
    const auto url = presigned(object("GET", "/a", ""), secrets("S/T="), "s3", std::chrono::hours(1), rules);
    const auto plain = presigned(object("GET", "/a", ""), secrets(), "s3");
    const auto signature_of = [](const std::string& text) { return text.substr(text.size() - 64); };
    CHECK(signature_of(url) == signature_of(plain));
    CHECK(url.find("&X-Amz-Security-Token=S%2FT%3D&X-Amz-Signature=") != std::string::npos);
}

TEST_CASE("a URL is signed with all that is in it") {
    const auto url = presigned(object("GET", "/k?versionId=a/b", ""), secrets("S/T="), "s3");
    CHECK(url.starts_with("https://b.s3.us-east-1.amazonaws.com/k?versionId=a%2Fb&X-Amz-Algorithm=AWS4-HMAC-SHA256&"
                          "X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Fs3%2Faws4_request&"
                          "X-Amz-Date=20260102T030405Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&"
                          "X-Amz-Security-Token=S%2FT%3D&X-Amz-Signature="));
    CHECK(presigned(object("GET", "", ""), secrets(), "s3").starts_with("https://b.s3.us-east-1.amazonaws.com/?X-Amz-"));
    CHECK(presigned(object("GET", "#part", ""), secrets(), "s3").find('#') == std::string::npos);
}

TEST_CASE("whoever knows the secret finds the signature of a URL again") {
    auto made = object("PUT", "/a%20b?x=1", "");
    made.headers.emplace_back("Content-Length", "5");
    made.headers.emplace_back("User-Agent", "unsigned");
    const auto url = presigned(made, secrets(), "s3", std::chrono::seconds(60), aws::SigningRules::s3());
    const auto cut = url.find("&X-Amz-Signature=");
    const std::string query(aws::UrlParts(std::string_view(url).substr(0, cut)).query);
    CHECK(query.find("X-Amz-SignedHeaders=content-length%3Bhost") != std::string::npos);
    aws::CanonicalRequest canonical("PUT", "/a%20b", query,
                                    {{"Content-Length", "5"}, {"Host", "b.s3.us-east-1.amazonaws.com"}},
                                    "UNSIGNED-PAYLOAD");
    canonical.path_rules = aws::PathRules(false, false);
    CHECK(url.substr(cut + 17) ==
          aws::signature(canonical, secrets().secret_access_key, "us-east-1", "s3", "20260102T030405Z"));
}

TEST_CASE("a URL of another service than S3 is signed with its body") {
    const auto one = presigned(kinesis("https://h/"), secrets(), "kinesis");
    auto other = kinesis("https://h/");
    other.body = std::make_shared<const std::string>("{}");
    CHECK(presigned(other, secrets(), "kinesis") != one);
    CHECK(presigned(kinesis("https://h/"), secrets(), "kinesis") == one);
}

TEST_CASE("a URL lives from a second to a week, and has a host") {
    const auto error = [](std::chrono::seconds expires, std::string url) {
        const auto made = request("GET", std::move(url), {}, "");
        return aws::Signer().presign(made, secrets(), "us-east-1", "s3", now, expires).has_error();
    };
    CHECK(error(std::chrono::seconds(0), "https://h/"));
    CHECK(error(std::chrono::seconds(-1), "https://h/"));
    CHECK(error(std::chrono::seconds(604'801), "https://h/"));
    CHECK_FALSE(error(std::chrono::seconds(604'800), "https://h/"));
    CHECK_FALSE(error(std::chrono::seconds(1), "https://h/"));
    CHECK(error(std::chrono::seconds(1), ""));
    CHECK(error(std::chrono::seconds(1), "/path?x"));
}

TEST_CASE("S3 requests and URLs are signed as botocore signs them") {
    auto put = request("PUT", "https://bkt.s3.us-east-1.amazonaws.com/a/b%20c%2Bd.txt",
                       {{"Content-Type", "application/octet-stream"}}, "hello");
    aws::Signer signer;
    signer.sign(put, secrets(), "us-east-1", "s3", now, aws::SigningRules::s3());
    CHECK(find_header(put.headers, "Authorization").ends_with(
        "d19b80576c25765fe99171f9a7051d1f01853a10529a60da1139eee70688d655"));
    auto list = request("GET", "https://bkt.s3.eu-west-1.amazonaws.com/?list-type=2&prefix=a%2Fb&max-keys=10", {}, "");
    signer.sign(list, secrets(), "eu-west-1", "s3", now, aws::SigningRules::s3());
    CHECK(find_header(list.headers, "Authorization").ends_with(
        "a8ea65f490194a153aa5b2bd138e1bf692ceeb59486617cf666bd7641d2e5dde"));
    const auto get = request("GET", "https://bkt.s3.us-east-1.amazonaws.com/a/b%20c.txt", {}, "");
    CHECK(presigned(get, secrets("SESSION/TOKEN=="), "s3", std::chrono::seconds(900), aws::SigningRules::s3())
              .ends_with("5b40ee01d9c6e1d6bffc00021b43865dc9eb6e58a47d4c31fb7b30a583c99d08"));
}

TEST_CASE("a URL that names a user, was signed before or breaks a line is not signed") {
    aws::Signer signer;
    const auto signed_for = [&](const std::string& url, std::string_view region = "us-east-1") {
        return signer
            .presign(HttpRequest("GET", url), secrets(), region, "s3", sluice::wall_time(), std::chrono::seconds(60))
            .has_value();
    };
    CHECK(signed_for("https://h/k y?a=b&x-amz-meta=1"));
    for (const std::string url :
         {"https://evil@host/k", "https://h h/k", "https://h/k\r\nX: y", "https:///k", "k",
          "https://h/?X-Amz-Signature=aa", "https://h/?a=b&x-amz-expires=604800", "https://h/?X%2DAmz-Date=x"}) {
        CAPTURE(url);
        CHECK_FALSE(signed_for(url));
    }
    CHECK_FALSE(signed_for("https://h/", "us/east"));
    CHECK_FALSE(signed_for("https://h/", "us\neast"));
    CHECK_FALSE(signed_for("https://h/", ""));
}
