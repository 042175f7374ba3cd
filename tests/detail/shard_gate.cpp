#include <sluice/detail/shard_gate.hpp>

#include "chunks.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using chunks::start;
using sluice::Record;
using sluice::ShardRange;
using sluice::steady_time;
using sluice::detail::LiveChunk;
using sluice::detail::Ref;
using sluice::detail::ShardGate;
using sluice::kinesis::HashKey;
using sluice::kinesis::ShardMap;

/// Two shards: "low" has the hash keys below 100, "high" the rest.
ShardMap two_shards() {
    return *ShardMap::from({ShardRange("low", "0", "99"), ShardRange("high", "100", HashKey::max().to_string())});
}

/// Records 0 to n-1 go to "low", n to 2n-1 to "high".
std::unique_ptr<LiveChunk> both(std::uint32_t each) {
    std::vector<Record> records;
    for (std::uint32_t i = 0; i < 2 * each; ++i) {
        records.emplace_back("k", "data");
        records.back().explicit_hash_key = i < each ? "7" : "700";
    }
    return chunks::live(chunks::make("s", 1, records));
}

std::vector<std::uint32_t> release_all(ShardGate& gate, steady_time now) {
    std::vector<std::uint32_t> released;
    for (auto ref = gate.release(now); ref.chunk != nullptr; ref = gate.release(now)) released.push_back(ref.index);
    return released;
}

