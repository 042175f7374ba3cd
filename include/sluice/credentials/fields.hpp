#pragma once

#include <sluice/aws/reply_reader.hpp>
#include <sluice/aws/timestamp.hpp>
#include <sluice/clock/clock.hpp>
#include <sluice/secrets.hpp>

#include <openssl/crypto.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// What the forms in which others tell credentials have in common.
namespace sluice::detail {

/// Reads a text into its secret, and leaves it nowhere else; a null leaves the secret as it is.
template <class Reader>
[[nodiscard]] bool read_secret(aws::ReplyReader<Reader>& reader, Secret& secret) {
    std::string text;
    if (!reader.text(text)) return false;
    if (!text.empty()) secret = Secret(std::move(text));
    // A short text is copied where a long one is moved.
    text.resize(text.capacity());
    OPENSSL_cleanse(text.data(), text.size());
    return true;
}

/// The last moment at which credentials end: sluice reckons with the years up to 2199.
inline constexpr wall_time last_expiration =
    std::chrono::sys_days(std::chrono::year(2200) / 1 / 1) - std::chrono::seconds(1);

/// When credentials end, told as in RFC 3339; none if the text is no time. Some tools write `9999-12-31T23:59:59Z` for
/// "never", so later years count as the last moment.
[[nodiscard]] inline std::optional<wall_time> parse_expiration(std::string_view text) {
    const auto year = aws::detail::digits(text.substr(0, 4));
    if (!year || *year < 2200) return aws::parse_iso_date(text);
    std::string sooner(text);
    sooner.replace(0, 4, "2196"); // a leap year
    return aws::parse_iso_date(sooner) ? std::optional(last_expiration) : std::nullopt;
}

} // namespace sluice::detail
