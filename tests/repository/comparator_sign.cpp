#include <sluice/repository/comparator_sign.hpp>

#include <doctest/doctest.h>

using namespace sluice;
using repository::detail::sign_of;

TEST_CASE("every comparison has a sign of its own") {
    CHECK(sign_of(Condition::Comparator::equal) == "=");
    CHECK(sign_of(Condition::Comparator::not_equal) == "<>");
    CHECK(sign_of(Condition::Comparator::less) == "<");
    CHECK(sign_of(Condition::Comparator::less_or_equal) == "<=");
    CHECK(sign_of(Condition::Comparator::greater) == ">");
    CHECK(sign_of(Condition::Comparator::greater_or_equal) == ">=");
}
