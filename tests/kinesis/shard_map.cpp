#include <sluice/kinesis/shard_map.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using sluice::ShardRange;
using sluice::kinesis::hash_of;
using sluice::kinesis::HashKey;
using sluice::kinesis::ShardMap;

const std::string top = "340282366920938463463374607431768211455";

HashKey key(const std::string& decimal) { return HashKey::parse(decimal).value(); }

ShardMap made(std::vector<ShardRange> ranges) { return ShardMap::from(ranges).value(); }

std::string shard_of(const ShardMap& map, const std::string& decimal) {
    const auto found = map.find(key(decimal));
    return found ? map.id(*found) : "none";
}

} // namespace

TEST_CASE("a map without shards knows no key and no id") {
    const ShardMap map;
    CHECK(map.size() == 0);
    CHECK_FALSE(map.find(HashKey()).has_value());
    CHECK_FALSE(map.index_of("shardId-000000000000").has_value());
    CHECK(made({}).size() == 0);
}

TEST_CASE("both ends of a range belong to its shard") {
    // The even split of two shards, as the service does it.
    const auto map = made({{"shardId-000000000001", "170141183460469231731687303715884105728", top},
                           {"shardId-000000000000", "0", "170141183460469231731687303715884105727"}});
    CHECK(map.size() == 2);
    CHECK(shard_of(map, "0") == "shardId-000000000000");
    CHECK(shard_of(map, "170141183460469231731687303715884105727") == "shardId-000000000000");
    CHECK(shard_of(map, "170141183460469231731687303715884105728") == "shardId-000000000001");
    CHECK(shard_of(map, top) == "shardId-000000000001");
    CHECK(map.find(hash_of("a")) == 0U);
    CHECK(map.find(hash_of("b")) == 1U);
}

TEST_CASE("ranges are ordered as numbers and not as texts") {
    const auto map = made({{"a", "0", "9"}, {"b", "10", "99"}, {"c", "100", "1000"}});
    CHECK(shard_of(map, "9") == "a");
    CHECK(shard_of(map, "10") == "b");
    CHECK(shard_of(map, "99") == "b");
    CHECK(shard_of(map, "100") == "c");
    CHECK(map.id(0) == "a");
    CHECK(map.id(2) == "c");
    CHECK(map.first(1) == key("10"));
    CHECK(map.last(1) == key("99"));
}

TEST_CASE("a key in a gap belongs to no shard") {
    const auto map = made({{"a", "10", "19"}, {"b", "30", "39"}});
    for (const auto* outside : {"0", "9", "20", "29", "40"}) CHECK(shard_of(map, outside) == "none");
    CHECK(shard_of(map, "10") == "a");
    CHECK(shard_of(map, "39") == "b");
    CHECK(map.holds(0, key("19")));
    CHECK_FALSE(map.holds(0, key("20")));
    CHECK_FALSE(map.holds(1, key("29")));
}

TEST_CASE("where ranges overlap, the one that ends first has the key, and none is lost") {
    const auto map = made({{"wide", "0", "100"}, {"narrow", "50", "60"}});
    CHECK(shard_of(map, "55") == "narrow");
    CHECK(shard_of(map, "49") == "wide");
    CHECK(shard_of(map, "61") == "wide");
    CHECK(shard_of(map, "3") == "wide");
    CHECK(shard_of(map, "101") == "none");
    const auto twice = made({{"a", "0", "9"}, {"a", "0", "9"}});
    CHECK(shard_of(twice, "5") == "a");
}

TEST_CASE("what is no range is refused") {
    const std::vector<std::vector<ShardRange>> refused = {
        {{"bad", "x", "9"}}, {{"bad", "0", ""}}, {{"bad", "5", "4"}}, {{"good", "0", "1"}, {"bad", "01", "9"}},
        {{"bad", "0", top + "0"}}};
    for (const auto& ranges : refused) {
        const auto map = ShardMap::from(ranges);
        REQUIRE(map.has_error());
        CHECK(map.error() == sluice::error::response_invalid);
    }
    CHECK(shard_of(made({{"one key", "7", "7"}}), "7") == "one key");
}

