#include <sluice/transport/curl_exchange.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>

namespace {

using namespace sluice;
using detail::check_request;
using detail::HttpAnswer;
using detail::translate_curl;

TEST_CASE("libcurl's verdicts become errors by what the caller can do about them") {
    CHECK(translate_curl(CURLE_COULDNT_RESOLVE_HOST, false) == error::name_not_resolved);
    CHECK(translate_curl(CURLE_COULDNT_RESOLVE_PROXY, false) == error::name_not_resolved);
    CHECK(translate_curl(CURLE_COULDNT_CONNECT, false) == error::connection_failed);
    CHECK(translate_curl(CURLE_GOT_NOTHING, false) == error::connection_failed);
    CHECK(translate_curl(CURLE_PROXY, false) == error::connection_failed);
    CHECK(translate_curl(CURLE_OPERATION_TIMEDOUT, true) == error::timed_out);
    CHECK(translate_curl(CURLE_SSL_CONNECT_ERROR, false) == error::tls_failed);
    CHECK(translate_curl(CURLE_PEER_FAILED_VERIFICATION, false) == error::tls_failed);
    CHECK(translate_curl(CURLE_SSL_CACERT_BADFILE, false) == error::tls_failed);
    CHECK(translate_curl(CURLE_PARTIAL_FILE, true) == error::response_truncated);
    CHECK(translate_curl(CURLE_UNSUPPORTED_PROTOCOL, false) == error::protocol_violated);
    CHECK(translate_curl(CURLE_WEIRD_SERVER_REPLY, true) == error::protocol_violated);
    CHECK(translate_curl(CURLE_URL_MALFORMAT, false) == error::endpoint_invalid);
    CHECK(translate_curl(CURLE_OUT_OF_MEMORY, false) == error::response_too_large);
    CHECK(translate_curl(static_cast<CURLcode>(100), false) == error::response_too_large);
    CHECK(translate_curl(CURLE_FAILED_INIT, false) == error::connection_failed);
}

TEST_CASE("a broken connection is a truncated answer only if an answer had begun") {
    for (const auto code : {CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_HTTP2_STREAM}) {
        CHECK(translate_curl(code, false) == error::connection_failed);
        CHECK(translate_curl(code, true) == error::response_truncated);
    }
}

TEST_CASE("the host of a URL is named without user, password, path or query") {
    CHECK(detail::host_of("https://kinesis.eu-west-1.amazonaws.com/") == "kinesis.eu-west-1.amazonaws.com");
    CHECK(detail::host_of("http://127.0.0.1:4567") == "127.0.0.1:4567");
    CHECK(detail::host_of("https://user:pa@ss@host:1/a@b?c@d#e") == "host:1");
    CHECK(detail::host_of("https://host?x=/y@z") == "host");
    CHECK(detail::host_of("http://[::1]:80/") == "[::1]:80");
    CHECK(detail::host_of("") == "");
    CHECK(detail::host_of("://") == "");
}

TEST_CASE("a request that HTTP can carry passes") {
    HttpRequest request("POST", "https://host/path?x=%20#f");
    request.headers.emplace_back("X-Amz-Target", "Kinesis_20131202.PutRecords");
    request.headers.emplace_back("x-any", "\x80 \t utf-8 \xC3\xA9");
    request.headers.emplace_back("x-empty", "");
    CHECK(!check_request(request));
}

TEST_CASE("a URL that is none is refused before it reaches libcurl") {
    for (const auto* url : {"", "host", "//host/", "ftp://host/", "file:///etc/passwd", "https:/host", "HTTPS ://host",
                            "https://host/a b", "https://host/\r\nX: y", "https://host/\xC3\xA9", " https://host/"})
        CHECK_MESSAGE(check_request(HttpRequest("GET", url)) == error::endpoint_invalid, url);
    CHECK(check_request(HttpRequest("GET", std::string("https://host/\0x", 15))) == error::endpoint_invalid);
}

TEST_CASE("what could smuggle a second request into the first is refused") {
    for (const auto* method : {"", "GET /", "GET\r\nX:", "G\tT", "(GET)", "GET:"})
        CHECK_MESSAGE(check_request(HttpRequest(method, "https://host/")) == error::malformed, method);
    for (const auto* name : {"", "X Y", "X:", "X\r\nY", "X\n", "\xC3\xA9", "X\x7F"}) {
        HttpRequest request("GET", "https://host/");
        request.headers.emplace_back(name, "value");
        CHECK_MESSAGE(check_request(request) == error::malformed, name);
    }
    using namespace std::string_literals;
    for (const auto& value : {"a\r\nX: y"s, "a\nb"s, "a\rb"s, "a\0b"s}) {
        HttpRequest request("GET", "https://host/");
        request.headers.emplace_back("X", value);
        CHECK_MESSAGE(check_request(request) == error::malformed, value);
    }
}

TEST_CASE("names are made of the characters of RFC 9110, 5.6.2, and of no others") {
    const std::string_view marks = "!#$%&'*+-.^_`|~";
    for (int code = 0; code < 256; ++code) {
        const auto c = static_cast<char>(code);
        const bool letter_or_digit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        const bool fine = letter_or_digit || marks.find(c) != marks.npos;
        HttpRequest request("GET", "https://host/");
        request.headers.emplace_back(std::string("X") + c, "value");
        CHECK_MESSAGE(!check_request(request) == fine, code);
        CHECK_MESSAGE(!check_request(HttpRequest(std::string(1, c), "https://host/")) == fine, code);
    }
}

TEST_CASE("HEAD has no body") {
    HttpRequest request("HEAD", "https://host/");
    CHECK(!check_request(request));
    request.body = std::make_shared<const std::string>();
    CHECK(!check_request(request));
    request.body = std::make_shared<const std::string>("x");
    CHECK(check_request(request) == error::malformed);
}

TEST_CASE("headers keep their order and their duplicates, and lose the blanks around their values") {
    HttpAnswer answer(10);
    for (const auto* line :
         {"HTTP/1.1 200 OK\r\n", "b: 1\r\n", "A:\t 2 \t\r\n", "b:1\n", "empty:\r\n", "c: d: e\r\n", "\r\n"})
        CHECK(answer.take_line(line));
    const std::vector<HttpHeader> expected{{"b", "1"}, {"A", "2"}, {"b", "1"}, {"empty", ""}, {"c", "d: e"}};
    CHECK(answer.release(200).headers == expected);
}

TEST_CASE("interim answers and trailers leave no trace") {
    HttpAnswer answer(10);
    for (const auto* line : {"HTTP/1.1 103 Early\r\n", "link: x\r\n", "\r\n", "HTTP/1.1 200 OK\r\n", "a: 1\r\n", "\r\n",
                             "trailer: 2\r\n", "\r\n"})
        CHECK(answer.take_line(line));
    const std::vector<HttpHeader> expected{{"a", "1"}};
    CHECK(answer.release(200).headers == expected);
}

TEST_CASE("a folded header line goes on with its value, and one without a header before it is ignored") {
    HttpAnswer answer(10);
    for (const auto* line :
         {"HTTP/1.1 200 OK\r\n", "  lost\r\n", "a: 1\r\n", " 2\r\n", "\t3 \r\n", " \r\n", "nonsense\r\n", "\r\n"})
        CHECK(answer.take_line(line));
    const std::vector<HttpHeader> expected{{"a", "1 2 3 "}};
    CHECK(answer.release(200).headers == expected);
}

TEST_CASE("a body may be exactly as large as allowed") {
    HttpAnswer answer(5);
    CHECK(answer.take_body("abc"));
    CHECK(answer.take_body("de"));
    CHECK(answer.take_body(""));
    CHECK_FALSE(answer.too_large());
    CHECK_FALSE(answer.take_body("f"));
    CHECK(answer.too_large());
    CHECK(HttpAnswer(0).take_body(""));
    CHECK_FALSE(HttpAnswer(0).take_body("a"));
}

TEST_CASE("all lines of all heads together may be one MiB") {
    HttpAnswer answer(0);
    const std::string line(1'024, 'x');
    for (int i = 0; i < 1'024; ++i) CHECK(answer.take_line(line));
    CHECK_FALSE(answer.too_large());
    CHECK_FALSE(answer.take_line("x"));
    CHECK(answer.too_large());
}

} // namespace
