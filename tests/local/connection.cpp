#include "server_fixture.hpp"

#include <sluice/local/connection.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>

using namespace std::chrono_literals;
using namespace sluice::local;

TEST_CASE("a signed request is answered with all headers of the service") {
    ServerFixture f;
    const std::string response = f.exchange();
    CHECK(status_line(response) == "HTTP/1.1 200 OK");
    for (const char* header : {"\r\nx-amzn-RequestId: ", "\r\nx-amz-id-2: ", "\r\nDate: ", "\r\nContent-Length: ",
                               "\r\nContent-Type: application/x-amz-json-1.1\r\n"}) {
        CHECK(response.find(header) != std::string::npos);
    }
    CHECK(response.find("Connection: close") == std::string::npos);
    CHECK(f.stored() == 1);
}

TEST_CASE("a connection carries many requests, even ahead of their answers") {
    ServerFixture f;
    RawClient client(f.server->port());
    for (int i = 0; i < 50; ++i) REQUIRE(status_line(client.exchange(f.put())) == "HTTP/1.1 200 OK");
    client.write(RawClient::text_of(f.put()) + RawClient::text_of(f.put()));
    CHECK(status_line(client.read_response()) == "HTTP/1.1 200 OK");
    CHECK(status_line(client.read_response()) == "HTTP/1.1 200 OK");
    CHECK(f.stored() == 52);
}

TEST_CASE("a client that wishes so is closed after its answer") {
    ServerFixture f;
    RawClient client(f.server->port());
    auto request = f.put();
    request.headers.emplace_back("Connection", "close");
    client.write(RawClient::text_of(request));
    const std::string all = client.read_all();
    CHECK(status_line(all) == "HTTP/1.1 200 OK");
    CHECK(all.find("\r\nConnection: close\r\n") != std::string::npos);
    CHECK(client.failure == boost::asio::error::eof);
}

TEST_CASE("a client that asks before it sends is told to go on") {
    ServerFixture f;
    RawClient client(f.server->port());
    auto request = f.put();
    request.headers.emplace_back("Expect", "100-continue");
    const std::string text = RawClient::text_of(request);
    client.write(text.substr(0, text.size() - request.body->size()));
    CHECK(client.read_response() == "HTTP/1.1 100 Continue\r\n\r\n");
    client.write(*request.body);
    CHECK(status_line(client.read_response()) == "HTTP/1.1 200 OK");
}

TEST_CASE("a full PutRecords passes, in pieces") {
    ServerFixture f;
    std::string body = R"({"StreamName":"s","Records":[)";
    std::string data;
    sluice::aws::append_base64(data, std::string(1'000'000, 'x'));
    for (int i = 0; i < 10; ++i) body += (i == 0 ? "" : ",") + (R"({"PartitionKey":"k","Data":")" + data + "\"}");
    RawClient client(f.server->port());
    CHECK(status_line(client.exchange(f.call("PutRecords", body + "]}"))) == "HTTP/1.1 200 OK");
    CHECK(f.stored() == 10);
}

