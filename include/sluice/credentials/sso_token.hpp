#pragma once

#include <sluice/aws/ascii.hpp>
#include <sluice/aws/digest.hpp>
#include <sluice/aws/environment.hpp>
#include <sluice/aws/json_reader.hpp>
#include <sluice/aws/json_writer.hpp>
#include <sluice/aws/profiles.hpp>
#include <sluice/aws/reply_reader.hpp>
#include <sluice/aws/timestamp.hpp>
#include <sluice/aws/token.hpp>
#include <sluice/clock/clock.hpp>
#include <sluice/credentials/fields.hpp>
#include <sluice/credentials/profile_chain.hpp>
#include <sluice/error.hpp>
#include <sluice/secrets.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

/// What somebody got who signed in at IAM Identity Center, as `aws sso login` keeps it.
class SsoToken {
public:
    SsoToken() = default;

    Secret access_token;
    wall_time expires;
    std::string start_url;
    std::string region;

    // With these it can be renewed; the older way of signing in has none of them.
    Secret refresh_token;
    std::string client_id;
    Secret client_secret;
    std::optional<wall_time> registration_expires; ///< Of the client.

    /// Whether there is all that a renewal takes.
    [[nodiscard]] bool renewable(wall_time now) const noexcept {
        return !refresh_token.empty() && !client_id.empty() && !client_secret.empty() && registration_expires &&
               *registration_expires > now;
    }
};

namespace detail {

/// The SHA-1 of a text, by which the AWS tools name files.
[[nodiscard]] inline std::string sha1_hex(std::string_view text) {
    std::array<std::uint8_t, 20> sum{};
    std::size_t size = sum.size();
    if (EVP_Q_digest(nullptr, "SHA1", nullptr, text.data(), text.size(), sum.data(), &size) != 1) {
        throw std::runtime_error("sluice: OpenSSL does not offer SHA1");
    }
    return aws::hex(sum);
}

/// Whether a token may stand in a header.
[[nodiscard]] inline bool is_bearer_token(std::string_view token) noexcept {
    return !token.empty() && aws::is_visible(token);
}

/// A time in a token file; older ones end with `UTC`.
[[nodiscard]] inline std::optional<wall_time> parse_token_time(std::string text) {
    if (text.ends_with("UTC")) text.replace(text.size() - 3, 3, "Z");
    return parse_expiration(text);
}

/// Writes the value that starts with `token`, which has been read from well-formed JSON.
inline void copy_value(aws::JsonWriter& writer, aws::JsonReader& reader, const aws::Token& token) {
    using aws::TokenKind;
    switch (token.kind) {
    case TokenKind::text: writer.text(token.text); break;
    case TokenKind::boolean: writer.boolean(token.number != 0); break;
    case TokenKind::null: writer.null(); break;
    case TokenKind::unsigned_integer: writer.unsigned_integer(token.number); break;
    case TokenKind::array:
        writer.begin_array();
        for (auto item = reader.next(); !item.is(TokenKind::end); item = reader.next()) {
            copy_value(writer, reader, item);
        }
        writer.end_array();
        break;
    case TokenKind::map:
        writer.begin_map();
        for (auto name = reader.next(); !name.is(TokenKind::end); name = reader.next()) {
            writer.key(name.text);
            copy_value(writer, reader, reader.next());
        }
        writer.end_map();
        break;
    default:
        if (const auto whole = aws::to_integer(token)) return writer.integer(*whole);
        writer.real(aws::to_real(token).value_or(0));
    }
}

/// Whether a member of a token file is known here.
[[nodiscard]] inline bool is_token_member(std::string_view name) noexcept {
    constexpr std::array<std::string_view, 8> known{"startUrl",  "region",   "accessToken",  "refreshToken",
                                                    "expiresAt", "clientId", "clientSecret", "registrationExpiresAt"};
    return std::find(known.begin(), known.end(), name) != known.end();
}

/// Writes the members of a token file that are not known here; none if it is malformed.
inline void copy_strange_members(aws::JsonWriter& writer, std::string_view json) {
    aws::ReplyReader<aws::JsonReader> check(json);
    if (!check.whole([&](std::string_view) { return check.skip(); })) return;
    aws::JsonReader reader(json);
    if (!reader.next().is(aws::TokenKind::map)) return;
    for (auto name = reader.next(); !name.is(aws::TokenKind::end); name = reader.next()) {
        if (is_token_member(name.text)) {
            aws::skip(reader, reader.next());
        } else {
            writer.key(name.text);
            copy_value(writer, reader, reader.next());
        }
    }
}

} // namespace detail

/// The file in which `aws sso login` keeps the token for a role: named after the session, or after the start URL the
/// older way. Empty if no home directory is known.
[[nodiscard]] inline std::string sso_token_path(const SsoRole& role, const aws::Environment& environment,
                                                aws::Platform platform = aws::this_platform) {
    const auto name = detail::sha1_hex(role.session.empty() ? role.start_url : role.session);
    return aws::below_home(".aws/sso/cache/" + name + ".json", environment, platform);
}

