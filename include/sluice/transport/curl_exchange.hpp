#pragma once

#include <sluice/error.hpp>
#include <sluice/transport/curl_options.hpp>
#include <sluice/transport/transport.hpp>

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::detail {

/// What libcurl's verdict means to a caller; `answered`: bytes of an answer had come.
[[nodiscard]] inline error translate_curl(CURLcode code, bool answered) noexcept {
    constexpr int too_large = 100; // CURLE_TOO_LARGE, since 8.6; before it, a header too long is "out of memory".
    switch (static_cast<int>(code)) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return error::name_not_resolved;
    case CURLE_OPERATION_TIMEDOUT: return error::timed_out;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT: return error::tls_failed;
    case CURLE_PARTIAL_FILE: return error::response_truncated;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FILESIZE_EXCEEDED:
    case too_large: return error::response_too_large;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2: return error::protocol_violated;
    case CURLE_URL_MALFORMAT:
    case CURLE_LOGIN_DENIED: return error::endpoint_invalid;
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_HTTP2_STREAM:
    case CURLE_SSL_SHUTDOWN_FAILED: return answered ? error::response_truncated : error::connection_failed;
    default: return error::connection_failed;
    }
}

/// `host[:port]` of a URL, without user and password; for the log.
[[nodiscard]] inline std::string_view host_of(std::string_view url) noexcept {
    if (const auto scheme = url.find("://"); scheme != url.npos) url.remove_prefix(scheme + 3);
    url = url.substr(0, url.find_first_of("/?#"));
    if (const auto user = url.rfind('@'); user != url.npos) url.remove_prefix(user + 1);
    return url;
}

/// Which characters something in the head of a request may have.
class CharacterSet {
public:
    /// All that can be seen, of ASCII.
    static constexpr CharacterSet visible() noexcept {
        CharacterSet all;
        for (unsigned char c = '!'; c <= '~'; ++c) all.in_[c] = true;
        return all;
    }

    constexpr CharacterSet without(std::string_view others) const noexcept {
        auto rest = *this;
        for (const char c : others) rest.in_[static_cast<unsigned char>(c)] = false;
        return rest;
    }

    /// Whether there is text, and nothing else in it.
    [[nodiscard]] bool makes(std::string_view text) const noexcept {
        return !text.empty() &&
               std::all_of(text.begin(), text.end(), [this](char c) { return in_[static_cast<unsigned char>(c)]; });
    }

private:
    std::array<bool, 256> in_{};
};

/// Whether a request can be written down as HTTP: what is refused here could smuggle a second request.
[[nodiscard]] inline error_code check_request(const HttpRequest& request) noexcept {
    static constexpr auto visible = CharacterSet::visible();
    static constexpr auto token = visible.without("\"(),/:;<=>?@[\\]{}");
    // One search for each costs a fraction of one for all: values are long.
    const auto one_line = [](std::string_view text) {
        return text.find('\r') == text.npos && text.find('\n') == text.npos && text.find('\0') == text.npos;
    };
    const std::string_view url = request.url;
    if (!visible.makes(url) || !(url.starts_with("https://") || url.starts_with("http://")))
        return error::endpoint_invalid;
    if (!token.makes(request.method)) return error::malformed;
    if (request.method == "HEAD" && !request.content().empty()) return error::malformed;
    for (const auto& header : request.headers)
        if (!token.makes(header.name) || !one_line(header.value)) return error::malformed;
    return {};
}

/// The answer, built from the pieces in which it comes, and held to its limits.
class HttpAnswer {
public:
    static constexpr std::size_t max_header_bytes = 1U << 20U;

    explicit HttpAnswer(std::size_t max_body_bytes) : max_body_bytes_(max_body_bytes) {}

    /// Takes one line of the head, its end included; false: too much. Interim answers (1xx) and trailers leave no
    /// trace.
    bool take_line(std::string_view line) {
        header_bytes_ += line.size();
        if (header_bytes_ > max_header_bytes) return refuse();
        while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
        if (line.starts_with("HTTP/")) {
            response_.headers.clear();
            complete_ = false;
        } else if (line.empty()) {
            complete_ = true;
        } else if (!complete_) {
            take_header(line);
        }
        return true;
    }

    /// Takes a piece of the body; false: too much.
    bool take_body(std::string_view piece) {
        if (piece.size() > max_body_bytes_ - response_.body.size()) return refuse();
        response_.body.append(piece);
        return true;
    }

    [[nodiscard]] bool begun() const noexcept { return header_bytes_ != 0; }
    [[nodiscard]] bool head_complete() const noexcept { return complete_; }
    [[nodiscard]] bool too_large() const noexcept { return too_large_; }
    [[nodiscard]] std::size_t header_bytes() const noexcept { return header_bytes_; }

