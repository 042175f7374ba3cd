#include <sluice/local/sequence.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <set>
#include <string>

using sluice::wall_time;
using sluice::local::SequenceNumbers;

namespace {

const wall_time created{std::chrono::milliseconds(1'767'323'045'678)};

} // namespace

TEST_CASE("a sequence number has 56 decimal digits and no leading zero") {
    const SequenceNumbers numbers(created, 1, 0);
    const std::string number = numbers.at(1);
    CHECK(number == "49017673230456780000000100000000000000000000000000000001");
    CHECK(number.size() == 56);
    CHECK(numbers.at(std::numeric_limits<std::uint64_t>::max()).size() == 56);
}

TEST_CASE("sequence numbers grow with the place, in digits as in numbers") {
    const SequenceNumbers numbers(created, 1, 7);
    std::string last = numbers.at(0);
    for (std::uint64_t place = 1; place < 3'000; ++place) {
        const std::string next = numbers.at(place);
        REQUIRE(last < next);
        last = next;
    }
    CHECK(last < numbers.at(std::numeric_limits<std::uint64_t>::max()));
}

TEST_CASE("no two shards or streams share a number, and those of children come after those of parents") {
    std::set<std::string> seen;
    for (std::uint64_t stream = 1; stream < 4; ++stream) {
        for (std::uint64_t shard = 0; shard < 4; ++shard) {
            for (std::uint64_t place = 0; place < 4; ++place) {
                CHECK(seen.insert(SequenceNumbers(created, stream, shard).at(place)).second);
            }
        }
    }
    CHECK(SequenceNumbers(created, 1, 3).at(1'000'000) < SequenceNumbers(created, 1, 4).at(0));
}

TEST_CASE("a number leads back to its place, and to no place of another shard") {
    const SequenceNumbers numbers(created, 1, 7);
    CHECK(numbers.place(numbers.at(0)) == 0);
    CHECK(numbers.place(numbers.at(123'456'789)) == 123'456'789);
    CHECK_FALSE(numbers.place(SequenceNumbers(created, 1, 8).at(1)).has_value());
    CHECK_FALSE(numbers.place(SequenceNumbers(created, 2, 7).at(1)).has_value());
}

TEST_CASE("what is no sequence number has no place") {
    const SequenceNumbers numbers(created, 1, 7);
    const std::string number = numbers.at(5);
    CHECK_FALSE(numbers.place("").has_value());
    CHECK_FALSE(numbers.place("0").has_value());
    CHECK_FALSE(numbers.place(number + "0").has_value());
    CHECK_FALSE(numbers.place(number.substr(0, 55)).has_value());
    CHECK_FALSE(numbers.place(number.substr(0, 55) + "x").has_value());
    CHECK_FALSE(numbers.place(number.substr(0, 36) + "99999999999999999999").has_value());
    CHECK_FALSE(numbers.place(number.substr(0, 36) + "-0000000000000000001").has_value());
}

TEST_CASE("a calendar before 1970 does not break the form") {
    const SequenceNumbers numbers(wall_time{std::chrono::hours(-100)}, 1, 0);
    CHECK(numbers.at(1) == "49000000000000000000000100000000000000000000000000000001");
}