TEST_CASE("what is no HTTP is told so, and the server goes on") {
    ServerFixture f;
    const auto answer = [&](std::string_view text) {
        RawClient client(f.server->port());
        client.write(text);
        return status_line(client.read_all());
    };
    CHECK(answer("\x16\x03\x01 hello\r\n\r\n") == "HTTP/1.1 400 Bad Request");
    CHECK(answer("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n") ==
          "HTTP/1.1 413 Content Too Large");
    CHECK(answer("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n") == "HTTP/1.1 411 Length Required");
    CHECK(answer(std::string(700'000, 'x')) == "HTTP/1.1 431 Request Header Fields Too Large");
    CHECK(status_line(f.exchange()) == "HTTP/1.1 200 OK");
}

TEST_CASE("clients that go away in the middle do no harm") {
    ServerFixture f;
    const std::string text = RawClient::text_of(f.put());
    for (std::size_t size = 0; size < text.size(); size += 37) RawClient(f.server->port()).write(text.substr(0, size));
    for (int i = 0; i < 20; ++i) RawClient(f.server->port()).write(text);
    CHECK(status_line(f.exchange()) == "HTTP/1.1 200 OK");
}

TEST_CASE("a refused connection is reset at once") {
    ServerFixture f;
    f.server->add(Fault(fault::Unavailable()).times(2));
    for (int i = 0; i < 2; ++i) {
        RawClient client(f.server->port());
        CHECK(client.read_all() == "");
        CHECK(client.failure == boost::asio::error::connection_reset);
    }
    CHECK(status_line(f.exchange()) == "HTTP/1.1 200 OK");
    CHECK(f.stored() == 1);
}

TEST_CASE("an open connection is reset when the service becomes unavailable") {
    ServerFixture f;
    RawClient client(f.server->port());
    REQUIRE(status_line(client.exchange(f.put())) == "HTTP/1.1 200 OK");
    f.server->add(Fault(fault::Unavailable()).times(1));
    CHECK(client.exchange(f.put()) == "");
    CHECK(client.failure);
    CHECK(f.stored() == 1);
}

TEST_CASE("a connection that is cut before the request is read resets before the body") {
    ServerFixture f;
    f.server->add(Fault(fault::Cut(fault::Cut::Where::before_reading)).on("PutRecord").times(1));
    const std::string text = RawClient::text_of(f.put());
    RawClient client(f.server->port());
    client.write(text.substr(0, text.find("\r\n\r\n") + 4));
    CHECK(client.read_all() == "");
    CHECK(client.failure == boost::asio::error::connection_reset);
    CHECK(f.stored() == 0);
}

TEST_CASE("a response that is cut short promises more than it gives") {
    ServerFixture f;
    f.server->add(Fault(fault::Cut(fault::Cut::Where::mid_response)).times(1));
    RawClient client(f.server->port());
    client.write(RawClient::text_of(f.put()));
    const std::string all = client.read_all();
    CHECK(status_line(all) == "HTTP/1.1 200 OK");
    const auto body = all.size() - all.find("\r\n\r\n") - 4;
    CHECK(all.find("Content-Length: 110") != std::string::npos);
    CHECK(body == 55);
    CHECK(f.stored() == 1);
}

TEST_CASE("an empty response is cut short in its head") {
    ServerFixture f;
    f.server->add(Fault(fault::Cut(fault::Cut::Where::mid_response)).times(1));
    RawClient client(f.server->port());
    client.write(RawClient::text_of(f.call("CreateStream", R"({"StreamName":"t","ShardCount":1})")));
    const std::string all = client.read_all();
    CHECK_FALSE(all.empty());
    CHECK(all.find("\r\n\r\n") == std::string::npos);
}

TEST_CASE("an unanswered request was applied") {
    ServerFixture f;
    f.server->add(Fault(fault::Cut(fault::Cut::Where::after_applying)).times(1));
    CHECK(f.exchange() == "");
    CHECK(f.stored() == 1);
}

TEST_CASE("garbage is no HTTP") {
    ServerFixture f;
    f.server->add(Fault(fault::Garbage()).times(1));
    const std::string garbage = f.exchange();
    CHECK_FALSE(garbage.empty());
    CHECK_FALSE(garbage.starts_with("HTTP/"));
}

TEST_CASE("a late answer comes late, and its record is there before it") {
    ServerFixture f;
    f.server->add(Fault(fault::Delay(300ms)).times(1));
    RawClient client(f.server->port());
    const auto start = std::chrono::steady_clock::now();
    client.write(RawClient::text_of(f.put()));
    while (f.stored() == 0) std::this_thread::yield();
    CHECK(std::chrono::steady_clock::now() - start < 290ms);
    CHECK(status_line(client.read_response()) == "HTTP/1.1 200 OK");
    CHECK(std::chrono::steady_clock::now() - start >= 300ms);
}

TEST_CASE("a connection that is being delayed can be closed") {
    ServerFixture f;
    f.server->add(Fault(fault::Delay(1h)));
    RawClient client(f.server->port());
    client.write(RawClient::text_of(f.put()));
    while (f.stored() == 0) std::this_thread::yield();
    f.server->stop();
    CHECK(client.read_all() == "");
}
