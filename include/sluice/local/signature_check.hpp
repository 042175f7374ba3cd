#pragma once

#include <sluice/aws/ascii.hpp>
#include <sluice/aws/sigv4.hpp>
#include <sluice/local/failure.hpp>
#include <sluice/secrets.hpp>
#include <sluice/transport/transport.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::local {

/// The parts of an `Authorization` header of Signature Version 4. They view the header.
class Authorization {
public:
    Authorization() = default;

    /// None unless scheme and all three parts are there, and the scope has its four parts.
    [[nodiscard]] static std::optional<Authorization> parse(std::string_view header) {
        constexpr std::string_view scheme = "AWS4-HMAC-SHA256";
        if (!header.starts_with(scheme)) return std::nullopt;
        header.remove_prefix(scheme.size());
        Authorization parsed;
        std::string_view credential;
        while (!header.empty()) {
            auto value = aws::next_piece(header, ',');
            while (value.starts_with(' ')) value.remove_prefix(1);
            const auto name = aws::next_piece(value, '=');
            if (name == "Credential") credential = value;
            if (name == "SignedHeaders") parsed.signed_headers = value;
            if (name == "Signature") parsed.signature = value;
        }
        if (parsed.signed_headers.empty() || parsed.signature.empty()) return std::nullopt;
        if (!parsed.read_credential(credential)) return std::nullopt;
        return parsed;
    }

    std::string_view access_key_id;
    std::string_view date; ///< `YYYYMMDD`.
    std::string_view region;
    std::string_view service;
    std::string_view signed_headers; ///< `a;b;c`.
    std::string_view signature;      ///< Hexadecimal.

private:
    /// Access key and scope, from behind: an access key may hold slashes.
    bool read_credential(std::string_view credential) {
        std::array<std::string_view, 4> scope;
        for (auto part = scope.rbegin(); part != scope.rend(); ++part) {
            const auto slash = credential.rfind('/');
            if (slash == std::string_view::npos) return false;
            *part = credential.substr(slash + 1);
            credential = credential.substr(0, slash);
        }
        access_key_id = credential;
        date = scope[0];
        region = scope[1];
        service = scope[2];
        return !access_key_id.empty() && scope[3] == "aws4_request";
    }
};

/// The time of an `X-Amz-Date`, `20260102T030405Z`; none if it has another form or is no time.
[[nodiscard]] inline std::optional<wall_time> parse_amz_date(std::string_view text) {
    namespace chrono = std::chrono;
    constexpr std::string_view form = "00000000T000000Z";
    if (text.size() != form.size()) return std::nullopt;
    for (std::size_t i = 0; i < form.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (form[i] == '0' ? !digit : text[i] != form[i]) return std::nullopt;
    }
    const auto number = [text](std::size_t from, std::size_t digits) {
        int value = 0;
        for (const char c : text.substr(from, digits)) value = value * 10 + (c - '0');
        return value;
    };
    const chrono::year_month_day date(chrono::year(number(0, 4)), chrono::month(static_cast<unsigned>(number(4, 2))),
                                      chrono::day(static_cast<unsigned>(number(6, 2))));
    // The calendar of a clock in nanoseconds ends in 2262.
    if (!date.ok() || date.year() < chrono::year(1970) || date.year() > chrono::year(2200)) return std::nullopt;
    if (number(9, 2) > 23 || number(11, 2) > 59 || number(13, 2) > 60) return std::nullopt;
    return chrono::sys_days(date) + chrono::hours(number(9, 2)) + chrono::minutes(number(11, 2)) +
           chrono::seconds(number(13, 2));
}

/// Holds requests against Signature Version 4, as the service does: key, scope, date, signed headers, body, signature.
///
/// A signature may name any region: a local service stands for all of them.
class SignatureCheck {
public:
    /// What it is given must outlive it.
    SignatureCheck(std::span<const Secrets> keys, wall_time now) : keys_(keys), now_(now) {}

