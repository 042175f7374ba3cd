#include "test_server.hpp"

#include <sluice/aws/client.hpp>
#include <sluice/clock/system.hpp>
#include <sluice/transport/curl.hpp>

#include <aws/fakes.hpp>
#include <run.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace sluice;
using namespace std::chrono_literals;

namespace {

/// One way of being hostile, and what has to come of it.
class Hostility {
public:
    Hostility(std::string its_name, error its_error) : name(std::move(its_name)), expected(its_error) {}

    std::string name;
    error expected;
    std::function<void(Peer&)> script = TestServer::echo;
    std::optional<TestTls> tls;
    bool https_to_plain = false; ///< The client speaks TLS, the server does not.
    bool plain_to_https = false;
    bool is_asked = true; ///< False: the server must see no request.
};

/// What came of it.
class Outcome {
public:
    error_code failure;
    std::string told; ///< Code, message and log.
    std::chrono::milliseconds time{};
    int requests = 0;
};

const TestAuthority& authority() {
    static const TestAuthority root;
    return root;
}

asio::awaitable<void> call(World& world, std::string url, Outcome& outcome) {
    CurlOptions trusting;
    trusting.ca_bundle = authority().file();
    const CurlTransport recipe(trusting);
    auto opened = co_await recipe.open(world);
    TransportBox transport(std::move(opened.value()));
    world.offer(transport);
    FakeCredentials credentials;
    credentials.next = Secrets("AKID", Secret("THE+SECRET/KEY"), Secret("THE+SESSION/TOKEN"));
    aws::Client client(world, &credentials, "kinesis", "us-east-1", aws::parse_endpoint(url).value());
    aws::Call its_call("Kinesis_20131202.ListShards", "application/x-amz-json-1.1",
                       std::make_shared<const std::string>("{}"));
    auto reply = co_await client.send(std::move(its_call));
    outcome.failure = reply.error;
    outcome.told += reply.code + " " + reply.message;
}

Outcome meet(const Hostility& hostility) {
    TestServer server(hostility.script, hostility.tls);
    auto url = server.url();
    if (hostility.https_to_plain) url = "https://" + server.authority();
    if (hostility.plain_to_https) url = "http://" + server.authority();
    Outcome outcome;
    const auto begin = std::chrono::steady_clock::now();
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        Options options("s");
        options.request_timeout = 2s;
        options.retry.attempts = 1;
        options.log = Log([&](LogLevel, std::string_view line) { outcome.told.append(line).append("\n"); },
                          LogLevel::debug);
        ClockBox clock{SystemClock()};
        World world(context.get_executor(), clock, options);
        co_await call(world, url, outcome);
    });
    outcome.time = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
    outcome.requests = server.requests();
    return outcome;
}

/// How much a server could send before nobody took it any more: what the client can have held at most, but for what
/// stands in the sockets.
std::atomic<std::size_t> sent{0};

void send_without_end(Peer& peer, const std::string& piece) {
    while (peer.write(piece)) sent += piece.size();
}

Hostility with(Hostility hostility, std::function<void(Peer&)> script) {
    hostility.script = [script = std::move(script)](Peer& peer) {
        if (peer.read_request()) script(peer);
    };
    return hostility;
}

Hostility with_tls(Hostility hostility, TestTls tls) {
    hostility.tls = std::move(tls);
    hostility.is_asked = false;
    return hostility;
}

std::vector<Hostility> strangers() {
    CertificateText expired;
    expired.ends = -60;
    const CertificateText elsewhere("DNS:other.test,IP:127.0.0.2");
    const TestAuthority stranger;
    std::vector<Hostility> all;
    all.push_back(with_tls(Hostility("expired certificate", error::tls_failed), TestTls(authority().issue(expired))));
    all.push_back(with_tls(Hostility("self-signed certificate", error::tls_failed),
                           TestTls(make_identity(CertificateText()))));
    all.push_back(with_tls(Hostility("certificate of another host", error::tls_failed),
                           TestTls(authority().issue(elsewhere))));
    all.push_back(with_tls(Hostility("certificate of an unknown authority", error::tls_failed),
                           TestTls(stranger.issue())));
    all.push_back(with_tls(Hostility("TLS 1.1", error::tls_failed),
                           TestTls(authority().issue()).at_most(TLS1_1_VERSION)));
    Hostility plain("plain text on a TLS port", error::tls_failed);
    plain.script = [](Peer& peer) {
        peer.write("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n");
        peer.wait_for_end();
    };
    plain.https_to_plain = true;
    plain.is_asked = false;
    all.push_back(plain);
    return all;
}

