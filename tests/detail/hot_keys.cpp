#include <sluice/detail/hot_keys.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <string>

using sluice::detail::HotKeys;

namespace {

/// So many records, in chunks of some size, whose keys this gives.
template <class KeyOf>
void put(HotKeys& keys, std::uint32_t records, std::uint32_t chunk, KeyOf key_of) {
    for (std::uint32_t first = 0; first < records; first += chunk) {
        keys.sample(std::min(chunk, records - first), [&](std::uint32_t i) { keys.see(key_of(first + i)); });
    }
}

} // namespace

TEST_CASE("the hottest keys are found, with their shares, whatever the size of chunks") {
    for (const std::uint32_t chunk : {1U, 7U, 500U, 100'000U}) {
        CAPTURE(chunk);
        HotKeys keys;
        std::mt19937 dice(7);
        put(keys, 300'000, chunk, [&](std::uint32_t i) {
            const auto roll = dice() % 100;
            if (roll < 30) return std::string("tenant-1");
            if (roll < 40) return std::string("tenant-2");
            return "user-" + std::to_string(i);
        });
        const auto hot = keys.hottest();
        REQUIRE(hot.size() == 2);
        CHECK(hot[0].key == "tenant-1");
        CHECK(hot[1].key == "tenant-2");
        CHECK(std::abs(hot[0].share - 0.3) < 0.05);
        CHECK(std::abs(hot[1].share - 0.1) < 0.05);
    }
}

TEST_CASE("keys that take turns are all seen: a sample in equal steps would take one for all") {
    HotKeys keys;
    put(keys, 500'000, 1'000, [](std::uint32_t i) { return "device-" + std::to_string(i % 32); });
    const auto hot = keys.hottest();
    CHECK(hot.size() == 8);
    for (const auto& key : hot) CHECK(key.share < 0.06);
}

TEST_CASE("of keys that are all different none is hot, nor of the first few of a stream") {
    HotKeys keys;
    put(keys, 99, 1, [](std::uint32_t) { return "the same"; });
    CHECK(keys.hottest().empty());
    put(keys, 1, 1, [](std::uint32_t) { return "the same"; });
    REQUIRE(keys.hottest().size() == 1);
    CHECK(keys.hottest()[0].share == 1.0);
    for (const std::uint32_t records : {100U, 1'000U, 1'100U, 2'000U, 10'000U, 1'000'000U}) {
        CAPTURE(records);
        HotKeys random;
        put(random, records, 1'000, [](std::uint32_t i) { return std::to_string(i); });
        CHECK(random.hottest().empty());
    }
}

TEST_CASE("a key that was hot is forgotten when others come, and one that becomes hot is found") {
    HotKeys keys;
    put(keys, 5'000'000, 1'000, [](std::uint32_t) { return "yesterday"; });
    put(keys, 12'000'000, 1'000, [](std::uint32_t) { return "today"; });
    const auto hot = keys.hottest();
    REQUIRE_FALSE(hot.empty());
    CHECK(hot[0].key == "today");
    CHECK(hot[0].share > 0.9);
}

TEST_CASE("one record of thirty-two is looked at in the long run, and all of the first thousand") {
    HotKeys keys;
    std::uint32_t seen = 0;
    const auto look = [&](std::uint32_t) {
        ++seen;
        keys.see("key");
    };
    keys.sample(1'000, look);
    CHECK(seen == 1'000);
    keys.sample(1'000'000, look);
    CHECK(seen > 1'000'000 / 40);
    CHECK(seen < 1'000'000 / 25);
    std::int64_t last = -1;
    keys.sample(10'000, [&](std::uint32_t place) {
        CHECK(place > last);
        CHECK(place < 10'000);
        last = place;
    });
}
