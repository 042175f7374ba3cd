#pragma once

#include <sluice/aws/digest.hpp>
#include <sluice/aws/md5_lanes.hpp>
#include <sluice/error.hpp>

#include <boost/endian/conversion.hpp>

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::kinesis {

/// A place in the key space of a stream: a whole number from 0 to 2^128-1. Each open shard owns a range of them.
class HashKey {
public:
    constexpr HashKey() = default;
    constexpr HashKey(std::uint64_t high, std::uint64_t low) : high_(high), low_(low) {}

    [[nodiscard]] static constexpr HashKey max() noexcept { return {~std::uint64_t{0}, ~std::uint64_t{0}}; }

    /// Reads a decimal number as the service writes it: no sign, no leading zero, nothing around it. Else
    /// `error::hash_key_invalid`.
    [[nodiscard]] static result<HashKey> parse(std::string_view decimal) {
        if (decimal.empty() || decimal.size() > 39 || (decimal.front() == '0' && decimal.size() > 1)) {
            return error::hash_key_invalid;
        }
        HashKey key;
        for (const char c : decimal) {
            if (c < '0' || c > '9' || !key.append(static_cast<unsigned>(c - '0'))) return error::hash_key_invalid;
        }
        return key;
    }

    [[nodiscard]] constexpr std::uint64_t high() const noexcept { return high_; }
    [[nodiscard]] constexpr std::uint64_t low() const noexcept { return low_; }

    /// Decimal, as `parse` reads it.
    [[nodiscard]] std::string to_string() const {
        std::string digits;
        HashKey rest = *this;
        do {
            digits += static_cast<char>('0' + rest.divide(10));
        } while (rest != HashKey());
        std::reverse(digits.begin(), digits.end());
        return digits;
    }

    /// The key modulo the number of lanes, which is 1 to 2^32-1.
    [[nodiscard]] constexpr std::size_t lane(std::size_t lanes) const noexcept {
        HashKey rest = *this;
        return rest.divide(static_cast<std::uint32_t>(lanes));
    }

    /// Divides by `divisor`, rounding down, and gives the remainder.
    constexpr std::uint32_t divide(std::uint32_t divisor) noexcept {
        const std::uint64_t remainder = high_ % divisor;
        high_ /= divisor;
        const std::uint64_t upper = (remainder << 32U) | (low_ >> 32U);
        const std::uint64_t lower = ((upper % divisor) << 32U) | (low_ & low_half);
        low_ = ((upper / divisor) << 32U) | (lower / divisor);
        return static_cast<std::uint32_t>(lower % divisor);
    }

    friend constexpr auto operator<=>(const HashKey&, const HashKey&) = default;

private:
    static constexpr std::uint64_t low_half = 0xFFFF'FFFFU;

    /// Ten times this plus a digit; false if that is past the last key.
    constexpr bool append(unsigned digit) noexcept {
        constexpr auto most = std::numeric_limits<std::uint64_t>::max();
        const std::uint64_t lower = (low_ & low_half) * 10 + digit;
        const std::uint64_t upper = (low_ >> 32U) * 10 + (lower >> 32U);
        if (high_ > (most - (upper >> 32U)) / 10) return false;
        high_ = high_ * 10 + (upper >> 32U);
        low_ = (upper << 32U) | (lower & low_half);
        return true;
    }

    // In this order: the comparison looks at the higher half first.
    std::uint64_t high_ = 0;
    std::uint64_t low_ = 0;
};

/// The key before this one; of the first the last.
[[nodiscard]] constexpr HashKey before(HashKey key) noexcept {
    return {key.high() - (key.low() == 0 ? 1U : 0U), key.low() - 1};
}

/// The key after this one; of the last the first.
[[nodiscard]] constexpr HashKey after(HashKey key) noexcept {
    return {key.high() + (key.low() + 1 == 0 ? 1U : 0U), key.low() + 1};
}

namespace detail {

[[nodiscard]] inline HashKey hash_key_of(const aws::Md5& digest) noexcept {
    return {boost::endian::load_big_u64(digest.data()), boost::endian::load_big_u64(digest.data() + 8)};
}

} // namespace detail

/// Where a partition key lies: its MD5 read as a big-endian number (Kinesis Data Streams API reference, PutRecord).
[[nodiscard]] inline HashKey hash_of(std::string_view partition_key) {
    return detail::hash_key_of(aws::md5(partition_key));
}

/// Where many partition keys lie, each in the place of its key: several times faster than one after the other.
[[nodiscard]] inline std::vector<HashKey> hashes_of(std::span<const std::string_view> partition_keys) {
    std::vector<aws::Md5> digests(partition_keys.size());
    aws::md5_all(partition_keys, digests);
    std::vector<HashKey> keys;
    keys.reserve(digests.size());
    for (const auto& digest : digests) keys.push_back(detail::hash_key_of(digest));
    return keys;
}

} // namespace sluice::kinesis
