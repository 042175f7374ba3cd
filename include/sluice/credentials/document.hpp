#pragma once

#include <sluice/aws/json_reader.hpp>
#include <sluice/aws/reply_reader.hpp>
#include <sluice/credentials/fields.hpp>
#include <sluice/error.hpp>
#include <sluice/secrets.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

/// What the credential endpoints of containers and instances answer (AWS SDKs and Tools reference, "Container
/// credential provider"; EC2 user guide, "Instance metadata").
class CredentialsDocument {
public:
    CredentialsDocument() = default;

    Secrets secrets;     ///< Complete if `code` says so; without a key else.
    std::string code;    ///< `Success`, or one word for what is wrong; fit for a log. Empty: success.

    [[nodiscard]] bool success() const noexcept { return code.empty() || code == "Success"; }
};

/// Reads such an answer; `error::malformed` if it is no JSON object, or says success and lacks a key or the end of it
/// (every service tells one, and what has none would be kept for ever), or tells a time that is none.
[[nodiscard]] inline result<CredentialsDocument> parse_credentials_document(std::string_view json) {
    CredentialsDocument document;
    auto& secrets = document.secrets;
    std::string expiration;
    aws::ReplyReader<aws::JsonReader> reader(json);
    const bool well = reader.whole([&](std::string_view name) {
        if (name == "AccessKeyId") return reader.text(secrets.access_key_id);
        if (name == "SecretAccessKey") return detail::read_secret(reader, secrets.secret_access_key);
        if (name == "Token") return detail::read_secret(reader, secrets.session_token);
        if (name == "Expiration") return reader.text(expiration);
        if (name == "AccountId") return reader.text(secrets.account_id);
        if (name == "Code" || name == "code") return reader.text(document.code);
        return reader.skip();
    });
    const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
    const bool word = document.code.size() <= 64 && std::all_of(document.code.begin(), document.code.end(), letter);
    if (!well || !word) return error::malformed;
    if (!expiration.empty()) {
        secrets.expires = detail::parse_expiration(expiration);
        if (!secrets.expires) return error::malformed;
    }
    const bool complete = !secrets.access_key_id.empty() && !secrets.secret_access_key.empty() && secrets.expires;
    if (document.success() && !complete) return error::malformed;
    return document;
}

} // namespace sluice
