#pragma once

#include "certificates.hpp"

#include <sluice/transport/transport.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

/// What a test server was asked.
class ServerRequest {
public:
    ServerRequest() = default;

    std::string method;
    std::string target;
    std::vector<sluice::HttpHeader> headers;
    std::string body;
};

/// One connection, seen from a server's thread: blocking, plain or TLS.
class Peer {
public:
    Peer(int descriptor, std::atomic<int>& requests, std::atomic<bool>& stopping)
        : descriptor_(descriptor), requests_(requests), stopping_(stopping) {}

    /// The next request, whole; none at the end of the connection.
    [[nodiscard]] std::optional<ServerRequest> read_request() {
        const auto head = read_until("\r\n\r\n");
        if (!head) return {};
        auto request = parse(*head);
        const auto length = sluice::find_header(request.headers, "Content-Length");
        const auto wanted = length.empty() ? 0U : std::strtoul(std::string(length).c_str(), nullptr, 10);
        while (buffer_.size() < wanted)
            if (!fill()) return {};
        request.body = buffer_.substr(0, wanted);
        buffer_.erase(0, wanted);
        ++requests_;
        return request;
    }

    /// Up to that text, which is part of the answer.
    [[nodiscard]] std::optional<std::string> read_until(std::string_view end) {
        std::size_t searched = 0;
        for (;;) {
            if (const auto found = buffer_.find(end, searched); found != std::string::npos) {
                auto text = buffer_.substr(0, found + end.size());
                buffer_.erase(0, text.size());
                return text;
            }
            searched = buffer_.size() < end.size() ? 0 : buffer_.size() - end.size();
            if (!fill()) return {};
        }
    }

    /// Writes as it stands; false when the other side is gone.
    bool write(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto part = bytes.substr(0, 1U << 20U);
            const auto written = session_ ? SSL_write(session_.get(), part.data(), static_cast<int>(part.size()))
                                          : ::send(descriptor_, part.data(), part.size(), MSG_NOSIGNAL);
            if (written <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(written));
        }
        return true;
    }

    /// A whole answer of known length.
    bool respond(int status, std::string_view body, std::string_view headers = {}) {
        std::string answer = "HTTP/1.1 " + std::to_string(status) +
                             " Something\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
        answer.append(headers).append("\r\n").append(body);
        return write(answer);
    }

    /// Waits until the other side goes away, or the server stops.
    void wait_for_end() {
        while (fill()) buffer_.clear();
    }

    /// Lets time pass; the end of the server cuts it short.
    void pause(std::chrono::milliseconds time) {
        const auto end = std::chrono::steady_clock::now() + time;
        while (!stopping_ && std::chrono::steady_clock::now() < end)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }

    /// Speaks TLS from now on.
    bool start_tls(const TestTls& tls) {
        session_ = tls.accept(descriptor_);
        return session_ != nullptr;
    }

    /// Ends TLS as it should be ended, where there is TLS.
    void end() {
        if (session_) SSL_shutdown(session_.get());
    }

    /// The end of the connection is a reset, not a close.
    void reset() {
        const linger at_once{1, 0};
        ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }

private:
    bool fill() {
        char piece[65'536];
        const auto got =
            session_ ? SSL_read(session_.get(), piece, sizeof piece) : ::recv(descriptor_, piece, sizeof piece, 0);
        if (got <= 0) return false;
        buffer_.append(piece, static_cast<std::size_t>(got));
        return true;
    }

    static ServerRequest parse(std::string_view head) {
        ServerRequest request;
        const auto line = [&head] {
            const auto end = head.find("\r\n");
            const auto text = head.substr(0, end);
            head.remove_prefix(end + 2);
            return text;
        };
        const auto first = line();
        request.method = first.substr(0, first.find(' '));
        request.target = first.substr(first.find(' ') + 1, first.rfind(' ') - first.find(' ') - 1);
        for (auto text = line(); !text.empty(); text = line()) {
            const auto colon = text.find(':');
            auto value = text.substr(colon + 1);
            if (value.starts_with(' ')) value.remove_prefix(1);
            request.headers.emplace_back(std::string(text.substr(0, colon)), std::string(value));
        }
        return request;
    }

    int descriptor_;
    std::shared_ptr<SSL> session_;
    std::string buffer_;
    std::atomic<int>& requests_;
    std::atomic<bool>& stopping_;
};

/// An HTTP server on loopback that does what its script says, one thread a connection; counts.
class TestServer {
public:
    using Script = std::function<void(Peer&)>;

    explicit TestServer(Script script, std::optional<TestTls> tls = {})
        : script_(std::move(script)), tls_(std::move(tls)), listener_(listen_on_loopback()) {
        acceptor_ = std::thread([this] { accept_all(); });
    }

    ~TestServer() {
        stopping_ = true;
        ::shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        ::close(listener_);
        cut();
        for (auto& connection : connections_) connection.thread.join();
    }

    TestServer(const TestServer&) = delete;
    TestServer& operator=(const TestServer&) = delete;

    /// Answers each request with what it was sent.
    static void echo(Peer& peer) {
        while (auto request = peer.read_request())
            if (!peer.respond(200, request->body, "Connection: keep-alive\r\n")) return;
    }

    /// Cuts all connections.
    void cut() {
        const std::scoped_lock lock(mutex_);
        for (auto& connection : connections_)
            if (connection.descriptor >= 0) ::shutdown(connection.descriptor, SHUT_RDWR);
    }

    [[nodiscard]] std::string url(const std::string& path = "/", const std::string& host = "127.0.0.1") const {
        return (tls_ ? "https://" : "http://") + authority(host) + path;
    }

    [[nodiscard]] std::string authority(const std::string& host = "127.0.0.1") const {
        return host + ":" + std::to_string(port());
    }

    [[nodiscard]] int port() const {
        sockaddr_in address{};
        socklen_t size = sizeof address;
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        return ntohs(address.sin_port);
    }

    [[nodiscard]] int connections() const { return accepted_; }
    [[nodiscard]] int requests() const { return requests_; }

    /// A socket that listens on a free port of loopback.
    static int listen_on_loopback(int backlog = 256) {
        const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (listener < 0 || ::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(listener, backlog) != 0)
            throw std::runtime_error("loopback cannot be listened on");
        return listener;
    }

private:
    struct Connection {
        int descriptor;
        std::thread thread;
    };

    void accept_all() {
        for (;;) {
            const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (descriptor < 0 && !stopping_ && (errno == EINTR || errno == ECONNABORTED)) continue;
            if (descriptor < 0) return;
            ++accepted_;
            const std::scoped_lock lock(mutex_);
            auto& connection = connections_.emplace_back();
            connection.descriptor = descriptor;
            connection.thread = std::thread([this, &connection] { serve(connection); });
        }
    }

    void serve(Connection& connection) {
        // OpenSSL writes without MSG_NOSIGNAL.
        sigset_t pipe;
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
        int descriptor = -1;
        {
            const std::scoped_lock lock(mutex_);
            descriptor = connection.descriptor;
            if (stopping_) ::shutdown(descriptor, SHUT_RDWR);
        }
        {
            Peer peer(descriptor, requests_, stopping_);
            if (!tls_ || peer.start_tls(*tls_)) script_(peer);
        }
        const std::scoped_lock lock(mutex_);
        ::close(std::exchange(connection.descriptor, -1));
    }

    Script script_;
    std::optional<TestTls> tls_;
    int listener_;
    std::atomic<bool> stopping_{false};
    std::atomic<int> accepted_{0};
    std::atomic<int> requests_{0};
    std::mutex mutex_;
    std::list<Connection> connections_;
    std::thread acceptor_;
};