    [[nodiscard]] HttpResponse release(int status) {
        response_.status = status;
        return std::move(response_);
    }

private:
    bool refuse() noexcept {
        too_large_ = true;
        return false;
    }

    static std::string_view trim(std::string_view text) noexcept {
        const auto first = text.find_first_not_of(" \t");
        if (first == text.npos) return {};
        return text.substr(first, text.find_last_not_of(" \t") - first + 1);
    }

    void take_header(std::string_view line) {
        auto& headers = response_.headers;
        const auto colon = line.find(':');
        if (line.front() == ' ' || line.front() == '\t') {
            // A folded line (RFC 9112 §5.2) goes on with the value before it.
            if (!headers.empty()) headers.back().value.append(" ").append(trim(line));
        } else if (colon != line.npos) {
            headers.emplace_back(std::string(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1))));
        }
    }

    HttpResponse response_;
    std::size_t max_body_bytes_;
    std::size_t header_bytes_ = 0;
    bool complete_ = false;
    bool too_large_ = false;
};

/// One exchange on one easy handle: what libcurl is told and what it tells. Must stay where it is, and alive, from
/// `prepare` until the handle is reset or destroyed.
class CurlExchange {
public:
    explicit CurlExchange(HttpRequest request) : request_(std::move(request)), answer_(request_.max_response_bytes) {}

    CurlExchange(const CurlExchange&) = delete;
    CurlExchange& operator=(const CurlExchange&) = delete;

    /// Tells a fresh handle all that it needs; an error if the request cannot be made.
    [[nodiscard]] error_code prepare(CURL* easy, const CurlOptions& options) {
        if (const auto refused = check_request(request_)) return refused;
        easy_ = easy;
        set_message();
        set_headers();
        set_limits(options);
        set_connection(options);
        set_tls(options);
        set_proxy(options);
        set_callbacks();
        if (first_failure_ != CURLE_OK) return translate_curl(first_failure_, false);
        return {};
    }

    /// The outcome, once libcurl has come to an end with `code`.
    [[nodiscard]] result<HttpResponse> conclude(CURLcode code) {
        // A head of more than 300 KiB, in lines of up to 100 KiB, is a receive error to libcurl.
        const bool head_refused = code == CURLE_RECV_ERROR && answer_.header_bytes() > 200U << 10U;
        if (answer_.too_large() || head_refused) return error::response_too_large;
        if (code != CURLE_OK) return translate_curl(code, answer_.begun());
        if (!answer_.head_complete()) return error::response_truncated;
        long status = 0;
        curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
        if (status < 200 || status > 999) return error::protocol_violated;
        return answer_.release(static_cast<int>(status));
    }

    [[nodiscard]] std::string_view host() const noexcept { return host_of(request_.url); }

    /// What libcurl has to say about its failure.
    [[nodiscard]] std::string_view reason(CURLcode code) const noexcept {
        return message_[0] != '\0' ? message_.data() : curl_easy_strerror(code);
    }

private:
    struct FreeList {
        void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
    };

    template <class T>
    void set(CURLoption option, T value) {
        const auto code = curl_easy_setopt(easy_, option, value);
        if (first_failure_ == CURLE_OK) first_failure_ = code;
    }

    static long milliseconds(std::chrono::milliseconds time) noexcept {
        return static_cast<long>(std::clamp<long long>(time.count(), 0, std::numeric_limits<int>::max()));
    }

