#include <sluice/local/server.hpp>

#include <sluice/local/server_thread.hpp>

#include "../run.hpp"
#include "caller.hpp"
#include "raw_client.hpp"

#include <doctest/doctest.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using namespace sluice::local;

namespace asio = boost::asio;

namespace {

/// A server with a thread of its own and the stream "s" of one shard, and a client that signs.
class Fixture {
public:
    Fixture() {
        server->with([](Service& service) {
            service.kinesis.settings.limits = ShardLimits::none();
            REQUIRE(service.kinesis.create_stream(StreamSpec("s"), moment_now()).has_value());
        });
        REQUIRE_FALSE(server->start());
    }

    [[nodiscard]] sluice::HttpRequest call(const std::string& operation, const std::string& body) const {
        return Caller().call(operation, body, moment_now().wall);
    }

    [[nodiscard]] sluice::HttpRequest put() const {
        return call("PutRecord", R"({"StreamName":"s","Data":"aGVsbG8=","PartitionKey":"a"})");
    }

    std::size_t stored() {
        return server->with([](Service& service) { return service.kinesis.find("s")->shards()[0].records().size(); });
    }

    /// What a new connection gets for a put.
    std::string exchange() { return RawClient(server->port()).exchange(put()); }

    ServerThread server;
};

std::string status_line(const std::string& response) { return response.substr(0, response.find("\r\n")); }

} // namespace

TEST_CASE("a signed request is answered with all headers of the service") {
    Fixture f;
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
    Fixture f;
    RawClient client(f.server->port());
    for (int i = 0; i < 50; ++i) REQUIRE(status_line(client.exchange(f.put())) == "HTTP/1.1 200 OK");
    client.write(RawClient::text_of(f.put()) + RawClient::text_of(f.put()));
    CHECK(status_line(client.read_response()) == "HTTP/1.1 200 OK");
    CHECK(status_line(client.read_response()) == "HTTP/1.1 200 OK");
    CHECK(f.stored() == 52);
}

TEST_CASE("a client that wishes so is closed after its answer") {
    Fixture f;
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
    Fixture f;
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
    Fixture f;
    std::string body = R"({"StreamName":"s","Records":[)";
    std::string data;
    sluice::aws::append_base64(data, std::string(1'000'000, 'x'));
    for (int i = 0; i < 10; ++i) body += (i == 0 ? "" : ",") + (R"({"PartitionKey":"k","Data":")" + data + "\"}");
    RawClient client(f.server->port());
    CHECK(status_line(client.exchange(f.call("PutRecords", body + "]}"))) == "HTTP/1.1 200 OK");
    CHECK(f.stored() == 10);
}

