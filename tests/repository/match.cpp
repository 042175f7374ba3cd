#include <sluice/repository/match.hpp>
#include <sluice/repository/random_documents.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <doctest/doctest.h>

#include <string_view>

namespace {

using sluice::Condition;
using sluice::Field;
using sluice::repository::matches;

bool holds(const Condition& condition, std::string_view json) {
    return matches(condition, boost::json::parse(json).as_object());
}

} // namespace

TEST_CASE("comparisons need the field, and a value of the constant's kind") {
    CHECK(holds(Field("a") == 1, R"({"a":1.0})"));
    CHECK(holds(Field("a") != 1, R"({"a":2})"));
    CHECK_FALSE(holds(Field("a") != 1, R"({"a":"1"})"));
    CHECK_FALSE(holds(Field("a") != 1, R"({})"));
    CHECK(holds(!(Field("a") == 1), R"({})"));
    CHECK(holds(Field("a") == nullptr, R"({"a":null})"));
    CHECK_FALSE(holds(Field("a") == nullptr, R"({})"));
    CHECK(holds(Field("a") != true, R"({"a":false})"));
    CHECK(holds(Field("a") < 2, R"({"a":1.5})"));
    CHECK_FALSE(holds(Field("a") < "2", R"({"a":1})"));
    CHECK_FALSE(holds(Field("a") < 2, R"({"a":2})"));
    CHECK(holds(Field("a") <= 2, R"({"a":2})"));
    CHECK(holds(Field("a") > "Apple", R"({"a":"apple"})"));
    CHECK_FALSE(holds(Field("a") > 2, R"({"a":2})"));
    CHECK(holds(Field("a") >= 2, R"({"a":2})"));
}

TEST_CASE("bounds are part of what is between them") {
    const auto condition = Field("a").between(10, 25);
    CHECK(holds(condition, R"({"a":10})"));
    CHECK(holds(condition, R"({"a":25})"));
    CHECK_FALSE(holds(condition, R"({"a":9.999})"));
    CHECK_FALSE(holds(condition, R"({"a":25.001})"));
}

TEST_CASE("a prefix is a prefix, and large and small letters differ") {
    CHECK(holds(Field("name").starts_with("App"), R"({"name":"Apple"})"));
    CHECK(holds(Field("name").starts_with(""), R"({"name":""})"));
    CHECK_FALSE(holds(Field("name").starts_with("app"), R"({"name":"Apple"})"));
    CHECK_FALSE(holds(Field("name").starts_with("pple"), R"({"name":"Apple"})"));
    CHECK_FALSE(holds(Field("name").starts_with("1"), R"({"name":1})"));
    CHECK_FALSE(holds(Field("name").starts_with(""), R"({})"));
}

TEST_CASE("texts contain texts, arrays contain items") {
    CHECK(holds(Field("name").contains("ppl"), R"({"name":"Apple"})"));
    CHECK(holds(Field("name").contains(""), R"({"name":""})"));
    CHECK_FALSE(holds(Field("name").contains("PPL"), R"({"name":"Apple"})"));
    CHECK_FALSE(holds(Field("name").contains(1), R"({"name":"1"})"));
    CHECK(holds(Field("tags").contains(1), R"({"tags":["x",1.0]})"));
    CHECK(holds(Field("tags").contains(nullptr), R"({"tags":[null]})"));
    CHECK_FALSE(holds(Field("tags").contains("x"), R"({"tags":["xy",["x"]]})"));
    CHECK_FALSE(holds(Field("tags").contains("x"), R"({"tags":{"x":"x"}})"));
}

TEST_CASE("paths lead through objects only") {
    CHECK(holds(Field("a.b").exists(), R"({"a":{"b":null}})"));
    CHECK_FALSE(holds(Field("a.b.c").exists(), R"({"a":{"b":null}})"));
    CHECK_FALSE(holds(Field("a.0").exists(), R"({"a":[1]})"));
    CHECK(holds(Field("/a.b").exists(), R"({"a.b":1})"));
}

TEST_CASE("conditions are joined, and what says nothing always holds") {
    const auto a = Field("a") == 1;
    const auto b = Field("b") == 2;
    CHECK(holds(Condition(), "{}"));
    CHECK(holds(a && b, R"({"a":1,"b":2})"));
    CHECK_FALSE(holds(a && b, R"({"a":1})"));
    CHECK(holds(a || b, R"({"b":2})"));
    CHECK_FALSE(holds(a || b, "{}"));
    CHECK(holds(!(a || b), "{}"));
    CHECK(holds(a && !b, R"({"a":1})"));
    CHECK(holds(Condition() && a, R"({"a":1})"));
    CHECK(holds(a || Condition(), "{}"));
    CHECK_FALSE(holds(Condition(Condition::Any()), "{}"));
    // Lists grow on the left only where they mean the same.
    CHECK(holds((a || b) || Field("c") == 3, R"({"c":3})"));
    CHECK_FALSE(holds((a || b) && Field("c") == 3, R"({"a":1})"));
}

TEST_CASE("the laws of logic hold for whatever there is") {
    sluice::repository::RandomDocuments some(1);
    for (int i = 0; i < 20'000; ++i) {
        const auto document = some.document();
        const auto a = some.condition();
        const auto b = some.condition();
        const bool is_a = matches(a, document);
        const bool is_b = matches(b, document);
        REQUIRE(matches(!a, document) == !is_a);
        REQUIRE(matches(a && b, document) == (is_a && is_b));
        REQUIRE(matches(!(!a || !b), document) == (is_a && is_b));
        const sluice::Field field(some.path());
        const auto constant = some.ordered();
        const int alike = int(matches(field < constant, document)) + int(matches(field == constant, document)) +
                          int(matches(field > constant, document));
        REQUIRE(alike <= 1);
        REQUIRE(matches(field <= constant, document) == (alike == 1 && !matches(field > constant, document)));
        REQUIRE(matches(field != constant, document) == (alike == 1 && !matches(field == constant, document)));
    }
}
