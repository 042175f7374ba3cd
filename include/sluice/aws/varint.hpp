#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace sluice::aws {

/// How many bytes a number takes as a varint of Protocol Buffers: 1 to 10.
[[nodiscard]] constexpr std::size_t varint_size(std::uint64_t number) noexcept {
    return static_cast<std::size_t>(std::bit_width(number | 1U) + 6) / 7;
}

/// Writes a number as a varint, seven bits a byte and the lowest first; gives the end of what was written.
///
/// There must be room for `varint_size(number)` bytes.
constexpr char* write_varint(char* to, std::uint64_t number) noexcept {
    for (; number >= 0x80; number >>= 7U) *to++ = static_cast<char>(static_cast<unsigned char>(number | 0x80U));
    *to++ = static_cast<char>(number);
    return to;
}

} // namespace sluice::aws
