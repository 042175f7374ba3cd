#pragma once

#include <sluice/aws/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

/// The sum that Java's `String.hashCode` and its many copies in JavaScript have in common.
namespace sluice::detail {

/// `hash = 31 * hash + byte` for each byte, modulo 2^32.
[[nodiscard]] constexpr std::uint32_t hash_bytes(std::uint32_t hash, std::string_view bytes) noexcept {
    const auto at = [&bytes](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(bytes[i])}; };
    // Four at a time: what they add up to need not wait for the hash of those before.
    for (; bytes.size() >= 4; bytes.remove_prefix(4)) {
        const auto four = at(0) * (31U * 31U * 31U) + at(1) * (31U * 31U) + at(2) * 31U + at(3);
        hash = hash * (31U * 31U * 31U * 31U) + four;
    }
    for (; !bytes.empty(); bytes.remove_prefix(1)) hash = hash * 31U + at(0);
    return hash;
}

/// Takes the Unicode character at the front of a text, or, as U+FFFD, the longest front that only begins one (the
/// WHATWG's Encoding Standard, "UTF-8 decoder": what JavaScript does).
[[nodiscard]] inline std::uint32_t take_character(std::string_view& text) noexcept {
    constexpr std::uint32_t replacement = 0xFFFD;
    const auto byte = [&text](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(text[i])}; };
    const auto lead = byte(0);
    const std::size_t more = lead < 0xC2 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : lead <= 0xF4 ? 3 : 0;
    std::uint32_t least = lead == 0xE0 ? 0xA0U : lead == 0xF0 ? 0x90U : 0x80U;
    std::uint32_t most = lead == 0xED ? 0x9FU : lead == 0xF4 ? 0x8FU : 0xBFU;
    auto character = more == 0 && lead >= 0x80 ? replacement : lead & (more == 0 ? 0x7FU : 0x3FU >> more);
    std::size_t taken = 1;
    for (; taken <= more; ++taken, least = 0x80, most = 0xBF) {
        if (taken == text.size() || byte(taken) < least || byte(taken) > most) {
            character = replacement;
            break;
        }
        character = (character << 6U) | (byte(taken) & 0x3FU);
    }
    text.remove_prefix(taken);
    return character;
}

/// The hash of a text in UTF-8, reckoned over its UTF-16 code units.
[[nodiscard]] inline std::int32_t hash_text(std::string_view text) noexcept {
    std::uint32_t hash = 0;
    while (!text.empty()) {
        const auto plain = aws::ascii_prefix(text);
        hash = hash_bytes(hash, text.substr(0, plain));
        text.remove_prefix(plain);
        if (text.empty()) break;
        auto unit = take_character(text);
        if (unit >= 0x10000) {
            hash = hash * 31U + (0xD800U + ((unit - 0x10000U) >> 10U));
            unit = 0xDC00U + (unit & 0x3FFU);
        }
        hash = hash * 31U + unit;
    }
    return static_cast<std::int32_t>(hash);
}

} // namespace sluice::detail
