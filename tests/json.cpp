#include <sluice/json.hpp>

#include <doctest/doctest.h>

#include <boost/json/value.hpp>

#include <map>
#include <string>
#include <vector>

namespace json = boost::json;

namespace {

class Point {
public:
    Point(int its_x, int its_y) : x(its_x), y(its_y) {}
    int x;
    int y;

    friend void tag_invoke(const json::value_from_tag&, json::value& into, const Point& point) {
        into = {{"x", point.x}, {"y", point.y}};
    }
};

/// Keeps what is put.
class Puts {
public:
    int async_put(const sluice::Record& record, int token) {
        records.push_back(record);
        return token;
    }
    void put(const sluice::Record& record) { records.push_back(record); }

    std::vector<sluice::Record> records;
};

} // namespace

TEST_CASE("whatever Boost.JSON can convert becomes text") {
    CHECK(sluice::json_text(Point(1, -2)) == R"({"x":1,"y":-2})");
    CHECK(sluice::json_text(std::vector<Point>{{1, 2}, {3, 4}}) == R"([{"x":1,"y":2},{"x":3,"y":4}])");
    CHECK(sluice::json_text(std::map<std::string, int>{{"one", 1}}) == R"({"one":1})");
    CHECK(sluice::json_text(json::value{{"text", "\"quoted\"\n"}}) == R"({"text":"\"quoted\"\n"})");
    CHECK(sluice::json_text(nullptr) == "null");
}

TEST_CASE("a value is put under its key, with the token that was given") {
    Puts puts;
    CHECK(sluice::async_put_json(puts, Point(1, 2), "point-7", 42) == 42);
    sluice::put_json(puts, Point(3, 4), "point-8");
    sluice::put_json(puts, Point(5, 6));
    REQUIRE(puts.records.size() == 3);
    CHECK(puts.records[0] == sluice::Record("point-7", R"({"x":1,"y":2})"));
    CHECK(puts.records[1] == sluice::Record("point-8", R"({"x":3,"y":4})"));
    CHECK(puts.records[2] == sluice::Record(R"({"x":5,"y":6})")); // whose key the partitioning chooses
}
