#include <sluice/aws/query.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <utility>

using sluice::aws::QueryWriter;

TEST_CASE("a call of the query protocol is a form") {
    QueryWriter query("GetRole", "2010-05-08");
    query.text("RoleName", "r1");
    CHECK(query.body() == "Action=GetRole&Version=2010-05-08&RoleName=r1");
}

TEST_CASE("values of a query are encoded, and lists count from one") {
    QueryWriter query("A", "1");
    query.text("Policy", R"({"a": "b&c=d+é"})");
    query.text("Path", "");
    query.number("DurationSeconds", 3'600);
    query.number("Least", std::numeric_limits<std::int64_t>::min());
    query.boolean("Yes", true);
    query.boolean("No", false);
    query.text(QueryWriter::member("Arns", 1), "a:b");
    query.text(QueryWriter::member("Tags", 12, "Key"), "k");
    CHECK(std::move(query).body() ==
          "Action=A&Version=1&Policy=%7B%22a%22%3A%20%22b%26c%3Dd%2B%C3%A9%22%7D&Path=&DurationSeconds=3600"
          "&Least=-9223372036854775808&Yes=true&No=false&Arns.member.1=a%3Ab&Tags.member.12.Key=k");
}
