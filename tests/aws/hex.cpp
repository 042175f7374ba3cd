#include <sluice/aws/hex.hpp>

#include <sluice/aws/digest.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

using namespace sluice;

TEST_CASE("hexadecimal digits of either case are bytes") {
    std::array<std::uint8_t, 4> bytes{};
    REQUIRE(aws::decode_hex("000fF0aB", bytes).has_value());
    CHECK(bytes == std::array<std::uint8_t, 4>{0x00, 0x0f, 0xf0, 0xab});
    CHECK(aws::decode_hex("", {}).has_value());
}

TEST_CASE("what was written as hexadecimal digits is read again") {
    std::array<std::uint8_t, 1> byte{};
    for (unsigned value = 0; value < 256; ++value) {
        const std::array<std::uint8_t, 1> written{static_cast<std::uint8_t>(value)};
        REQUIRE(aws::decode_hex(aws::hex(written), byte).has_value());
        CHECK(byte == written);
    }
}

TEST_CASE("too few digits, too many, and what is none are malformed") {
    std::array<std::uint8_t, 2> bytes{};
    for (const std::string_view text : {"", "00", "000", "00000", "000000", "0x00", "00 0", "000g", "g000", "00-0"}) {
        CHECK(aws::decode_hex(text, bytes).error() == error::malformed);
    }
    CHECK(aws::decode_hex("00", {}).error() == error::malformed);
    CHECK(aws::decode_hex(std::string_view("00\0" "0", 4), bytes).error() == error::malformed);
}
