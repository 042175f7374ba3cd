#include <sluice/compression/none.hpp>

#include <doctest/doctest.h>

#include <string>
#include <type_traits>

static_assert(std::is_empty_v<sluice::NoCompression>);

TEST_CASE("without compression data is sent as it was put, uncopied") {
    const std::string data("a\0b", 3);
    std::string scratch;
    const auto sent = sluice::NoCompression{}.compress(data, scratch);
    REQUIRE(sent.has_value());
    CHECK(sent.value().data() == data.data());
    CHECK(sent.value().size() == 3);
    CHECK(scratch.empty());
    CHECK(sluice::NoCompression{}.compress("", scratch).value().empty());
    CHECK(sluice::NoCompression{}.scope() == sluice::Scope::record);
}
