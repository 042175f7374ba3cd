#include "moments.hpp"

#include <sluice/local/stream.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <random>
#include <string>

using namespace std::chrono_literals;
using namespace sluice::local;
using sluice::kinesis::HashKey;

namespace {

Stream make_stream(const Moments& moments, std::uint32_t shards) {
    return Stream(StreamSpec("s", shards), shards, 1, moments.now().wall, moments.now().steady);
}

HashKey random_key(std::mt19937_64& dice) { return HashKey(dice(), dice()); }

} // namespace

TEST_CASE("every key has exactly one open shard, after any splits and merges") {
    const Moments moments;
    std::mt19937_64 dice(5);
    Stream stream = make_stream(moments, 3);
    for (int i = 0; i < 300; ++i) {
        Shard& shard = stream.shard_for(random_key(dice));
        const auto after_it = shard.range.last == HashKey::max() ? HashKey() : after(shard.range.last);
        if (dice() % 2 == 0 && after_it != HashKey()) {
            stream.merge(shard, stream.shard_for(after_it), moments.now().wall);
        } else if (shard.range.first < before(shard.range.last)) {
            stream.split(shard, shard.range.last, moments.now().wall);
        }
        for (int n = 0; n < 20; ++n) {
            const auto key = random_key(dice);
            std::size_t holders = 0;
            for (const auto& candidate : stream.shards())
                holders += candidate.open() && candidate.range.holds(key) ? 1U : 0U;
            REQUIRE(holders == 1);
            REQUIRE(stream.shard_for(key).open());
            REQUIRE(stream.shard_for(key).range.holds(key));
        }
    }
    std::size_t open = 0;
    for (const auto& shard : stream.shards()) open += shard.open() ? 1U : 0U;
    CHECK(open == stream.open_shards());
}

TEST_CASE("a shard is found by its index until it expires") {
    Moments moments;
    Stream stream = make_stream(moments, 2);
    stream.split(*stream.find(0), HashKey(0, 100), moments.now().wall);
    REQUIRE(stream.find(0) != nullptr);
    CHECK_FALSE(stream.find(0)->open());
    CHECK(stream.find(3)->open());
    CHECK(stream.find(4) == nullptr);
    stream.expire(moments.pass(24h).wall);
    CHECK(stream.find(0) != nullptr);
    stream.expire(moments.pass(1ms).wall);
    CHECK(stream.find(0) == nullptr);
    CHECK(stream.find(3)->index == 3);
    CHECK(stream.shard_for(HashKey(0, 100)).index == 3);
    CHECK(stream.shard_for(HashKey()).index == 2);
    CHECK(stream.shard_for(HashKey::max()).index == 1);
}

TEST_CASE("children are those of a split or of a merge") {
    const Moments moments;
    Stream stream = make_stream(moments, 2);
    CHECK(stream.children(0).empty());
    stream.merge(*stream.find(0), *stream.find(1), moments.now().wall);
    REQUIRE(stream.children(0).size() == 1);
    REQUIRE(stream.children(1).size() == 1);
    CHECK(stream.children(1)[0]->index == 2);
    stream.split(*stream.find(2), HashKey(1, 0), moments.now().wall);
    CHECK(stream.children(2).size() == 2);
    CHECK(stream.children(0).size() == 1);
}

TEST_CASE("the neighbour is another open shard, as long as there is one") {
    const Moments moments;
    Stream stream = make_stream(moments, 3);
    CHECK(stream.neighbour_of(shard_name(0)) == shard_name(1));
    CHECK(stream.neighbour_of(shard_name(1)) == shard_name(2));
    CHECK(stream.neighbour_of(shard_name(2)) == shard_name(0));
    CHECK(make_stream(moments, 1).neighbour_of(shard_name(0)) == shard_name(0));
}

TEST_CASE("a stream shows its change until the time that it takes is over") {
    Moments moments;
    Stream stream(StreamSpec("s"), 1, 1, moments.now().wall, moments.now().steady + 1s);
    CHECK(stream.status(moments.now().steady) == StreamStatus::creating);
    CHECK(stream.status(moments.pass(1s).steady) == StreamStatus::active);
    stream.change(StreamStatus::deleting, moments.now().steady + 1s);
    CHECK(stream.status(moments.now().steady) == StreamStatus::deleting);
    CHECK_FALSE(stream.gone(moments.now().steady));
    CHECK(stream.gone(moments.pass(1s).steady));
}

TEST_CASE("records stay where they are when the stream gets more shards") {
    const Moments moments;
    Stream stream = make_stream(moments, 1);
    Shard& first = *stream.find(0);
    first.append(StoredRecord("k", "x", moments.now().wall));
    const auto* record = &first.records()[0];
    for (std::uint64_t i = 0; i < 200; ++i) {
        Shard& last = stream.shard_for(HashKey::max());
        stream.split(last, HashKey(i + 1, 0), moments.now().wall);
    }
    CHECK(&stream.find(0)->records()[0] == record);
    CHECK(stream.open_shards() == 201);
}
