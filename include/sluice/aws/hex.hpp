#pragma once

#include <sluice/aws/ascii.hpp>
#include <sluice/error.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::aws {

namespace detail {

[[nodiscard]] constexpr int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (to_lower(c) >= 'a' && to_lower(c) <= 'f') return to_lower(c) - 'a' + 10;
    return -1;
}

} // namespace detail

/// The bytes of hexadecimal digits of either case, two for each; `error::malformed` if these are not as many, or are
/// none: some bytes may have been written then.
[[nodiscard]] inline result<void> decode_hex(std::string_view digits, std::span<std::uint8_t> bytes) {
    if (digits.size() != 2 * bytes.size()) return error::malformed;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const int high = detail::hex_digit(digits[2 * i]);
        const int low = detail::hex_digit(digits[2 * i + 1]);
        if (high < 0 || low < 0) return error::malformed;
        bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return result<void>();
}

} // namespace sluice::aws
