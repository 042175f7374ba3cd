#include <sluice/repository/page_token.hpp>
#include <sluice/repository/random_documents.hpp>

#include <boost/json/serialize.hpp>

#include <doctest/doctest.h>

#include <string>

namespace {

using sluice::error;
using sluice::Query;
using sluice::repository::page_token;
using sluice::repository::Place;
using sluice::repository::read_page_token;

std::string base64(const std::string& json) {
    std::string text;
    sluice::aws::append_base64(text, json);
    return text;
}

} // namespace

TEST_CASE("a token says where a page ended, whatever stands there") {
    sluice::repository::RandomDocuments some(3);
    for (int i = 0; i < 1'000; ++i) {
        const auto order = some.query().order();
        const Place last(order && some.one_in(3) > 0 ? some.ordered() : boost::json::value(), some.text());
        const auto read = read_page_token(order, page_token(order, last));
        REQUIRE(read.has_value());
        REQUIRE(read->value == last.value);
        REQUIRE(read->value.kind() == last.value.kind());
        REQUIRE(read->id == last.id);
    }
}

TEST_CASE("the token of another order is none") {
    const auto none = Query().order();
    const auto up = Query().order_by("a").order();
    const auto down = Query().order_by_descending("a").order();
    const auto other = Query().order_by("a.b").order();
    for (const auto* mine : {&none, &up, &down, &other}) {
        for (const auto* its : {&none, &up, &down, &other}) {
            const auto read = read_page_token(*mine, page_token(*its, {nullptr, "id"}));
            CHECK(read.has_value() == (mine == its));
            if (mine != its) CHECK(read.error() == error::query_invalid);
        }
    }
}

TEST_CASE("what nobody made is no token") {
    const auto order = Query().order_by("a").order();
    for (const std::string json :
         {"", "1", "null", "[]", "{}", R"({"order":[false,"a"],"value":1})", R"({"order":[false,"a"],"value":1,"id":2})",
          R"({"order":[false,"a"],"value":true,"id":"id"})", R"({"order":[false,"a"],"value":[],"id":"id"})",
          R"({"order":[false,"a"],"value":1,"id":"id","more":0})", R"({"order":null,"value":1,"id":"id"})",
          R"({"order":[false,"a"],"values":1,"id":"id"})", "[[[[[[[["}) {
        CAPTURE(json);
        CHECK(read_page_token(order, base64(json)).error() == error::query_invalid);
    }
    CHECK(read_page_token(order, "no base64").error() == error::query_invalid);
    CHECK(read_page_token(Query().order(), base64(R"({"order":null,"value":1,"id":"id"})")).error() == error::query_invalid);
    CHECK(read_page_token(order, base64(R"({"order":[false,"a"],"value":1,"id":"id"})")).has_value());
}
