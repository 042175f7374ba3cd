#pragma once

#include <sluice/aws/ascii.hpp>
#include <sluice/aws/canonical.hpp>
#include <sluice/aws/digest.hpp>
#include <sluice/aws/percent.hpp>
#include <sluice/aws/timestamp.hpp>
#include <sluice/clock/clock.hpp>
#include <sluice/error.hpp>
#include <sluice/secrets.hpp>
#include <sluice/transport/transport.hpp>

#include <boost/system/errc.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::aws {

namespace detail {

inline void append_scope(std::string& out, std::string_view amz_date, std::string_view region,
                         std::string_view service) {
    out.append(amz_date.substr(0, 8)).append("/").append(region).append("/").append(service).append("/aws4_request");
}

} // namespace detail

/// `20260102/us-east-1/kinesis/aws4_request`: where and on which day a signature holds.
[[nodiscard]] inline std::string credential_scope(std::string_view amz_date, std::string_view region,
                                                  std::string_view service) {
    std::string scope;
    detail::append_scope(scope, amz_date, region, service);
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

/// Appends the text that is signed: the digest of the canonical request, and where and when it holds.
inline void append_string_to_sign(std::string& out, std::string_view canonical_text, std::string_view scope,
                                  std::string_view amz_date) {
    out.append("AWS4-HMAC-SHA256\n").append(amz_date).append("\n").append(scope).append("\n");
    append_hex(out, sha256(canonical_text));
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
    std::string text;
    detail::append_string_to_sign(text, canonical_text(request), scope, amz_date);
    return hex(hmac_sha256(detail::signing_key(secret_access_key, scope).reveal(), text));
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
        path = next_piece(rest, '?');
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
    const std::string_view usual = same_name(parts.scheme, "https") ? ":443" : ":80";
    if (authority.ends_with(usual)) authority.remove_suffix(usual.size());
    return to_lower(authority);
}

/// What services want differently of a signature. As made, it suits every service but S3.
class SigningRules {
public:
    SigningRules() = default;

    /// S3 takes paths as they are, and wants to know the body's digest before the body.
    [[nodiscard]] static SigningRules s3() {
        SigningRules rules;
        rules.path = PathRules(false, false);
        rules.sign_body = true;
        return rules;
    }

    PathRules path;
    bool sign_body = false;          ///< Sends the body's digest too, as `X-Amz-Content-SHA256`.
    bool unsigned_payload = false;   ///< The signature holds for any body. S3 takes that over HTTPS.
    bool omit_session_token = false; ///< Sends the session token without signing it.
};

/// Signs requests with Signature Version 4, in the `Authorization` header or in the URL.
///
/// The signing key is kept from one request to the next, as long as secret, day, region and service stay the same.
/// One strand.
class Signer {
public:
    /// Adds `Host` if it is absent, `X-Amz-Date`, `X-Amz-Security-Token` and `Authorization`, in place of older ones;
    /// a request that is tried again is signed again. Signs every other header that is set, except those that proxies
    /// and libraries change on the way, and the body. A header `X-Amz-Content-SHA256` is taken for the body's digest.
    void sign(HttpRequest& request, const Secrets& secrets, std::string_view region, std::string_view service,
              wall_time now, const SigningRules& rules = {}) {
        const auto date = amz_date(now);
        remember(secrets.secret_access_key, date, region, service);
        request.headers.reserve(request.headers.size() + 5);
        prepare(request);
        request.headers.emplace_back("X-Amz-Date", date);
        if (!rules.omit_session_token) add_token(request, secrets);
        find_payload_hash(request, rules.unsigned_payload);
        const bool told = !find_header(request.headers, content_digest).empty();
        if (!told && (rules.sign_body || rules.unsigned_payload)) request.headers.emplace_back(content_digest, hash_);

        const UrlParts url(request.url);
        choose_headers(request.headers);
        const auto signature = sign_text(request.method, url.path, url.query, date, rules.path);
        request.headers.emplace_back("Authorization", authorization(secrets.access_key_id, signature));
        if (rules.omit_session_token) add_token(request, secrets);
    }

    /// The URL of a request that whoever has it may send until `expires` is over, with the same method and the headers
    /// that are set, and no later than the secrets expire. Signs these headers and the body, but no body for S3.
    ///
    /// `expires` is one second to seven days; else, and for a URL that cannot be signed, since it has no host, names a
    /// user or was signed before, `errc::invalid_argument`.
    [[nodiscard]] result<std::string> presign(HttpRequest request, const Secrets& secrets, std::string_view region,
                                              std::string_view service, wall_time now, std::chrono::seconds expires,
                                              const SigningRules& rules = {}) {
        const bool timely = expires >= std::chrono::seconds(1) && expires <= std::chrono::days(7);
        if (!timely || !can_be_signed(request.url) || !is_scope_word(region) || !is_scope_word(service)) {
            return make_error_code(boost::system::errc::invalid_argument);
        }
        const auto date = amz_date(now);
        remember(secrets.secret_access_key, date, region, service);
        prepare(request);
        find_payload_hash(request, rules.unsigned_payload || service == "s3");
        choose_headers(request.headers);
        const UrlParts url(request.url);
        auto query = canonical_query(url.query) + '&' + parameters(secrets, date, expires);
        if (!rules.omit_session_token) append_token(query, secrets);
        const auto signature = sign_text(request.method, url.path, query, date, rules.path);
        if (rules.omit_session_token) append_token(query, secrets);
        std::string signed_url;
        signed_url.append(url.scheme).append("://").append(url.authority).append(url.path.empty() ? "/" : url.path);
        signed_url.append("?").append(query, query.starts_with('&') ? 1 : 0);
        return signed_url.append("&X-Amz-Signature=").append(signature);
    }

    /// What was signed last, in its canonical form: a service that refuses a signature says what it would have signed,
    /// and the two can be compared. Holds the session token.
    [[nodiscard]] const std::string& last_canonical_text() const noexcept { return canonical_text_; }
    [[nodiscard]] const std::string& last_string_to_sign() const noexcept { return string_to_sign_; }

private:
    static constexpr const char* content_digest = "X-Amz-Content-SHA256";

    template <std::size_t Count>
    static bool listed(const std::array<std::string_view, Count>& names, std::string_view name) {
        return std::any_of(names.begin(), names.end(),
                           [name](std::string_view other) { return same_name(name, other); });
    }

    /// What signing writes itself, and `Date`, which `X-Amz-Date` stands for.
    static bool replaced(std::string_view name) {
        static constexpr std::array<std::string_view, 4> names{"authorization", "date", "x-amz-date",
                                                               "x-amz-security-token"};
        return listed(names, name);
    }

    static bool never_signed(std::string_view name) {
        static constexpr std::array<std::string_view, 11> names{
            "connection",          "expect",     "keep-alive",      "proxy-authenticate",
            "proxy-authorization", "te",         "trailer",         "transfer-encoding",
            "upgrade",             "user-agent", "x-amzn-trace-id"};
        return listed(names, name);
    }

    /// A word between the slashes of a scope.
    static bool is_scope_word(std::string_view word) {
        return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
            return c > ' ' && c < '\x7f' && c != '/';
        });
    }

    /// What a URL says of its own signature would stand beside what it is signed with.
    static bool can_be_signed(std::string_view text) {
        static constexpr std::array<std::string_view, 7> ours{
            "x-amz-algorithm",      "x-amz-credential", "x-amz-date",         "x-amz-expires",
            "x-amz-security-token", "x-amz-signature",  "x-amz-signedheaders"};
        const UrlParts url(text);
        const auto control = [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; };
        if (url.scheme.empty() || url.authority.empty()) return false;
        if (url.authority.find_first_of("@ ") != std::string_view::npos) return false;
        if (std::any_of(text.begin(), text.end(), control)) return false;
        const auto query = canonical_query(url.query);
        for (std::string_view rest = query; !rest.empty();) {
            auto parameter = next_piece(rest, '&');
            if (listed(ours, next_piece(parameter, '='))) return false;
        }
        return true;
    }

    static void prepare(HttpRequest& request) {
        std::erase_if(request.headers, [](const HttpHeader& header) { return replaced(header.name); });
        if (find_header(request.headers, "Host").empty()) {
            request.headers.emplace_back("Host", host_header(request.url));
        }
    }

    static void add_token(HttpRequest& request, const Secrets& secrets) {
        if (secrets.session_token.empty()) return;
        request.headers.emplace_back("X-Amz-Security-Token", std::string(secrets.session_token.reveal()));
    }

    static void append_token(std::string& query, const Secrets& secrets) {
        if (secrets.session_token.empty()) return;
        query.append("&X-Amz-Security-Token=");
        append_percent_encoded(query, secrets.session_token.reveal());
    }

    void choose_headers(const std::vector<HttpHeader>& headers) {
        headers_.clear();
        headers_.reserve(headers.size());
        for (const auto& header : headers) {
            if (!never_signed(header.name)) headers_.emplace_back(header.name, header.value);
        }
    }

    /// The parameters of a signature in a URL, but for the token and the signature itself.
    std::string parameters(const Secrets& secrets, std::string_view date, std::chrono::seconds expires) {
        std::string text = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=";
        append_percent_encoded(text, secrets.access_key_id + '/' + scope_);
        text.append("&X-Amz-Date=").append(date).append("&X-Amz-Expires=").append(std::to_string(expires.count()));
        text.append("&X-Amz-SignedHeaders=");
        const CanonicalRequest sorted("", "", "", headers_, "");
        append_percent_encoded(text, signed_headers(sorted));
        return text;
    }

    void find_payload_hash(const HttpRequest& request, bool open) {
        const auto given = find_header(request.headers, content_digest);
        hash_.clear();
        if (!given.empty()) {
            hash_ = given;
        } else if (open) {
            hash_ = "UNSIGNED-PAYLOAD";
        } else {
            append_hex(hash_, sha256(request.content()));
        }
    }

    /// The signature, and beside it in `names_` the headers that it signs.
    std::string sign_text(std::string_view method, std::string_view path, std::string_view query,
                          std::string_view date, const PathRules& rules) {
        CanonicalRequest canonical(method, path, query, std::move(headers_), hash_);
        canonical.path_rules = rules;
        canonical_text_.clear();
        append_canonical_text(canonical_text_, canonical);
        string_to_sign_.clear();
        detail::append_string_to_sign(string_to_sign_, canonical_text_, scope_, date);
        names_.clear();
        detail::append_names(names_, canonical.headers);
        headers_ = std::move(canonical.headers);
        return hex(hmac_sha256(key_.reveal(), string_to_sign_));
    }

    std::string authorization(std::string_view access_key_id, std::string_view signature) const {
        std::string text;
        text.reserve(128 + access_key_id.size() + scope_.size() + names_.size());
        text.append("AWS4-HMAC-SHA256 Credential=").append(access_key_id).append("/").append(scope_);
        return text.append(", SignedHeaders=").append(names_).append(", Signature=").append(signature);
    }

    void remember(const Secret& secret, std::string_view date, std::string_view region, std::string_view service) {
        next_scope_.clear();
        detail::append_scope(next_scope_, date, region, service);
        if (!key_.empty() && next_scope_ == scope_ && secret == secret_) return;
        key_ = detail::signing_key(secret, next_scope_);
        secret_ = secret;
        std::swap(scope_, next_scope_);
    }

    Secret secret_;
    std::string scope_;
    Secret key_;

    // Kept for their room only.
    std::string next_scope_;
    std::string hash_;
    std::string names_;
    std::string canonical_text_;
    std::string string_to_sign_;
    std::vector<SignedHeader> headers_;
};

} // namespace sluice::aws
