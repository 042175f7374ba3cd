#include <sluice/detail/back_off.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <random>

namespace {

using namespace std::chrono_literals;
using sluice::detail::back_off;

constexpr auto all_ones = std::numeric_limits<std::uint64_t>::max();

TEST_CASE("the delay is spread evenly between nothing and its bound") {
    CHECK(back_off(100ms, 20s, 1, 0) == 0ns);
    CHECK(back_off(100ms, 20s, 1, all_ones) < 100ms);
    CHECK(back_off(100ms, 20s, 1, all_ones) > 99ms);
    CHECK(back_off(100ms, 20s, 1, std::uint64_t{1} << 63U) == 50ms);
    std::mt19937_64 dice(1);
    std::chrono::nanoseconds sum{};
    for (int i = 0; i < 10'000; ++i) sum += back_off(100ms, 20s, 1, dice());
    CHECK(sum / 10'000 > 48ms);
    CHECK(sum / 10'000 < 52ms);
}

TEST_CASE("the bound doubles with each failure, up to the longest") {
    const auto half = std::uint64_t{1} << 63U;
    CHECK(back_off(100ms, 20s, 2, half) == 100ms);
    CHECK(back_off(100ms, 20s, 3, half) == 200ms);
    CHECK(back_off(100ms, 20s, 8, half) == 6'400ms);
    CHECK(back_off(100ms, 20s, 9, half) == 10s);
    CHECK(back_off(100ms, 20s, 64, half) == 10s);
    CHECK(back_off(100ms, 20s, std::numeric_limits<unsigned>::max(), half) == 10s);
}

TEST_CASE("no failure counts as one, and no base means no delay") {
    CHECK(back_off(100ms, 20s, 0, all_ones) == back_off(100ms, 20s, 1, all_ones));
    CHECK(back_off(0ms, 20s, 5, all_ones) == 0ns);
    CHECK(back_off(1h, 1s, 1, all_ones) < 1s);
}

TEST_CASE("bounds as long as a duration can be do not overflow") {
    const auto most = std::chrono::nanoseconds::max();
    CHECK(back_off(most, most, 31, all_ones) >= 0ns);
    CHECK(back_off(1ns, most, 31, all_ones) <= 1'073'741'824ns);
}

} // namespace
