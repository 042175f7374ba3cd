#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::aws {

/// How many bytes at the front of a text are ASCII.
[[nodiscard]] inline std::size_t ascii_prefix(std::string_view text) noexcept {
    std::size_t at = 0;
    for (std::uint64_t word = 0; at + sizeof word <= text.size(); at += sizeof word) {
        std::memcpy(&word, text.data() + at, sizeof word);
        if ((word & 0x8080'8080'8080'8080U) != 0) break;
    }
    while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
    return at;
}

/// The length in bytes of the character at the front of a text; zero if it is not well-formed.
///
/// Overlong forms, surrogates and what lies past U+10FFFF are refused (the Unicode Standard, table 3-7).
[[nodiscard]] inline std::size_t utf8_character(std::string_view text) noexcept {
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (text.empty()) return 0;
    const unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead < 0xC2 || lead > 0xF4) return 0;
    const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (text.size() < length) return 0;
    const unsigned least = lead == 0xE0 ? 0xA0U : lead == 0xF0 ? 0x90U : 0x80U;
    const unsigned most = lead == 0xED ? 0x9FU : lead == 0xF4 ? 0x8FU : 0xBFU;
    if (byte(1) < least || byte(1) > most) return 0;
    for (std::size_t i = 2; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) return 0;
    }
    return length;
}

/// How many Unicode characters a text has; none if it is not well-formed UTF-8.
[[nodiscard]] inline std::optional<std::size_t> utf8_length(std::string_view text) noexcept {
    std::size_t characters = 0;
    while (!text.empty()) {
        const auto plain = ascii_prefix(text);
        characters += plain;
        text.remove_prefix(plain);
        if (text.empty()) break;
        const auto length = utf8_character(text);
        if (length == 0) return {};
        text.remove_prefix(length);
        ++characters;
    }
    return characters;
}

/// Appends a Unicode character, which is none of the surrogates, as UTF-8.
inline void append_utf8(std::string& text, std::uint32_t character) {
    const auto put = [&text](std::uint32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (character < 0x80) return put(character);
    if (character < 0x800) {
        put(0xC0U | (character >> 6U));
    } else {
        if (character < 0x10000) {
            put(0xE0U | (character >> 12U));
        } else {
            put(0xF0U | (character >> 18U));
            put(0x80U | ((character >> 12U) & 0x3FU));
        }
        put(0x80U | ((character >> 6U) & 0x3FU));
    }
    put(0x80U | (character & 0x3FU));
}

} // namespace sluice::aws
