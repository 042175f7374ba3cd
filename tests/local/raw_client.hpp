#pragma once

#include <sluice/transport/transport.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

/// A client that writes bytes and reads what comes, for at most ten seconds; no HTTP library between it and the server.
class RawClient {
public:
    explicit RawClient(std::uint16_t port) {
        socket_.connect({boost::asio::ip::address_v4::loopback(), port}, failure);
        const timeval patience{10, 0};
        if (!failure) ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }

    sluice::error_code failure;

    void write(std::string_view bytes) {
        if (!failure) boost::asio::write(socket_, boost::asio::buffer(bytes), failure);
    }

    /// Everything until the server closes.
    std::string read_all() {
        while (read_some()) {
        }
        return std::exchange(arrived_, {});
    }

    /// One response with a `Content-Length`, head and body; or less, if the server closes.
    std::string read_response() {
        while (arrived_.find("\r\n\r\n") == std::string::npos) {
            if (!read_some()) return std::exchange(arrived_, {});
        }
        const auto head = arrived_.find("\r\n\r\n") + 4;
        const std::string_view name = "\r\nContent-Length: ";
        const auto at = arrived_.find(name);
        const auto length = at < head ? std::stoul(arrived_.substr(at + name.size())) : 0;
        while (arrived_.size() < head + length) {
            if (!read_some()) return std::exchange(arrived_, {});
        }
        std::string response = arrived_.substr(0, head + length);
        arrived_.erase(0, head + length);
        return response;
    }

    /// A request as the server must see it.
    static std::string text_of(const sluice::HttpRequest& request) {
        std::string text = request.method + " / HTTP/1.1\r\n";
        for (const auto& header : request.headers) text += header.name + ": " + header.value + "\r\n";
        return text + "Content-Length: " + std::to_string(request.body->size()) + "\r\n\r\n" + *request.body;
    }

    std::string exchange(const sluice::HttpRequest& request) {
        write(text_of(request));
        return read_response();
    }

    void close() { socket_.close(); }

private:
    bool read_some() {
        if (failure) return false;
        std::array<char, 4'096> buffer;
        const auto size = socket_.read_some(boost::asio::buffer(buffer), failure);
        arrived_.append(buffer.data(), size);
        return !failure;
    }

    boost::asio::io_context context_;
    boost::asio::ip::tcp::socket socket_{context_};
    std::string arrived_;
};
