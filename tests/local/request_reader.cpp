#include <sluice/local/request_reader.hpp>

#include <doctest/doctest.h>

#include <random>
#include <string>

using sluice::local::RequestReader;
using State = RequestReader::State;

namespace {

const std::string simple =
    "POST /?a=1 HTTP/1.1\r\nHost: 127.0.0.1:4567\r\nX-Thing:  two words\t\r\nContent-Length: 5\r\n\r\nhello";

/// What the reader says of a whole text.
int refusal(const std::string& text) {
    RequestReader reader;
    reader.feed(text);
    return reader.state() == State::refused ? reader.refusal() : 0;
}

} // namespace

TEST_CASE("a request is read with its method, url, headers and body") {
    RequestReader reader;
    CHECK(reader.feed(simple) == State::complete);
    CHECK(reader.keep_alive());
    CHECK_FALSE(reader.expects_continue());
    const auto request = reader.take();
    CHECK(request.method == "POST");
    CHECK(request.url == "http://127.0.0.1:4567/?a=1");
    CHECK(find_header(request.headers, "x-thing") == "two words");
    CHECK(*request.body == "hello");
    CHECK(reader.state() == State::head);
}

TEST_CASE("a request may come byte by byte") {
    RequestReader reader;
    for (std::size_t i = 0; i + 1 < simple.size(); ++i) REQUIRE(reader.feed(simple.substr(i, 1)) != State::complete);
    CHECK(reader.feed("o") == State::complete);
    CHECK(*reader.take().body == "hello");
}

TEST_CASE("requests follow one another in one piece") {
    RequestReader reader;
    reader.feed(simple + simple + simple.substr(0, 20));
    CHECK(*reader.take().body == "hello");
    CHECK(reader.state() == State::complete);
    CHECK(*reader.take().body == "hello");
    CHECK(reader.state() == State::head);
    CHECK(reader.feed(simple.substr(20)) == State::complete);
}

TEST_CASE("the head is there before the body") {
    RequestReader reader;
    CHECK(reader.feed("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n") ==
          State::body);
    CHECK(reader.head().url == "http://h/");
    CHECK(reader.expects_continue());
    CHECK(reader.feed("ab") == State::body);
    CHECK(reader.feed("c") == State::complete);
}

TEST_CASE("a request without a length has no body") {
    RequestReader reader;
    CHECK(reader.feed("GET / HTTP/1.1\r\nHost: h\r\n\r\n") == State::complete);
    CHECK(reader.take().body->empty());
}

TEST_CASE("the version and the Connection header say whether the connection stays") {
    const auto stays = [](const std::string& start, const std::string& header) {
        RequestReader reader;
        REQUIRE(reader.feed(start + "\r\nHost: h\r\n" + header + "\r\n") == State::complete);
        return reader.keep_alive();
    };
    CHECK(stays("GET / HTTP/1.1", ""));
    CHECK_FALSE(stays("GET / HTTP/1.1", "Connection: close\r\n"));
    CHECK_FALSE(stays("GET / HTTP/1.1", "connection: Close\r\n"));
    CHECK_FALSE(stays("GET / HTTP/1.0", ""));
    CHECK(stays("GET / HTTP/1.0", "Connection: Keep-Alive\r\n"));
}

TEST_CASE("what is no request is refused with the fitting status") {
    CHECK(refusal("\r\n\r\n") == 400);
    CHECK(refusal("\x16\x03\x01\x02\r\n\r\n") == 400);
    CHECK(refusal("GET /\r\n\r\n") == 400);
    CHECK(refusal("GET / HTTP/1.1\r\n\r\n") == 400);
    CHECK(refusal("GET / HTTP/2.0\r\nHost: h\r\n\r\n") == 505);
    CHECK(refusal("GET / SPDY/1\r\nHost: h\r\n\r\n") == 400);
    CHECK(refusal("G(T / HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
    CHECK(refusal(" / HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
    CHECK(refusal("GET  HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
    CHECK(refusal("GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
    CHECK(refusal("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
    CHECK(refusal("GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n") == 400);
    CHECK(refusal("GET / HTTP/1.1\r\nHost: h\r\n: no name\r\n\r\n") == 400);
    CHECK(refusal("GET / HTTP/1.1\r\nHost : h\r\n\r\n") == 400);
    CHECK(refusal("GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n") == 400);
    CHECK(refusal("GET / HTTP/1.1\r\nHost: h\r\nA: b\nC: d\r\n\r\n") == 400);
    CHECK(refusal(std::string("GET / HTTP/1.1\r\nHost: h\r\nA: ") + '\0' + "\r\n\r\n") == 400);
}

TEST_CASE("lengths that lie, differ or are none are refused") {
    const std::string start = "POST / HTTP/1.1\r\nHost: h\r\n";
    CHECK(refusal(start + "Content-Length: x\r\n\r\n") == 400);
    CHECK(refusal(start + "Content-Length: -1\r\n\r\n") == 400);
    CHECK(refusal(start + "Content-Length: +1\r\n\r\n") == 400);
    CHECK(refusal(start + "Content-Length: 1 1\r\n\r\n") == 400);
    CHECK(refusal(start + "Content-Length:\r\n\r\n") == 400);
    CHECK(refusal(start + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n") == 400);
    CHECK(refusal(start + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n") == 0);
    CHECK(refusal(start + "Content-Length: 99999999999999999999999\r\n\r\n") == 413);
    CHECK(refusal(start + "Content-Length: 20971521\r\n\r\n") == 413);
    CHECK(refusal(start + "Content-Length: 20971520\r\n\r\n") == 0);
    CHECK(refusal(start + "Transfer-Encoding: chunked\r\n\r\n") == 411);
}

TEST_CASE("a head that does not end is refused before it fills the memory") {
    RequestReader reader;
    const std::string piece(4'096, 'a');
    reader.feed("GET / HTTP/1.1\r\nHost: ");
    for (int i = 0; i < 16; ++i) reader.feed(piece);
    CHECK(reader.state() == State::refused);
    CHECK(reader.refusal() == 431);
    CHECK(reader.feed(simple) == State::refused);
}

TEST_CASE("a head of too many headers is refused") {
    std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (int i = 0; i < 99; ++i) text += "A: b\r\n";
    CHECK(refusal(text + "\r\n") == 0);
    CHECK(refusal(text + "A: b\r\n\r\n") == 431);
}

TEST_CASE("no bytes break the reader, however they are cut") {
    std::mt19937 dice(3);
    for (int i = 0; i < 20'000; ++i) {
        std::string text = simple;
        for (auto changes = dice() % 6; changes > 0; --changes)
            text[dice() % text.size()] = static_cast<char>(dice() & 0xFFU);
        RequestReader whole;
        whole.feed(text);
        RequestReader parts;
        const auto cut = dice() % text.size();
        parts.feed(text.substr(0, cut));
        parts.feed(text.substr(cut));
        REQUIRE(whole.state() == parts.state());
        if (whole.state() == State::complete) REQUIRE(*whole.take().body == *parts.take().body);
    }
}
