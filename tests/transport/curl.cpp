#include "test_server.hpp"

#include <sluice/transport/curl.hpp>

#include <doctest/doctest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <dlfcn.h>
#include <netdb.h>
#include <run.hpp>
#include <world.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

/// The resolver of this program: names that end in `.test` are this machine, `slow.` ones after a while; those that end
/// in `.invalid` are nobody. Stands before the C library's, so that no test asks the network.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
    using Resolver = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static const auto next = reinterpret_cast<Resolver>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    const std::string_view name = node ? node : "";
    if (name.starts_with("slow.")) std::this_thread::sleep_for(std::chrono::seconds(3));
    if (name.ends_with(".invalid")) return EAI_NONAME;
    return next(name.ends_with(".test") ? "127.0.0.1" : node, service, hints, found);
}

namespace {

using namespace sluice;
using namespace std::chrono_literals;

/// The environment that tests start from: no proxies.
const bool no_proxies = [] {
    for (const auto* name :
         {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"})
        ::unsetenv(name);
    return true;
}();

/// An environment variable for the length of a scope.
class Variable {
public:
    Variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
    ~Variable() { ::unsetenv(name_); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

private:
    const char* name_;
};

const TestAuthority& authority() {
    static const TestAuthority root;
    return root;
}

TestTls trusted_tls() { return TestTls(authority().issue()); }

CurlOptions trusting() {
    CurlOptions options;
    options.ca_bundle = authority().file();
    return options;
}

SharedBytes bytes(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

HttpRequest post(const std::string& url, std::string body) {
    HttpRequest request("POST", url);
    request.body = bytes(std::move(body));
    return request;
}

asio::awaitable<CurlTransport::Running> open_transport(TestWorld& world, CurlOptions options) {
    const CurlTransport recipe(std::move(options));
    auto opened = co_await recipe.open(world.world);
    REQUIRE(opened.has_value());
    co_return std::move(*opened);
}

/// One exchange on a transport of its own.
result<HttpResponse> fetch(HttpRequest request, CurlOptions options = CurlOptions(),
                           Options world_options = Options("s")) {
    result<HttpResponse> outcome = error_code(asio::error::not_found);
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        TestWorld world(context.get_executor(), world_options);
        auto transport = co_await open_transport(world, options);
        outcome = co_await transport.send(request);
    });
    return outcome;
}

asio::awaitable<void> send_into(CurlTransport::Running& transport, HttpRequest request, result<HttpResponse>& outcome,
                                std::shared_ptr<void> done = {}) {
    outcome = co_await transport.send(std::move(request));
    done.reset();
}

/// Exchanges that run at the same time on one transport, in an io_context that `threads` threads run.
std::vector<result<HttpResponse>> fetch_all(const std::vector<HttpRequest>& requests, CurlOptions options,
                                            int threads = 1) {
    asio::io_context context;
    const auto strand = asio::make_strand(context);
    TestWorld world(strand);
    std::vector<result<HttpResponse>> outcomes(requests.size(), error_code(asio::error::not_found));
    const auto main = [&]() -> asio::awaitable<void> {
        auto opened = co_await open_transport(world, options);
        const auto transport = std::make_shared<CurlTransport::Running>(std::move(opened));
        for (std::size_t i = 0; i < requests.size(); ++i)
            asio::co_spawn(strand, send_into(*transport, requests[i], outcomes[i], transport), asio::detached);
    };
    asio::co_spawn(strand, main(), asio::detached);
    std::vector<std::thread> others;
    for (int i = 1; i < threads; ++i) others.emplace_back([&] { context.run_for(10s); });
    context.run_for(10s);
    for (auto& other : others) other.join();
    REQUIRE(context.stopped());
    return outcomes;
}

/// How long a call took.
template <class Call>
std::chrono::milliseconds time_of(Call call) {
    const auto start = std::chrono::steady_clock::now();
    call();
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
}

/// A server that answers the first request with those bytes and closes.
class Canned {
public:
    explicit Canned(std::string answer, std::optional<TestTls> tls = {})
        : server(
              [answer](Peer& peer) {
                  if (!peer.read_request()) return;
                  peer.write(answer);
                  peer.end();
              },
              std::move(tls)) {}

    TestServer server;
};

result<HttpResponse> fetch_canned(const std::string& answer) {
    const Canned canned(answer);
    return fetch(HttpRequest("GET", canned.server.url()));
}

// what is sent and what comes back

TEST_CASE("bodies of any size come back as they were sent") {
    for (const bool secure : {false, true}) {
        TestServer server(TestServer::echo, secure ? std::optional(trusted_tls()) : std::nullopt);
        std::string large(10U << 20U, '\0');
        for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>((i * 7 + i / 251) & 0xFF);
        for (const auto& body : {std::string(), std::string(1, '\0'), std::string("a\0b\r\n\r\n", 7), large}) {
            const auto outcome = fetch(post(server.url(), body), trusting());
            REQUIRE(outcome.has_value());
            CHECK(outcome->status == 200);
            CHECK(outcome->body.size() == body.size());
            CHECK((outcome->body == body));
        }
    }
}

/// What a server is asked by one request.
ServerRequest seen(HttpRequest request) {
    ServerRequest seen;
    TestServer server([&](Peer& peer) {
        auto got = peer.read_request();
        if (!got) return;
        seen = std::move(*got);
        peer.respond(200, "");
    });
    request.url = server.url(request.url);
    const auto outcome = fetch(std::move(request));
    REQUIRE(outcome.has_value());
    return seen;
}

TEST_CASE("a request carries its own headers, in order, with duplicates, and no others") {
    HttpRequest request("POST", "/path/../a%2Fb/./?x=1&y");
    request.body = bytes("{}");
    request.headers.emplace_back("Host", "kinesis.test:99");
    request.headers.emplace_back("X-Two", "2");
    request.headers.emplace_back("X-One", "1; a=\"b, c\"");
    request.headers.emplace_back("X-Empty", "");
    request.headers.emplace_back("X-Blank", " \t");
    request.headers.emplace_back("X-Two", "two");
    request.headers.emplace_back("content-length", "99");
    request.headers.emplace_back("Transfer-Encoding", "chunked");
    const auto got = seen(request);
    CHECK(got.method == "POST");
    CHECK(got.target == "/path/../a%2Fb/./?x=1&y");
    CHECK(got.body == "{}");
    std::vector<std::string> lines;
    for (const auto& header : got.headers) lines.push_back(header.name + "=" + header.value);
    const std::vector<std::string> expected{
        "Host=kinesis.test:99", "X-Two=2", "X-One=1; a=\"b, c\"", "X-Empty=", "X-Blank=", "X-Two=two",
        "Content-Length=2"};
    auto sorted = lines;
    auto wanted = expected;
    std::sort(sorted.begin(), sorted.end());
    std::sort(wanted.begin(), wanted.end());
    CHECK(sorted == wanted);
    std::erase_if(lines, [](const std::string& line) { return !line.starts_with("X-"); });
    CHECK(lines == std::vector<std::string>(expected.begin() + 1, expected.begin() + 6));
}

TEST_CASE("a content type, an agent or an Accept that the caller gives is sent") {
    HttpRequest request("POST", "/");
    request.body = bytes("x");
    request.headers.emplace_back("content-type", "application/x-amz-json-1.1");
    request.headers.emplace_back("User-Agent", "sluice");
    request.headers.emplace_back("accept", "application/cbor");
    const auto got = seen(request);
    CHECK(got.headers.size() == 5);
    CHECK(find_header(got.headers, "Content-Type") == "application/x-amz-json-1.1");
    CHECK(find_header(got.headers, "User-Agent") == "sluice");
    CHECK(find_header(got.headers, "Accept") == "application/cbor");
}

TEST_CASE("each method says what it has: a length where there is or may be a body, else nothing") {
    const auto length = [](const std::string& method, SharedBytes body) {
        HttpRequest request(method, "/");
        request.body = std::move(body);
        const auto got = seen(std::move(request));
        CHECK(got.method == method);
        return std::string(find_header(got.headers, "Content-Length"));
    };
    CHECK(length("GET", {}).empty());
    CHECK(length("HEAD", {}).empty());
    CHECK(length("DELETE", {}).empty());
    CHECK(length("POST", {}) == "0");
    CHECK(length("PUT", {}) == "0");
    CHECK(length("PUT", bytes("abc")) == "3");
    CHECK(length("DELETE", bytes("abc")) == "3");
    CHECK(length("GET", bytes("")) == "0");
}

TEST_CASE("a large upload does not ask for permission to go on") {
    HttpRequest request("PUT", "/");
    request.body = bytes(std::string(2U << 20U, 'x'));
    const auto got = seen(std::move(request));
    CHECK(got.body.size() == 2U << 20U);
    CHECK(find_header(got.headers, "Expect").empty());
    CHECK(find_header(got.headers, "Transfer-Encoding").empty());
}

TEST_CASE("a body that is borrowed is sent, and not what stands beside it") {
    const std::string whole = "before|the part|after";
    HttpRequest request("PUT", "/");
    request.borrowed = std::string_view(whole).substr(7, 8);
    const auto got = seen(std::move(request));
    CHECK(got.body == "the part");
    HttpRequest asked("HEAD", "http://host/");
    asked.borrowed = whole;
    CHECK(fetch(std::move(asked)).error() == error::malformed);
}

TEST_CASE("any final status is a success") {
    for (const int status : {200, 201, 204, 206, 301, 304, 307, 400, 401, 403, 404, 407, 413, 429, 500, 503, 599}) {
        const auto outcome = fetch_canned("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 0\r\n\r\n");
        REQUIRE(outcome.has_value());
        CHECK(outcome->status == status);
    }
}

TEST_CASE("response headers keep order, case and duplicates") {
    const auto outcome =
        fetch_canned("HTTP/1.1 400 Bad\r\nb: 1\r\nA:  two words \r\nb: 3\r\nContent-Length: 2\r\n\r\nhi");
    REQUIRE(outcome.has_value());
    const std::vector<HttpHeader> expected{{"b", "1"}, {"A", "two words"}, {"b", "3"}, {"Content-Length", "2"}};
    CHECK(outcome->headers == expected);
    CHECK(outcome->body == "hi");
}

TEST_CASE("a redirect is returned and not followed") {
    TestServer other(TestServer::echo);
    const auto outcome =
        fetch_canned("HTTP/1.1 302 Found\r\nLocation: " + other.url() + "\r\nContent-Length: 4\r\n\r\nmove");
    REQUIRE(outcome.has_value());
    CHECK(outcome->status == 302);
    CHECK(outcome->body == "move");
    CHECK(find_header(outcome->headers, "location") == other.url());
    CHECK(other.connections() == 0);
}

TEST_CASE("interim answers never surface") {
    const auto outcome = fetch_canned("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: x\r\n\r\n"
                                      "HTTP/1.1 201 Made\r\nContent-Length: 1\r\n\r\n!");
    REQUIRE(outcome.has_value());
    CHECK(outcome->status == 201);
    CHECK(outcome->headers.size() == 1);
    CHECK(outcome->body == "!");
    CHECK(fetch_canned("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nhello").error() ==
          error::protocol_violated);
}

TEST_CASE("bodies come chunked or end with the connection, and stay compressed") {
    const auto chunked = fetch_canned("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                      "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\ntrailer: t\r\n\r\n");
    REQUIRE(chunked.has_value());
    CHECK(chunked->body == "abcde");
    CHECK(chunked->headers.size() == 1);
    const auto closed = fetch_canned("HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n\r\nnot really gzip");
    REQUIRE(closed.has_value());
    CHECK(closed->body == "not really gzip");
}

TEST_CASE("HEAD has a length and no body") {
    const auto outcome = [] {
        const Canned canned("HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n");
        return fetch(HttpRequest("HEAD", canned.server.url()));
    }();
    REQUIRE(outcome.has_value());
    CHECK(outcome->body.empty());
    CHECK(find_header(outcome->headers, "content-length") == "9999999999");
}

TEST_CASE("a request that HTTP cannot carry is refused without a connection") {
    TestServer server(TestServer::echo);
    HttpRequest request("GET", server.url());
    request.headers.emplace_back("X", "1\r\nY: 2");
    CHECK(fetch(request).error() == error::malformed);
    CHECK(fetch(HttpRequest("GET", "ftp://127.0.0.1/")).error() == error::endpoint_invalid);
    CHECK(fetch(HttpRequest("GET", "http://user:password@" + server.authority() + "/")).error() ==
          error::endpoint_invalid);
    CHECK(fetch(HttpRequest("GET", "http://127.0.0.1:99999/")).error() == error::endpoint_invalid);
    CHECK(server.connections() == 0);
}

// connections

TEST_CASE("exchanges one after the other share a connection") {
    TestServer server(TestServer::echo, trusted_tls());
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        TestWorld world(context.get_executor());
        auto transport = co_await open_transport(world, trusting());
        for (int i = 0; i < 50; ++i) {
            const auto outcome = co_await transport.send(post(server.url(), std::to_string(i)));
            REQUIRE(outcome.has_value());
            CHECK(outcome->body == std::to_string(i));
        }
    });
    CHECK(server.requests() == 50);
    CHECK(server.connections() == 1);
}

TEST_CASE("many exchanges at a time each get their own answer, over no more connections than allowed") {
    for (const int threads : {1, 4}) {
        TestServer server(TestServer::echo, trusted_tls());
        std::vector<HttpRequest> requests;
        for (std::size_t i = 0; i < 64; ++i)
            requests.push_back(
                post(server.url(), std::string(i * 700, static_cast<char>('a' + i % 26)) + std::to_string(i)));
        auto options = trusting();
        options.connections_per_host = 8;
        const auto outcomes = fetch_all(requests, options, threads);
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
            REQUIRE(outcomes[i].has_value());
            CHECK((outcomes[i]->body == *requests[i].body));
        }
        CHECK(server.requests() == 64);
        CHECK(server.connections() <= 8);
    }
}

TEST_CASE("waiting for a free connection counts for the time-out of the exchange") {
    TestServer server([](Peer& peer) {
        while (auto request = peer.read_request()) {
            peer.pause(120ms);
            if (!peer.respond(200, request->body)) return;
        }
    });
    std::vector<HttpRequest> requests(4, post(server.url(), "x"));
    requests.back().timeout = 200ms;
    CurlOptions options;
    options.connections_per_host = 1;
    const auto outcomes = fetch_all(requests, options);
    for (std::size_t i = 0; i < 3; ++i) CHECK(outcomes[i].has_value());
    CHECK(outcomes.back().error() == error::timed_out);
    CHECK(server.connections() <= 2);
}

TEST_CASE("an idle transport does not keep the io_context running") {
    TestServer server(TestServer::echo);
    asio::io_context context;
    TestWorld world(context.get_executor());
    std::optional<CurlTransport::Running> transport;
    const auto main = [&]() -> asio::awaitable<void> {
        transport = co_await open_transport(world, CurlOptions());
        for (int i = 0; i < 3; ++i) {
            const auto outcome = co_await transport->send(post(server.url(), "x"));
            CHECK(outcome.has_value());
        }
    };
    asio::co_spawn(context, main(), asio::detached);
    CHECK(time_of([&] { context.run_for(5s); }) < 2s);
    CHECK(context.stopped());
}

TEST_CASE("a kept connection that the server closed meanwhile costs no error") {
    TestServer server([](Peer& peer) {
        const auto request = peer.read_request();
        if (request) peer.respond(200, request->body);
        // Closes without having announced it.
    });
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        TestWorld world(context.get_executor());
        auto transport = co_await open_transport(world, CurlOptions());
        for (int i = 0; i < 5; ++i) {
            const auto outcome = co_await transport.send(post(server.url(), "x"));
            CHECK(outcome.has_value());
        }
    });
    CHECK(server.requests() == 5);
    CHECK(server.connections() == 5);
}

