#pragma once

#include <sluice/local/connection.hpp>
#include <sluice/local/service.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace sluice::local {

/// A `Service` behind HTTP/1.1 on 127.0.0.1, without TLS.
///
/// Clients that speak HTTP/2 by themselves must be told not to: the JavaScript SDK (v3) needs a `NodeHttpHandler`.
///
///     asio::io_context context;
///     local::Server server(context.get_executor());
///     if (auto failure = server.start()) { … }
///     options.endpoint = server.endpoint();
///
/// Threads: every member may be called from any thread, those of the executor too, and takes effect before it returns;
/// but none from within the function that is given to `with`. The work is done where the executor runs, one request at
/// a time.
///
/// It may be destroyed at any time; the executor's context must outlive it.
class Server {
public:
    explicit Server(asio::any_io_executor executor, Service service = Service())
        : listener_(std::make_shared<Listener>(std::move(executor), std::move(service))) {}

    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    ~Server() { stop(); }

    /// Listens; on the port of the last time, or if there was none on any that is free, unless one is named. Nothing
    /// happens if it listens already.
    [[nodiscard]] error_code start(std::uint16_t port = 0) { return listener_->start(port); }

    /// An outage: the port and every connection are closed. Streams and records stay as they are.
    void stop() { listener_->stop(); }

    /// 0 before the first start.
    [[nodiscard]] std::uint16_t port() const { return listener_->port(); }

    /// What to set as `Options::endpoint`.
    [[nodiscard]] std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port()); }

    /// Calls `use(Service&)` while no request is answered, and gives what it gives: to add faults, to split a shard, or
    /// to look at what arrived.
    template <class Use>
    auto with(Use use) {
        const std::lock_guard lock(listener_->state->mutex);
        return use(listener_->state->service);
    }

    /// Adds a fault to the script.
    void add(Fault fault) {
        with([&](Service& service) { service.faults.add(std::move(fault)); });
    }

    /// Another clock than the machine's own; delays pass on the machine's all the same.
    void set_clock(std::function<Moment()> now) {
        const std::lock_guard lock(listener_->state->mutex);
        listener_->state->now = std::move(now);
    }

    /// Has `aside` answer the requests for any path but `/`, unsigned as they may be. It must not call the server.
    void set_aside(std::function<HttpResponse(const HttpRequest&, const Service&)> aside) {
        const std::lock_guard lock(listener_->state->mutex);
        listener_->state->aside = std::move(aside);
    }

private:
    using Tcp = asio::ip::tcp;

    static constexpr std::size_t most_connections = 1'024;

    /// The port, which outlives its server until the last handler is gone.
    class Listener : public std::enable_shared_from_this<Listener> {
    public:
        Listener(asio::any_io_executor executor, Service service)
            : state(std::make_shared<ServerState>(std::move(service))), acceptor_(executor), pause_(executor) {}

        std::shared_ptr<ServerState> state;

        [[nodiscard]] error_code start(std::uint16_t wanted) {
            const std::lock_guard lock(state->mutex);
            if (acceptor_.is_open()) return {};
            error_code failure;
            const Tcp::endpoint endpoint(asio::ip::address_v4::loopback(), wanted != 0 ? wanted : port_);
            acceptor_.open(Tcp::v4(), failure);
            if (!failure) acceptor_.set_option(Tcp::acceptor::reuse_address(true), failure);
            if (!failure) acceptor_.bind(endpoint, failure);
            if (!failure) acceptor_.listen(asio::socket_base::max_listen_connections, failure);
            if (failure) {
                error_code ignored;
                acceptor_.close(ignored);
                return failure;
            }
            port_ = acceptor_.local_endpoint(failure).port();
            ++run_;
            accept();
            return failure;
        }

        void stop() {
            const std::lock_guard lock(state->mutex);
            error_code ignored;
            acceptor_.close(ignored);
            pause_.cancel();
            const auto open = std::exchange(state->connections, {});
            for (const auto& connection : open) connection->close();
        }

        [[nodiscard]] std::uint16_t port() const {
            const std::lock_guard lock(state->mutex);
            return port_;
        }

    private:
        void accept() {
            acceptor_.async_accept([self = shared_from_this(), run = run_](error_code failure, Tcp::socket socket) {
                const std::lock_guard lock(self->state->mutex);
                // What was accepted before an outage belongs to it.
                if (!self->acceptor_.is_open() || run != self->run_) return;
                if (failure) return self->accept_later();
                self->welcome(std::move(socket));
                self->accept();
            });
        }

        /// Out of file descriptors, most likely: trying again at once would fail again at once.
        void accept_later() {
            pause_.expires_after(std::chrono::milliseconds(50));
            pause_.async_wait([self = shared_from_this(), run = run_](error_code failure) {
                const std::lock_guard lock(self->state->mutex);
                if (!failure && self->acceptor_.is_open() && run == self->run_) self->accept();
            });
        }

        void welcome(Tcp::socket socket) {
            if (state->connections.size() >= most_connections) return;
            auto connection = std::make_shared<Connection>(state, std::move(socket));
            state->connections.insert(connection);
            connection->start();
        }

        Tcp::acceptor acceptor_;
        asio::steady_timer pause_;
        std::uint16_t port_ = 0;
        std::uint64_t run_ = 0; ///< How often it was started.
    };

    std::shared_ptr<Listener> listener_;
};

} // namespace sluice::local
