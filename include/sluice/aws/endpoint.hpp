#pragma once

#include <sluice/aws/ascii.hpp>
#include <sluice/error.hpp>

#include <boost/url/parse.hpp>
#include <boost/url/scheme.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::aws {

/// Where a service is reached.
class Endpoint {
public:
    Endpoint() = default;
    Endpoint(std::string its_url, std::string its_host) : url(std::move(its_url)), host(std::move(its_host)) {}

    std::string url;  ///< `scheme://host[:port][/base]`, without a slash at its end: a request's path is appended.
    std::string host; ///< The `Host` header: lower case, the port only if it is not the scheme's own.

    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

namespace detail {

[[nodiscard]] inline bool is_host_label(std::string_view text) noexcept {
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    };
    return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
           std::all_of(text.begin(), text.end(), letter);
}

/// Whether a host can stand in a header as it is. Names that are no labels, `my_kinesis`, are left to the resolver.
[[nodiscard]] inline bool is_plain_host(const boost::urls::url_view& url) noexcept {
    using boost::urls::host_type;
    if (url.host_type() == host_type::ipv4 || url.host_type() == host_type::ipv6) return true;
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
               c == '_';
    };
    const auto host = url.encoded_host();
    return url.host_type() == host_type::name && !host.empty() && std::all_of(host.begin(), host.end(), plain);
}

/// The port of a URL, or its scheme's own; none if there is no such port.
[[nodiscard]] inline std::optional<unsigned> port_of(const boost::urls::url_view& url, unsigned usual) noexcept {
    if (!url.has_port()) return usual;
    unsigned number = 0;
    for (const char digit : url.port()) number = std::min(number * 10 + static_cast<unsigned>(digit - '0'), 65'536U);
    if (number == 0 || number > 65'535) return std::nullopt;
    return number;
}

} // namespace detail

/// Reads a configured endpoint: `http` or `https`, a host, perhaps a port and a base path; `error::endpoint_invalid`
/// for all else, as credentials within the URL, a query or a fragment.
[[nodiscard]] inline result<Endpoint> parse_endpoint(std::string_view text) {
    const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
    if (!parsed) return error::endpoint_invalid;
    const auto& url = *parsed;
    const bool secure = url.scheme_id() == boost::urls::scheme::https;
    if (!secure && url.scheme_id() != boost::urls::scheme::http) return error::endpoint_invalid;
    const unsigned usual_port = secure ? 443 : 80;
    const auto port = detail::port_of(url, usual_port);
    if (!port || url.has_userinfo() || url.has_query() || url.has_fragment() || !detail::is_plain_host(url)) {
        return error::endpoint_invalid;
    }
    auto host = to_lower(std::string_view{url.encoded_host().data(), url.encoded_host().size()});
    if (*port != usual_port) host += ':' + std::to_string(*port);
    std::string_view base(url.encoded_path().data(), url.encoded_path().size());
    // Boost 1.81 takes `1.2.3.4.example` for an address and what follows it for a path.
    if (!base.empty() && base.front() != '/') return error::endpoint_invalid;
    while (base.ends_with('/')) base.remove_suffix(1);
    auto address = (secure ? "https://" : "http://") + host + std::string(base);
    return Endpoint(std::move(address), std::move(host));
}

} // namespace sluice::aws