TEST_CASE("what is no HTTP is told so, and the server goes on") {
    Fixture f;
    const auto answer = [&](std::string_view text) {
        RawClient client(f.server->port());
        client.write(text);
        return status_line(client.read_all());
    };
    CHECK(answer("\x16\x03\x01 hello\r\n\r\n") == "HTTP/1.1 400 Bad Request");
    CHECK(answer("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n") == "HTTP/1.1 413 Content Too Large");
    CHECK(answer("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n") == "HTTP/1.1 411 Length Required");
    CHECK(answer(std::string(70'000, 'x')) == "HTTP/1.1 431 Request Header Fields Too Large");
    CHECK(status_line(f.exchange()) == "HTTP/1.1 200 OK");
}

TEST_CASE("clients that go away in the middle do no harm") {
    Fixture f;
    const std::string text = RawClient::text_of(f.put());
    for (std::size_t size = 0; size < text.size(); size += 37) RawClient(f.server->port()).write(text.substr(0, size));
    for (int i = 0; i < 20; ++i) RawClient(f.server->port()).write(text);
    CHECK(status_line(f.exchange()) == "HTTP/1.1 200 OK");
}

TEST_CASE("an outage closes the port and all connections; afterwards the same port answers, and nothing is lost") {
    Fixture f;
    RawClient client(f.server->port());
    REQUIRE(status_line(client.exchange(f.put())) == "HTTP/1.1 200 OK");
    const auto port = f.server->port();
    for (int i = 0; i < 5; ++i) {
        RawClient open(port);
        REQUIRE(status_line(open.exchange(f.put())) == "HTTP/1.1 200 OK");
        f.server->stop();
        CHECK(RawClient(port).failure == boost::asio::error::connection_refused);
        CHECK(open.read_all() == "");
        CHECK(open.failure);
        REQUIRE_FALSE(f.server->start());
        CHECK(f.server->port() == port);
        CHECK(status_line(f.exchange()) == "HTTP/1.1 200 OK");
    }
    CHECK(f.stored() == 11);
}

TEST_CASE("starting twice and stopping twice change nothing") {
    Fixture f;
    const auto port = f.server->port();
    CHECK_FALSE(f.server->start());
    CHECK(f.server->port() == port);
    CHECK(f.server->endpoint() == "http://127.0.0.1:" + std::to_string(port));
    f.server->stop();
    f.server->stop();
    CHECK_FALSE(f.server->start());
    CHECK(status_line(f.exchange()) == "HTTP/1.1 200 OK");
}

TEST_CASE("a port that is taken is an error, after which another may be tried") {
    Fixture f;
    ServerThread second;
    CHECK(second->port() == 0);
    CHECK(second->start(f.server->port()) == boost::asio::error::address_in_use);
    CHECK_FALSE(second->start());
    CHECK(second->port() != f.server->port());
}

TEST_CASE("a refused connection is reset at once") {
    Fixture f;
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
    Fixture f;
    RawClient client(f.server->port());
    REQUIRE(status_line(client.exchange(f.put())) == "HTTP/1.1 200 OK");
    f.server->add(Fault(fault::Unavailable()).times(1));
    CHECK(client.exchange(f.put()) == "");
    CHECK(client.failure);
    CHECK(f.stored() == 1);
}

TEST_CASE("a connection that is cut before the request is read resets before the body") {
    Fixture f;
    f.server->add(Fault(fault::Cut(fault::Cut::Where::before_reading)).on("PutRecord").times(1));
    const std::string text = RawClient::text_of(f.put());
    RawClient client(f.server->port());
    client.write(text.substr(0, text.find("\r\n\r\n") + 4));
    CHECK(client.read_all() == "");
    CHECK(client.failure == boost::asio::error::connection_reset);
    CHECK(f.stored() == 0);
}

TEST_CASE("a response that is cut short promises more than it gives") {
    Fixture f;
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
    Fixture f;
    f.server->add(Fault(fault::Cut(fault::Cut::Where::mid_response)).times(1));
    RawClient client(f.server->port());
    client.write(RawClient::text_of(f.call("CreateStream", R"({"StreamName":"t","ShardCount":1})")));
    const std::string all = client.read_all();
    CHECK_FALSE(all.empty());
    CHECK(all.find("\r\n\r\n") == std::string::npos);
}

TEST_CASE("an unanswered request was applied") {
    Fixture f;
    f.server->add(Fault(fault::Cut(fault::Cut::Where::after_applying)).times(1));
    CHECK(f.exchange() == "");
    CHECK(f.stored() == 1);
}

TEST_CASE("garbage is no HTTP") {
    Fixture f;
    f.server->add(Fault(fault::Garbage()).times(1));
    const std::string garbage = f.exchange();
    CHECK_FALSE(garbage.empty());
    CHECK_FALSE(garbage.starts_with("HTTP/"));
}

TEST_CASE("a late answer comes late, and its record is there before it") {
    Fixture f;
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
    Fixture f;
    f.server->add(Fault(fault::Delay(1h)));
    RawClient client(f.server->port());
    client.write(RawClient::text_of(f.put()));
    while (f.stored() == 0) std::this_thread::yield();
    f.server->stop();
    CHECK(client.read_all() == "");
}

TEST_CASE("other paths are answered by whoever is set aside, without meeting faults") {
    Fixture f;
    f.server->set_aside([](const sluice::HttpRequest& request, const Service& service) {
        return sluice::HttpResponse(200, request.url.substr(request.url.rfind('/')) + std::to_string(service.stats.requests));
    });
    f.server->add(Fault(fault::Refuse::internal_failure()).times(1));
    RawClient client(f.server->port());
    client.write("GET /_x HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(client.read_response().ends_with("\r\n\r\n/_x0"));
    CHECK(status_line(client.exchange(f.put())) == "HTTP/1.1 500 Internal Server Error");
    CHECK(status_line(client.exchange(f.put())) == "HTTP/1.1 200 OK");
}

TEST_CASE("the server's clock may be another than the machine's") {
    Fixture f;
    const auto then = moment_now().wall - 1h;
    f.server->set_clock([then] { return Moment(moment_now().steady, then); });
    CHECK(f.exchange().find("Signature not yet current") != std::string::npos);
    RawClient client(f.server->port());
    const auto request = Caller().call("ListStreams", "{}", then);
    CHECK(client.exchange(request).find("\r\nDate: " + http_date(then)) != std::string::npos);
}

TEST_CASE("a server may run on the executor of a coroutine, be stopped there, and die before its connections") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        auto server = std::make_optional<Server>(context.get_executor());
        const auto failure = server->start();
        REQUIRE_FALSE(failure);
        asio::ip::tcp::socket socket(context);
        const asio::ip::tcp::endpoint endpoint(asio::ip::address_v4::loopback(), server->port());
        co_await socket.async_connect(endpoint, asio::use_awaitable);
        const std::string request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
        co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
        std::string answer(1'000, ' ');
        const auto size = co_await socket.async_read_some(asio::buffer(answer), asio::use_awaitable);
        CHECK(answer.substr(0, size).starts_with("HTTP/1.1 404 Not Found"));
        server->stop();
        const auto again = server->start();
        CHECK_FALSE(again);
        server.reset();
        sluice::error_code ended;
        auto token = asio::redirect_error(asio::use_awaitable, ended);
        co_await socket.async_read_some(asio::buffer(answer), token);
        CHECK(ended);
    });
}

TEST_CASE("a server that was never started, or never ran, can be destroyed") {
    asio::io_context context;
    { Server server(context.get_executor()); }
    {
        Server server(context.get_executor());
        CHECK_FALSE(server.start());
        RawClient client(server.port());
        CHECK_FALSE(client.failure);
    }
    context.run();
}

TEST_CASE("many clients put while others stop, start and break the server, and every answered record is there") {
    Fixture f;
    std::atomic<std::size_t> answered{0};
    std::atomic<bool> ended{false};
    std::vector<std::thread> clients;
    for (int i = 0; i < 4; ++i) {
        clients.emplace_back([&] {
            std::optional<RawClient> client;
            for (int n = 0; n < 100; ++n) {
                if (!client || client->failure) client.emplace(f.server->port());
                if (client->exchange(f.put()).starts_with("HTTP/1.1 200")) ++answered;
            }
        });
    }
    std::thread breaker([&] {
        while (!ended) {
            f.server->add(Fault(fault::Cut(fault::Cut::Where::after_applying)).times(1));
            f.server->stop();
            (void)f.server->start();
            std::this_thread::sleep_for(2ms);
        }
    });
    for (auto& client : clients) client.join();
    ended = true;
    breaker.join();
    CHECK(f.stored() >= answered);
    f.server->with([](Service& service) { service.faults.clear(); });
    CHECK(status_line(f.exchange()) == "HTTP/1.1 200 OK");
}
