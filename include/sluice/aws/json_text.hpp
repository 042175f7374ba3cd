#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice::aws {

/// How many bytes at the front of a text stand in a JSON string as they are (RFC 8259, section 7): all but quotes,
/// backslashes and control characters.
[[nodiscard]] inline std::size_t json_verbatim(std::string_view text) noexcept {
    constexpr std::uint64_t ones = 0x0101'0101'0101'0101U;
    constexpr std::uint64_t highs = ones * 0x80;
    // Eight bytes at a time: whether one of them is zero, and whether one is below 0x20.
    const auto zero = [](std::uint64_t word) { return (word - ones) & ~word & highs; };
    const auto control = [](std::uint64_t word) { return (word - ones * 0x20) & ~word & highs; };
    std::size_t at = 0;
    for (std::uint64_t word = 0; at + sizeof word <= text.size(); at += sizeof word) {
        std::memcpy(&word, text.data() + at, sizeof word);
        if ((zero(word ^ (ones * '"')) | zero(word ^ (ones * '\\')) | control(word)) != 0) break;
    }
    const auto verbatim = [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; };
    while (at < text.size() && verbatim(text[at])) ++at;
    return at;
}

} // namespace sluice::aws
