#include <sluice/aws/endpoint.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace sluice;

TEST_CASE("a URL is brought into one form") {
    const auto parse = [](std::string_view text) { return aws::parse_endpoint(text).value(); };
    CHECK(parse("http://127.0.0.1:4568") == aws::Endpoint("http://127.0.0.1:4568", "127.0.0.1:4568"));
    CHECK(parse("http://127.0.0.1:4568/") == aws::Endpoint("http://127.0.0.1:4568", "127.0.0.1:4568"));
    CHECK(parse("HTTPS://Example.COM:443") == aws::Endpoint("https://example.com", "example.com"));
    CHECK(parse("http://example.com:443") == aws::Endpoint("http://example.com:443", "example.com:443"));
    CHECK(parse("http://example.com:80") == aws::Endpoint("http://example.com", "example.com"));
    CHECK(parse("https://[FD00::1]:8443") == aws::Endpoint("https://[fd00::1]:8443", "[fd00::1]:8443"));
    CHECK(parse("https://h/Base/path//") == aws::Endpoint("https://h/Base/path", "h"));
    CHECK(parse("http://my_kinesis:4567") == aws::Endpoint("http://my_kinesis:4567", "my_kinesis:4567"));
    CHECK(parse("http://a-b.c:00080").host == "a-b.c");
}

TEST_CASE("a name that begins like an address is a name, or refused") {
    const auto endpoint = aws::parse_endpoint("http://1.2.3.4.example");
    CHECK((endpoint.has_error() || endpoint->host == "1.2.3.4.example"));
}

TEST_CASE("what is no endpoint is refused") {
    for (const std::string_view wrong :
         {"", "kinesis", "127.0.0.1:4568", "//host", "ftp://host", "http:", "http://", "http:///path", "http://:80",
          "http://host:99999", "http://host:0", "http://host:", "http://host:4294967297",
          "http://host:x", "http://user@host", "http://user:word@host",
          "http://host?x", "http://host#x", "http://ho st", " http://host", "http://host ", "http://host\r\nX: y",
          "http://h%0d%0aost", "http://h!ost", "http://[::1", "http://[v1.x]", "file:///etc/passwd", "http://h\\ost"}) {
        CAPTURE(wrong);
        CHECK(aws::parse_endpoint(wrong).error() == error::endpoint_invalid);
    }
    CHECK(aws::parse_endpoint(std::string_view("http://h\0ost", 12)).error() == error::endpoint_invalid);
}
