#pragma once

#include <sluice/aws/digest.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>

namespace sluice::aws {

namespace detail {

/// A UUID of that version, of 128 bits, of which it keeps 122.
[[nodiscard]] inline std::string uuid(std::uint64_t version, std::uint64_t high, std::uint64_t low) {
    high = (high & ~std::uint64_t{0xF000}) | (version << 12U);
    low = (low & ~(std::uint64_t{3} << 62U)) | (std::uint64_t{2} << 62U);
    std::array<std::uint8_t, 16> bytes{};
    for (std::size_t i = 0; i < 8; ++i) {
        bytes[i] = static_cast<std::uint8_t>(high >> (56 - 8 * i));
        bytes[8 + i] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
    }
    auto text = hex(bytes);
    for (const std::size_t place : {8U, 13U, 18U, 23U}) text.insert(place, 1, '-');
    return text;
}

} // namespace detail

/// A version 4 UUID (RFC 9562) made of 128 random bits, of which it keeps 122.
[[nodiscard]] inline std::string uuid_v4(std::uint64_t high, std::uint64_t low) { return detail::uuid(4, high, low); }

/// The same of the next two throws of a clock's dice.
template <class Clock>
    requires requires(Clock& clock) { { clock.random() } -> std::same_as<std::uint64_t>; }
[[nodiscard]] std::string uuid_v4(Clock& clock) {
    const std::uint64_t high = clock.random();
    return uuid_v4(high, clock.random());
}

/// A version 8 UUID (RFC 9562) made of 128 bits of whatever tells one thing from others, of which it keeps 122.
[[nodiscard]] inline std::string uuid_v8(std::uint64_t high, std::uint64_t low) { return detail::uuid(8, high, low); }

} // namespace sluice::aws
