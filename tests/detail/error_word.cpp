#include <sluice/detail/error_word.hpp>

#include <doctest/doctest.h>

#include <boost/system/errc.hpp>

#include <set>
#include <string>

using sluice::error;
using sluice::detail::error_of_word;
using sluice::detail::error_word;

static_assert(error_word(error::record_too_large) == "record_too_large");
static_assert(error_word(error::malformed) == "malformed");
static_assert(error_of_word("gave_up") == error::gave_up);

TEST_CASE("each error has a word of its own, by which it is found") {
    std::set<std::string> words;
    int value = 1;
    for (; value <= static_cast<int>(error::malformed); ++value) {
        CAPTURE(value);
        const auto word = error_word(make_error_code(static_cast<error>(value)));
        CHECK(words.insert(word).second);
        CHECK(word.find(':') == std::string::npos);
        CHECK(error_of_word(word) == static_cast<error>(value));
    }
    CHECK(error_word(static_cast<error>(value)).empty());
}

TEST_CASE("what is no error of sluice is told by number, and no word is nobody's") {
    CHECK(error_word(sluice::error_code()) == "system:0");
    CHECK(error_word(make_error_code(boost::system::errc::no_space_on_device)) == "generic:28");
    CHECK(error_word(sluice::error_code(9'999, sluice::error_category())) == "sluice:9999");
    for (const auto* word : {"", "gave", "gave_up ", "sluice:1"}) CHECK_FALSE(error_of_word(word).has_value());
}
