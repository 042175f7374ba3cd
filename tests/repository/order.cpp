#include <sluice/repository/order.hpp>
#include <sluice/repository/random_documents.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace {

using sluice::Query;
using sluice::repository::before;
using sluice::repository::Place;
using sluice::repository::place_of;

/// The ids of places in the order of a query.
std::string sorted(const Query& query, std::vector<Place> places) {
    std::reverse(places.begin(), places.end());
    std::sort(places.begin(), places.end(),
              [&](const auto& a, const auto& b) { return before(query.order(), a, b); });
    std::string ids;
    for (const auto& place : places) ids += place.id;
    return ids;
}

} // namespace

TEST_CASE("numbers come first, then texts, then the rest, and of equals the lesser id") {
    const std::vector<Place> places{{-1, "a"}, {0.5, "c"}, {0.5, "d"}, {1, "b"}, {"", "e"}, {"B", "f"}, {"a", "g"},
                                    {nullptr, "h"}, {nullptr, "i"}};
    CHECK(sorted(Query().order_by("x"), places) == "acdbefghi");
    CHECK(sorted(Query().order_by_descending("x"), places) == "gfebcdahi");
}

TEST_CASE("without an order the id counts") {
    CHECK(sorted(Query(), {{nullptr, "B"}, {nullptr, "a"}, {nullptr, "b"}}) == "Bab");
}

TEST_CASE("only numbers and texts have a place of their own") {
    const auto order = Query().order_by("x.y").order();
    const auto value = [&](boost::json::value its) {
        const boost::json::object document{{"x", boost::json::object{{"y", std::move(its)}}}};
        return place_of(order, document, "id").value;
    };
    CHECK(value(1) == 1);
    CHECK(value("text") == "text");
    CHECK(value(true).is_null());
    CHECK(value(boost::json::array{1}).is_null());
    CHECK(place_of(order, {}, "id").value.is_null());
    CHECK(place_of(Query().order(), {{"x", 1}}, "id").value.is_null());
}

TEST_CASE("every order is one: nobody is before himself, and who is before one that is before another is before both") {
    sluice::repository::RandomDocuments some(2);
    for (int round = 0; round < 300; ++round) {
        const auto order = some.query().order();
        std::vector<Place> places;
        for (int i = 0; i < 12; ++i) places.push_back(place_of(order, some.document(), std::to_string(some.one_in(4))));
        for (const auto& a : places) {
            REQUIRE_FALSE(before(order, a, a));
            for (const auto& b : places) {
                REQUIRE_FALSE((before(order, a, b) && before(order, b, a)));
                for (const auto& c : places) {
                    if (before(order, a, b) && before(order, b, c)) REQUIRE(before(order, a, c));
                }
            }
        }
    }
}
