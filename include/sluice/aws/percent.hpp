#pragma once

#include <sluice/aws/hex.hpp>
#include <sluice/error.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::aws {

namespace detail {

[[nodiscard]] constexpr bool unreserved(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

} // namespace detail

inline void append_percent_encoded(std::string& out, char c) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    if (detail::unreserved(c)) {
        out += c;
        return;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
}

/// Appends a text with all but `A-Za-z0-9-._~` (the unreserved characters of RFC 3986) as `%XX`, as the query protocol,
/// URLs and signatures want values.
inline void append_percent_encoded(std::string& out, std::string_view text) {
    for (const char c : text) append_percent_encoded(out, c);
}

/// What an encoded text stands for; `error::malformed` if a `%` has no two hexadecimal digits after it.
[[nodiscard]] inline result<std::string> decode_percent(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = i + 1 < text.size() ? detail::hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? detail::hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0) return error::malformed;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

} // namespace sluice::aws
