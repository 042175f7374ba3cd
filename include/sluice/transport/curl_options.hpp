#pragma once

#include <sluice/secrets.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace sluice {

/// Which HTTP is spoken.
enum class HttpVersion : std::uint8_t {
    automatic, ///< What the server chooses during the TLS handshake, 2 or 1.1; without TLS 1.1.
    http1,     ///< 1.1, a connection for each exchange that runs at the same time.
    http2,     ///< As `automatic`, but without TLS 2 at once, to a server known to speak it; no connection is kept.
};

/// What only libcurl understands.
class CurlOptions {
public:
    CurlOptions() = default;

    /// File of the trusted authorities, PEM. Empty: AWS_CA_BUNDLE, or the one that libcurl was built with.
    std::string ca_bundle;

    /// `[scheme://]host[:port]` of the proxy. Empty: HTTPS_PROXY, http_proxy and ALL_PROXY as libcurl reads them.
    /// NO_PROXY applies to both.
    std::string proxy;
    std::string proxy_user;
    Secret proxy_password;

    /// 1.1 by default: uploads of megabytes are held up by the flow control of 2, and a few connections, kept alive,
    /// cost less.
    HttpVersion http_version = HttpVersion::http1;

    /// More exchanges with one host wait for a connection; that wait is part of `HttpRequest::timeout`, and of
    /// `connect_timeout`, too, with some libcurl (8.14, but not 7.88).
    std::size_t connections_per_host = 64;

    std::chrono::seconds keep_alive{60}; ///< A connection that was idle for longer is not used again. At least 1.

    /// A connection older than this is not used again, so that a changed address of the endpoint is noticed. Zero: no
    /// limit.
    std::chrono::seconds connection_lifetime{300};
};

/// Throws `std::invalid_argument` for options that can never work.
inline void require_sane(const CurlOptions& options) {
    constexpr std::chrono::hours century{24 * 365 * 100};
    const auto fits = [&](std::chrono::seconds time) { return time.count() >= 0 && time < century; };
    const auto printable = [](const std::string& text) {
        return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) > ' '; });
    };
    if (options.connections_per_host == 0 || options.connections_per_host > 10'000)
        throw std::invalid_argument("sluice: CurlOptions::connections_per_host is not 1 to 10,000");
    if (!fits(options.keep_alive) || options.keep_alive.count() == 0)
        throw std::invalid_argument("sluice: CurlOptions::keep_alive is not at least one second and at most a century");
    if (!fits(options.connection_lifetime))
        throw std::invalid_argument("sluice: CurlOptions::connection_lifetime is negative or more than a century");
    if (!printable(options.proxy))
        throw std::invalid_argument("sluice: CurlOptions::proxy contains spaces or control characters");
    if (options.ca_bundle.find('\0') != std::string::npos)
        throw std::invalid_argument("sluice: CurlOptions::ca_bundle is not a path");
}

} // namespace sluice
