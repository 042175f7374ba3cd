#include "../run.hpp"
#include "server_fixture.hpp"

#include <sluice/local/server.hpp>

#include <doctest/doctest.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using namespace sluice::local;

namespace asio = boost::asio;

TEST_CASE("an outage closes the port and all connections; afterwards the same port answers, and nothing is lost") {
    ServerFixture f;
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
    ServerFixture f;
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
    ServerFixture f;
    ServerThread second;
    CHECK(second->port() == 0);
    CHECK(second->start(f.server->port()) == boost::asio::error::address_in_use);
    CHECK_FALSE(second->start());
    CHECK(second->port() != f.server->port());
}

TEST_CASE("other paths are answered by whoever is set aside, without meeting faults") {
    ServerFixture f;
    f.server->set_aside([](const sluice::HttpRequest& request, const Service& service) {
        return sluice::HttpResponse(200, request.url.substr(request.url.rfind('/')) +
                                             std::to_string(service.stats.requests));
    });
    f.server->add(Fault(fault::Refuse::internal_failure()).times(1));
    RawClient client(f.server->port());
    client.write("GET /_x HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(client.read_response().ends_with("\r\n\r\n/_x0"));
    CHECK(status_line(client.exchange(f.put())) == "HTTP/1.1 500 Internal Server Error");
    CHECK(status_line(client.exchange(f.put())) == "HTTP/1.1 200 OK");
}

TEST_CASE("the server's clock may be another than the machine's") {
    ServerFixture f;
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
    {
        Server server(context.get_executor());
    }
    {
        Server server(context.get_executor());
        CHECK_FALSE(server.start());
        RawClient client(server.port());
        CHECK_FALSE(client.failure);
    }
    context.run();
}

TEST_CASE("many clients put while others stop, start and break the server, and every answered record is there") {
    ServerFixture f;
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
