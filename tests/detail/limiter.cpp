#include <sluice/detail/limiter.hpp>

#include "chunks.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>

namespace {

using namespace std::chrono_literals;
using chunks::start;
using sluice::steady_time;
using sluice::detail::Limiter;
using sluice::detail::shard_bytes_per_second;
using sluice::detail::shard_records_per_second;

Limiter shard_limiter() { return {start, shard_records_per_second, shard_bytes_per_second}; }

/// Takes as many records of this size as go between two instants, waking only when the limiter says so.
std::uint64_t drain(Limiter& limiter, steady_time from, steady_time to, std::size_t bytes) {
    std::uint64_t taken = 0;
    for (auto now = from; now < to; now = limiter.ready_at()) {
        while (limiter.take(1, bytes, now)) ++taken;
    }
    return taken;
}

TEST_CASE("a burst is at most a quarter of a second's worth, of records or of bytes") {
    auto small = shard_limiter();
    std::uint64_t taken = 0;
    while (small.take(1, 1, start)) ++taken;
    CHECK(taken == 250);
    auto large = shard_limiter();
    taken = 0;
    while (large.take(1, 64 * 1'024, start)) ++taken;
    CHECK(taken == 4); // 262,144 bytes: the fourth uses the last of them
}

TEST_CASE("the pace is the grant, and grows from it by a twentieth a second") {
    auto limiter = shard_limiter();
    (void)drain(limiter, start, start + 250ms, 100);
    const auto taken = static_cast<double>(drain(limiter, start + 250ms, start + 10'250ms, 100));
    // 10 s at 1,000/s, growing by 50/s every second: 10,000 + 2,500.
    CHECK(taken == doctest::Approx(12'500).epsilon(0.03));
}

TEST_CASE("large records are paced by their bytes") {
    auto limiter = shard_limiter();
    (void)drain(limiter, start, start + 250ms, 100'000);
    const auto taken = static_cast<double>(drain(limiter, start + 250ms, start + 4'250ms, 100'000));
    CHECK(taken * 100'000 == doctest::Approx(4 * 1.1 * shard_bytes_per_second).epsilon(0.05));
}

TEST_CASE("a record larger than a burst passes, and those after it pay") {
    auto limiter = shard_limiter();
    CHECK(limiter.take(1, 10U << 20U, start));
    CHECK_FALSE(limiter.take(1, 1, start));
    CHECK_FALSE(limiter.take(1, 1, start + 5s));
    const auto ready = limiter.ready_at();
    CHECK(ready > start + 5s);
    CHECK(ready < start + 10s);
    CHECK(limiter.take(1, 1, ready));
}

TEST_CASE("a throttling cuts the pace to 70 %, but one burst of them does so once") {
    auto limiter = shard_limiter();
    limiter.throttled(start);
    CHECK(limiter.factor() == doctest::Approx(0.7));
    limiter.throttled(start + 1ms);
    limiter.throttled(start + 199ms);
    CHECK(limiter.factor() == doctest::Approx(0.7));
    limiter.throttled(start + 200ms);
    CHECK(limiter.factor() == doctest::Approx(0.49));
}

TEST_CASE("a shard that always throttles is still tried at a twentieth of the grant") {
    auto limiter = shard_limiter();
    for (int i = 0; i < 1'000; ++i) limiter.throttled(start + i * 1s);
    CHECK(limiter.factor() == doctest::Approx(0.05));
    auto now = start + 1'000s;
    while (limiter.take(1, 10, now)) {}
    const auto ready = limiter.ready_at();
    CHECK(ready > now);
    CHECK(ready <= now + 100ms);
}

TEST_CASE("the pace recovers by a twentieth of the grant a second, and idles at twice the grant") {
    auto limiter = shard_limiter();
    limiter.throttled(start);
    CHECK_FALSE(limiter.idle(start + 1s));
    CHECK(limiter.factor() == doctest::Approx(0.75));
    CHECK_FALSE(limiter.idle(start + 25s));
    CHECK(limiter.idle(start + 27s));
    CHECK(limiter.factor() == doctest::Approx(2));
    CHECK_FALSE(shard_limiter().idle(start));
}

TEST_CASE("multiplicative decrease finds what a slower shard grants") {
    // The service takes 400 records a second, and throttles what exceeds that within a second.
    auto limiter = shard_limiter();
    std::uint64_t taken = 0;
    std::uint64_t refused = 0;
    for (int second = 0; second < 300; ++second) {
        int granted = 400;
        const auto from = start + second * 1s;
        auto now = from;
        while (now < from + 1s) {
            while (limiter.take(1, 100, now)) {
                if (granted-- > 0) {
                    ++taken;
                } else {
                    ++refused;
                    limiter.throttled(now);
                }
            }
            now = limiter.ready_at();
        }
    }
    CHECK(taken > 300 * 400 * 0.8);
    CHECK(static_cast<double>(refused) < 0.1 * static_cast<double>(taken));
}

TEST_CASE("who wakes when it is ready gets a record") {
    std::mt19937_64 dice(3);
    for (int history = 0; history < 300; ++history) {
        const double share = static_cast<double>(dice() % 1'000 + 1) / 100;
        Limiter limiter(start, share * shard_records_per_second, share * shard_bytes_per_second);
        auto now = start;
        for (int i = 0; i < 200; ++i) {
            const auto bytes = dice() % 3 == 0 ? dice() % (1U << 20U) : dice() % 2'000;
            if (dice() % 10 == 0) limiter.throttled(now);
            if (dice() % 10 == 0) now += std::chrono::microseconds(dice() % 1'000'000);
            if (limiter.take(1, bytes, now)) continue;
            REQUIRE(limiter.ready_at() > now);
            now = limiter.ready_at();
            REQUIRE(limiter.take(1, bytes, now));
        }
    }
}

TEST_CASE("once dry, records leave in batches, not in drops") {
    auto limiter = shard_limiter();
    while (limiter.take(1, 10, start)) {}
    const auto ready = limiter.ready_at();
    CHECK(ready >= start + 49ms);
    CHECK_FALSE(limiter.take(1, 10, start + 20ms));
    std::uint64_t taken = 0;
    while (limiter.take(1, 10, ready)) ++taken;
    CHECK(taken >= 50);
}

TEST_CASE("a clock that stands still, or an instant that is past, gives nothing away") {
    auto limiter = shard_limiter();
    while (limiter.take(1, 10, start)) {}
    for (int i = 0; i < 10; ++i) CHECK_FALSE(limiter.take(1, 10, start));
    CHECK_FALSE(limiter.take(1, 10, start - 10s));
    CHECK(limiter.ready_at() > start);
}

TEST_CASE("records that share entries are paced by their bytes, and leave in batches, too") {
    auto limiter = shard_limiter();
    constexpr double part = 1.0 / 470;
    while (limiter.take(part, 110, start)) {}
    std::uint64_t taken = 0;
    unsigned wakes = 0;
    for (auto now = limiter.ready_at(); now < start + 1s; now = limiter.ready_at(), ++wakes) {
        while (limiter.take(part, 110, now)) ++taken;
    }
    CHECK(taken > 9'000);
    CHECK(taken < 11'000);
    CHECK(wakes <= 20);
}

TEST_CASE("what leaves unasked is paid by those that follow") {
    auto limiter = shard_limiter();
    CHECK(limiter.take(1, 1, start));
    limiter.charge(1'000, 1);
    CHECK_FALSE(limiter.take(1, 1, start));
    CHECK(limiter.ready_at() > start + 700ms);
}

} // namespace
