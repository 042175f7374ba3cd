#include <sluice/aws/crc32.hpp>

#include <doctest/doctest.h>

#include <string>

using sluice::aws::crc32;

TEST_CASE("the sum is that of zlib") {
    CHECK(crc32("") == 0);
    CHECK(crc32("123456789") == 0xCBF43926); // the check value of the catalogue of CRCs
    CHECK(crc32("hello") == 0x3610A686);
    CHECK(crc32(std::string(32, '\0')) == 0x190A55AD);
    CHECK(crc32(std::string(32, '\xFF')) == 0xFF6CAB0B);
}