/// Reads a token file; `error::malformed` if it is no JSON object, or holds no token, or no time at which that ends.
[[nodiscard]] inline result<SsoToken> parse_sso_token(std::string_view json) {
    SsoToken token;
    std::string expires;
    std::string registration;
    aws::ReplyReader<aws::JsonReader> reader(json);
    const bool well = reader.whole([&](std::string_view name) {
        if (name == "accessToken") return detail::read_secret(reader, token.access_token);
        if (name == "expiresAt") return reader.text(expires);
        if (name == "startUrl") return reader.text(token.start_url);
        if (name == "region") return reader.text(token.region);
        if (name == "refreshToken") return detail::read_secret(reader, token.refresh_token);
        if (name == "clientId") return reader.text(token.client_id);
        if (name == "clientSecret") return detail::read_secret(reader, token.client_secret);
        if (name == "registrationExpiresAt") return reader.text(registration);
        return reader.skip();
    });
    token.registration_expires = detail::parse_token_time(std::move(registration));
    const auto end = detail::parse_token_time(std::move(expires));
    if (!well || !end || !detail::is_bearer_token(token.access_token.reveal())) return error::malformed;
    token.expires = *end;
    return token;
}

/// The content of a token file, as the AWS CLI writes it. What the file held until now may have members that are not
/// known here: those stay.
[[nodiscard]] inline std::string write_sso_token(const SsoToken& token, std::string_view former = {}) {
    const auto date = [](wall_time time) { return aws::iso_date(std::chrono::floor<std::chrono::seconds>(time)); };
    std::string text;
    text.reserve(16'384 + 2 * former.size()); // secrets are not copied about while it grows
    aws::JsonWriter writer(text);
    const auto member = [&](std::string_view name, std::string_view value) {
        if (value.empty()) return;
        writer.key(name);
        writer.text(value);
    };
    writer.begin_map();
    member("startUrl", token.start_url);
    member("region", token.region);
    member("accessToken", token.access_token.reveal());
    member("expiresAt", date(token.expires));
    member("clientId", token.client_id);
    member("clientSecret", token.client_secret.reveal());
    if (token.registration_expires) member("registrationExpiresAt", date(*token.registration_expires));
    member("refreshToken", token.refresh_token.reveal());
    detail::copy_strange_members(writer, former);
    writer.end_map();
    return text;
}

/// The body of the call that renews a token (IAM Identity Center OIDC API, CreateToken).
[[nodiscard]] inline std::string sso_renewal(const SsoToken& token) {
    std::string text;
    text.reserve(16'384);
    aws::JsonWriter writer(text);
    writer.begin_map();
    writer.key("clientId");
    writer.text(token.client_id);
    writer.key("clientSecret");
    writer.text(token.client_secret.reveal());
    writer.key("grantType");
    writer.text("refresh_token");
    writer.key("refreshToken");
    writer.text(token.refresh_token.reveal());
    writer.end_map();
    return text;
}

/// What the answer to that makes of the token; `error::malformed` if it tells none, or no time.
[[nodiscard]] inline result<SsoToken> renewed_sso_token(SsoToken token, std::string_view json, wall_time now) {
    token.access_token = Secret();
    std::optional<std::int64_t> seconds;
    aws::ReplyReader<aws::JsonReader> reader(json);
    const bool well = reader.whole([&](std::string_view name) {
        if (name == "accessToken") return detail::read_secret(reader, token.access_token);
        if (name == "refreshToken") return detail::read_secret(reader, token.refresh_token);
        if (name == "expiresIn") return reader.integer(seconds);
        return reader.skip();
    });
    const bool timed = seconds && *seconds > 0 && *seconds <= std::chrono::seconds(std::chrono::years(1)).count();
    if (!well || !timed || !detail::is_bearer_token(token.access_token.reveal())) return error::malformed;
    token.expires = now + std::chrono::seconds(*seconds);
    return token;
}

/// The credentials in the answer to GetRoleCredentials (IAM Identity Center Portal API); `error::malformed` if a key
/// or their end is not told.
[[nodiscard]] inline result<Secrets> parse_role_credentials(std::string_view json) {
    Secrets secrets;
    std::optional<std::int64_t> milliseconds;
    aws::ReplyReader<aws::JsonReader> reader(json);
    const auto member = [&](std::string_view name) {
        if (name == "accessKeyId") return reader.text(secrets.access_key_id);
        if (name == "secretAccessKey") return detail::read_secret(reader, secrets.secret_access_key);
        if (name == "sessionToken") return detail::read_secret(reader, secrets.session_token);
        if (name == "expiration") return reader.integer(milliseconds);
        return reader.skip();
    };
    const bool well = reader.whole(
        [&](std::string_view name) { return name == "roleCredentials" ? reader.map(member) : reader.skip(); });
    const bool complete = !secrets.access_key_id.empty() && !secrets.secret_access_key.empty() &&
                          !secrets.session_token.empty();
    // Until the year 2200, so that no arithmetic on it overflows.
    const bool timed = milliseconds && *milliseconds > 0 && *milliseconds < 7'258'118'400'000;
    if (!well || !complete || !timed) return error::malformed;
    secrets.expires = wall_time(std::chrono::milliseconds(*milliseconds));
    return secrets;
}

} // namespace sluice
