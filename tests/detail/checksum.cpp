#include <sluice/detail/checksum.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

using sluice::detail::checksum;

TEST_CASE("a checksum tells every flipped bit, cut and growth from the whole") {
    for (const std::size_t size : {1U, 7U, 31U, 32U, 33U, 100U}) {
        std::string bytes(size, 'a');
        std::set<std::uint64_t> seen{checksum(bytes)};
        for (std::size_t i = 0; i < size * 8; ++i) {
            auto changed = bytes;
            changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
            CHECK(seen.insert(checksum(changed)).second);
        }
        CHECK(seen.insert(checksum(bytes + 'a')).second);
        CHECK(seen.insert(checksum(bytes + '\0')).second);
        CHECK(seen.insert(checksum(bytes.substr(1))).second);
    }
    CHECK(checksum(std::string(64, '\0')) != checksum(std::string(96, '\0')));
}

TEST_CASE("a checksum notices words that changed places") {
    std::string bytes;
    for (int i = 0; i < 128; ++i) bytes += static_cast<char>(i);
    auto swapped = bytes;
    std::swap_ranges(swapped.begin(), swapped.begin() + 8, swapped.begin() + 8);
    CHECK(checksum(bytes) != checksum(swapped));
    swapped = bytes;
    std::swap_ranges(swapped.begin(), swapped.begin() + 32, swapped.begin() + 32);
    CHECK(checksum(bytes) != checksum(swapped));
}

TEST_CASE("checksums are part of the file format and stay what they are") {
    CHECK(checksum("") == 0xE9563C6A3A30814);
    CHECK(checksum("the quick brown fox jumps over the lazy dog") == 0xD4025EDB854A7CC7);
}