TEST_CASE("the gate is open until somebody is throttled, and knows no map") {
    ShardGate gate;
    CHECK_FALSE(gate.closed());
    CHECK_FALSE(gate.has_map());
    CHECK(gate.ready_at() == steady_time::max());
    CHECK(gate.knows("shardId-000000000000"));
    CHECK(gate.release(start).chunk == nullptr);
    gate.close(start, 1'000);
    CHECK(gate.closed());
}

TEST_CASE("without a map the whole stream counts as one shard, at the rate that was seen") {
    const auto live = both(1'000);
    ShardGate gate;
    gate.close(start, 400);
    std::uint32_t passed = 0;
    for (std::uint32_t i = 0; i < 2'000; ++i) passed += gate.pass(Ref(*live, i), start) ? 1U : 0U;
    CHECK(passed == 100);
    CHECK(gate.ready_at() > start);
    CHECK(release_all(gate, start).empty());
    // In the order in which they were held, whatever their keys.
    const auto released = release_all(gate, start + 1s);
    REQUIRE(released.size() >= 100);
    CHECK(released.front() == 100);
    CHECK(std::is_sorted(released.begin(), released.end()));
}

TEST_CASE("a stream that was hardly seen to take anything is let through at a tenth of a shard at least") {
    const auto live = both(100);
    ShardGate gate;
    gate.close(start, 0);
    std::uint32_t passed = 0;
    for (std::uint32_t i = 0; i < 200; ++i) passed += gate.pass(Ref(*live, i), start) ? 1U : 0U;
    CHECK(passed == 25);
}

TEST_CASE("a shard that throttles slows none of its neighbours") {
    const auto live = both(1'000);
    ShardGate gate;
    gate.close(start, 2'000);
    gate.use(two_shards(), start);
    for (int i = 0; i < 20; ++i) gate.throttled(Ref(*live, 0), start + i * 200ms);
    const auto now = start + 4s;
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    for (std::uint32_t i = 0; i < 1'000; ++i) {
        low += gate.pass(Ref(*live, i), now) ? 1U : 0U;
        high += gate.pass(Ref(*live, 1'000 + i), now) ? 1U : 0U;
    }
    CHECK(high >= 250);
    CHECK(low < high);
    const auto released = release_all(gate, now + 250ms);
    const auto of_low = std::count_if(released.begin(), released.end(), [](auto index) { return index < 1'000; });
    CHECK(of_low < 50);
    CHECK(static_cast<std::ptrdiff_t>(released.size()) - of_low >= 250);
}

TEST_CASE("a new map keeps every held record, in its order within its shard") {
    const auto live = both(500);
    ShardGate gate;
    gate.close(start, 100);
    std::vector<std::uint32_t> held;
    for (std::uint32_t i = 0; i < 1'000; ++i) {
        if (!gate.pass(Ref(*live, i), start)) held.push_back(i);
    }
    gate.use(two_shards(), start);
    CHECK(gate.has_map());
    gate.use(*ShardMap::from({ShardRange("one", "0", HashKey::max().to_string())}), start);
    gate.use(two_shards(), start);
    std::vector<std::uint32_t> released;
    for (auto now = start; released.size() < held.size() && now < start + 10s; now += 50ms) {
        const auto some = release_all(gate, now);
        released.insert(released.end(), some.begin(), some.end());
    }
    std::vector<std::uint32_t> low;
    std::copy_if(released.begin(), released.end(), std::back_inserter(low), [](auto index) { return index < 500; });
    CHECK(std::is_sorted(low.begin(), low.end()));
    std::sort(released.begin(), released.end());
    CHECK(released == held);
    CHECK(gate.take_held().empty());
}

TEST_CASE("a hash that no open shard claims goes somewhere, and is not lost") {
    const auto live = both(1);
    ShardGate gate;
    gate.close(start, 100);
    gate.use(*ShardMap::from({ShardRange("low", "0", "99")}), start);
    CHECK(gate.pass(Ref(*live, 1), start));
}

TEST_CASE("the map tells which shards are known; no id, and no map, know everything") {
    ShardGate gate;
    gate.close(start, 100);
    CHECK(gate.knows("anything"));
    gate.use(two_shards(), start);
    CHECK(gate.knows("low"));
    CHECK(gate.knows(""));
    CHECK_FALSE(gate.knows("shardId-000000000009"));
}

TEST_CASE("the gate opens only when every shard has been quiet for long and nothing is held") {
    const auto live = both(1'000);
    ShardGate gate;
    gate.close(start, 100);
    gate.use(two_shards(), start);
    gate.throttled(Ref(*live, 0), start);
    gate.relax(start + 20s); // "high" could be open, "low" not yet
    CHECK(gate.closed());
    for (std::uint32_t i = 0; i < 1'000; ++i) (void)gate.pass(Ref(*live, i), start + 20s);
    gate.relax(start + 100s);
    CHECK(gate.closed()); // some are held
    (void)gate.take_held();
    gate.relax(start + 100s);
    CHECK_FALSE(gate.closed());
    CHECK_FALSE(gate.has_map());
}

TEST_CASE("a held record that is not open any more needs no tokens to come out") {
    const auto live = both(300);
    ShardGate gate;
    gate.close(start, 100);
    for (std::uint32_t i = 0; i < 300; ++i) (void)gate.pass(Ref(*live, i), start);
    CHECK(release_all(gate, start).empty());
    live->settle_all();
    CHECK(release_all(gate, start).size() == 275);
}

TEST_CASE("who wakes when the gate is ready gets a record") {
    const auto live = both(2'000);
    ShardGate gate;
    gate.close(start, 1'000);
    gate.use(two_shards(), start);
    std::uint32_t left = 0;
    for (std::uint32_t i = 0; i < 4'000; ++i) left += gate.pass(Ref(*live, i), start) ? 0U : 1U;
    auto now = start;
    for (int wakes = 0; left > 0; ++wakes) {
        REQUIRE(wakes < 1'000);
        now = std::max(now, gate.ready_at());
        const auto released = release_all(gate, now);
        REQUIRE_FALSE(released.empty());
        left -= static_cast<std::uint32_t>(released.size());
        if (wakes % 10 == 0) gate.throttled(Ref(*live, wakes % 20 == 0 ? 0 : 2'000), now);
    }
    CHECK(gate.ready_at() == steady_time::max());
}

TEST_CASE("where records share entries, each counts as its part of one") {
    const auto live = both(1'000);
    ShardGate gate;
    for (int i = 0; i < 100; ++i) gate.sent(1, 100);
    gate.close(start, 1'000);
    std::uint32_t passed = 0;
    while (passed < 1'000 && gate.pass(Ref(*live, passed), start)) ++passed;
    CHECK(passed == 1'000); // ten entries; of records alone 250 would
}

TEST_CASE("who leaves in the company of another is paid by those who come after") {
    const auto live = both(300);
    ShardGate gate;
    gate.charge(Ref(*live, 0)); // nobody paces
    gate.close(start, 1'000);
    for (std::uint32_t i = 0; i < 250; ++i) gate.charge(Ref(*live, i));
    CHECK_FALSE(gate.pass(Ref(*live, 250), start));
}

} // namespace
