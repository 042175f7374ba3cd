#include <sluice/aws/integer.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string_view>

using namespace sluice;

TEST_CASE("an integer is digits and nothing else") {
    CHECK(aws::parse_integer<int>("0") == 0);
    CHECK(aws::parse_integer<int>("-17") == -17);
    CHECK(aws::parse_integer<unsigned>("007") == 7);
    CHECK(aws::parse_integer<std::uint64_t>("18446744073709551615") == UINT64_MAX);
    for (const std::string_view wrong : {"", "-", "+1", " 1", "1 ", "1.0", "1e2", "0x1", "one", "1\n"}) {
        CAPTURE(wrong);
        CHECK_FALSE(aws::parse_integer<int>(wrong));
    }
}

TEST_CASE("an integer that does not fit is none") {
    CHECK(aws::parse_integer<std::uint8_t>("255") == 255);
    CHECK_FALSE(aws::parse_integer<std::uint8_t>("256"));
    CHECK_FALSE(aws::parse_integer<unsigned>("-1"));
    CHECK_FALSE(aws::parse_integer<std::uint64_t>("18446744073709551616"));
    CHECK_FALSE(aws::parse_integer<std::int64_t>("-9223372036854775809"));
}
