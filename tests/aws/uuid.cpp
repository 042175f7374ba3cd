#include <sluice/aws/uuid.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <utility>

using namespace sluice;

TEST_CASE("a UUID has its form, its version and its variant") {
    CHECK(aws::uuid_v4(0, 0) == "00000000-0000-4000-8000-000000000000");
    CHECK(aws::uuid_v4(UINT64_MAX, UINT64_MAX) == "ffffffff-ffff-4fff-bfff-ffffffffffff");
    CHECK(aws::uuid_v4(0x0123'4567'89ab'cdefU, 0x0123'4567'89ab'cdefU) == "01234567-89ab-4def-8123-456789abcdef");
}

TEST_CASE("two throws of the dice are a UUID, the first of them its first half") {
    class Dice {
    public:
        std::uint64_t random() { return std::exchange(next, 0); }
        std::uint64_t next = UINT64_MAX;
    };
    Dice dice;
    CHECK(aws::uuid_v4(dice) == "ffffffff-ffff-4fff-8000-000000000000");
}

TEST_CASE("a UUID of what tells things apart says that it is one") {
    CHECK(aws::uuid_v8(0, 0) == "00000000-0000-8000-8000-000000000000");
    CHECK(aws::uuid_v8(0x0123'4567'89ab'cdefU, 0x0123'4567'89ab'cdefU) == "01234567-89ab-8def-8123-456789abcdef");
}

TEST_CASE("every other bit of the dice shows") {
    for (unsigned bit = 0; bit < 64; ++bit) {
        const auto one = std::uint64_t{1} << bit;
        CHECK((aws::uuid_v4(one, 0) != aws::uuid_v4(0, 0)) == (bit < 12 || bit > 15));
        CHECK((aws::uuid_v4(0, one) != aws::uuid_v4(0, 0)) == (bit < 62));
    }
}
