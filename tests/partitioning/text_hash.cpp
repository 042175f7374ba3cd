#include <sluice/partitioning/text_hash.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>

namespace {

using sluice::detail::hash_bytes;
using sluice::detail::hash_text;
using sluice::detail::take_character;

std::int64_t magnitude(std::string_view text) { return std::abs(std::int64_t{hash_text(text)}); }

} // namespace

// Every number here is what Node.js 20 makes of `Buffer.toString('utf8')` with the formula.
TEST_CASE("texts have the hash that JavaScript gives them") {
    CHECK(magnitude("") == 0);
    CHECK(magnitude("a") == 97);
    CHECK(magnitude("user-42") == 147'182'656);
    CHECK(magnitude("hello world") == 1'794'106'052);
    CHECK(magnitude("The quick brown fox jumps over the lazy dog") == 609'428'141);
    CHECK(magnitude("Zo\u00EB") == 90'166);
    CHECK(magnitude("polygenelubricants") == 2'147'483'648);
    CHECK(magnitude(std::string_view("\0", 1)) == 0);
}

TEST_CASE("a character beyond the basic plane counts as two surrogates") {
    CHECK(magnitude("\U0001F600") == 1'772'899);
    CHECK(magnitude("a\U0001F600b") == 57'849'694);
    CHECK(magnitude("\u65E5\u672C\u8A9E") == 25'921'943);
}

TEST_CASE("what is no UTF-8 reads as JavaScript reads it") {
    for (const std::string_view one : {"\x80", "\xC3", "\xE2\x82", "\xF0\x9F\x98"}) CHECK(magnitude(one) == 65'533);
    CHECK(magnitude("\xE2\x82\x41") == 2'031'588);
    CHECK(magnitude("\xF1\x80\x80\x41") == 2'031'588);
    for (const std::string_view three : {"\xF0\x80\x80", "\xED\xA0\x80"}) CHECK(magnitude(three) == 65'074'269);
    for (const std::string_view two : {"\xFF\xFE", "\xC0\xAF"}) CHECK(magnitude(two) == 2'097'056);
    CHECK(magnitude("\xF4\x90\x80\x80") == 2'017'367'872);
    CHECK(magnitude("\xEF\xBB\xBF\x41") == 2'023'714);
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(static_cast<unsigned char>(i));
    CHECK(magnitude(all) == 562'587'712);
}

TEST_CASE("four bytes at a time are the same as one at a time") {
    std::mt19937_64 dice(7);
    for (std::size_t size = 0; size < 70; ++size) {
        std::string bytes;
        std::uint32_t expected = static_cast<std::uint32_t>(size);
        for (std::size_t i = 0; i < size; ++i) {
            bytes += static_cast<char>(static_cast<unsigned char>(dice()));
            expected = (expected << 5U) - expected + static_cast<unsigned char>(bytes.back());
        }
        CHECK(hash_bytes(static_cast<std::uint32_t>(size), bytes) == expected);
    }
}

TEST_CASE("characters are taken one by one, to the end of any text") {
    std::string_view text = "a\u00E4\U0010FFFF\x80z";
    for (const std::uint32_t expected : {0x61U, 0xE4U, 0x10FFFFU, 0xFFFDU, 0x7AU}) CHECK(take_character(text) == expected);
    CHECK(text.empty());
    // Wherever the text is well-formed, both ways of reading it agree.
    std::mt19937_64 dice(8);
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes;
        for (auto size = 1 + dice() % 5; size > 0; --size) bytes += static_cast<char>(0x70U + dice() % 0x90U);
        const auto length = sluice::aws::utf8_character(bytes);
        std::string_view rest = bytes;
        const auto character = take_character(rest);
        if (length > 0) REQUIRE(bytes.size() - rest.size() == length);
        else REQUIRE((character == 0xFFFDU && rest.size() < bytes.size()));
    }
}
