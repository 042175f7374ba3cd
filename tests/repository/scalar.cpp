#include <sluice/repository/scalar.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace {

using boost::json::value;
using sluice::repository::compare;

} // namespace

TEST_CASE("numbers compare by what they are worth, however they are held") {
    // Each group is worth more than the one before.
    const std::vector<std::vector<value>> groups{
        {-1e300},
        {std::numeric_limits<std::int64_t>::min(), -9'223'372'036'854'775'808.0},
        {-2, -2.0},
        {-1.5},
        {-1, -1.0},
        {-0.5},
        {0, 0.0, -0.0, std::uint64_t{0}},
        {5e-324},
        {1, 1.0, std::uint64_t{1}},
        {1.5},
        {9'007'199'254'740'992, 9'007'199'254'740'992.0},
        {9'007'199'254'740'993},
        {9'007'199'254'740'994.0, std::uint64_t{9'007'199'254'740'994}},
        {std::numeric_limits<std::int64_t>::max()},
        {9'223'372'036'854'775'808.0, std::uint64_t{1} << 63U},
        {std::numeric_limits<std::uint64_t>::max()},
        {18'446'744'073'709'551'616.0},
        {std::numeric_limits<double>::infinity()}};
    for (std::size_t i = 0; i < groups.size(); ++i) {
        for (std::size_t j = 0; j < groups.size(); ++j) {
            for (const auto& a : groups[i]) {
                for (const auto& b : groups[j]) {
                    CAPTURE(i);
                    CAPTURE(j);
                    CHECK(compare(a, b) == std::partial_ordering(i <=> j));
                }
            }
        }
    }
}

TEST_CASE("texts compare by their bytes, and only the same kinds compare") {
    CHECK(compare("a", "b") < 0);
    CHECK(compare("B", "a") < 0);
    CHECK(compare("a", "aa") < 0);
    CHECK(compare("\xEF\xBF\xBD", "\xF0\x9F\x8D\x8E") < 0); // UTF-16 would have it the other way round
    CHECK(compare(value("a\0b"), value("a")) == 0);
    CHECK(compare(nullptr, nullptr) == 0);
    CHECK(compare(true, true) == 0);
    const auto none = std::partial_ordering::unordered;
    CHECK(compare(true, false) == none);
    CHECK(compare("1", 1) == none);
    CHECK(compare(nullptr, 0) == none);
    CHECK(compare(false, 0) == none);
    CHECK(compare(boost::json::array{1}, boost::json::array{1}) == none);
    CHECK(compare(std::nan(""), 1.0) == none);
    CHECK(compare(std::nan(""), 1) == none);
    CHECK(compare(1, std::nan("")) == none);
}

TEST_CASE("values are the same if their numbers are worth the same") {
    using boost::json::array;
    using boost::json::object;
    using sluice::repository::same;
    CHECK(same(object{{"a", array{1, "x", nullptr}}}, object{{"a", array{1.0, "x", nullptr}}}));
    CHECK_FALSE(same(object{{"a", 1}}, object{{"b", 1}}));
    CHECK_FALSE(same(object{{"a", 1}}, object{{"a", 1}, {"b", 1}}));
    CHECK_FALSE(same(array{1}, array{1, 2}));
    CHECK_FALSE(same(array{1, 2}, array{1}));
    CHECK_FALSE(same(array{"1"}, array{1}));
    CHECK_FALSE(same(nullptr, 0));
    CHECK(same(true, true));
    CHECK_FALSE(same(true, false));
}
