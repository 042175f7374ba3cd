#include <sluice/local/response_head.hpp>

#include <doctest/doctest.h>

using sluice::HttpResponse;
using sluice::local::response_head;

TEST_CASE("a head has a status line, the headers, the length and an empty line") {
    HttpResponse response(200, "hello");
    response.headers.emplace_back("A", "b");
    CHECK(response_head(response, true) == "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 5\r\n\r\n");
}

TEST_CASE("a head says that the connection ends, and how long an empty body is") {
    CHECK(response_head(HttpResponse(413, ""), false) ==
          "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

TEST_CASE("a status without a word of its own has one all the same") {
    CHECK(response_head(HttpResponse(299, ""), true).starts_with("HTTP/1.1 299 Status\r\n"));
}
