#include <sluice/aws/canonical.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace sluice;

// Expected texts: botocore 1.43.11 on the same requests, but where a comment says otherwise.

TEST_CASE("a path loses dot segments and doubled slashes, and is encoded once more") {
    CHECK(aws::canonical_path("") == "/");
    CHECK(aws::canonical_path("/") == "/");
    CHECK(aws::canonical_path("//") == "/");
    CHECK(aws::canonical_path("/./") == "/");
    CHECK(aws::canonical_path("/a/..") == "/");
    CHECK(aws::canonical_path("/a/b/../") == "/a/");
    CHECK(aws::canonical_path("/a/b/..") == "/a");
    CHECK(aws::canonical_path("/a//b/") == "/a/b/");
    CHECK(aws::canonical_path("/../../x") == "/x");
    CHECK(aws::canonical_path("/a/./b/../c%20d//e") == "/a/c%2520d/e");
    CHECK(aws::canonical_path("/%41~-_.!") == "/%2541~-_.%21");
    CHECK(aws::canonical_path("/a/%2F/") == "/a/%252F/");
    CHECK(aws::canonical_path("/a*b(c)") == "/a%2Ab%28c%29");
    CHECK(aws::canonical_path("/...") == "/...");
}

TEST_CASE("bytes beyond ASCII in a path are encoded in upper case") {
    CHECK(aws::canonical_path("/\xe1\x88\xb4") == "/%E1%88%B4");
    CHECK(aws::canonical_path(std::string_view("/\0", 2)) == "/%00");
}

TEST_CASE("a path may stay as it is, or be encoded only once") {
    const aws::PathRules as_it_is(false, false);
    CHECK(aws::canonical_path("", as_it_is) == "/");
    CHECK(aws::canonical_path("/a//./b/../c%20d/", as_it_is) == "/a//./b/../c%20d/");
    CHECK(aws::canonical_path("//", as_it_is) == "//");
    CHECK(aws::canonical_path("a", as_it_is) == "/a");
    CHECK(aws::canonical_path("/a b%e1%2F%", as_it_is) == "/a%20b%E1%2F%25");
    CHECK(aws::canonical_path("/a//../c%20d", aws::PathRules(true, false)) == "/c%20d");
    CHECK(aws::canonical_path("/a//../c%20d/", aws::PathRules(false, true)) == "/a//../c%2520d/");
}

TEST_CASE("a query is sorted by name, then by value") {
    CHECK(aws::canonical_query("") == "");
    CHECK(aws::canonical_query("b=2&a=1") == "a=1&b=2");
    CHECK(aws::canonical_query("a=2&a=1") == "a=1&a=2");
    CHECK(aws::canonical_query("a-b=1&a=0&a.b=3") == "a=0&a-b=1&a.b=3");
    CHECK(aws::canonical_query("list-type=2&prefix=a%2Fb&max-keys=10") == "list-type=2&max-keys=10&prefix=a%2Fb");
    CHECK(aws::canonical_query("a=1&A=1") == "A=1&a=1");
}

TEST_CASE("a query is sorted as it is encoded") {
    // `:` is `%3A`, which stands before `.` in ASCII order though the character itself stands after it.
    CHECK(aws::canonical_query("a.=1&a:=2") == "a%3A=2&a.=1");
}

TEST_CASE("a name without a value gets an empty one") {
    CHECK(aws::canonical_query("a") == "a=");
    CHECK(aws::canonical_query("a=&b") == "a=&b=");
    CHECK(aws::canonical_query("uploads&&") == "uploads=");
}

TEST_CASE("escapes of one character are one escape, however they were written") {
    // By the documentation of Signature Version 4: what is not reserved is never escaped, and digits are upper case.
    CHECK(aws::canonical_query("a=%7e%2f") == "a=~%2F");
    CHECK(aws::canonical_query("a=x%20y") == "a=x%20y");
    CHECK(aws::canonical_query("a=x y") == "a=x%20y");
    CHECK(aws::canonical_query("a=1=2") == "a=1%3D2");
    CHECK(aws::canonical_query("\xe1\x88\xb4=bar") == "%E1%88%B4=bar");
}

TEST_CASE("a stray percent sign stands for itself") {
    CHECK(aws::canonical_query("a=%") == "a=%25");
    CHECK(aws::canonical_query("a=%4") == "a=%254");
    CHECK(aws::canonical_query("a=%zz") == "a=%25zz");
    CHECK(aws::canonical_query("%=%%41") == "%25=%25A");
}

TEST_CASE("headers are sorted, lowered, trimmed and joined") {
    const std::vector<aws::SignedHeader> headers{{"X-Amz-Meta", "  a   b\t c "},
                                                 {"My-Header", "second"},
                                                 {"host", "x.example.com"},
                                                 {"my-header", " \"a   b\" "},
                                                 {"Empty", "  "}};
    const aws::CanonicalRequest request("GET", "/", "", headers, "hash");
    CHECK(aws::canonical_text(request) == "GET\n/\n\n"
                                          "empty:\n"
                                          "host:x.example.com\n"
                                          "my-header:second,\"a b\"\n"
                                          "x-amz-meta:a b c\n"
                                          "\n"
                                          "empty;host;my-header;x-amz-meta\n"
                                          "hash");
    CHECK(aws::signed_headers(request) == "empty;host;my-header;x-amz-meta");
}

TEST_CASE("names are sorted by byte, not by length or case") {
    const std::vector<aws::SignedHeader> headers{{"b-a", ""}, {"B", ""}, {"a1", ""}, {"A-1", ""}};
    CHECK(aws::signed_headers({"GET", "/", "", headers, ""}) == "a-1;a1;b;b-a");
}

TEST_CASE("headers of one name keep their order, however many there are") {
    std::vector<std::string> values;
    std::string joined;
    for (int i = 0; i < 200; ++i) {
        values.push_back(std::to_string(i));
        joined += (i == 0 ? "" : ",") + values.back();
    }
    std::vector<aws::SignedHeader> headers;
    for (const auto& value : values) headers.emplace_back(headers.size() % 2 == 0 ? "Many" : "many", value);
    CHECK(aws::canonical_text({"GET", "/", "", headers, "hash"}) == "GET\n/\n\nmany:" + joined + "\n\nmany\nhash");
}

TEST_CASE("a request without headers has a canonical text all the same") {
    CHECK(aws::canonical_text({"GET", "", "", {}, "hash"}) == "GET\n/\n\n\n\nhash");
}
