#include <sluice/aws/cbor_reader.hpp>

#include <sluice/aws/cbor.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace {

using sluice::aws::CborReader;
using sluice::aws::decode_cbor;
using sluice::aws::TokenKind;

} // namespace

TEST_CASE("a reader says done or failed for ever") {
    CborReader good("\x01");
    CHECK(good.next().is(TokenKind::unsigned_integer));
    for (int i = 0; i < 3; ++i) CHECK(good.next().is(TokenKind::done));
    CborReader bad("\xff");
    for (int i = 0; i < 3; ++i) CHECK(bad.next().is(TokenKind::failed));
}

TEST_CASE("a whole item is skipped, however it is nested") {
    const auto bytes = std::string("\x83\xbf\x61\x61\x9f\x01\xc1\xf6\xff\xff\x7f\x61\x61\xff\x07");
    CborReader reader(bytes);
    CHECK(reader.next().is(TokenKind::array));
    CHECK(skip(reader, reader.next()));
    CHECK(reader.next().text == "a");
    CHECK(reader.next().number == 7);
    CHECK(reader.next().is(TokenKind::end));
    CHECK_FALSE(skip(reader, reader.next()));
}

TEST_CASE("nesting ends at the depth limit, of containers and tags alike") {
    const auto nested = [](std::size_t depth, char opener, const std::string& core) {
        return decode_cbor(std::string(depth, opener) + core);
    };
    CHECK(nested(CborReader::max_depth, '\x81', std::string(1, '\0')).has_value());
    CHECK(nested(CborReader::max_depth + 1, '\x81', std::string(1, '\0')).has_error());
    CHECK(nested(CborReader::max_depth, '\xc1', std::string(1, '\0')).has_value());
    CHECK(nested(CborReader::max_depth + 1, '\xc1', std::string(1, '\0')).has_error());
    CHECK(nested(100'000, '\x81', std::string(1, '\0')).has_error());
    CHECK(nested(100'000, '\xc1', std::string(1, '\0')).has_error());
    CHECK(nested(100'000, '\x9f', "").has_error());
}

TEST_CASE("a string is a view of the input, unless it came in chunks") {
    const std::string bytes = "\x82\x61\x61\x7f\x61\x61\xff";
    CborReader reader(bytes);
    CHECK(reader.next().is(TokenKind::array));
    CHECK(reader.announced() == 2);
    const auto plain = reader.next();
    CHECK(plain.borrowed);
    CHECK(plain.text.data() == bytes.data() + 2);
    const auto joined = reader.next();
    CHECK_FALSE(joined.borrowed);
    CHECK(joined.text == "a");
    CHECK(reader.next().is(TokenKind::end));
    CHECK(reader.next().is(TokenKind::done));
}

TEST_CASE("maps announce their names and values, and containers without a length nothing") {
    CborReader map("\xa2\x01\x02\x03\x04");
    CHECK(map.announced() == 0);
    CHECK(map.next().is(TokenKind::map));
    CHECK(map.announced() == 4);
    CborReader open("\x9f\xff");
    CHECK(open.next().is(TokenKind::array));
    CHECK(open.announced() == 0);
}

TEST_CASE("what follows a tag belongs to it, even where a container ends") {
    CborReader reader(std::string_view("\x81\xc1\xc2\x05", 4));
    CHECK(reader.next().is(TokenKind::array));
    CHECK(reader.next().number == 1);
    CHECK(reader.next().number == 2);
    CHECK(reader.next().number == 5);
    CHECK(reader.next().is(TokenKind::end));
    CborReader cut("\x9f\xc1\xff");
    CHECK(cut.next().is(TokenKind::array));
    CHECK(cut.next().is(TokenKind::tag));
    CHECK(cut.next().is(TokenKind::failed));
}
