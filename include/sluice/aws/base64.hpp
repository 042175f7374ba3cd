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
    static constexpr auto& values = detail::base64_values;
    if (text.size() % 4 != 0) return error::malformed;
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
    text.remove_suffix(padding);
    std::string bytes(text.size() / 4 * 3 + (text.size() % 4 + 1) / 2, '\0');
    const auto* in = reinterpret_cast<const unsigned char*>(text.data());
    auto* out = bytes.data();
    unsigned seen = 0; // all bits of all digits: six, unless something was none
    for (auto groups = text.size() / 4; groups > 0; --groups, in += 4, out += 3) {
        const unsigned a = values[in[0]], b = values[in[1]], c = values[in[2]], d = values[in[3]];
        seen |= a | b | c | d;
        out[0] = static_cast<char>((a << 2U | b >> 4U) & 0xFFU);
        out[1] = static_cast<char>((b << 4U | c >> 2U) & 0xFFU);
        out[2] = static_cast<char>((c << 6U | d) & 0xFFU);
    }
    if (padding > 0) {
        const unsigned a = values[in[0]], b = values[in[1]], c = padding == 1 ? values[in[2]] : 0U;
        seen |= a | b | c;
        out[0] = static_cast<char>((a << 2U | b >> 4U) & 0xFFU);
        if (padding == 1) out[1] = static_cast<char>((b << 4U | c >> 2U) & 0xFFU);
        if ((padding == 1 ? c & 3U : b & 15U) != 0) return error::malformed;
    }
    if (seen > 63) return error::malformed;
    return bytes;
}

} // namespace sluice::aws
