#include <sluice/aws/json_text.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>

TEST_CASE("the verbatim front ends at the first byte that JSON escapes, wherever that is") {
    for (int c = 0; c < 0x100; ++c) {
        const bool escaped = c < 0x20 || c == '"' || c == '\\';
        for (std::size_t size = 1; size < 26; ++size) {
            for (std::size_t at = 0; at < size; ++at) {
                std::string text(size, at % 2 == 0 ? '\x7f' : '\xff');
                text[at] = static_cast<char>(c);
                REQUIRE(sluice::aws::json_verbatim(text) == (escaped ? at : size));
            }
        }
    }
    CHECK(sluice::aws::json_verbatim("") == 0);
}
