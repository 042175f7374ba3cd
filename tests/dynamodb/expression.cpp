#include <sluice/dynamodb/expression.hpp>

#include <doctest/doctest.h>

#include <string>

namespace {

using sluice::dynamodb::AttributeValue;
using sluice::dynamodb::Expression;
using sluice::dynamodb::Number;

std::string written(const Expression& expression) {
    std::string text;
    sluice::aws::JsonWriter out(text);
    out.begin_map();
    expression.write_names_and_values(out);
    out.end_map();
    return text;
}

} // namespace

TEST_CASE("names and values have placeholders, and the same one has the same") {
    Expression expression;
    CHECK(expression.name("status") == "#0");
    CHECK(expression.path({"a.b", "status", "#:"}) == "#1.#0.#2");
    CHECK(expression.value(AttributeValue::of(std::string("x"))) == ":0");
    CHECK(expression.value(AttributeValue::of(Number(1))) == ":1");
    CHECK(expression.value(AttributeValue::of(std::string("x"))) == ":0");
    CHECK(expression.value(AttributeValue()) == ":2");
    CHECK(written(expression) ==
          R"({"ExpressionAttributeNames":{"#0":"status","#1":"a.b","#2":"#:"},)"
          R"("ExpressionAttributeValues":{":0":{"S":"x"},":1":{"N":"1"},":2":{"NULL":true}}})");
}

TEST_CASE("what there is none of is not written") {
    CHECK(written(Expression()) == "{}");
    Expression names;
    CHECK(names.name("a") == "#0");
    CHECK(written(names) == R"({"ExpressionAttributeNames":{"#0":"a"}})");
}
