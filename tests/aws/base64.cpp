#include <sluice/aws/base64.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <utility>

namespace {

using sluice::aws::append_base64;
using sluice::aws::base64_size;
using sluice::aws::decode_base64;

std::string encoded(std::string_view bytes) {
    std::string text;
    append_base64(text, bytes);
    return text;
}

} // namespace

TEST_CASE("base64 gives the vectors of RFC 4648") {
    const std::pair<std::string_view, std::string_view> vectors[] = {
        {"", ""},         {"f", "Zg=="},         {"fo", "Zm8="},        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}, {"\xff\xfe", "//4="},
        {"\xfb\xff\xbf", "+/+/"}};
    for (const auto& [bytes, text] : vectors) {
        CHECK(encoded(bytes) == text);
        CHECK(decode_base64(text).value() == bytes);
        CHECK(base64_size(bytes.size()) == text.size());
    }
}

TEST_CASE("what is appended leaves what was there") {
    std::string text = "x";
    append_base64(text, "foo");
    CHECK(text == "xZm9v");
}

TEST_CASE("base64 that is not canonical is refused") {
    for (const std::string_view text :
         {"Z", "Zg", "Zg=", "Zg===", "=", "====", "=g==", "Z===", "Zg==Zg==", "Zm9v\n", " Zm9", "Zm-_", "Zm9*", "Zh==",
          "Zm9=", "Zm=v", "\xc3\xa9Zm"}) {
        CHECK_MESSAGE(decode_base64(text).has_error(), text);
    }
    CHECK(decode_base64(std::string_view("Zm9\0", 4)).has_error());
}

TEST_CASE("bytes of any length come back, over the seams of the blocks too") {
    std::mt19937 dice(5);
    for (std::size_t size : {1U, 2U, 3U, 3071U, 3072U, 3073U, 3074U, 6144U, 6145U, 10'000U}) {
        std::string bytes(size, '\0');
        for (auto& byte : bytes) byte = static_cast<char>(dice());
        const auto text = encoded(bytes);
        REQUIRE(text.size() == base64_size(size));
        REQUIRE(text.find('=') >= text.size() - 2);
        REQUIRE(decode_base64(text).value() == bytes);
    }
}
