#pragma once

#include <sluice/error.hpp>
#include <sluice/policy.hpp>
#include <sluice/record.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

/// A header line of HTTP.
class HttpHeader {
public:
    HttpHeader() = default;
    HttpHeader(std::string its_name, std::string its_value)
        : name(std::move(its_name)), value(std::move(its_value)) {}

    std::string name; ///< As it is sent; compared without regard to case.
    std::string value;

    friend bool operator==(const HttpHeader&, const HttpHeader&) = default;
};

/// The value of the first header of that name, compared without regard to case; none: an empty text.
[[nodiscard]] inline std::string_view find_header(const std::vector<HttpHeader>& headers, std::string_view name) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
    for (const auto& header : headers) {
        if (header.name.size() != name.size()) continue;
        bool same = true;
        for (std::size_t i = 0; same && i < name.size(); ++i) same = lower(header.name[i]) == lower(name[i]);
        if (same) return header.value;
    }
    return {};
}

/// One HTTP exchange to be made.
class HttpRequest {
public:
    HttpRequest() = default;
    HttpRequest(std::string verb, std::string target) : method(std::move(verb)), url(std::move(target)) {}

    std::string method; ///< `GET`, `POST`, `PUT`, `HEAD`, `DELETE`.
    std::string url;    ///< `https://host[:port]/path[?query]`, sent as it stands; plain `http` only where configured.
    std::vector<HttpHeader> headers; ///< All that are sent but `Content-Length`; `Host` too, exactly as signed.
    SharedBytes body;                ///< None: no body, but what is borrowed.
    std::string_view borrowed;       ///< A body whose owner keeps it until the exchange is over.
    std::chrono::milliseconds connect_timeout{3'100};
    std::chrono::milliseconds timeout{30'000};  ///< Of the whole exchange. Zero: none.
    std::size_t max_response_bytes = 64U << 20U; ///< Of body, and of the headers one MiB: more is `response_too_large`.
    bool proxy = true;  ///< False: never through a proxy, as instance metadata demands.
    bool http2 = true;  ///< False: HTTP/1.1, whatever the transport would choose, for servers that know no other.

    /// The body, whoever owns it.
    [[nodiscard]] std::string_view content() const noexcept { return body ? std::string_view(*body) : borrowed; }
};

/// What came back.
class HttpResponse {
public:
    HttpResponse() = default;
    HttpResponse(int code, std::string text) : status(code), body(std::move(text)) {}

    int status = 0;
    std::vector<HttpHeader> headers;
    std::string body;
};

/// A transport that runs.
///
/// | expression        | meaning                                                                                    |
/// |-------------------|--------------------------------------------------------------------------------------------|
/// | `t.send(request)` | One exchange. Any status is a success; errors are those of the connection: `name_not_resolved`, `connection_failed`, `tls_failed`, `timed_out`, `response_truncated`, `response_too_large`, `protocol_violated`, `operation_aborted` when cancelled or destroyed. Never follows a redirect, never retries. Many may run at once. |
///
/// Called on the producer's strand, and completes there.
template <class T>
concept RunningTransport = requires(T transport, HttpRequest request) {
    { transport.send(std::move(request)) } -> std::same_as<asio::awaitable<result<HttpResponse>>>;
};

/// How one HTTPS exchange happens: a recipe with `open(World&)`, which gives a `RunningTransport`.
///
/// Models: CurlTransport (default).
template <class P>
concept Transport = PolicyOf<P, kind::transport> && requires(P recipe, World& world) {
    { recipe.open(world) } -> std::same_as<asio::awaitable<result<running_t<P>>>>;
    requires RunningTransport<running_t<P>>;
};

/// The producer's transport, whichever policy it is.
class AnyTransport {
public:
    virtual ~AnyTransport() = default;
    [[nodiscard]] virtual asio::awaitable<result<HttpResponse>> send(HttpRequest request) = 0;
};

/// Shows a running transport as `AnyTransport`.
template <RunningTransport T>
class TransportBox final : public AnyTransport {
public:
    explicit TransportBox(T transport) : transport_(std::move(transport)) {}

    [[nodiscard]] asio::awaitable<result<HttpResponse>> send(HttpRequest request) override {
        return transport_.send(std::move(request));
    }

private:
    T transport_;
};

} // namespace sluice