TEST_CASE("the number of a shard is found by its id") {
    const auto map = made({{"b", "0", "9"}, {"c", "10", "19"}, {"a", "20", "29"}});
    CHECK(map.index_of("b") == 0U);
    CHECK(map.index_of("c") == 1U);
    CHECK(map.index_of("a") == 2U);
    for (const auto* absent : {"", "0", "aa", "d"}) CHECK_FALSE(map.index_of(absent).has_value());
}

TEST_CASE("copies share what they know and outlive the original") {
    auto map = made({{"a", "0", top}});
    const auto copy = map;
    const auto* id = &copy.id(0);
    CHECK(id == &map.id(0));
    map = ShardMap();
    CHECK(*id == "a");
    CHECK(copy.size() == 1);
    const auto moved = std::move(copy);
    CHECK(moved.find(HashKey::max()) == 0U);
}

TEST_CASE("finding agrees with looking at every range, overlapping or not") {
    std::mt19937 dice(3);
    for (int round = 0; round < 300; ++round) {
        std::vector<ShardRange> ranges;
        for (auto count = dice() % 8; count > 0; --count) {
            const auto first = dice() % 100;
            ranges.emplace_back(std::to_string(count), std::to_string(first), std::to_string(first + dice() % 30));
        }
        const auto map = made(ranges);
        for (unsigned wanted = 0; wanted < 140; wanted += 7) {
            bool held = false;
            for (std::size_t i = 0; i < map.size(); ++i) held = held || map.holds(i, HashKey(0, wanted));
            const auto found = map.find(HashKey(0, wanted));
            REQUIRE(found.has_value() == held);
            REQUIRE((!found || map.holds(*found, HashKey(0, wanted))));
        }
    }
}

namespace {

HashKey random_key(std::mt19937_64& dice) {
    // Some close to the first key, some on round ones, where slices of the key space meet.
    const auto high = dice() >> (dice() % 64U);
    return dice() % 4 == 0 ? HashKey(high & ~(~std::uint64_t{0} >> (dice() % 12U)), 0) : HashKey(high, dice());
}

/// The first in the order of last keys.
std::optional<std::size_t> look_at_all(const ShardMap& map, HashKey wanted) {
    for (std::size_t i = 0; i < map.size(); ++i) {
        if (map.holds(i, wanted)) return i;
    }
    return {};
}

void check_all_edges(const ShardMap& map, std::mt19937_64& dice) {
    std::vector<HashKey> wanted{HashKey(), HashKey::max()};
    for (std::size_t i = 0; i < map.size(); ++i) {
        for (const auto& edge : {map.first(i), map.last(i)}) {
            wanted.insert(wanted.end(), {before(edge), edge, after(edge)});
        }
        wanted.push_back(random_key(dice));
    }
    bool right = true;
    for (const auto& one : wanted) right = right && map.find(one) == look_at_all(map, one);
    CHECK(right);
}

} // namespace

TEST_CASE("a shard is found all over the key space, between gaps, and in whatever number of shards") {
    std::mt19937_64 dice(11);
    for (const std::size_t count : {1U, 2U, 3U, 4U, 5U, 63U, 64U, 65U, 300U}) {
        for (int round = 0; round < 8; ++round) {
            CAPTURE(count);
            std::vector<HashKey> edges;
            for (std::size_t i = 0; i < 2 * count; ++i) edges.push_back(random_key(dice));
            std::sort(edges.begin(), edges.end());
            std::vector<ShardRange> apart, overlapping, gapless;
            for (std::size_t i = 0; i < count; ++i) {
                const auto name = std::to_string(i);
                const auto wide = std::min(2 * i + 1 + dice() % 4, edges.size() - 1);
                apart.emplace_back(name, edges[2 * i].to_string(), edges[2 * i + 1].to_string());
                overlapping.emplace_back(name, edges[2 * i].to_string(), edges[wide].to_string());
                const HashKey first(i * (~std::uint64_t{0} / count), 0);
                const HashKey next((i + 1) * (~std::uint64_t{0} / count), 0);
                const auto last = i + 1 == count ? HashKey::max() : before(next);
                gapless.emplace_back(name, first.to_string(), last.to_string());
            }
            check_all_edges(made(apart), dice);
            check_all_edges(made(overlapping), dice);
            check_all_edges(made(gapless), dice);
        }
    }
}
