#pragma once

#include <sluice/local/request_reader.hpp>
#include <sluice/local/response_head.hpp>
#include <sluice/local/service.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::local {

class Connection;

/// What a server and its connections share. Everything in it, and every socket, is touched only under the mutex: so a
/// server can be stopped and told of faults from any thread, at once.
class ServerState {
public:
    explicit ServerState(Service its_service) : service(std::move(its_service)) {}

    std::mutex mutex;
    Service service;
    std::function<Moment()> now = moment_now;
    std::function<HttpResponse(const HttpRequest&, const Service&)> aside; ///< Answers any path but `/`.
    std::set<std::shared_ptr<Connection>> connections;
};

/// One connection of a server: reads requests one after the other, and answers each before the next.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(std::shared_ptr<ServerState> state, asio::ip::tcp::socket socket)
        : state_(std::move(state)), socket_(std::move(socket)), timer_(socket_.get_executor()) {}

    /// Under the mutex, as everything but the handlers, which take it themselves.
    void start() {
        error_code ignored;
        socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
        if (state_->service.faults.refuse_connection(state_->now().steady)) return reset();
        read();
    }

    /// Ends it: what is under way on it fails.
    void close() {
        error_code ignored;
        socket_.close(ignored);
        timer_.cancel();
        state_->connections.erase(shared_from_this());
    }

private:
    using State = RequestReader::State;

    /// Ends it so that the client sees a reset.
    void reset() {
        error_code ignored;
        socket_.set_option(asio::socket_base::linger(true, 0), ignored);
        close();
    }

    /// A handler that runs `step` under the mutex, unless the connection was closed meanwhile.
    template <class Step>
    auto guarded(Step step) {
        return [self = shared_from_this(), step](error_code failure, auto... rest) {
            const std::lock_guard lock(self->state_->mutex);
            if (!self->socket_.is_open()) return;
            if (failure) return self->close();
            step(*self, rest...);
        };
    }

    void read() {
        socket_.async_read_some(asio::buffer(buffer_), guarded([](Connection& self, std::size_t size) {
                                    self.reader_.feed(std::string_view(self.buffer_.data(), size));
                                    self.proceed();
                                }));
    }

    /// Does whatever the bytes that were read allow.
    void proceed() {
        if (reader_.state() == State::head) return read();
        if (reader_.state() == State::refused) return refuse();
        if (!met_ && is_aside()) met_ = Met();
        if (!met_) {
            met_ = state_->service.meet(reader_.head(), state_->now());
            const auto* cut = met_->as<fault::Cut>();
            if (met_->as<fault::Unavailable>()) return reset();
            if (cut != nullptr && cut->where == fault::Cut::Where::before_reading) return reset();
            if (reader_.state() == State::body && reader_.expects_continue()) return invite();
        }
        if (reader_.state() == State::body) return read();
        react();
    }

    [[nodiscard]] bool is_aside() const { return state_->aside && aws::UrlParts(reader_.head().url).path != "/"; }

    void invite() {
        head_ = "HTTP/1.1 100 Continue\r\n\r\n";
        asio::async_write(socket_, asio::buffer(head_), guarded([](Connection& self, std::size_t) { self.read(); }));
    }

    void refuse() {
        head_ = response_head(HttpResponse(reader_.refusal(), ""), false);
        asio::async_write(socket_, asio::buffer(head_), guarded([](Connection& self, std::size_t) { self.leave(); }));
    }

    /// Closes when the client has seen why, or after a while. To close while bytes arrive would reset the connection,
    /// and the client would lose the answer.
    void leave() {
        error_code ignored;
        socket_.shutdown(asio::socket_base::shutdown_send, ignored);
        timer_.expires_after(std::chrono::seconds(5));
        timer_.async_wait(guarded([](Connection& self) { self.close(); }));
        discard();
    }

    void discard() {
        socket_.async_read_some(asio::buffer(buffer_), guarded([](Connection& self, std::size_t) { self.discard(); }));
    }

    void react() {
        const bool aside = is_aside();
        keep_alive_ = reader_.keep_alive();
        const HttpRequest request = reader_.take();
        reaction_ = Reaction();
        if (aside) {
            reaction_.response = state_->aside(request, state_->service);
        } else {
            reaction_ = state_->service.react(request, state_->now(), *met_);
        }
        met_.reset();
        if (reaction_.delay.count() == 0) return respond();
        timer_.expires_after(reaction_.delay);
        timer_.async_wait(guarded([](Connection& self) { self.respond(); }));
    }

    void respond() {
        head_ = response_head(reaction_.response, keep_alive_);
        auto& body = reaction_.response.body;
        switch (reaction_.fate) {
        case Reaction::Fate::answered: return write();
        case Reaction::Fate::cut_short:
            (body.empty() ? head_ : body).resize((body.empty() ? head_ : body).size() / 2);
            keep_alive_ = false;
            return write();
        case Reaction::Fate::garbage:
            head_.assign("\x16\x03\x01\x00 this is not HTTP \xff\xfe\r\n\r\n", 28);
            keep_alive_ = false;
            return write();
        case Reaction::Fate::unanswered: return close();
        case Reaction::Fate::refused:
        case Reaction::Fate::unread: return reset();
        }
    }

    void write() {
        const std::array<asio::const_buffer, 2> parts{asio::buffer(head_), asio::buffer(reaction_.response.body)};
        asio::async_write(socket_, parts, guarded([](Connection& self, std::size_t) {
                              if (!self.keep_alive_) return self.close();
                              self.proceed();
                          }));
    }

    std::shared_ptr<ServerState> state_;
    asio::ip::tcp::socket socket_;
    asio::steady_timer timer_;
    RequestReader reader_;
    std::optional<Met> met_; ///< By the request that is being read.
    Reaction reaction_;
    std::string head_;
    bool keep_alive_ = true;
    std::array<char, 64U << 10U> buffer_;
};

} // namespace sluice::local
