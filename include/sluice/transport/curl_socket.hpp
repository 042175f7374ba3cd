#pragma once

#include <sluice/error.hpp>
#include <sluice/policy.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <curl/curl.h>

#include <utility>

#ifndef _WIN32
#include <fcntl.h>
#include <unistd.h>
#endif

namespace sluice::detail {

/// A socket of libcurl's, watched by Asio.
///
/// libcurl may close a socket before it says so (7.88 does, while connecting), and by then another thread may own its
/// number. So what is watched is a duplicate, whose number stays ours; on Windows, where a socket cannot simply be
/// duplicated, it is the socket itself.
class CurlSocket {
public:
    CurlSocket(const asio::any_io_executor& executor, curl_socket_t its_descriptor)
        : descriptor_(its_descriptor), own_(duplicate(its_descriptor)), socket_(executor) {
        error_code ignored; // A socket that is not open fails to be waited for, and libcurl hears of that.
        if (own_ != CURL_SOCKET_BAD) static_cast<void>(socket_.assign(asio::ip::tcp::v4(), own_, ignored));
    }

    ~CurlSocket() { release(); }

    CurlSocket(const CurlSocket&) = delete;
    CurlSocket& operator=(const CurlSocket&) = delete;

    /// Ends the watch; waits complete with `operation_aborted`.
    void release() noexcept {
        wanted_ = 0;
        error_code ignored;
        // Released before it is closed: closing a duplicate does not take it out of an epoll set.
        if (socket_.is_open()) socket_.release(ignored);
        const auto own = std::exchange(own_, CURL_SOCKET_BAD);
        if (own != CURL_SOCKET_BAD) discard(own);
    }

    /// libcurl's name for it.
    [[nodiscard]] curl_socket_t descriptor() const noexcept { return descriptor_; }

    /// Which events libcurl wants to hear of: CURL_POLL_IN, CURL_POLL_OUT or both.
    void want(int events) noexcept { wanted_ = events; }
    [[nodiscard]] bool wants(int event) const noexcept { return (wanted_ & event) != 0; }

    /// Calls `handler(error_code)` once, when a wanted event has come, unless a wait for it is outstanding;
    /// `make_handler(event)` makes it. The handler says `came(event)` first.
    template <class MakeHandler>
    void wait(MakeHandler make_handler) {
        wait_for(CURL_POLL_IN, asio::socket_base::wait_read, make_handler);
        wait_for(CURL_POLL_OUT, asio::socket_base::wait_write, make_handler);
    }

    void came(int event) noexcept { armed_ &= ~event; }

private:
    template <class MakeHandler>
    void wait_for(int event, asio::socket_base::wait_type type, MakeHandler& make_handler) {
        if ((wanted_ & ~armed_ & event) == 0) return;
        armed_ |= event;
        socket_.async_wait(type, make_handler(event));
    }

#ifdef _WIN32
    static curl_socket_t duplicate(curl_socket_t descriptor) noexcept { return descriptor; }
    static void discard(curl_socket_t) noexcept {}
#else
    static curl_socket_t duplicate(curl_socket_t of) noexcept { return ::fcntl(of, F_DUPFD_CLOEXEC, 0); }
    static void discard(curl_socket_t descriptor) noexcept { ::close(descriptor); }
#endif

    curl_socket_t descriptor_;
    curl_socket_t own_;
    asio::ip::tcp::socket socket_;
    int wanted_ = 0;
    int armed_ = 0; ///< For which events a wait is outstanding.
};

} // namespace sluice::detail