    void set_message() {
        const auto& method = request_.method;
        set(CURLOPT_URL, request_.url.c_str());
        set(CURLOPT_PATH_AS_IS, 1L);
        set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
        set(CURLOPT_PROTOCOLS_STR, "http,https");
        if (method == "HEAD") return set(CURLOPT_NOBODY, 1L);
        const auto content = request_.content();
        if (request_.body || !content.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
            set(CURLOPT_POSTFIELDS, content.empty() ? "" : content.data());
            set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(content.size()));
        }
        set(CURLOPT_CUSTOMREQUEST, method.c_str());
    }

    void set_headers() {
        // A name with nothing behind its colon keeps libcurl from adding a header that was not signed.
        for (const auto* name : {"Expect", "Accept", "Content-Type"})
            if (find_header(request_.headers, name).empty()) add_line(std::string(name) + ':');
        for (const auto& header : request_.headers) {
            // The body alone says how long it is: two opinions could smuggle a second request.
            if (curl_strequal(header.name.c_str(), "Content-Length")) continue;
            if (curl_strequal(header.name.c_str(), "Transfer-Encoding")) continue;
            const bool blank = header.value.find_first_not_of(" \t") == std::string::npos;
            add_line(blank ? header.name + ';' : header.name + ": " + header.value);
        }
        set(CURLOPT_HTTPHEADER, lines_.get());
        set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    }

    void add_line(const std::string& line) {
        auto* head = curl_slist_append(lines_.get(), line.c_str());
        if (!head) first_failure_ = CURLE_OUT_OF_MEMORY;
        if (head && !lines_) lines_.reset(head); // Later lines leave the head as it is.
    }

    void set_limits(const CurlOptions& options) {
        set(CURLOPT_CONNECTTIMEOUT_MS, std::max(1L, milliseconds(request_.connect_timeout)));
        set(CURLOPT_TIMEOUT_MS, milliseconds(request_.timeout));
        set(CURLOPT_MAXAGE_CONN, static_cast<long>(options.keep_alive.count()));
        set(CURLOPT_MAXLIFETIME_CONN, static_cast<long>(options.connection_lifetime.count()));
        set(CURLOPT_DNS_CACHE_TIMEOUT, 60L);
        // A length that is announced is refused before the body comes. Zero would mean no limit.
        if (request_.method != "HEAD" && request_.max_response_bytes > 0) {
            set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request_.max_response_bytes));
        }
        // Else whoever cancels while a name is being resolved waits for the resolver's thread.
        set(CURLOPT_QUICK_EXIT, 1L);
    }

    void set_connection(const CurlOptions& options) {
        const auto wanted = request_.http2 ? options.http_version : HttpVersion::http1;
        const bool known = wanted == HttpVersion::http2 && request_.url.starts_with("http://");
        const auto version = wanted == HttpVersion::http1 ? CURL_HTTP_VERSION_1_1
                             : known                      ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
                                                          : CURL_HTTP_VERSION_2TLS;
        set(CURLOPT_HTTP_VERSION, static_cast<long>(version));
        set(CURLOPT_PIPEWAIT, wanted == HttpVersion::http1 ? 0L : 1L);
        // libcurl 7.88 fails on the second exchange over a connection that speaks 2 without TLS.
        set(CURLOPT_FRESH_CONNECT, known ? 1L : 0L);
        set(CURLOPT_FORBID_REUSE, known ? 1L : 0L);
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_TCP_NODELAY, 1L);
        set(CURLOPT_UPLOAD_BUFFERSIZE, 128L << 10);
        set(CURLOPT_FOLLOWLOCATION, 0L);
    }

    void set_tls(const CurlOptions& options) {
        set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        set(CURLOPT_SSL_VERIFYPEER, 1L);
        set(CURLOPT_SSL_VERIFYHOST, 2L);
        if (!options.ca_bundle.empty()) set(CURLOPT_CAINFO, options.ca_bundle.c_str());
    }

    void set_proxy(const CurlOptions& options) {
        if (!request_.proxy) return set(CURLOPT_PROXY, ""); // Empty: none, whatever the environment says.
        set(CURLOPT_PROXY_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        if (!options.ca_bundle.empty()) set(CURLOPT_PROXY_CAINFO, options.ca_bundle.c_str());
        if (options.proxy.empty()) return;
        set(CURLOPT_PROXY, options.proxy.c_str());
        if (options.proxy_user.empty()) return;
        set(CURLOPT_PROXYUSERNAME, options.proxy_user.c_str());
        set(CURLOPT_PROXYPASSWORD, std::string(options.proxy_password.reveal()).c_str());
    }

    void set_callbacks() {
        set(CURLOPT_ERRORBUFFER, message_.data());
        set(CURLOPT_HEADERFUNCTION, &on_line);
        set(CURLOPT_HEADERDATA, &answer_);
        set(CURLOPT_WRITEFUNCTION, &on_body);
        set(CURLOPT_WRITEDATA, &answer_);
    }

    static std::size_t on_line(char* data, std::size_t, std::size_t size, void* answer) noexcept {
        try {
            return static_cast<HttpAnswer*>(answer)->take_line({data, size}) ? size : 0;
        } catch (...) {
            return 0;
        }
    }

    static std::size_t on_body(char* data, std::size_t, std::size_t size, void* answer) noexcept {
        try {
            return static_cast<HttpAnswer*>(answer)->take_body({data, size}) ? size : 0;
        } catch (...) {
            return 0;
        }
    }

    HttpRequest request_;
    HttpAnswer answer_;
    CURL* easy_ = nullptr;
    CURLcode first_failure_ = CURLE_OK;
    std::unique_ptr<curl_slist, FreeList> lines_;
    std::array<char, CURL_ERROR_SIZE> message_{};
};

} // namespace sluice::detail
