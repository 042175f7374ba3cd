#include <sluice/repository/dynamodb_index.hpp>

#include <doctest/doctest.h>

namespace {

using sluice::DynamoDbIndex;
using sluice::IndexedField;

} // namespace

TEST_CASE("an index has one field, or two in their order") {
    const DynamoDbIndex one("by-room", IndexedField("room"));
    CHECK(one.name == "by-room");
    REQUIRE(one.fields.size() == 1);
    CHECK(one.fields.front().kind == IndexedField::Kind::text);
    const DynamoDbIndex two("by-room", IndexedField("room"), IndexedField("battery", IndexedField::Kind::number));
    REQUIRE(two.fields.size() == 2);
    CHECK(two.fields.front().name == "room");
    CHECK(two.fields.back().name == "battery");
    CHECK(two.fields.back().kind == IndexedField::Kind::number);
}
