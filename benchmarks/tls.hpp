#pragma once

#include <openssl/ssl.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace bench {

/// An HTTP message: all up to the empty line, and what follows.
class Message {
public:
    std::string head;
    std::string body;
};

/// One end of a connection with TLS, as plain as it can be: blocking, straight on OpenSSL.
class TlsPeer {
public:
    [[nodiscard]] static std::optional<TlsPeer> accept(SSL_CTX* context, int descriptor) {
        return begin(context, descriptor, SSL_accept);
    }

    [[nodiscard]] static std::optional<TlsPeer> connect(SSL_CTX* context, int descriptor) {
        return begin(context, descriptor, SSL_connect);
    }

    /// The next message, by its Content-Length; none at the end of the connection.
    [[nodiscard]] std::optional<Message> read_message() {
        constexpr std::string_view end = "\r\n\r\n";
        std::size_t head = 0;
        while ((head = buffer_.find(end)) == std::string::npos) {
            if (!fill()) return {};
        }
        head += end.size();
        const auto length = buffer_.find("Content-Length: ");
        const auto size = length < head ? std::strtoul(buffer_.c_str() + length + 16, nullptr, 10) : 0;
        while (buffer_.size() < head + size) {
            if (!fill()) return {};
        }
        Message message;
        message.body = buffer_.substr(head, size);
        message.head = buffer_.substr(0, head);
        buffer_.erase(0, head + size);
        return message;
    }

    /// False when the other end is gone.
    bool write(std::string_view bytes) {
        return SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
    }

private:
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

    bool fill() {
        char piece[16'384];
        const int got = SSL_read(session_.get(), piece, sizeof piece);
        if (got > 0) buffer_.append(piece, static_cast<std::size_t>(got));
        return got > 0;
    }

    std::unique_ptr<SSL, End> session_;
    std::string buffer_;
};

} // namespace bench
