#include <sluice/repository/dynamodb_condition.hpp>

#include <sluice/repository/random_documents.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace {

using sluice::Condition;
using sluice::Field;
using sluice::dynamodb::Expression;
using sluice::repository::filter_of;
using sluice::repository::KeyNames;

std::string written(const Condition& condition, const KeyNames& keys = {}) {
    const auto filter = filter_of(condition, keys);
    const auto& expression = filter.expression;
    if (filter.never) return "never";
    if (expression.text.empty()) return "always";
    std::string text;
    sluice::aws::JsonWriter out(text);
    out.begin_map();
    expression.write_names_and_values(out);
    out.end_map();
    return expression.text + " " + text;
}

/// Whether something is in two pairs of parentheses, or all of it in one.
bool has_idle_parentheses(const std::string& text) {
    std::vector<std::size_t> open;
    std::map<std::size_t, std::size_t> pairs;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '(') open.push_back(i);
        if (text[i] != ')') continue;
        pairs[open.back()] = i;
        open.pop_back();
    }
    for (const auto& [begin, end] : pairs) {
        if (begin == 0 && end + 1 == text.size()) return true;
        const auto inner = pairs.find(begin + 1);
        if (inner != pairs.end() && inner->second + 1 == end) return true;
    }
    return false;
}

} // namespace

TEST_CASE("idle parentheses are seen") {
    CHECK(has_idle_parentheses("a AND ((b OR c))"));
    CHECK(has_idle_parentheses("(a AND b)"));
    CHECK_FALSE(has_idle_parentheses("((a AND b) OR f(c)) AND (d OR e)"));
}

TEST_CASE("conditions are expressions of placeholders") {
    CHECK(written(Field("status") == "new") ==
          R"(#0 = :0 {"ExpressionAttributeNames":{"#0":"status"},"ExpressionAttributeValues":{":0":{"S":"new"}}})");
    CHECK(written(Field("a.b") != 1) ==
          R"(attribute_type(#0.#1, :0) AND #0.#1 <> :1 {"ExpressionAttributeNames":{"#0":"a","#1":"b"},)"
          R"("ExpressionAttributeValues":{":0":{"S":"N"},":1":{"N":"1"}}})");
    CHECK(written(!(Field("n") > 1.5) && (Field("n") <= 2 || Field("t").exists()))
              .starts_with("NOT #0 > :0 AND (#0 <= :1 OR attribute_exists(#1)) "));
    CHECK(written(!(Field("a") != 1)).starts_with("NOT (attribute_type(#0, :0) AND #0 <> :1) "));
    CHECK(written(!(Field("a") == 1 || Field("b") == 2)).starts_with("NOT (#0 = :0 OR #1 = :1) "));
    CHECK(written(!!(Field("a") == 1)).starts_with("#0 = :0 "));
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
    CHECK(written(Condition()) == "always");
    CHECK(written(Condition(Condition::Any())) == "never");
    CHECK(written(Field("a").contains("")) == "always");
    CHECK(written(!Field("a").contains("")) == "always");
    CHECK(written(Field("a").contains(true)) == "always");
    CHECK(written(Field("a") < 1e200) == "always");
    CHECK(written(!(Field("a") < 1e200)) == "always");
    CHECK(written(Field("a") != nullptr) == "never");
    CHECK(written(!(Field("a") != nullptr)) == "always");
}

TEST_CASE("what is the same for every item is left out, with its names and values") {
    const auto known = Field("a") == 1;
    const auto only = R"(#0 = :0 {"ExpressionAttributeNames":{"#0":"a"},"ExpressionAttributeValues":{":0":{"N":"1"}}})";
    CHECK(written(Condition() && known) == only);
    CHECK(written(Field("b").contains("") && known) == only);
    CHECK(written((Field("b") != nullptr) || known) == only);
    CHECK(written((Field("b") != nullptr) && known) == "never");
    CHECK(written(Field("b").contains("") || known) == "always");
    CHECK(written(!(!Field("b").contains("") || !known)) == only);
}

TEST_CASE("keys are no part of a filter") {
    KeyNames asked;
    asked.asked = {"key"};
    const auto known = Field("a") == 1;
    const auto only = R"(#0 = :0 {"ExpressionAttributeNames":{"#0":"a"},"ExpressionAttributeValues":{":0":{"N":"1"}}})";
    CHECK(written(Field("key") == 2 && known, asked) == only);
    CHECK(written(Field("key.inner").exists() && known, asked) == only);
    CHECK(written(!(Field("key") == 2) && known, asked) == only);
    CHECK(written(Field("key") == 2 || known, asked) == "always");
    KeyNames id;
    id.asked = {"$id"};
    CHECK(written(Field("$id") == 2 || known, id).starts_with("#0 = :0 OR #1 = :1 "));
}

TEST_CASE("what is a key somewhere has nothing in it") {
    const auto known = Field("a") == 1;
    KeyNames keys;
    keys.any = {"key"};
    CHECK(written(Field("key") == 2 && known, keys).starts_with("#0 = :0 AND #1 = :1 "));
    CHECK(written(Field("key.inner") == 2 && known, keys).starts_with("#0 = :0 {\"ExpressionAttributeNames\":{\"#0\":\"a\"}"));
    CHECK(written(Field("key.inner") == 2 || known, keys) == "always");
}

TEST_CASE("what is too much filters nothing") {
    Condition large, many;
    for (int i = 0; i < 60; ++i) large = large && Field(std::string(4'000, 'x') + std::to_string(i)) == i;
    CHECK(written(large).starts_with("#0 = :0 AND #1 = :1")); // names do not count
    for (int i = 0; i < 160; ++i) many = many || Field("x") == i;
    CHECK(written(many) == "always");
    std::string path = "a";
    for (int i = 0; i < 40; ++i) path += ".a";
    CHECK(written(Field(path) == 1) == "always");
}

TEST_CASE("no text of a user is in an expression") {
    sluice::repository::RandomDocuments some(1);
    for (int i = 0; i < 1'000; ++i) {
        const Expression expression = filter_of(some.condition()).expression;
        CAPTURE(expression.text);
        REQUIRE(expression.text.find_first_of("'\"%;\\") == std::string::npos);
        REQUIRE(expression.text.find("Apple") == std::string::npos);
        REQUIRE(expression.text.find("price") == std::string::npos);
        REQUIRE_FALSE(has_idle_parentheses(expression.text));
    }
    CHECK(written(Field("x) OR attribute_exists(id") == "' OR 1").starts_with("#0 = :0 "));
}
