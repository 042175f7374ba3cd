#pragma once

#include <sluice/aws/base64_lanes.hpp>
#include <sluice/error.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sluice::aws {

/// How long the base64 text of so many bytes is.
[[nodiscard]] constexpr std::size_t base64_size(std::size_t bytes) noexcept { return (bytes + 2) / 3 * 4; }

namespace detail {

inline constexpr std::uint8_t not_base64 = 0xFF;

inline constexpr auto base64_values = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(not_base64);
    for (std::size_t i = 0; i < base64_alphabet.size(); ++i) {
        values[static_cast<unsigned char>(base64_alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}();

} // namespace detail

/// Appends bytes as base64, standard alphabet, padded (RFC 4648, section 4).
inline void append_base64(std::string& out, std::string_view bytes) {
    static const detail::Base64Encoder encode = detail::choose_base64();
    // By way of a block in the cache: growing a string first writes zeros to all of it.
    std::array<char, 4096> block; // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
    constexpr std::size_t full = block.size() / 4 * 3;
    while (!bytes.empty()) {
        const auto front = bytes.substr(0, full);
        const auto* end = encode(block.data(), front);
        out.append(block.data(), static_cast<std::size_t>(end - block.data()));
        bytes.remove_prefix(front.size());
    }
}

/// The bytes of a base64 text; `error::malformed` unless it is padded, of the standard alphabet, without white space,
/// and with zeros in the bits that stand for nothing.
[[nodiscard]] inline result<std::string> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0) return error::malformed;
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
    text.remove_suffix(padding);
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto value = detail::base64_values[static_cast<unsigned char>(text[i])];
        if (value == detail::not_base64) return error::malformed;
        group = (group << 6U) | value;
        if (i % 4 == 0) continue;
        const auto unused = 6U - 2U * static_cast<unsigned>(i % 4);
        bytes += static_cast<char>(static_cast<unsigned char>((group >> unused) & 0xFFU));
    }
    const auto loose = padding == 1 ? group & 3U : padding == 2 ? group & 15U : 0U;
    if (loose != 0) return error::malformed;
    return bytes;
}

} // namespace sluice::aws
