#pragma once

#include <sluice/aws/canonical.hpp>
#include <sluice/aws/digest.hpp>
#include <sluice/aws/timestamp.hpp>
#include <sluice/clock/clock.hpp>
#include <sluice/secrets.hpp>
#include <sluice/transport/transport.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::aws {

/// `20260102/us-east-1/kinesis/aws4_request`: where and on which day a signature holds.
[[nodiscard]] inline std::string credential_scope(std::string_view amz_date, std::string_view region,
                                                  std::string_view service) {
    std::string scope;
    scope.append(amz_date.substr(0, 8)).append("/").append(region).append("/").append(service).append("/aws4_request");
    return scope;
}

namespace detail {

[[nodiscard]] inline Secret keyed(const Secret& key, std::string_view text) {
    auto sum = hmac_sha256(key.reveal(), text);
    Secret next(std::string(sum.begin(), sum.end()));
    OPENSSL_cleanse(sum.data(), sum.size());
    return next;
}

/// The key that signs within one scope, derived step by step from the secret access key.
[[nodiscard]] inline Secret signing_key(const Secret& secret_access_key, std::string_view scope) {
    Secret key("AWS4" + std::string(secret_access_key.reveal()));
    while (!scope.empty()) key = keyed(key, next_piece(scope, '/'));
    return key;
}

[[nodiscard]] inline std::string signature(const CanonicalRequest& request, const Secret& key, std::string_view scope,
                                           std::string_view amz_date) {
    std::string text = "AWS4-HMAC-SHA256\n";
    text.append(amz_date).append("\n").append(scope).append("\n").append(sha256_hex(canonical_text(request)));
    return hex(hmac_sha256(key.reveal(), text));
}

} // namespace detail

/// The signature that Signature Version 4 demands for a request, as hexadecimal digits; pure, for those who verify.
///
/// A server takes `region`, `service` and the signed headers' names from the `Authorization` header, `amz_date` from
/// `X-Amz-Date`, and compares the result with the client's in constant time: as two `Secret`s.
[[nodiscard]] inline std::string signature(const CanonicalRequest& request, const Secret& secret_access_key,
                                           std::string_view region, std::string_view service,
                                           std::string_view amz_date) {
    const auto scope = credential_scope(amz_date, region, service);
    return detail::signature(request, detail::signing_key(secret_access_key, scope), scope, amz_date);
}

/// The parts of an absolute URL that a signature needs. They view the URL.
class UrlParts {
public:
    UrlParts() = default;
    explicit UrlParts(std::string_view url) {
        auto rest = url.substr(0, url.find('#'));
        const auto end = rest.find("://");
        if (end != std::string_view::npos) {
            scheme = rest.substr(0, end);
            rest.remove_prefix(end + 3);
        }
        authority = rest.substr(0, rest.find_first_of("/?"));
        rest.remove_prefix(authority.size());
        path = detail::next_piece(rest, '?');
        query = rest;
    }

    std::string_view scheme;
    std::string_view authority; ///< `host[:port]`.
    std::string_view path;      ///< As it stands; may be empty.
    std::string_view query;     ///< Without the `?`.
};

/// The `Host` header that belongs to a URL: lower case, and the port only if it is not the scheme's own.
[[nodiscard]] inline std::string host_header(std::string_view url) {
    const UrlParts parts(url);
    auto authority = parts.authority;
    const std::string_view usual = detail::same_name(parts.scheme, "https") ? ":443" : ":80";
    if (authority.ends_with(usual)) authority.remove_suffix(usual.size());
    std::string host(authority);
    std::transform(host.begin(), host.end(), host.begin(), detail::lower);
    return host;
}

/// Signs requests with Signature Version 4, in the `Authorization` header.
///
/// The signing key is kept from one request to the next, as long as secret, day, region and service stay the same.
/// One strand.
class Signer {
public:
    /// Adds `Host` if it is absent, `X-Amz-Date`, `X-Amz-Security-Token` and `Authorization`, in place of older ones;
    /// a request that is tried again is signed again. Signs every other header that is set, except those that proxies
    /// and libraries change on the way, and the body. A header `X-Amz-Content-SHA256` is taken for the body's digest.
    ///
    /// For every service but S3, which reads paths differently.
    void sign(HttpRequest& request, const Secrets& secrets, std::string_view region, std::string_view service,
              wall_time now) {
        const auto date = amz_date(now);
        std::erase_if(request.headers, [](const HttpHeader& header) { return replaced(header.name); });
        if (find_header(request.headers, "Host").empty()) {
            request.headers.emplace_back("Host", host_header(request.url));
        }
        request.headers.emplace_back("X-Amz-Date", date);
        if (!secrets.session_token.empty()) {
            request.headers.emplace_back("X-Amz-Security-Token", std::string(secrets.session_token.reveal()));
        }
        remember(secrets.secret_access_key, credential_scope(date, region, service));

        const auto hash = payload_hash(request);
        const UrlParts url(request.url);
        const CanonicalRequest canonical(request.method, url.path, url.query, to_be_signed(request.headers), hash);
        std::string authorization = "AWS4-HMAC-SHA256 Credential=";
        authorization.append(secrets.access_key_id).append("/").append(scope_);
        authorization.append(", SignedHeaders=").append(signed_headers(canonical));
        authorization.append(", Signature=").append(detail::signature(canonical, key_, scope_, date));
        request.headers.emplace_back("Authorization", std::move(authorization));
    }

private:
    template <std::size_t Count>
    static bool listed(const std::array<std::string_view, Count>& names, std::string_view name) {
        return std::any_of(names.begin(), names.end(),
                           [name](std::string_view other) { return detail::same_name(name, other); });
    }

    /// What signing writes itself, and `Date`, which `X-Amz-Date` stands for.
    static bool replaced(std::string_view name) {
        static constexpr std::array<std::string_view, 4> names{"authorization", "date", "x-amz-date",
                                                               "x-amz-security-token"};
        return listed(names, name);
    }

    static bool never_signed(std::string_view name) {
        static constexpr std::array<std::string_view, 12> names{
            "connection",        "content-length", "expect",
            "keep-alive",        "te",             "proxy-authenticate",
            "trailer",           "upgrade",        "proxy-authorization",
            "transfer-encoding", "user-agent",     "x-amzn-trace-id"};
        return listed(names, name);
    }

    static std::vector<SignedHeader> to_be_signed(const std::vector<HttpHeader>& headers) {
        std::vector<SignedHeader> chosen;
        chosen.reserve(headers.size());
        for (const auto& header : headers) {
            if (!never_signed(header.name)) chosen.emplace_back(header.name, header.value);
        }
        return chosen;
    }

    static std::string payload_hash(const HttpRequest& request) {
        const auto given = find_header(request.headers, "X-Amz-Content-SHA256");
        if (!given.empty()) return std::string(given);
        return sha256_hex(request.body ? std::string_view(*request.body) : std::string_view());
    }

    void remember(const Secret& secret, std::string scope) {
        if (!key_.empty() && scope == scope_ && secret == secret_) return;
        key_ = detail::signing_key(secret, scope);
        secret_ = secret;
        scope_ = std::move(scope);
    }

    Secret secret_;
    std::string scope_;
    Secret key_;
};

} // namespace sluice::aws
