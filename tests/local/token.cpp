#include <sluice/local/token.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <string>

using sluice::local::Token;

TEST_CASE("a token gives back the numbers that were put in") {
    const Token<3>::Numbers numbers{0, 42, std::numeric_limits<std::uint64_t>::max()};
    CHECK(Token<3>::read("page", Token<3>::write("page", numbers)) == numbers);
}

TEST_CASE("a token of one kind is none of another") {
    CHECK_FALSE(Token<1>::read("page", Token<1>::write("iterator", {1})).has_value());
    CHECK_FALSE(Token<2>::read("page", Token<1>::write("page", {1})).has_value());
    CHECK_FALSE(Token<1>::read("page", Token<2>::write("page", {1, 2})).has_value());
}

TEST_CASE("no text but a token reads as one") {
    for (const std::string text : {"", "page", "page.", "page.1.", "page.-1", "page.+1", "page. 1", "page.1 ",
                                   "page.0x1", "page.18446744073709551616", "page,1", "pagee.1", "\xff\xfe"}) {
        CAPTURE(text);
        CHECK_FALSE(Token<1>::read("page", text).has_value());
    }
}
