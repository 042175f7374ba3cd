#include <sluice/detail/lane_gate.hpp>

#include "chunks.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace {

using sluice::Record;
using sluice::detail::LaneGate;
using sluice::detail::LiveChunk;
using sluice::detail::Ref;

/// Records whose hash keys are these.
std::unique_ptr<LiveChunk> hashed(const std::vector<unsigned>& hash_keys) {
    std::vector<Record> records;
    for (const auto hash_key : hash_keys) {
        records.emplace_back("k", "data");
        records.back().explicit_hash_key = std::to_string(hash_key);
    }
    return chunks::live(chunks::make("s", 1, records));
}

TEST_CASE("without lanes everything passes, and nothing follows") {
    const auto live = hashed({1, 1, 1});
    LaneGate gate(0);
    std::vector<Ref> stale;
    for (std::uint32_t i = 0; i < 3; ++i) CHECK(gate.pass(Ref(*live, i)));
    CHECK(gate.leave(Ref(*live, 0), stale).chunk == nullptr);
    CHECK(stale.empty());
}

TEST_CASE("a lane is the hash key modulo the number of lanes: one record of it passes at a time, in order") {
    const auto live = hashed({3, 13, 23, 4, 33});
    LaneGate gate(10);
    std::vector<Ref> stale;
    CHECK(gate.pass(Ref(*live, 0)));
    CHECK_FALSE(gate.pass(Ref(*live, 1)));
    CHECK_FALSE(gate.pass(Ref(*live, 2)));
    CHECK(gate.pass(Ref(*live, 3)));
    CHECK(gate.leave(Ref(*live, 0), stale).index == 1);
    CHECK_FALSE(gate.pass(Ref(*live, 4)));
    CHECK(gate.leave(Ref(*live, 1), stale).index == 2);
    CHECK(gate.leave(Ref(*live, 2), stale).index == 4);
    CHECK(gate.leave(Ref(*live, 4), stale).chunk == nullptr);
    CHECK(gate.pass(Ref(*live, 2)));
    CHECK(stale.empty());
}

TEST_CASE("records that were decided while they were held are skipped, and handed out as stale") {
    const auto live = hashed({1, 1, 1, 1});
    LaneGate gate(7);
    std::vector<Ref> stale;
    CHECK(gate.pass(Ref(*live, 0)));
    for (std::uint32_t i = 1; i < 4; ++i) CHECK_FALSE(gate.pass(Ref(*live, i)));
    live->chunk.settled.set(1);
    live->set(2, LiveChunk::losing);
    CHECK(gate.leave(Ref(*live, 0), stale).index == 3);
    REQUIRE(stale.size() == 2);
    CHECK(stale[0].index == 1);
    CHECK(stale[1].index == 2);
    live->settle_all();
    CHECK(gate.leave(Ref(*live, 3), stale).chunk == nullptr);
    CHECK(stale.size() == 2);
}

TEST_CASE("leaving a lane that is not busy is no harm") {
    const auto live = hashed({1});
    LaneGate gate(7);
    std::vector<Ref> stale;
    CHECK(gate.leave(Ref(*live, 0), stale).chunk == nullptr);
}

TEST_CASE("whatever comes and goes, each lane is first in, first out, and one at a time") {
    std::mt19937_64 dice(5);
    std::vector<unsigned> hash_keys;
    for (int i = 0; i < 2'000; ++i) hash_keys.push_back(static_cast<unsigned>(dice() % 40));
    const auto live = hashed(hash_keys);
    LaneGate gate(8);
    std::map<unsigned, std::uint32_t> busy; // lane to the record that is through
    std::map<unsigned, std::vector<std::uint32_t>> order;
    std::uint32_t next = 0;
    std::vector<Ref> stale;
    while (next < hash_keys.size() || !busy.empty()) {
        if (next < hash_keys.size() && dice() % 2 == 0) {
            const auto lane = hash_keys[next] % 8;
            const bool passed = gate.pass(Ref(*live, next));
            CHECK(passed == !busy.contains(lane));
            if (passed) {
                busy[lane] = next;
                order[lane].push_back(next);
            }
            ++next;
        } else if (!busy.empty()) {
            const auto leaving = std::next(busy.begin(), static_cast<std::ptrdiff_t>(dice() % busy.size()));
            const auto lane = leaving->first;
            const auto follower = gate.leave(Ref(*live, leaving->second), stale);
            busy.erase(leaving);
            if (follower.chunk == nullptr) continue;
            CHECK(hash_keys[follower.index] % 8 == lane);
            busy[lane] = follower.index;
            order[lane].push_back(follower.index);
        }
    }
    std::size_t through = 0;
    for (const auto& [lane, indexes] : order) {
        CHECK(std::is_sorted(indexes.begin(), indexes.end()));
        through += indexes.size();
    }
    CHECK(through == hash_keys.size());
}

TEST_CASE("those of its company travel with a record, in order, within the bytes allowed; others stay") {
    const auto live = hashed({1, 1, 3, 1, 1, 1});
    const auto bytes = Ref(*live, 0).size();
    LaneGate gate(2);
    std::vector<Ref> taken;
    std::vector<Ref> stale;
    CHECK(gate.pass(Ref(*live, 0)));
    for (std::uint32_t i = 1; i < 6; ++i) CHECK_FALSE(gate.pass(Ref(*live, i)));
    live->chunk.settled.set(3);
    const auto same = [](Ref ref) { return ref.hash_key().low() == 1; };
    gate.take_followers(Ref(*live, 0), 2 * bytes, same, taken, stale);
    REQUIRE(taken.size() == 2);
    CHECK(taken[0].index == 1);
    CHECK(taken[1].index == 4);
    REQUIRE(stale.size() == 1);
    CHECK(stale.front().index == 3);
    gate.put_back(taken[1]);
    gate.put_back(taken[0]);
    CHECK(gate.leave(Ref(*live, 0), stale).index == 1);
    CHECK(gate.leave(Ref(*live, 1), stale).index == 4);
    CHECK(gate.leave(Ref(*live, 4), stale).index == 2);
    CHECK(gate.leave(Ref(*live, 2), stale).index == 5);
    CHECK(gate.leave(Ref(*live, 5), stale).chunk == nullptr);
}

TEST_CASE("the search for company ends after some thousands, so that a long lane of others costs no more") {
    for (const std::uint32_t others : {4'095U, 4'096U}) {
        CAPTURE(others);
        std::vector<unsigned> hash_keys(others + 2, 3);
        hash_keys.front() = hash_keys.back() = 1;
        const auto live = hashed(hash_keys);
        LaneGate gate(2);
        for (std::uint32_t i = 0; i < hash_keys.size(); ++i) CHECK(gate.pass(Ref(*live, i)) == (i == 0));
        std::vector<Ref> taken;
        std::vector<Ref> stale;
        const auto same = [](Ref ref) { return ref.hash_key().low() == 1; };
        gate.take_followers(Ref(*live, 0), 1'000, same, taken, stale);
        CHECK(taken.size() == (others < 4'096 ? 1 : 0));
        CHECK(stale.empty());
        CHECK(gate.leave(Ref(*live, 0), stale).index == 1); // who was not taken is still there, in order
    }
}

TEST_CASE("a lane has a number from 1, and none without lanes") {
    const auto live = hashed({0, 3});
    CHECK(LaneGate(4).number_of(Ref(*live, 0)) == 1);
    CHECK(LaneGate(4).number_of(Ref(*live, 1)) == 4);
    CHECK(LaneGate(0).number_of(Ref(*live, 1)) == 0);
}

} // namespace
