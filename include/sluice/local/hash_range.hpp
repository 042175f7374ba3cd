#pragma once

#include <sluice/kinesis/hash_key.hpp>

#include <cstdint>

namespace sluice::local {

using kinesis::HashKey;

/// The hash keys of a shard; both ends belong to it.
class HashRange {
public:
    HashRange() = default;
    HashRange(HashKey its_first, HashKey its_last) : first(its_first), last(its_last) {}

    [[nodiscard]] bool holds(HashKey key) const { return first <= key && key <= last; }

    HashKey first;
    HashKey last;

    friend bool operator==(const HashRange&, const HashRange&) = default;
};

namespace detail {

/// floor(i * 2^128 / count), for i < count: long division, 32 binary digits at a time.
[[nodiscard]] inline HashKey share(std::uint32_t i, std::uint32_t count) {
    std::uint64_t remainder = i;
    const auto next_digits = [&] {
        const std::uint64_t dividend = remainder << 32U;
        remainder = dividend % count;
        return dividend / count;
    };
    const std::uint64_t high = next_digits() << 32U;
    const std::uint64_t upper = high | next_digits();
    const std::uint64_t low = next_digits() << 32U;
    return {upper, low | next_digits()};
}

} // namespace detail

/// The range of shard `i` of `count` that share all keys evenly: it starts at floor(i * 2^128 / count).
[[nodiscard]] inline HashRange even_range(std::uint32_t i, std::uint32_t count) {
    const auto last = i + 1 == count ? HashKey::max() : before(detail::share(i + 1, count));
    return {detail::share(i, count), last};
}

/// Whether one range ends where the other starts.
[[nodiscard]] inline bool touching(const HashRange& a, const HashRange& b) {
    return (a.last < b.first && before(b.first) == a.last) || (b.last < a.first && before(a.first) == b.last);
}

} // namespace sluice::local