    /// Why the request is refused; none if it is signed as it should be.
    [[nodiscard]] std::optional<Failure> operator()(const HttpRequest& request) const {
        const auto header = find_header(request.headers, "Authorization");
        if (header.empty()) return Failure("MissingAuthenticationTokenException", "Missing Authentication Token");
        const auto authorization = Authorization::parse(header);
        const auto date_text = find_header(request.headers, "X-Amz-Date");
        const auto date = parse_amz_date(date_text);
        if (!authorization || !date) {
            return Failure(
                "IncompleteSignatureException",
                "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters, and "
                "the existence of an 'X-Amz-Date' header.");
        }
        const Secrets* key = find_key(authorization->access_key_id);
        if (key == nullptr || !has_token(request, *key)) {
            return Failure("UnrecognizedClientException", "The security token included in the request is invalid.");
        }
        if (key->expires && *key->expires <= now_) {
            return Failure("ExpiredTokenException", "The security token included in the request is expired");
        }
        if (auto failure = check_scope(*authorization, date_text)) return failure;
        if (auto failure = check_date(*date, date_text)) return failure;
        if (auto failure = check_headers(request, *authorization)) return failure;
        return check_signature(request, *authorization, *key, date_text);
    }

private:
    static constexpr std::chrono::minutes tolerance{5};

    static Failure invalid(std::string message) { return {"InvalidSignatureException", std::move(message)}; }

    [[nodiscard]] const Secrets* find_key(std::string_view id) const {
        const auto found =
            std::find_if(keys_.begin(), keys_.end(), [id](const Secrets& key) { return key.access_key_id == id; });
        return found == keys_.end() ? nullptr : &*found;
    }

    static bool has_token(const HttpRequest& request, const Secrets& key) {
        return Secret(std::string(find_header(request.headers, "X-Amz-Security-Token"))) == key.session_token;
    }

    static std::optional<Failure> check_scope(const Authorization& authorization, std::string_view date) {
        if (authorization.service != "kinesis") {
            return invalid("Credential should be scoped to correct service: 'kinesis'.");
        }
        if (authorization.date == date.substr(0, 8)) return std::nullopt;
        return invalid("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '" +
                       std::string(authorization.date) + "' != '" + std::string(date.substr(0, 8)) + "', from '" +
                       std::string(date) + "'.");
    }

    [[nodiscard]] std::optional<Failure> check_date(wall_time date, std::string_view text) const {
        const std::string now = aws::amz_date(now_);
        if (date < now_ - tolerance) {
            return invalid("Signature expired: " + std::string(text) + " is now earlier than " +
                           aws::amz_date(now_ - tolerance) + " (" + now + " - 5 min.)");
        }
        if (date <= now_ + tolerance) return std::nullopt;
        return invalid("Signature not yet current: " + std::string(text) + " is still later than " +
                       aws::amz_date(now_ + tolerance) + " (" + now + " + 5 min.)");
    }

    /// `Host` and everything of AWS's own must be signed, or it could be changed on the way.
    static std::optional<Failure> check_headers(const HttpRequest& request, const Authorization& authorization) {
        if (!lists(authorization.signed_headers, "host")) {
            return invalid("'Host' must be a 'SignedHeader' in the AWS Authorization.");
        }
        for (const auto& header : request.headers) {
            if (!aws::same_name(std::string_view(header.name).substr(0, 6), "x-amz-")) continue;
            if (lists(authorization.signed_headers, header.name)) continue;
            return invalid("'" + header.name + "' must be a 'SignedHeader' in the AWS Authorization.");
        }
        return std::nullopt;
    }

    static bool lists(std::string_view names, std::string_view name) {
        while (!names.empty()) {
            if (aws::same_name(aws::next_piece(names, ';'), name)) return true;
        }
        return false;
    }

    static std::optional<Failure> check_signature(const HttpRequest& request, const Authorization& authorization,
                                                  const Secrets& key, std::string_view date) {
        const auto hash = aws::sha256_hex(request.body ? std::string_view(*request.body) : std::string_view());
        const auto claimed = find_header(request.headers, "X-Amz-Content-SHA256");
        if (!claimed.empty() && claimed != hash) {
            return invalid("The provided 'x-amz-content-sha256' header does not match what was computed.");
        }
        std::vector<aws::SignedHeader> headers;
        for (const auto& header : request.headers) {
            if (lists(authorization.signed_headers, header.name)) headers.emplace_back(header.name, header.value);
        }
        const aws::UrlParts url(request.url);
        const aws::CanonicalRequest canonical(request.method, url.path, url.query, std::move(headers), hash);
        const auto expected =
            aws::signature(canonical, key.secret_access_key, authorization.region, authorization.service, date);
        if (Secret(expected) == Secret(std::string(authorization.signature))) return std::nullopt;
        return invalid("The request signature we calculated does not match the signature you provided. Check your AWS "
                       "Secret Access Key and signing method. Consult the service documentation for details.");
    }

    std::span<const Secrets> keys_;
    wall_time now_;
};

} // namespace sluice::local
