#include <sluice/version.hpp>

#include <doctest/doctest.h>

#include <algorithm>

TEST_CASE("the version is three numbers") {
    int dots = 0;
    char before = '.';
    for (const char c : sluice::version) {
        const bool digit = c >= '0' && c <= '9';
        CHECK((digit || (c == '.' && before != '.')));
        if (c == '.') ++dots;
        before = c;
    }
    CHECK(dots == 2);
    CHECK(before != '.');
}
