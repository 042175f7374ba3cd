#include <sluice/aws/utf8.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace {

using sluice::aws::append_utf8;
using sluice::aws::ascii_prefix;
using sluice::aws::utf8_length;

} // namespace

TEST_CASE("characters are counted, and not bytes") {
    CHECK(utf8_length("") == 0U);
    CHECK(utf8_length("abc") == 3U);
    CHECK(utf8_length("k\xc3\xa4se") == 4U);
    CHECK(utf8_length("\xe6\x97\xa5") == 1U);
    CHECK(utf8_length("\xf0\x9f\x94\xa5\xf0\x9f\x94\xa5") == 2U);
    CHECK(utf8_length(std::string(1000, 'x') + "\xc3\xa9") == 1001U);
    CHECK(utf8_length(std::string_view("\0", 1)) == 1U);
}

TEST_CASE("the first and the last character of each length are well-formed") {
    for (const std::string_view text : {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                                        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
        CHECK(utf8_length(text) == 1U);
    }
}

TEST_CASE("overlong forms, surrogates and torn characters are no UTF-8") {
    for (const std::string_view text :
         {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
          "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff", "\xc3",
          "\xe6\x97", "\xf0\x9f\x94", "\xc3(", "\xe6(\xa5", "\xe6\x97(", "\xf0\x9f(\xa5", "\xf0\x9f\x94("}) {
        CHECK_FALSE(utf8_length(text).has_value());
        CHECK_FALSE(utf8_length("0123456789" + std::string(text)).has_value());
        CHECK_FALSE(utf8_length(std::string(text) + "0123456789").has_value());
    }
}

TEST_CASE("the ASCII prefix ends at the first other byte, wherever that is") {
    for (std::size_t size = 0; size < 40; ++size) {
        std::string text(size, '~');
        CHECK(ascii_prefix(text) == size);
        for (std::size_t at = 0; at < size; ++at) {
            text[at] = '\x80';
            CHECK(ascii_prefix(text) == at);
            text[at] = '~';
        }
    }
}

TEST_CASE("every character is appended so that it counts as one") {
    for (const std::uint32_t character :
         {0x0U, 0x7FU, 0x80U, 0x7FFU, 0x800U, 0xD7FFU, 0xE000U, 0xFFFFU, 0x10000U, 0x10FFFFU}) {
        std::string text;
        append_utf8(text, character);
        CHECK(utf8_length(text) == 1U);
    }
    std::string text;
    append_utf8(text, 0x1F525);
    CHECK(text == "\xf0\x9f\x94\xa5");
}
