#include <sluice/dynamodb/table_name.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using sluice::dynamodb::require_table_name;

TEST_CASE("a table has a name of 3 to 255 known characters") {
    for (const auto& name : {std::string("abc"), std::string("a-Z_0.9"), std::string(255, 'x')}) {
        CHECK_NOTHROW(require_table_name(name));
    }
    for (const auto& name : {std::string(), std::string("ab"), std::string(256, 'x'), std::string("a b"),
                             std::string("caf\xC3\xA9"), std::string("abc\0", 4), std::string("a/b")}) {
        CHECK_THROWS_AS(require_table_name(name), std::invalid_argument);
    }
}