TEST_CASE("a kept connection that the server closes instead of answering is replaced once") {
    std::atomic<int> connection{0};
    TestServer server([&](Peer& peer) {
        const int mine = connection++;
        auto request = peer.read_request();
        if (request) peer.respond(200, "first");
        request = peer.read_request();
        if (request && mine > 0) peer.respond(200, "again");
    });
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        TestWorld world(context.get_executor());
        auto transport = co_await open_transport(world, CurlOptions());
        auto outcome = co_await transport.send(post(server.url(), "x"));
        REQUIRE(outcome.has_value());
        outcome = co_await transport.send(post(server.url(), std::string(200'000, 'y')));
        REQUIRE(outcome.has_value());
        CHECK(outcome->body == "first");
    });
    CHECK(server.connections() == 2);
    CHECK(server.requests() == 3);
}

TEST_CASE("a new connection that is closed or reset without an answer is a failed connection") {
    for (const bool hard : {false, true}) {
        TestServer server([&](Peer& peer) {
            const auto request = peer.read_request();
            CHECK(request.has_value());
            if (hard) peer.reset();
        });
        CHECK(fetch(post(server.url(), "x")).error() == error::connection_failed);
        CHECK(server.connections() == 1);
    }
}

TEST_CASE("a connection that breaks while the request is sent is a failed connection, and no signal") {
    for (const bool secure : {false, true}) {
        TestServer server([](Peer& peer) { peer.reset(); }, secure ? std::optional(trusted_tls()) : std::nullopt);
        CHECK(fetch(post(server.url(), std::string(8U << 20U, 'x')), trusting()).error() == error::connection_failed);
    }
}

TEST_CASE("an answer that comes before the request is sent in full is an answer") {
    TestServer server([](Peer& peer) {
        peer.respond(413, "too much", "Connection: close\r\n");
        peer.wait_for_end();
    });
    const auto outcome = fetch(post(server.url(), std::string(20U << 20U, 'x')));
    REQUIRE(outcome.has_value());
    CHECK(outcome->status == 413);
    CHECK(outcome->body == "too much");
}

TEST_CASE("a port where nobody listens is a failed connection") {
    const auto url = TestServer(TestServer::echo).url();
    CHECK(fetch(HttpRequest("GET", url)).error() == error::connection_failed);
}

TEST_CASE("a name that nobody has is not resolved") {
    CHECK(fetch(HttpRequest("GET", "https://nobody.invalid/")).error() == error::name_not_resolved);
}

TEST_CASE("a name is resolved in the background, and a connection to it made") {
    TestServer server(TestServer::echo, trusted_tls());
    const auto outcome = fetch(post(server.url("/", "good.test"), "x"), trusting());
    REQUIRE(outcome.has_value());
    CHECK(outcome->status == 200);
}

// TLS

TEST_CASE("a server whose certificate proves nothing is refused, and gets no request") {
    CertificateText expired;
    expired.ends = -60;
    CertificateText early;
    early.begins = 1'800;
    const CertificateText elsewhere("DNS:other.test,IP:127.0.0.2");
    const TestAuthority stranger;
    const std::vector<std::pair<const char*, Identity>> bad{
        {"expired", authority().issue(expired)},           {"not yet valid", authority().issue(early)},
        {"wrong host", authority().issue(elsewhere)},      {"unknown authority", stranger.issue()},
        {"self-signed", make_identity(CertificateText())},
    };
    for (const auto& [why, identity] : bad) {
        CAPTURE(why);
        TestServer server(TestServer::echo, TestTls(identity));
        CHECK(fetch(post(server.url(), "secret"), trusting()).error() == error::tls_failed);
        CHECK(server.requests() == 0);
    }
    TestServer server(TestServer::echo, trusted_tls());
    CHECK(fetch(post(server.url(), "x"), trusting()).has_value());
    CHECK(fetch(post(server.url(), "x")).error() == error::tls_failed);
    CHECK(fetch(post(server.url("/", "wrong.test"), "x"), trusting()).error() == error::tls_failed);
}

TEST_CASE("a bundle that is not there or not a bundle refuses every server") {
    TestServer server(TestServer::echo, trusted_tls());
    CurlOptions options;
    options.ca_bundle = "/there/is/no/such/file.pem";
    CHECK(fetch(post(server.url(), "x"), options).error() == error::tls_failed);
    options.ca_bundle = "/proc/self/cmdline";
    CHECK(fetch(post(server.url(), "x"), options).error() == error::tls_failed);
}

TEST_CASE("the environment may name the bundle, if the program does not") {
    TestServer server(TestServer::echo, trusted_tls());
    const Variable bundle("AWS_CA_BUNDLE", authority().file());
    CHECK(fetch(post(server.url(), "x")).has_value());
    CurlOptions other;
    other.ca_bundle = "/there/is/no/such/file.pem";
    CHECK(fetch(post(server.url(), "x"), other).error() == error::tls_failed);
}

TEST_CASE("a server that speaks only TLS 1.1 is refused, and one that speaks only 1.2 is not") {
    TestServer old(TestServer::echo, trusted_tls().at_most(TLS1_1_VERSION));
    CHECK(fetch(post(old.url(), "x"), trusting()).error() == error::tls_failed);
    CHECK(old.requests() == 0);
    TestServer fair(TestServer::echo, trusted_tls().at_most(TLS1_2_VERSION));
    CHECK(fetch(post(fair.url(), "x"), trusting()).has_value());
}

TEST_CASE("TLS to a plain port fails, and so does plain text to a TLS port") {
    TestServer plain([](Peer& peer) {
        peer.write("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n");
        peer.wait_for_end();
    });
    CHECK(fetch(HttpRequest("GET", "https://" + plain.authority() + "/")).error() == error::tls_failed);
    TestServer secure(TestServer::echo, trusted_tls());
    const auto outcome = fetch(HttpRequest("GET", "http://" + secure.authority() + "/"));
    REQUIRE(!outcome.has_value());
    CHECK((outcome.error() == error::protocol_violated || outcome.error() == error::connection_failed));
}

TEST_CASE("with automatic HTTP a server that knows only 1.1 gets 1.1") {
    TestServer server(TestServer::echo, trusted_tls());
    for (const auto version : {HttpVersion::automatic, HttpVersion::http2, HttpVersion::http1}) {
        auto options = trusting();
        options.http_version = version;
        const auto outcome = fetch(post(server.url(), "x"), options);
        REQUIRE(outcome.has_value());
        CHECK(outcome->body == "x");
    }
}

TEST_CASE("a request may insist on 1.1, whatever the transport would choose") {
    TestServer server(TestServer::echo);
    auto options = CurlOptions();
    options.http_version = HttpVersion::http2;
    auto request = post(server.url(), "x");
    request.http2 = false;
    const auto outcome = fetch(request, options);
    REQUIRE(outcome.has_value());
    CHECK(outcome->body == "x");
}

// hostile answers

TEST_CASE("an answer that is cut off is truncated, however it was framed") {
    CHECK(fetch_canned("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc").error() == error::response_truncated);
    CHECK(fetch_canned("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n").error() == error::response_truncated);
    CHECK(fetch_canned("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc").error() ==
          error::response_truncated);
    CHECK(fetch_canned("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n").error() ==
          error::response_truncated);
}

TEST_CASE("an answer that is reset half-way is truncated") {
    TestServer server([](Peer& peer) {
        if (!peer.read_request()) return;
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        peer.pause(30ms);
        peer.reset();
    });
    CHECK(fetch(HttpRequest("GET", server.url())).error() == error::response_truncated);
}

TEST_CASE("an answer whose head is cut off is truncated, and one without a whole line of it is none") {
    CHECK(fetch_canned("HTTP/1.1 200 O").error() == error::connection_failed);
    CHECK(fetch_canned("HTTP/1.1 100 Continue\r\n\r\n").error() == error::connection_failed);
    CHECK(fetch_canned("HTTP/1.1 200 OK\r\nContent-Le").error() == error::response_truncated);
    CHECK(fetch_canned("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n").error() == error::response_truncated);
}

TEST_CASE("headers without end are too large") {
    TestServer server([](Peer& peer) {
        if (!peer.read_request() || !peer.write("HTTP/1.1 200 OK\r\n")) return;
        const std::string line = "x-filler: " + std::string(1'000, 'x') + "\r\n";
        while (peer.write(line)) {
        }
    });
    CHECK(fetch(HttpRequest("GET", server.url())).error() == error::response_too_large);
}

TEST_CASE("one header line without end is too large") {
    TestServer server([](Peer& peer) {
        if (!peer.read_request() || !peer.write("HTTP/1.1 200 OK\r\nx: ")) return;
        while (peer.write(std::string(10'000, 'x'))) {
        }
    });
    CHECK(fetch(HttpRequest("GET", server.url())).error() == error::response_too_large);
}

TEST_CASE("interim answers without end are too large") {
    TestServer server([](Peer& peer) {
        if (!peer.read_request()) return;
        while (peer.write("HTTP/1.1 102 Processing\r\n\r\n")) {
        }
    });
    CHECK(fetch(HttpRequest("GET", server.url())).error() == error::response_too_large);
}

TEST_CASE("a body is refused as soon as it is larger than allowed, and taken if it is just as large") {
    TestServer server([](Peer& peer) {
        if (!peer.read_request() || !peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")) return;
        while (peer.write("400\r\n" + std::string(1'024, 'x') + "\r\n")) {
        }
    });
    HttpRequest endless("GET", server.url());
    endless.max_response_bytes = 1U << 20U;
    CHECK(fetch(endless).error() == error::response_too_large);

    TestServer echo(TestServer::echo);
    auto request = post(echo.url(), std::string(1'000, 'x'));
    request.max_response_bytes = 999;
    CHECK(fetch(request).error() == error::response_too_large);
    request.max_response_bytes = 1'000;
    CHECK(fetch(request).has_value());
}

TEST_CASE("what is not HTTP violates the protocol") {
    CHECK(fetch_canned("garbage, and nothing but\r\n\r\n").error() == error::protocol_violated);
    CHECK(fetch_canned("SSH-2.0-OpenSSH_9.2\r\n").error() == error::protocol_violated);
    CHECK(fetch_canned("HTTP/9.9 200 OK\r\n\r\n").error() == error::protocol_violated);
    CHECK(fetch_canned(std::string(5'000, '\xFF')).error() == error::protocol_violated);
}

TEST_CASE("no answer at all, however odd, crashes or hangs") {
    const std::vector<std::string> odd{
        "",
        "\r\n\r\n",
        "HTTP/1.1\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 000 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFFF\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nnot gzip",
        std::string("HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n", 28),
        "HTTP/2 200\r\n\r\n",
    };
    for (const auto& answer : odd) {
        CAPTURE(answer);
        const auto outcome = fetch_canned(answer);
        if (outcome) CHECK((outcome->status >= 200 && outcome->status <= 999));
        if (outcome) continue;
        CHECK(outcome.error().category() == sluice::error_category());
        CHECK(outcome.error() != error::timed_out);
    }
}

// time

TEST_CASE("an exchange that takes too long times out, wherever it is") {
    TestServer silent([](Peer& peer) { peer.wait_for_end(); });
    TestServer halting([](Peer& peer) {
        if (!peer.read_request()) return;
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        peer.wait_for_end();
    });
    for (const auto& url : {silent.url(), halting.url(), "https://" + silent.authority() + "/"}) {
        auto request = post(url, "x");
        request.timeout = 100ms;
        const auto time = time_of([&] { CHECK(fetch(request).error() == error::timed_out); });
        CHECK(time >= 95ms);
        CHECK(time < 1s);
    }
}

TEST_CASE("a time-out of zero is none") {
    TestServer slow([](Peer& peer) {
        if (!peer.read_request()) return;
        peer.pause(300ms);
        peer.respond(200, "at last");
    });
    HttpRequest request("GET", slow.url());
    request.timeout = 0ms;
    CHECK(fetch(request).has_value());
}

/// A socket that listens but takes no more connections: its queue is full.
class FullListener {
public:
    FullListener() : listener_(TestServer::listen_on_loopback(0)) {
        sockaddr_in address{};
        socklen_t size = sizeof address;
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        for (auto& waiting : waiting_) {
            waiting = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
            static_cast<void>(::connect(waiting, reinterpret_cast<sockaddr*>(&address), size));
        }
    }

    ~FullListener() {
        for (const int waiting : waiting_) ::close(waiting);
        ::close(listener_);
    }

    FullListener(const FullListener&) = delete;
    FullListener& operator=(const FullListener&) = delete;

    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

private:
    int listener_;
    int port_ = 0;
    int waiting_[4] = {};
};

TEST_CASE("a connection that takes too long times out") {
    const FullListener full;
    HttpRequest request("GET", full.url());
    request.connect_timeout = 100ms;
    const auto time = time_of([&] { CHECK(fetch(request).error() == error::timed_out); });
    CHECK(time >= 95ms);
    CHECK(time < 1s);
}

TEST_CASE("a resolver that takes too long delays neither the time-out nor the end of the transport") {
    HttpRequest request("GET", "http://slow.host.invalid/");
    request.connect_timeout = 50ms;
    CHECK(time_of([&] { CHECK(fetch(request).error() == error::timed_out); }) < 1500ms);
    request = HttpRequest("GET", "http://slow.host.invalid/");
    const auto time = time_of([&] {
        run([&](asio::io_context& context) -> asio::awaitable<void> {
            using namespace asio::experimental::awaitable_operators;
            TestWorld world(context.get_executor());
            auto transport = co_await open_transport(world, CurlOptions());
            asio::steady_timer timer(context, 50ms);
            auto both = transport.send(request) || timer.async_wait(asio::use_awaitable);
            const auto first = co_await std::move(both);
            CHECK(first.index() == 1);
        });
    });
    CHECK(time < 1500ms);
}

// cancellation and ends

/// Sends, and cancels after `delay`.
result<HttpResponse> fetch_cancelled(HttpRequest request, std::chrono::milliseconds delay,
                                     CurlOptions options = trusting()) {
    result<HttpResponse> outcome = error_code(asio::error::not_found);
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        TestWorld world(context.get_executor());
        auto transport = co_await open_transport(world, options);
        asio::cancellation_signal cancel;
        auto token = asio::bind_cancellation_slot(cancel.slot(), asio::detached);
        asio::co_spawn(context, send_into(transport, request, outcome), token);
        asio::steady_timer timer(context, delay);
        co_await timer.async_wait(asio::use_awaitable);
        cancel.emit(asio::cancellation_type::terminal);
        timer.expires_after(20ms);
        co_await timer.async_wait(asio::use_awaitable);
    });
    return outcome;
}

TEST_CASE("a cancelled exchange ends where it is, before, while and after connecting") {
    TestServer silent([](Peer& peer) { peer.wait_for_end(); });
    TestServer halting([](Peer& peer) {
        if (!peer.read_request()) return;
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        peer.wait_for_end();
    });
    TestServer deaf([](Peer& peer) { peer.pause(2s); });
    const FullListener full;
    const auto aborted = error_code(asio::error::operation_aborted);
    CHECK(fetch_cancelled(HttpRequest("GET", silent.url()), 0ms).error() == aborted);
    CHECK(fetch_cancelled(HttpRequest("GET", silent.url()), 30ms).error() == aborted);
    CHECK(fetch_cancelled(HttpRequest("GET", "https://" + silent.authority()), 30ms).error() == aborted);
    CHECK(fetch_cancelled(HttpRequest("GET", full.url()), 30ms).error() == aborted);
    CHECK(fetch_cancelled(HttpRequest("GET", halting.url()), 30ms).error() == aborted);
    CHECK(fetch_cancelled(post(deaf.url(), std::string(32U << 20U, 'x')), 30ms).error() == aborted);
}

TEST_CASE("a coroutine that was cancelled before it sends does not send") {
    TestServer server(TestServer::echo);
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        TestWorld world(context.get_executor());
        auto transport = co_await open_transport(world, CurlOptions());
        result<HttpResponse> outcome = error_code(asio::error::not_found);
        asio::cancellation_signal cancel;
        auto token = asio::bind_cancellation_slot(cancel.slot(), asio::detached);
        asio::co_spawn(context, send_into(transport, post(server.url(), "x"), outcome), token);
        cancel.emit(asio::cancellation_type::terminal);
        asio::steady_timer timer(context, 20ms);
        co_await timer.async_wait(asio::use_awaitable);
        CHECK(!outcome.has_value());
    });
    CHECK(server.requests() == 0);
}

TEST_CASE("a cancelled exchange leaves the transport usable and its neighbours alone") {
    TestServer server([](Peer& peer) {
        while (auto request = peer.read_request()) {
            if (request->body == "hang") peer.wait_for_end();
            peer.pause(60ms);
            if (!peer.respond(200, request->body)) return;
        }
    });
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        using namespace asio::experimental::awaitable_operators;
        TestWorld world(context.get_executor());
        auto transport = co_await open_transport(world, CurlOptions());
        result<HttpResponse> neighbour = error_code(asio::error::not_found);
        asio::co_spawn(context, send_into(transport, post(server.url(), "slow"), neighbour), asio::detached);
        for (int i = 0; i < 3; ++i) {
            asio::steady_timer timer(context, 10ms);
            auto both = transport.send(post(server.url(), "hang")) || timer.async_wait(asio::use_awaitable);
            const auto first = co_await std::move(both);
            CHECK(first.index() == 1);
        }
        const auto after = co_await transport.send(post(server.url(), "after"));
        REQUIRE(after.has_value());
        CHECK(after->body == "after");
        REQUIRE(neighbour.has_value());
        CHECK(neighbour->body == "slow");
    });
}

TEST_CASE("the end of a transport aborts what is in flight, wherever it is") {
    for (const int threads : {1, 4}) {
        TestServer silent([](Peer& peer) { peer.wait_for_end(); });
        TestServer deaf([](Peer& peer) { peer.pause(2s); });
        const FullListener full;
        const std::vector<std::string> urls{silent.url(), "https://" + silent.authority(), deaf.url(), full.url(),
                                            "http://slow.x.invalid/"};
        asio::io_context context;
        const auto strand = asio::make_strand(context);
        TestWorld world(strand);
        std::deque<result<HttpResponse>> outcomes;
        const auto main = [&]() -> asio::awaitable<void> {
            std::optional transport(co_await open_transport(world, trusting()));
            for (int i = 0; i < 60; ++i) {
                auto& outcome = outcomes.emplace_back(error_code(asio::error::not_found));
                auto request = post(urls[static_cast<std::size_t>(i) % urls.size()], std::string(1U << 18U, 'x'));
                asio::co_spawn(strand, send_into(*transport, std::move(request), outcome), asio::detached);
            }
            asio::steady_timer timer(strand, 40ms);
            co_await timer.async_wait(asio::use_awaitable);
            transport.reset();
            for (const auto& outcome : outcomes) CHECK(outcome.error() == asio::error::not_found);
        };
        asio::co_spawn(strand, main(), asio::detached);
        std::vector<std::thread> others;
        for (int i = 1; i < threads; ++i) others.emplace_back([&] { context.run_for(5s); });
        CHECK(time_of([&] { context.run_for(5s); }) < 1s);
        for (auto& other : others) other.join();
        CHECK(outcomes.size() == 60);
        for (const auto& outcome : outcomes) CHECK(outcome.error() == asio::error::operation_aborted);
    }
}

TEST_CASE("cancellations and answers race without harm") {
    for (const int threads : {1, 4}) {
        TestServer server([](Peer& peer) {
            while (auto request = peer.read_request()) {
                peer.pause(std::chrono::milliseconds(request->body.size() % 7));
                if (!peer.respond(200, request->body)) return;
            }
        });
        asio::io_context context;
        const auto strand = asio::make_strand(context);
        TestWorld world(strand);
        int answered = 0;
        int aborted = 0;
        const auto client = [&](CurlTransport::Running& transport, int seed) -> asio::awaitable<void> {
            using namespace asio::experimental::awaitable_operators;
            for (int i = 0; i < 10; ++i) {
                const bool patient = (seed + i) % 4 == 0;
                asio::steady_timer timer(strand, std::chrono::milliseconds(patient ? 5'000 : (seed + i) % 9));
                auto request = post(server.url(), std::string(static_cast<std::size_t>(seed * 10 + i), 'x'));
                auto both = transport.send(std::move(request)) || timer.async_wait(asio::use_awaitable);
                const auto first = co_await std::move(both);
                if (first.index() == 0) CHECK(std::get<0>(first).has_value());
                ++(first.index() == 0 ? answered : aborted);
            }
        };
        const auto hold = [&](std::shared_ptr<CurlTransport::Running> transport, int seed) -> asio::awaitable<void> {
            co_await client(*transport, seed);
        };
        const auto main = [&]() -> asio::awaitable<void> {
            auto opened = co_await open_transport(world, CurlOptions());
            const auto transport = std::make_shared<CurlTransport::Running>(std::move(opened));
            for (int seed = 0; seed < 64; ++seed) asio::co_spawn(strand, hold(transport, seed), asio::detached);
        };
        asio::co_spawn(strand, main(), asio::detached);
        std::vector<std::thread> others;
        for (int i = 1; i < threads; ++i) others.emplace_back([&] { context.run_for(10s); });
        context.run_for(10s);
        for (auto& other : others) other.join();
        CHECK(answered + aborted == 640);
        CHECK(answered > 0);
        CHECK(aborted > 0);
    }
}

TEST_CASE("the io_context may end before its exchanges, and before the transport") {
    TestServer silent([](Peer& peer) { peer.wait_for_end(); });
    std::optional<CurlTransport::Running> transport;
    std::optional<CurlTransport::Running> moved;
    auto context = std::make_unique<asio::io_context>();
    TestWorld world(context->get_executor());
    result<HttpResponse> outcome = error_code(asio::error::not_found);
    const auto main = [&]() -> asio::awaitable<void> {
        transport = co_await open_transport(world, CurlOptions());
        moved = co_await open_transport(world, CurlOptions());
        asio::co_spawn(*context, send_into(*transport, post(silent.url(), "x"), outcome), asio::detached);
        asio::co_spawn(*context, send_into(*moved, post("http://slow.x.invalid/", "x"), outcome), asio::detached);
    };
    asio::co_spawn(*context, main(), asio::detached);
    context->run_for(30ms);
    SUBCASE("while both transports live") {}
    SUBCASE("after one transport, whose last words nobody hears") { transport.reset(); }
    SUBCASE("after one transport was assigned to the other") { transport = std::move(moved); }
    context.reset();
    CHECK(outcome.error() == asio::error::not_found);
}

TEST_CASE("an exchange that begins after the end of its transport is aborted") {
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        TestWorld world(context.get_executor());
        std::optional transport(co_await open_transport(world, CurlOptions()));
        auto late = transport->send(HttpRequest("GET", "http://127.0.0.1/"));
        transport.reset();
        const auto outcome = co_await std::move(late);
        CHECK(outcome.error() == asio::error::operation_aborted);
    });
}

// proxies

TEST_CASE("a proxy that is given is used, with its credentials, and one that a request refuses is not") {
    ServerRequest asked;
    TestServer proxy([&](Peer& peer) {
        auto request = peer.read_request();
        if (!request) return;
        asked = std::move(*request);
        peer.respond(200, "by proxy");
    });
    TestServer server(TestServer::echo);
    CurlOptions options;
    options.proxy = "http://" + proxy.authority();
    options.proxy_user = "me";
    options.proxy_password = Secret("hunter2");
    auto request = post(server.url("/path"), "direct");
    auto outcome = fetch(request, options);
    REQUIRE(outcome.has_value());
    CHECK(outcome->body == "by proxy");
    CHECK(asked.target == server.url("/path"));
    CHECK(find_header(asked.headers, "Proxy-Authorization") == "Basic bWU6aHVudGVyMg==");
    CHECK(server.connections() == 0);

    request.proxy = false;
    outcome = fetch(request, options);
    REQUIRE(outcome.has_value());
    CHECK(outcome->body == "direct");
    CHECK(proxy.requests() == 1);
}

/// A proxy that opens a tunnel and is itself what is at its end.
TestServer::Script tunnel(ServerRequest& asked) {
    return [&asked](Peer& peer) {
        auto request = peer.read_request();
        if (!request) return;
        asked = std::move(*request);
        peer.write("HTTP/1.1 200 Connected\r\nX-Proxy: secret\r\n\r\n");
        if (peer.start_tls(trusted_tls())) TestServer::echo(peer);
    };
}

TEST_CASE("the environment's HTTPS proxy is used, sees no header of the request, and can be refused") {
    ServerRequest asked;
    TestServer proxy(tunnel(asked));
    TestServer server(TestServer::echo, trusted_tls());
    const Variable variable("HTTPS_PROXY", "http://" + proxy.authority());
    auto request = post(server.url(), "x");
    request.headers.emplace_back("Authorization", "AWS4-HMAC-SHA256 secret");
    request.headers.emplace_back("X-Amz-Security-Token", "secret");
    auto outcome = fetch(request, trusting());
    REQUIRE(outcome.has_value());
    CHECK(outcome->body == "x");
    CHECK(find_header(outcome->headers, "X-Proxy").empty());
    CHECK(asked.method == "CONNECT");
    CHECK(asked.target == server.authority());
    CHECK(find_header(asked.headers, "Authorization").empty());
    CHECK(find_header(asked.headers, "X-Amz-Security-Token").empty());
    CHECK(server.connections() == 0);

    request.proxy = false;
    CHECK(fetch(request, trusting()).has_value());
    CHECK(server.connections() == 1);
    CHECK(proxy.connections() == 1);
}

TEST_CASE("NO_PROXY names hosts that are reached directly") {
    TestServer server(TestServer::echo, trusted_tls());
    const Variable variable("HTTPS_PROXY", "http://127.0.0.1:1");
    CHECK(fetch(post(server.url(), "x"), trusting()).error() == error::connection_failed);
    const Variable exception("NO_PROXY", "127.0.0.1");
    CHECK(fetch(post(server.url(), "x"), trusting()).has_value());
}

TEST_CASE("a proxy that refuses or cannot be found is an error of the connection") {
    TestServer proxy([](Peer& peer) {
        if (peer.read_request()) peer.respond(407, "who are you?");
    });
    auto options = trusting();
    options.proxy = "http://" + proxy.authority();
    CHECK(fetch(post("https://good.test/", "x"), options).error() == error::connection_failed);
    options.proxy = "http://proxy.invalid:3128";
    CHECK(fetch(post("https://good.test/", "x"), options).error() == error::name_not_resolved);
}

// what is said about it

TEST_CASE("a failure is explained in the log, with its host and without a secret") {
    std::string lines;
    Options options("s");
    options.log =
        Log([&](LogLevel level,
                std::string_view line) { lines.append(to_string(level)).append(" ").append(line).append("\n"); },
            LogLevel::debug);
    HttpRequest request = post("https://nobody.invalid/path-secret?query-secret", "body-secret");
    request.headers.emplace_back("Authorization", "header-secret");
    CHECK(!fetch(request, trusting(), options).has_value());
    CHECK(lines.starts_with("debug transport: nobody.invalid: "));
    CHECK(std::count(lines.begin(), lines.end(), '\n') == 1);
    CHECK(lines.find("secret") == std::string::npos);

    lines.clear();
    TestServer server(TestServer::echo);
    CHECK(fetch(post(server.url(), "x"), trusting(), options).has_value());
    CHECK(lines.empty());
}

} // namespace
