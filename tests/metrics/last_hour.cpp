#include <sluice/metrics/last_hour.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <limits>

using namespace std::chrono_literals;
using sluice::steady_time;
using sluice::detail::LastHour;

namespace {

int sum_at(const LastHour<int>& hour, steady_time now) {
    int sum = 0;
    hour.each(now, [&](int count) { sum += count; });
    return sum;
}

} // namespace

TEST_CASE("an hour forgets what is an hour old, minute by minute") {
    LastHour<int> hour;
    const steady_time begin = steady_time() + 1'000h;
    CHECK(sum_at(hour, begin) == 0);
    hour.at(begin) += 1;
    hour.at(begin + 59s) += 2;
    hour.at(begin + 60s) += 4;
    CHECK(sum_at(hour, begin + 60s) == 7);
    CHECK(sum_at(hour, begin + 60min - 1ns) == 7);
    CHECK(sum_at(hour, begin + 60min) == 4);
    CHECK(sum_at(hour, begin + 61min) == 0);
    CHECK(sum_at(hour, begin + 1'000h) == 0);
}

TEST_CASE("a minute begins empty in the place of the one an hour before") {
    LastHour<int> hour;
    const steady_time begin = steady_time() + 10min;
    hour.at(begin) = 5;
    CHECK(hour.at(begin + 60min) == 0);
    hour.at(begin + 60min) = 3;
    CHECK(sum_at(hour, begin + 60min) == 3);
}

TEST_CASE("a clock that begins before its zero counts as well") {
    LastHour<int> hour;
    const steady_time begin = steady_time() - 30s;
    hour.at(begin) += 1;
    hour.at(begin + 31s) += 2;
    CHECK(sum_at(hour, begin + 31s) == 3);
    CHECK(sum_at(hour, begin + 60min - 30s) == 2);
}
