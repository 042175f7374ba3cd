#include <sluice/detail/stream_state.hpp>

#include "chunks.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

namespace {

using namespace std::chrono_literals;
using chunks::start;
using sluice::detail::Backlog;
using sluice::detail::Rate;
using sluice::detail::StreamState;

TEST_CASE("the rate is that of the second before, or of this one if it is higher") {
    Rate rate;
    CHECK(rate.per_second() == 0);
    rate.add(start, 100);
    rate.add(start + 500ms, 100);
    CHECK(rate.per_second() == 200);
    rate.add(start + 1s, 10);
    CHECK(rate.per_second() == 200);
    rate.add(start + 2s, 50);
    CHECK(rate.per_second() == 50);
}

TEST_CASE("a rate from before a long silence is no rate") {
    Rate rate;
    rate.add(start, 1'000);
    rate.add(start + 1h, 5);
    CHECK(rate.per_second() == 5);
}

TEST_CASE("deliveries are counted by shard, and those without a shard are not") {
    StreamState state("s", 0);
    for (const auto* shard : {"a", "a", "b", "", "a"}) state.count_delivery(shard, 1);
    CHECK(state.stats.delivered_by_shard.at("a") == 3);
    CHECK(state.stats.delivered_by_shard.at("b") == 1);
    CHECK(state.stats.delivered_by_shard.size() == 2);
}

TEST_CASE("as many shards are counted as fit, and those go on being counted") {
    StreamState state("s", 0);
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 2'000; ++i) state.count_delivery(std::to_string(i), 1);
    }
    CHECK(state.stats.delivered_by_shard.size() == 1'024);
    for (const auto& [shard, count] : state.stats.delivered_by_shard) CHECK(count == 2);
}

TEST_CASE("what the storage has is due when there is more, nobody reads, and the rest after a failure is over") {
    Backlog backlog;
    CHECK_FALSE(backlog.due(start));
    backlog.more = backlog.appended = true;
    CHECK(backlog.due(start));
    backlog.begin();
    CHECK_FALSE(backlog.due(start));
    CHECK_FALSE(backlog.appended);
    backlog.loading = false;
    backlog.failed(start, 1ULL << 63U);
    REQUIRE(backlog.again_at.has_value());
    const auto again = *backlog.again_at;
    CHECK(again > start);
    CHECK_FALSE(backlog.due(again - 1ns));
    CHECK(backlog.due(again));
    CHECK_FALSE(backlog.again_at); // though there may be no room, nobody is to be woken for this again
}

} // namespace
