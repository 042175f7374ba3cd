#pragma once

#include <boost/endian/conversion.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::detail {

/// A number that tells damaged bytes from whole ones, at several bytes a nanosecond; no defence against malice.
///
/// Four lanes take a little-endian word each, so that four products are under way at a time. A word is multiplied
/// before it joins its lane and the lane after, or changes of two neighbouring words could cancel out bit by bit. The
/// multipliers are the fractions of the golden ratio and of the square root of two, made odd. It is part of the file
/// format.
[[nodiscard]] inline std::uint64_t checksum(std::string_view bytes) noexcept {
    constexpr std::uint64_t golden = 0x9E3779B97F4A7C15;
    constexpr std::uint64_t root = 0x6A09E667F3BCC909;
    std::array<std::uint64_t, 4> lanes{golden, bytes.size(), root, ~golden};
    const auto mix = [](std::uint64_t lane, std::uint64_t word) {
        return std::rotl(lane + word * golden, 29) * root;
    };
    const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
    auto left = bytes.size();
    for (; left >= 32; left -= 32, at += 32) {
        for (std::size_t i = 0; i < lanes.size(); ++i) {
            lanes[i] = mix(lanes[i], boost::endian::load_little_u64(at + 8 * i));
        }
    }
    for (; left > 0; --left, ++at) lanes[left % 4] = mix(lanes[left % 4], *at);
    auto sum = lanes[0];
    for (std::size_t i = 1; i < lanes.size(); ++i) sum = mix(sum, lanes[i]);
    return sum ^ (sum >> 32U);
}

} // namespace sluice::detail