std::vector<Hostility> talkers() {
    const std::string kibibyte(1'024, 'x');
    std::vector<Hostility> all;
    all.push_back(with(Hostility("headers without end", error::response_too_large), [=](Peer& peer) {
        peer.write("HTTP/1.1 200 OK\r\n");
        send_without_end(peer, "X-Header: " + kibibyte + "\r\n");
    }));
    all.push_back(with(Hostility("a body without end", error::response_too_large), [=](Peer& peer) {
        peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        send_without_end(peer, "400\r\n" + kibibyte + "\r\n");
    }));
    all.push_back(with(Hostility("a length beyond all bounds", error::response_too_large), [](Peer& peer) {
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\n");
        peer.wait_for_end();
    }));
    all.push_back(with(Hostility("a gzip bomb", error::request_refused), [](Peer& peer) {
        // A kilobyte that stands for a megabyte and more, and calls itself an error: it is not inflated.
        const std::string bomb = "\x1f\x8b\x08" + std::string(1'000, '\0');
        peer.respond(400, bomb, "Content-Encoding: gzip\r\nx-amzn-ErrorType: ValidationException\r\n");
    }));
    all.push_back(with(Hostility("cut within its headers", error::response_truncated), [](Peer& peer) {
        peer.write("HTTP/1.1 200 OK\r\nContent-Le");
        peer.end();
    }));
    all.push_back(with(Hostility("cut within its body", error::response_truncated), [](Peer& peer) {
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
        peer.end();
    }));
    all.push_back(with(Hostility("a reset instead of an answer", error::connection_failed),
                       [](Peer& peer) { peer.reset(); }));
    all.push_back(with(Hostility("no answer at all", error::timed_out), [](Peer& peer) { peer.wait_for_end(); }));
    all.push_back(with(Hostility("a byte now and then", error::timed_out), [](Peer& peer) {
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        for (int i = 0; i < 1'000 && peer.write("x"); ++i) peer.pause(50ms);
    }));
    all.push_back(with(Hostility("another protocol", error::protocol_violated), [](Peer& peer) {
        peer.write("220 mail.example ESMTP ready, how are you today?\r\n");
        peer.wait_for_end();
    }));
    return all;
}

} // namespace

TEST_CASE("hostile servers get a typed error, no secret, and bounded time and memory") {
    auto all = strangers();
    for (auto& hostility : talkers()) all.push_back(std::move(hostility));
    std::string table;
    for (const auto& hostility : all) {
        CAPTURE(hostility.name);
        sent = 0;
        const auto outcome = meet(hostility);
        CHECK(outcome.failure == hostility.expected);
        CHECK(outcome.time < 20s); // two seconds are allowed; machines are slow at times
        CHECK(outcome.requests == (hostility.is_asked ? 1 : 0));
        CHECK(sent < 100U << 20U);
        CHECK(outcome.told.find("THE+") == std::string::npos);
        table += "  " + hostility.name + std::string(40 - hostility.name.size(), ' ');
        table += outcome.failure.message().substr(0, 62) + "  ";
        table += std::to_string(outcome.time.count()) + " ms, " + std::to_string(sent / 1'024) + " KiB taken\n";
    }
    MESSAGE("hostile servers:\n" << table);
}

TEST_CASE("credentials go to nobody whom a server names") {
    std::atomic<int> asked{0};
    TestServer elsewhere([&](Peer& peer) {
        while (peer.read_request()) {
            ++asked;
            peer.respond(200, "{}");
        }
    });
    for (const int status : {301, 302, 303, 307, 308}) {
        CAPTURE(status);
        const auto there = elsewhere.url("/stolen");
        Hostility redirect("redirect", error::response_invalid);
        redirect.script = [=](Peer& peer) {
            while (peer.read_request()) peer.respond(status, "", "Location: " + there + "\r\n");
        };
        const auto outcome = meet(redirect);
        CHECK(outcome.failure == error::response_invalid);
        CHECK(outcome.requests == 1);
        CHECK(asked == 0);
    }
}
