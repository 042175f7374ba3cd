#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

/// Base64 by as many bytes at a time as the processor can: what `append_base64` is made of.
namespace sluice::aws::detail {

inline constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The two characters of each twelve bits: half the look-ups of one character at a time.
inline constexpr auto base64_pairs = [] {
    std::array<std::array<char, 2>, 4096> pairs{};
    for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i] = {base64_alphabet[i >> 6U], base64_alphabet[i & 63U]};
    return pairs;
}();

/// Encodes three bytes at a time; gives the end of what it wrote. The last group is padded.
inline char* encode_base64_by_threes(char* to, std::string_view bytes) noexcept {
    const auto at = [bytes](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(bytes[i])}; };
    std::size_t i = 0;
    for (; i + 3 <= bytes.size(); i += 3, to += 4) {
        const auto group = (at(i) << 16U) | (at(i + 1) << 8U) | at(i + 2);
        std::memcpy(to, base64_pairs[group >> 12U].data(), 2);
        std::memcpy(to + 2, base64_pairs[group & 4095U].data(), 2);
    }
    if (i == bytes.size()) return to;
    const bool two = i + 2 == bytes.size();
    const auto group = (at(i) << 16U) | (two ? at(i + 1) << 8U : 0U);
    std::memcpy(to, base64_pairs[group >> 12U].data(), 2);
    to[2] = two ? base64_alphabet[(group >> 6U) & 63U] : '=';
    to[3] = '=';
    return to + 4;
}

#if defined(__x86_64__) || defined(__i386__)

// The compilers' own names for two instructions, the rest in their common language of vectors: the header with the
// usual names costs every file that includes it a third of a second.
//
// A group is three bytes a, b, c, spread over a 32-bit number as b, a, c, b, so that both of its halves have whole what
// two characters are made of. Of "ba" the upper six bits become the first byte and the next six the second; of "cb" the
// six in the middle become the third and the lowest the fourth. A product turns each half by its own amount.
//
// Which character stands for six bits: capitals, small letters, ten digits and two signs follow one another, each row
// elsewhere in ASCII. A table tells the way from where a small letter would be; of a negative place it says zero.

/// Twelve bytes at a time, as long as there are sixteen, for so many are read.
[[gnu::target("ssse3")]] inline char* encode_base64_by_twelves(char* to, std::string_view bytes) noexcept {
    using Bytes [[gnu::vector_size(16)]] = char;
    using Halves [[gnu::vector_size(16)]] = short;
    using Factors [[gnu::vector_size(16)]] = std::uint16_t;
    using Groups [[gnu::vector_size(16)]] = std::uint32_t;
    const Bytes order{1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10};
    const Bytes ways{-75, -75, -75, -75, -75, -75, -75, -75, -75, -75, -90, -87, 0, 0, 0, 0};
    for (; bytes.size() >= 16; bytes.remove_prefix(12), to += 16) {
        Bytes read;
        std::memcpy(&read, bytes.data(), sizeof read);
        const auto groups = reinterpret_cast<Groups>(__builtin_ia32_pshufb128(read, order));
        const auto upper = reinterpret_cast<Halves>(groups & 0x0FC0FC00U);
        const auto lower = reinterpret_cast<Factors>(groups & 0x003F03F0U);
        const auto right = __builtin_ia32_pmulhuw128(upper, reinterpret_cast<Halves>(Groups{} + 0x04000040U));
        const auto left = reinterpret_cast<Halves>(lower * reinterpret_cast<Factors>(Groups{} + 0x01000010U));
        const auto sixes = reinterpret_cast<Bytes>(right | left);
        const Bytes way = 'A' + ((sixes > 25) & ('a' - 'Z' - 1)) + __builtin_ia32_pshufb128(ways, sixes - 52);
        const Bytes text = sixes + way;
        std::memcpy(to, &text, sizeof text);
    }
    return encode_base64_by_threes(to, bytes);
}

/// The same in both halves of a register: 24 bytes at a time, as long as there are 28.
[[gnu::target("avx2")]] inline char* encode_base64_by_twenty_fours(char* to, std::string_view bytes) noexcept {
    using Bytes [[gnu::vector_size(32)]] = char;
    using Halves [[gnu::vector_size(32)]] = short;
    using Factors [[gnu::vector_size(32)]] = std::uint16_t;
    using Groups [[gnu::vector_size(32)]] = std::uint32_t;
    using Twelve [[gnu::vector_size(16)]] = char;
    const Bytes order{1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10,
                      1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10};
    const Bytes ways{-75, -75, -75, -75, -75, -75, -75, -75, -75, -75, -90, -87, 0, 0, 0, 0,
                     -75, -75, -75, -75, -75, -75, -75, -75, -75, -75, -90, -87, 0, 0, 0, 0};
    for (; bytes.size() >= 28; bytes.remove_prefix(24), to += 32) {
        Twelve low;
        Twelve high;
        std::memcpy(&low, bytes.data(), sizeof low);
        std::memcpy(&high, bytes.data() + 12, sizeof high);
        const Bytes read = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
                                                   17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
        const auto groups = reinterpret_cast<Groups>(__builtin_ia32_pshufb256(read, order));
        const auto upper = reinterpret_cast<Halves>(groups & 0x0FC0FC00U);
        const auto lower = reinterpret_cast<Factors>(groups & 0x003F03F0U);
        const auto right = __builtin_ia32_pmulhuw256(upper, reinterpret_cast<Halves>(Groups{} + 0x04000040U));
        const auto left = reinterpret_cast<Halves>(lower * reinterpret_cast<Factors>(Groups{} + 0x01000010U));
        const auto sixes = reinterpret_cast<Bytes>(right | left);
        const Bytes way = 'A' + ((sixes > 25) & ('a' - 'Z' - 1)) + __builtin_ia32_pshufb256(ways, sixes - 52);
        const Bytes text = sixes + way;
        std::memcpy(to, &text, sizeof text);
    }
    return encode_base64_by_twelves(to, bytes);
}

#endif

using Base64Encoder = char* (*)(char* to, std::string_view bytes) noexcept;

/// The fastest that this processor can do.
[[nodiscard]] inline Base64Encoder choose_base64() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    if (__builtin_cpu_supports("avx2")) return encode_base64_by_twenty_fours;
    if (__builtin_cpu_supports("ssse3")) return encode_base64_by_twelves;
#endif
    return encode_base64_by_threes;
}

} // namespace sluice::aws::detail
