#include <sluice/stats.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using sluice::error;
using sluice::Stats;
using sluice::StreamStats;

namespace {

/// Statistics in which every counter has a value of its own.
StreamStats counted(std::uint64_t from) {
    StreamStats stats;
    for (auto* counter : {&stats.delivered, &stats.failed, &stats.expired, &stats.retried, &stats.throttled,
                          &stats.requests, &stats.failed_requests}) {
        *counter = from;
        from *= 2;
    }
    return stats;
}

} // namespace

TEST_CASE("statistics begin at nothing") {
    const Stats stats;
    for (const auto counter : {stats.accepted, stats.ignored, stats.cleared, stats.refused, stats.recovered,
                               stats.buffered_records, stats.buffered_bytes, stats.unreadable}) {
        CHECK(counter == 0);
    }
    CHECK(stats.oldest_age == std::chrono::milliseconds(0));
    CHECK_FALSE(stats.paused_by);
    CHECK(stats.streams.empty());
}

TEST_CASE("the total of no streams is nothing") {
    const auto total = Stats().total();
    for (const auto counter : {total.delivered, total.failed, total.expired, total.retried, total.throttled,
                               total.requests, total.failed_requests}) {
        CHECK(counter == 0);
    }
    CHECK_FALSE(total.paused_by);
    CHECK(total.delivered_by_shard.empty());
}

TEST_CASE("the total adds up every counter of every stream, each for itself") {
    Stats stats;
    stats.streams["clicks"] = counted(1);
    stats.streams["views"] = counted(1'000);
    stats.streams["idle"];
    const auto total = stats.total();
    CHECK(total.delivered == 1'001);
    CHECK(total.failed == 2'002);
    CHECK(total.expired == 4'004);
    CHECK(total.retried == 8'008);
    CHECK(total.throttled == 16'016);
    CHECK(total.requests == 32'032);
    CHECK(total.failed_requests == 64'064);
}

TEST_CASE("taking the total changes nothing, and may be done again") {
    Stats stats;
    stats.streams["clicks"] = counted(1);
    CHECK(stats.total().delivered == 1);
    CHECK(stats.total().delivered == 1);
    CHECK(stats.streams.at("clicks").delivered == 1);
}

TEST_CASE("the total is paused by what pauses the producer") {
    Stats stats;
    stats.streams["clicks"];
    stats.streams["views"].paused_by = error::stream_not_found;
    stats.paused_by = error::stream_not_found;
    CHECK(stats.total().paused_by == error::stream_not_found);
}

TEST_CASE("shards of different streams have the same names: the total does not mix them") {
    Stats stats;
    for (const auto* name : {"clicks", "views"}) stats.streams[name].delivered_by_shard["shardId-000000000000"] = 1;
    CHECK(stats.total().delivered_by_shard.empty());
}

TEST_CASE("the skew is how much more the busiest shard took than the mean, of those too that took nothing") {
    StreamStats stats;
    CHECK(stats.skew() == 0);
    stats.delivered_by_shard["shardId-000000000000"] = 300;
    CHECK(stats.skew() == 1); // there may be no other
    stats.shards = 4;
    CHECK(stats.skew() == 4);
    stats.delivered_by_shard["shardId-000000000001"] = 100;
    CHECK(stats.skew() == 3);
    stats.delivered_by_shard["shardId-000000000002"] = 300;
    stats.delivered_by_shard["shardId-000000000003"] = 300;
    CHECK(stats.skew() == 1.2);
    stats.shards = 2; // others are closed by now
    CHECK(stats.skew() == 1.2);
}
