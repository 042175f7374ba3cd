#include <sluice/aws/varint.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <string>

namespace {

using sluice::aws::varint_size;
using sluice::aws::write_varint;

static_assert(varint_size(0) == 1);
static_assert(varint_size(127) == 1);
static_assert(varint_size(128) == 2);
static_assert(varint_size(UINT64_MAX) == 10);

std::string varint(std::uint64_t number) {
    std::array<char, 16> room{};
    return {room.data(), write_varint(room.data(), number)};
}

} // namespace

TEST_CASE("a varint has seven bits a byte, the lowest first") {
    CHECK(varint(0) == std::string(1, '\0'));
    CHECK(varint(1) == "\x01");
    CHECK(varint(127) == "\x7F");
    CHECK(varint(128) == "\x80\x01");
    CHECK(varint(300) == "\xAC\x02");
    CHECK(varint(0xFFFF'FFFF) == "\xFF\xFF\xFF\xFF\x0F");
    CHECK(varint(UINT64_MAX) == "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01");
}

TEST_CASE("the size of a varint is told exactly") {
    for (unsigned bits = 0; bits < 64; ++bits) {
        const auto power = std::uint64_t{1} << bits;
        for (const auto number : {power - 1, power, power + 1}) {
            CAPTURE(number);
            CHECK(varint(number).size() == varint_size(number));
        }
    }
}
