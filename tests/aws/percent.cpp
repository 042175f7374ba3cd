#include <sluice/aws/percent.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace sluice;

namespace {

std::string encoded(std::string_view text) {
    std::string out = "=";
    aws::append_percent_encoded(out, text);
    return out.substr(1);
}

} // namespace

TEST_CASE("all but a few characters are encoded") {
    CHECK(encoded("AZaz09-._~") == "AZaz09-._~");
    CHECK(encoded(" +/&=%*!") == "%20%2B%2F%26%3D%25%2A%21");
    CHECK(encoded("\xC3\xA9\xFF") == "%C3%A9%FF");
    CHECK(encoded(std::string_view("\0", 1)) == "%00");
}

TEST_CASE("every byte comes back") {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
    CHECK(aws::decode_percent(encoded(all)).value() == all);
    CHECK(aws::decode_percent("a+b%2b%2B%c3%A9").value() == "a+b++\xC3\xA9");
    CHECK(aws::decode_percent("").value().empty());
}

TEST_CASE("half an escape is refused") {
    for (const std::string_view wrong : {"%", "%4", "a%", "a%4", "%4g", "%g4", "%%41", "%-1", "% 1"}) {
        CAPTURE(wrong);
        CHECK(aws::decode_percent(wrong).error() == error::malformed);
    }
}
