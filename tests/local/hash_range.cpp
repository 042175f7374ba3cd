#include <sluice/local/hash_range.hpp>

#include <doctest/doctest.h>

#include <cstdint>

using sluice::local::even_range;
using sluice::local::HashRange;
using sluice::local::touching;

namespace {

std::string text(sluice::kinesis::HashKey key) { return key.to_string(); }

} // namespace

TEST_CASE("one shard holds every key") {
    CHECK(text(even_range(0, 1).first) == "0");
    CHECK(text(even_range(0, 1).last) == "340282366920938463463374607431768211455");
}

TEST_CASE("two shards meet in the middle, as the service's own do") {
    CHECK(text(even_range(0, 2).last) == "170141183460469231731687303715884105727");
    CHECK(text(even_range(1, 2).first) == "170141183460469231731687303715884105728");
}

TEST_CASE("three shards start at thirds, rounded down") {
    CHECK(text(even_range(1, 3).first) == "113427455640312821154458202477256070485");
    CHECK(text(even_range(2, 3).first) == "226854911280625642308916404954512140970");
}

TEST_CASE("shards of any count follow one another without gap or overlap") {
    for (std::uint32_t count = 1; count < 300; count += 7) {
        CAPTURE(count);
        CHECK(text(even_range(0, count).first) == "0");
        CHECK(text(even_range(count - 1, count).last) == "340282366920938463463374607431768211455");
        for (std::uint32_t i = 0; i + 1 < count; ++i) {
            REQUIRE(even_range(i, count).last < even_range(i + 1, count).first);
            REQUIRE(touching(even_range(i, count), even_range(i + 1, count)));
        }
    }
}

TEST_CASE("ranges touch only where one ends before the other starts") {
    const HashRange low = even_range(0, 4);
    const HashRange next = even_range(1, 4);
    CHECK(touching(low, next));
    CHECK(touching(next, low));
    CHECK_FALSE(touching(low, low));
    CHECK_FALSE(touching(low, even_range(2, 4)));
    CHECK_FALSE(touching(even_range(3, 4), low));
    CHECK_FALSE(touching(even_range(0, 1), low));
}

TEST_CASE("both ends of a range belong to it") {
    const HashRange range = even_range(1, 3);
    CHECK(range.holds(range.first));
    CHECK(range.holds(range.last));
    CHECK_FALSE(range.holds(even_range(0, 3).last));
    CHECK_FALSE(range.holds(even_range(2, 3).first));
}
