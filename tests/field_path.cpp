#include <sluice/field_path.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace {

using sluice::FieldPath;

using Names = std::vector<std::string>;

} // namespace

TEST_CASE("a path is names with dots between, or a JSON Pointer") {
    CHECK(FieldPath("user").names() == Names{"user"});
    CHECK(FieldPath("user.id").names() == Names{"user", "id"});
    CHECK(FieldPath("items.0.sku").names() == Names{"items", "0", "sku"});
    CHECK(FieldPath("/user/id").names() == Names{"user", "id"});
    CHECK(FieldPath("/http.status").names() == Names{"http.status"});
    CHECK(FieldPath("/a~1b/c~0d/~01").names() == Names{"a/b", "c~d", "~1"});
    CHECK(FieldPath("/").names() == Names{""});
    CHECK(FieldPath("/a//").names() == Names{"a", "", ""});
    CHECK(FieldPath("a~b.c/d").names() == Names{"a~b", "c/d"});
    for (const auto* none : {"", ".", "a.", ".a", "a..b", "/~", "/~2", "/a~"}) {
        CAPTURE(none);
        CHECK_THROWS_AS(static_cast<void>(FieldPath(none)), std::invalid_argument);
    }
}

TEST_CASE("paths are the same if their names are") {
    CHECK(FieldPath("a.b") == FieldPath("/a/b"));
    CHECK_FALSE(FieldPath("a.b") == FieldPath("/a.b"));
}
