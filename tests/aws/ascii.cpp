#include <sluice/aws/ascii.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace sluice;

namespace {

std::vector<std::string> pieces(std::string_view text) {
    std::vector<std::string> found;
    while (!text.empty()) found.emplace_back(aws::next_piece(text, ','));
    return found;
}

} // namespace

TEST_CASE("only the letters of ASCII have a lower case") {
    CHECK(aws::to_lower("AZaz@[`{09") == "azaz@[`{09");
    CHECK(aws::to_lower("\xC3\x89\xC0") == "\xC3\x89\xC0");
    CHECK(aws::to_lower("").empty());
}

TEST_CASE("names are the same whatever their case") {
    CHECK(aws::same_name("X-Amz-Date", "x-aMZ-dATE"));
    CHECK(aws::same_name("", ""));
    CHECK_FALSE(aws::same_name("a", "ab"));
    CHECK_FALSE(aws::same_name("ab", "a"));
    CHECK_FALSE(aws::same_name("@", "`"));
    CHECK_FALSE(aws::same_name("[", "{"));
}

TEST_CASE("visible characters are those between space and delete") {
    for (int byte = 0; byte < 256; ++byte) {
        CAPTURE(byte);
        CHECK(aws::is_visible(std::string("a") + static_cast<char>(byte)) == (byte >= 0x21 && byte <= 0x7E));
    }
    CHECK(aws::is_visible(""));
}

TEST_CASE("a text falls into pieces, and the separator goes with the piece before it") {
    CHECK(pieces("a,bc,d") == std::vector<std::string>{"a", "bc", "d"});
    CHECK(pieces(",a,,b,") == std::vector<std::string>{"", "a", "", "b"});
    CHECK(pieces("a") == std::vector<std::string>{"a"});
    std::string_view rest = "a,b";
    CHECK(aws::next_piece(rest, ';') == "a,b");
    CHECK(rest.empty());
    CHECK(aws::next_piece(rest, ';').empty());
}
