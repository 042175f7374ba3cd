#include <sluice/local/shard.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace std::chrono_literals;
using namespace sluice::local;
using sluice::wall_time;

namespace {

const wall_time start{std::chrono::hours(500'000)};

Shard make_shard() { return Shard(3, even_range(0, 1), SequenceNumbers(start, 1, 3), start); }

StoredRecord record(std::string data, wall_time when = start) { return StoredRecord("k", std::move(data), when); }

} // namespace

TEST_CASE("a shard's name has twelve digits, and reads back") {
    CHECK(shard_name(0) == "shardId-000000000000");
    CHECK(shard_name(123) == "shardId-000000000123");
    CHECK(shard_index("shardId-000000000123") == 123);
    CHECK(shard_index(shard_name(999'999'999'999)) == 999'999'999'999);
}

TEST_CASE("what is no shard's name has no index") {
    for (const std::string name : {"", "shardId-", "shardId-1", "shardId-0000000000001", "shardId-00000000000x",
                                   "shardid-000000000001", "shardId-00000000000-"}) {
        CAPTURE(name);
        CHECK_FALSE(shard_index(name).has_value());
    }
}

TEST_CASE("a shard keeps records in order, from place 1 on") {
    Shard shard = make_shard();
    CHECK(shard.first_place() == 1);
    CHECK(shard.next_place() == 1);
    CHECK(shard.append(record("a")) == 1);
    CHECK(shard.append(record("bb")) == 2);
    CHECK(shard.records().size() == 2);
    CHECK(shard.records()[1].data == "bb");
    CHECK(shard.bytes() == 5);
    CHECK(shard.next_place() == 3);
}

TEST_CASE("trimming drops the oldest, and the places of the others stay") {
    Shard shard = make_shard();
    for (int i = 0; i < 10; ++i) shard.append(record("123456789", start + i * 1min));
    SUBCASE("by age") {
        shard.trim(start + 4min, 0);
        CHECK(shard.first_place() == 5);
        CHECK(shard.bytes() == 60);
    }
    SUBCASE("by bytes") {
        shard.trim(start, 25);
        CHECK(shard.first_place() == 9);
        CHECK(shard.bytes() == 20);
    }
    SUBCASE("to nothing") {
        shard.trim(start + 1h, 0);
        CHECK(shard.first_place() == 11);
        CHECK(shard.bytes() == 0);
    }
    CHECK(shard.next_place() == 11);
}

TEST_CASE("arrival times never step back, so that a time leads to a place") {
    Shard shard = make_shard();
    shard.append(record("a", start + 10s));
    shard.append(record("b", start + 5s));
    shard.append(record("c", start + 20s));
    CHECK(shard.records()[1].arrival == start + 10s);
    CHECK(shard.place_at(start) == 1);
    CHECK(shard.place_at(start + 10s) == 1);
    CHECK(shard.place_at(start + 11s) == 3);
    CHECK(shard.place_at(start + 20s) == 3);
    CHECK(shard.place_at(start + 21s) == 4);
}
