#include <sluice/repository/document_text.hpp>

#include <sluice/repository/random_documents.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

namespace {

using boost::json::object;
using sluice::error;
using sluice::repository::document_text;
using sluice::repository::read_document;

} // namespace

TEST_CASE("every double comes back, to the last bit") {
    std::mt19937_64 dice(1);
    for (int i = 0; i < 100'000; ++i) {
        const auto number = std::bit_cast<double>(dice());
        if (!std::isfinite(number)) continue;
        const auto back = read_document(document_text(object{{"x", number}}));
        REQUIRE(back.has_value());
        REQUIRE(back->at("x").is_double());
        REQUIRE(std::bit_cast<std::uint64_t>(back->at("x").get_double()) == std::bit_cast<std::uint64_t>(number));
    }
}

TEST_CASE("values come back as they were, and of the kind that they had") {
    const object all{{"least", std::numeric_limits<std::int64_t>::min()},
                     {"most", std::numeric_limits<std::uint64_t>::max()},
                     {"whole", 3.0}, {"minus zero", -0.0}, {"tiny", 5e-324}, {"empty", ""}, {"null", nullptr},
                     {"text", std::string("\0\x01 \xC3\xA4 \"\\/", 9)}, {"", object{{"", boost::json::array{}}}}};
    const auto back = read_document(document_text(all));
    REQUIRE(back.has_value());
    CHECK(boost::json::serialize(*back) == boost::json::serialize(all));
    CHECK(back->at("whole").is_double());
    CHECK(std::signbit(back->at("minus zero").get_double()));
    sluice::repository::RandomDocuments some(1);
    for (int i = 0; i < 2'000; ++i) {
        const auto document = some.document(4);
        REQUIRE(read_document(document_text(document)).value() == document);
    }
}

TEST_CASE("what is no document is refused") {
    for (const auto* text : {"", "1", "[]", "null", "{", "{}x", R"({"a":})", R"({"a":1,})", R"({"a":[1})", R"({1:2})",
                             R"({"a":NaN})", R"({"a":1e999})", "{\"a\":\"\x80\"}"}) {
        CAPTURE(text);
        CHECK(read_document(text).error() == error::item_invalid);
    }
}
