#include <sluice/repository/dynamodb_condition.hpp>

#include <sluice/repository/random_documents.hpp>

#include <doctest/doctest.h>

#include <string>

namespace {

using sluice::Condition;
using sluice::Field;
using sluice::dynamodb::Expression;
using sluice::repository::add_condition;

std::string written(const Condition& condition) {
    Expression expression;
    add_condition(expression, condition);
    std::string text;
    sluice::aws::JsonWriter out(text);
    out.begin_map();
    expression.write_names_and_values(out);
    out.end_map();
    return expression.text + " " + text;
}

} // namespace

TEST_CASE("conditions are expressions of placeholders") {
    CHECK(written(Field("status") == "new") ==
          R"(#0 = :0 {"ExpressionAttributeNames":{"#0":"status"},"ExpressionAttributeValues":{":0":{"S":"new"}}})");
    CHECK(written(Field("a.b") != 1) ==
          R"((attribute_type(#0.#1, :0) AND #0.#1 <> :1) {"ExpressionAttributeNames":{"#0":"a","#1":"b"},)"
          R"("ExpressionAttributeValues":{":0":{"S":"N"},":1":{"N":"1"}}})");
    CHECK(written(!(Field("n") > 1.5) && (Field("n") <= 2 || Field("t").exists()))
              .starts_with("((NOT #0 > :0) AND (#0 <= :1 OR attribute_exists(#1))) "));
    CHECK(written(Field("a").starts_with("x")).starts_with("begins_with(#0, :0) "));
    CHECK(written(Field("a").starts_with("")).starts_with("attribute_type(#0, :0) "));
    CHECK(written(Field("a").contains("x")).starts_with("contains(#0, :0) "));
    CHECK(written(Field("a") == nullptr).starts_with("attribute_type(#0, :0) "));
    CHECK(written(Field("a") != true) ==
          R"(#0 = :0 {"ExpressionAttributeNames":{"#0":"a"},"ExpressionAttributeValues":{":0":{"BOOL":false}}})");
    CHECK(written(Field("$id.$id").exists()) ==
          R"(attribute_exists(#0.#1) {"ExpressionAttributeNames":{"#0":"$$id","#1":"$id"}})");
}

TEST_CASE("what cannot be told may be, or within a negation may not be") {
    CHECK(written(Condition()) == R"(attribute_exists(#0) {"ExpressionAttributeNames":{"#0":"$id"}})");
    CHECK(written(Condition(Condition::Any())).starts_with("attribute_not_exists(#0) "));
    CHECK(written(Field("a").contains("")).starts_with("attribute_exists(#0) "));
    CHECK(written(!Field("a").contains("")).starts_with("(NOT attribute_not_exists(#0)) "));
    CHECK(written(Field("a") < 1e200).starts_with("attribute_exists(#0) "));
    CHECK(written(!(Field("a") < 1e200)).starts_with("(NOT attribute_not_exists(#0)) "));
    CHECK(written(Field("a") != nullptr).starts_with("attribute_not_exists(#0) "));
}

TEST_CASE("no text of a user is in an expression") {
    sluice::repository::RandomDocuments some(1);
    for (int i = 0; i < 1'000; ++i) {
        Expression expression;
        add_condition(expression, some.condition());
        CAPTURE(expression.text);
        REQUIRE(expression.text.find_first_of("'\"%;\\") == std::string::npos);
        REQUIRE(expression.text.find("Apple") == std::string::npos);
        REQUIRE(expression.text.find("price") == std::string::npos);
    }
    CHECK(written(Field("x) OR attribute_exists(id") == "' OR 1").starts_with("#0 = :0 "));
}
