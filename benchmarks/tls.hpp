#pragma once

#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace bench {

/// An HTTP message: all up to the empty line, and what follows. It views its peer's buffer, until the next is read.
class Message {
public:
    std::string_view head;
    std::string_view body;
};

/// One end of a connection with TLS, as plain as it can be: blocking, straight on OpenSSL.
class TlsPeer {
public:
    [[nodiscard]] static std::optional<TlsPeer> accept(SSL_CTX* context, int descriptor) {
        return begin(context, descriptor, SSL_accept);
    }

    /// Connects to a port on loopback, whose certificate is not looked at; throws if nobody is there.
    [[nodiscard]] static TlsPeer connect(int port) {
        static SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
        const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const bool connected = ::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        auto peer = connected ? begin(context, descriptor, SSL_connect) : std::nullopt;
        if (!peer) throw std::runtime_error("the sink does not answer");
        return std::move(*peer);
    }

    /// The next message, by its Content-Length; none at the end of the connection.
    [[nodiscard]] std::optional<Message> read_message() {
        forget_last();
        constexpr std::string_view end = "\r\n\r\n";
        std::size_t head = 0;
        while ((head = filled().find(end)) == std::string::npos) {
            if (!fill(least_room)) return {};
        }
        head += end.size();
        const auto size = content_length(filled().substr(0, head));
        while (filled_ < head + size) {
            if (!fill(head + size - filled_)) return {};
        }
        read_ = head + size;
        Message message;
        message.head = filled().substr(0, head);
        message.body = filled().substr(head, size);
        return message;
    }

    /// False when the other end is gone.
    bool write(std::string_view bytes) {
        return SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
    }

private:
    static constexpr std::size_t least_room = 16'384; ///< That of a TLS record.

    struct End {
        void operator()(SSL* session) const noexcept {
            const int descriptor = SSL_get_fd(session);
            SSL_free(session);
            ::close(descriptor);
        }
    };

    explicit TlsPeer(SSL* session) : session_(session) {}

    static std::optional<TlsPeer> begin(SSL_CTX* context, int descriptor, int (*shake_hands)(SSL*)) {
        const int on = 1;
        ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        TlsPeer peer(SSL_new(context));
        SSL_set_fd(peer.session_.get(), descriptor);
        if (shake_hands(peer.session_.get()) != 1) return {};
        return peer;
    }

    /// Names of headers have no case.
    static std::size_t content_length(std::string_view head) {
        constexpr std::string_view name = "\ncontent-length: ";
        const auto same = [](char c, char lower) { return c == lower || (c >= 'A' && c <= 'Z' && c + 32 == lower); };
        const auto found = std::search(head.begin(), head.end(), name.begin(), name.end(), same);
        if (found == head.end()) return 0;
        return std::strtoul(head.data() + (found - head.begin()) + name.size(), nullptr, 10);
    }

    void forget_last() {
        filled_ -= read_;
        if (filled_ > 0) std::memmove(buffer_.data(), buffer_.data() + read_, filled_);
        read_ = 0;
    }

    [[nodiscard]] std::string_view filled() const { return std::string_view(buffer_).substr(0, filled_); }

    /// Reads once, into room for at least so many bytes, which is made in large steps.
    bool fill(std::size_t room) {
        if (buffer_.size() < filled_ + room) buffer_.resize(filled_ + std::max(room, least_room));
        const int got = SSL_read(session_.get(), buffer_.data() + filled_, static_cast<int>(buffer_.size() - filled_));
        if (got > 0) filled_ += static_cast<std::size_t>(got);
        return got > 0;
    }

    std::unique_ptr<SSL, End> session_;
    std::string buffer_;
    std::size_t filled_ = 0; ///< What of the buffer holds bytes that came.
    std::size_t read_ = 0;   ///< The message that was read last, at its beginning.
};

} // namespace bench
