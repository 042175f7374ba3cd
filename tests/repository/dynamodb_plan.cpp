#include <sluice/repository/dynamodb_plan.hpp>

#include <sluice/aws/json_writer.hpp>

#include <doctest/doctest.h>

#include <string>

namespace {

using sluice::Condition;
using sluice::DynamoDbIndex;
using sluice::Field;
using sluice::IndexedField;
using sluice::repository::DynamoDbTable;
using sluice::repository::plan_of;

DynamoDbTable products() {
    DynamoDbTable table("products");
    table.indexes.emplace_back("by-kind", IndexedField("kind"), IndexedField("price", IndexedField::Kind::number));
    table.indexes.emplace_back("by-name", IndexedField("name"));
    table.indexes.emplace_back("by-size", IndexedField("size", IndexedField::Kind::number), IndexedField("name"));
    return table;
}

/// The index, the condition on its key, and the filter, with names and values in their places.
std::string planned(const Condition& condition) {
    const auto plan = plan_of(products(), sluice::Query(condition));
    if (plan.filter.never) return "never";
    std::string text;
    sluice::aws::JsonWriter out(text);
    out.begin_map();
    plan.filter.expression.write_names_and_values(out);
    out.end_map();
    return plan.index + ": " + plan.key_condition + " | " + plan.filter.expression.text + " | " + text;
}

} // namespace

TEST_CASE("what is equal to something is asked of its index") {
    CHECK(planned(Field("name") == "x") == R"(by-name: #0 = :0 |  | {"ExpressionAttributeNames":{"#0":"name"},)"
                                           R"("ExpressionAttributeValues":{":0":{"S":"x"}}})");
    CHECK(planned(Field("a") == 1 && (Field("name") == "x" && Field("b") == 2))
              .starts_with("by-name: #0 = :0 | #1 = :1 AND #2 = :2 | {"));
    CHECK(planned(Field("name") == "x" && Field("name").starts_with("y")).starts_with("by-name: #0 = :0 |  | {"));
    CHECK(planned(Field("name") == "x" && (Field("name") != "y" || Field("a") == 1))
              .starts_with("by-name: #0 = :0 |  | {"));
}

TEST_CASE("an index with two fields has only what has both") {
    CHECK(planned(Field("kind") == "x").starts_with(": "));
    CHECK(planned(Field("kind") == "x" && Field("price").exists()).starts_with(": "));
    CHECK(planned(Field("kind") == "x" && Field("price") != 5).starts_with(": "));
    CHECK(planned(Field("kind") == "x" && Field("price") > "text").starts_with(": "));
    CHECK(planned(Field("kind") == "x" && Field("price") >= 5) ==
          R"(by-kind: #0 = :0 AND #1 >= :1 |  | {"ExpressionAttributeNames":{"#0":"kind","#1":"price"},)"
          R"("ExpressionAttributeValues":{":0":{"S":"x"},":1":{"N":"5"}}})");
    CHECK(planned(Field("kind") == "x" && Field("price").between(1, 5)).starts_with("by-kind: #0 = :0 AND #1 >= :1 |  |"));
    CHECK(planned(Field("size") == 1 && Field("name").starts_with("y"))
              .starts_with("by-size: #0 = :0 AND begins_with(#1, :1) |  |"));
    CHECK(planned(Field("kind") == "x" && Field("price") < 5 && Field("a").exists())
              .starts_with("by-kind: #0 = :0 AND #1 < :1 | attribute_exists(#2) | {"));
    CHECK(planned(Field("kind") == "x" && Field("name") == "y").starts_with("by-name: #0 = :0 | #1 = :1 | {"));
}

TEST_CASE("everything else is looked for in the whole table") {
    CHECK(planned(Condition()) == ":  |  | {}");
    CHECK(planned(Field("name") == "").starts_with(": "));
    CHECK(planned(Field("name") == 5).starts_with(": "));
    CHECK(planned(Field("name") == nullptr).starts_with(": "));
    CHECK(planned(Field("name") == std::string(2'049, 'x')).starts_with(": "));
    CHECK(planned(Field("name") == std::string(2'048, 'x')).starts_with("by-name: "));
    CHECK(planned(Field("size") == 1 && Field("name") == std::string(1'025, 'x')).starts_with("by-name: "));
    CHECK(planned(Field("name") > "x").starts_with(": "));
    CHECK(planned(Field("name.inner") == "x").starts_with(": "));
    CHECK(planned(Field("name") == "x" || Field("a") == 1).starts_with(": "));
    CHECK(planned(!(Field("name") == "x")).starts_with(": "));
    CHECK(planned(Field("name") == "x" && Field("a") != nullptr) == "never");
}

TEST_CASE("what has to be consistent asks no index") {
    const auto plan = plan_of(products(), sluice::Query(Field("name") == "x").consistent());
    CHECK(plan.index.empty());
    CHECK(plan.filter.expression.text == "#0 = :0");
}
