#include <sluice/repository/dynamodb_table.hpp>

#include <sluice/aws/json_call.hpp>

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>

#include <string>

namespace {

using sluice::DynamoDbIndex;
using sluice::IndexedField;
using sluice::dynamodb::TableDescription;
using sluice::repository::DynamoDbTable;

DynamoDbTable products() {
    DynamoDbTable table("products");
    table.indexes.emplace_back("by-name", IndexedField("name"));
    table.indexes.emplace_back("by-$kind", IndexedField("$kind"), IndexedField("price", IndexedField::Kind::number));
    return table;
}

/// The answer to a `DescribeTable`, as it is told of that table.
TableDescription described() {
    return sluice::aws::decode_json<TableDescription>(
               R"({"Table":{"TableName":"products","TableStatus":"ACTIVE",)"
               R"("AttributeDefinitions":[{"AttributeName":"$id","AttributeType":"S"},)"
               R"({"AttributeName":"name","AttributeType":"S"},{"AttributeName":"$$kind","AttributeType":"S"},)"
               R"({"AttributeName":"price","AttributeType":"N"}],)"
               R"("KeySchema":[{"AttributeName":"$id","KeyType":"HASH"}],"GlobalSecondaryIndexes":[)"
               R"({"IndexName":"by-$kind","IndexStatus":"ACTIVE","KeySchema":[)"
               R"({"AttributeName":"price","KeyType":"RANGE"},{"AttributeName":"$$kind","KeyType":"HASH"}]},)"
               R"({"IndexName":"by-name","KeySchema":[{"AttributeName":"name","KeyType":"HASH"}]}]}})")
        .value();
}

} // namespace

TEST_CASE("a table is made with its key, its indexes and a change stream") {
    const auto json = boost::json::parse(sluice::aws::encode_json(products().creation()));
    CHECK(json == boost::json::parse(R"({
        "TableName": "products",
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "$id", "KeyType": "HASH"}],
        "AttributeDefinitions": [
            {"AttributeName": "$id", "AttributeType": "S"}, {"AttributeName": "name", "AttributeType": "S"},
            {"AttributeName": "$$kind", "AttributeType": "S"}, {"AttributeName": "price", "AttributeType": "N"}],
        "GlobalSecondaryIndexes": [
            {"IndexName": "by-name", "KeySchema": [{"AttributeName": "name", "KeyType": "HASH"}],
             "Projection": {"ProjectionType": "ALL"}},
            {"IndexName": "by-$kind", "KeySchema": [{"AttributeName": "$$kind", "KeyType": "HASH"},
                                                    {"AttributeName": "price", "KeyType": "RANGE"}],
             "Projection": {"ProjectionType": "ALL"}}],
        "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"}})"));
}

TEST_CASE("a table is what is wanted, or it is told what it lacks") {
    CHECK(products().complaint(described()).empty());
    CHECK(DynamoDbTable("products").complaint(described()).empty()); // more indexes do no harm
    auto other = described();
    other.key = {"id"};
    CHECK(products().complaint(other) == "its key is not the text `$id` alone");
    other.key = {"$id", "time"};
    CHECK(products().complaint(other) == "its key is not the text `$id` alone");
    other = described();
    other.indexes.pop_back();
    CHECK(products().complaint(other) == "it has no index `by-name`");
    other = described();
    other.indexes.front().key = {"$$kind"};
    CHECK(products().complaint(other) == "its index `by-$kind` has another key");
    other = described();
    other.indexes.front().complete = false;
    CHECK(products().complaint(other) == "its index `by-$kind` has not all attributes");
    other = described();
    other.types["price"] = "S";
    CHECK(products().complaint(other) == "its index `by-$kind` has another key");
    other.types["$id"] = "N";
    CHECK(products().complaint(other) == "its key is not the text `$id` alone");
}
