#include <sluice/local/throttle.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>

using namespace std::chrono_literals;
using sluice::steady_time;
using sluice::local::ReadThrottle;
using sluice::local::ShardLimits;
using sluice::local::TokenBucket;
using sluice::local::WriteThrottle;

namespace {

const steady_time start{std::chrono::hours(5)};

/// How many records of `bytes` the shard takes at `now`, up to `most`.
int take_many(WriteThrottle& throttle, std::uint64_t bytes, const ShardLimits& limits, steady_time now, int most) {
    int taken = 0;
    while (taken < most && throttle.take(bytes, limits, now)) ++taken;
    return taken;
}

} // namespace

TEST_CASE("a shard takes exactly 1,000 records in one moment") {
    WriteThrottle throttle;
    const ShardLimits limits;
    CHECK(take_many(throttle, 1, limits, start, 5'000) == 1'000);
    CHECK(take_many(throttle, 1, limits, start + 1ms, 5'000) == 1);
    CHECK(take_many(throttle, 1, limits, start + 101ms, 5'000) == 100);
}

TEST_CASE("a shard takes exactly 1 MiB in one moment") {
    WriteThrottle throttle;
    const ShardLimits limits;
    CHECK(take_many(throttle, 64 << 10, limits, start, 5'000) == 16);
    CHECK(take_many(throttle, 1, limits, start, 1) == 0);
    CHECK(take_many(throttle, 64 << 10, limits, start + 62ms, 1) == 0);
    CHECK(take_many(throttle, 64 << 10, limits, start + 63ms, 2) == 1);
}

TEST_CASE("tokens that nobody takes for longer than a second are lost") {
    WriteThrottle throttle;
    const ShardLimits limits;
    REQUIRE(take_many(throttle, 1, limits, start, 1'000) == 1'000);
    CHECK(take_many(throttle, 1, limits, start + 1h, 5'000) == 1'000);
}

TEST_CASE("over a long time a greedy writer gets the rate and the burst, and no record more") {
    WriteThrottle throttle;
    const ShardLimits limits;
    int taken = 0;
    for (auto now = start; now <= start + 10s; now += 7ms) taken += take_many(throttle, 3, limits, now, 5'000);
    CHECK(taken >= 10'990);
    CHECK(taken <= 11'000);
}

TEST_CASE("a refused record takes no tokens") {
    WriteThrottle throttle;
    const ShardLimits limits;
    REQUIRE(throttle.take(1 << 20, limits, start));
    for (int i = 0; i < 2'000; ++i) REQUIRE_FALSE(throttle.take(1'000, limits, start));
    CHECK(throttle.take(1 << 20, limits, start + 1s));
}

TEST_CASE("a record larger than a second's worth is taken by a rested shard, which then pays for it") {
    WriteThrottle throttle;
    const ShardLimits limits;
    CHECK(throttle.take(10 << 20, limits, start));
    CHECK_FALSE(throttle.take(1, limits, start + 8'999ms));
    CHECK(throttle.take(1, limits, start + 9'001ms));
    CHECK_FALSE(throttle.take(10 << 20, limits, start + 9'500ms));
    CHECK(throttle.take(10 << 20, limits, start + 11s));
}

TEST_CASE("without limits everything is taken") {
    WriteThrottle throttle;
    CHECK(take_many(throttle, 10 << 20, ShardLimits::none(), start, 100'000) == 100'000);
}

TEST_CASE("time that stands still or runs backwards gives no tokens") {
    TokenBucket bucket;
    bucket.charge(10, 10, start);
    CHECK_FALSE(bucket.admits(1, 10, start));
    CHECK_FALSE(bucket.admits(1, 10, start - 1h));
    CHECK(bucket.admits(1, 10, start + 100ms));
}

TEST_CASE("a shard is read five times a second") {
    ReadThrottle throttle;
    const ShardLimits limits;
    int taken = 0;
    for (int i = 0; i < 10; ++i) taken += throttle.take_call(limits, start) ? 1 : 0;
    CHECK(taken == 5);
    CHECK_FALSE(throttle.take_call(limits, start + 199ms));
    CHECK(throttle.take_call(limits, start + 200ms));
}

TEST_CASE("a shard that gave 10 MiB at once gives nothing for seconds") {
    ReadThrottle throttle;
    const ShardLimits limits;
    REQUIRE(throttle.take_call(limits, start));
    throttle.charge_bytes(10 << 20, limits, start);
    CHECK_FALSE(throttle.take_call(limits, start + 3'999ms));
    CHECK(throttle.take_call(limits, start + 4s));
}

TEST_CASE("iterators have a limit of their own") {
    ReadThrottle throttle;
    const ShardLimits limits;
    for (int i = 0; i < 5; ++i) REQUIRE(throttle.take_iterator(limits, start));
    CHECK_FALSE(throttle.take_iterator(limits, start));
    CHECK(throttle.take_call(limits, start));
}
