#include <sluice/partitioning/time_window.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>
#include <string>

namespace {

using sluice::RecordView;
using sluice::TimeWindowKey;
using sluice::wall_time;
using namespace std::chrono_literals;

std::string key_of(const TimeWindowKey& partitioning) {
    std::string key;
    REQUIRE_FALSE(partitioning.key(RecordView("data"), 42, key));
    return key;
}

std::string key_at(std::chrono::milliseconds window, std::chrono::microseconds since_1970) {
    return key_of(TimeWindowKey(window, [since_1970] { return wall_time(since_1970); }));
}

} // namespace

static_assert(sluice::Partitioning<TimeWindowKey>);

TEST_CASE("a key lasts for a window") {
    CHECK(key_at(60s, 0s) == "time_0");
    CHECK(key_at(60s, 59'999'999us) == "time_0");
    CHECK(key_at(60s, 60s) == "time_1");
    CHECK(key_at(60s, 1'700'000'000s) == "time_28333333");
    CHECK(key_at(1ms, 1'700'000'000'123'999us) == "time_1700000000123");
    CHECK(key_at(24h, 1'700'000'000s) == "time_19675");
}

TEST_CASE("before 1970 windows are counted from below, too") {
    CHECK(key_at(60s, -1us) == "time_-1");
    CHECK(key_at(60s, -60s) == "time_-1");
    CHECK(key_at(60s, -60'000'001us) == "time_-2");
}

TEST_CASE("a window may be longer than time") {
    CHECK(key_at(std::chrono::milliseconds::max(), 1'700'000'000s) == "time_0");
    CHECK(key_at(std::chrono::milliseconds::max(), -1us) == "time_-1");
    constexpr auto last = std::chrono::duration_cast<std::chrono::microseconds>(wall_time::max().time_since_epoch());
    CHECK(key_at(1ms, last) == "time_9223372036854");
    constexpr auto first = std::chrono::duration_cast<std::chrono::microseconds>(wall_time::min().time_since_epoch());
    CHECK(key_at(1ms, first) == "time_-9223372036855");
}

TEST_CASE("the clock is read for each key, and is the system's unless another is given") {
    wall_time now(0s);
    const TimeWindowKey partitioning(1s, [&now] { return now; });
    CHECK(key_of(partitioning) == "time_0");
    now += 5s;
    CHECK(key_of(partitioning) == "time_5");
    now -= 2s;
    CHECK(key_of(partitioning) == "time_3");
    const auto minutes = [] {
        return std::chrono::floor<std::chrono::minutes>(std::chrono::system_clock::now()).time_since_epoch().count();
    };
    const auto before = minutes();
    const auto key = key_of(TimeWindowKey());
    const auto after = minutes();
    const bool in_time = key == "time_" + std::to_string(before) || key == "time_" + std::to_string(after);
    CHECK(in_time);
}

TEST_CASE("a window without length and a clock that is none are refused") {
    CHECK_THROWS_AS(TimeWindowKey(0s), std::invalid_argument);
    CHECK_THROWS_AS(TimeWindowKey(-1ms), std::invalid_argument);
    CHECK_THROWS_AS(TimeWindowKey(1s, nullptr), std::invalid_argument);
}
