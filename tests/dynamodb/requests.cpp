#include <sluice/dynamodb/requests.hpp>

#include <sluice/aws/json_call.hpp>

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace sluice;
using namespace sluice::dynamodb;

namespace {

AttributeValue text(std::string value) { return AttributeValue::of(std::move(value)); }

Item key(std::string id) {
    Item item;
    item["id"] = text(std::move(id));
    return item;
}

Item with_number(std::string id, int number) {
    auto item = key(std::move(id));
    item["n"] = AttributeValue::of(Number(number));
    return item;
}

/// `n = 5`.
Expression is_five() {
    Expression condition;
    const auto name = condition.name("n");
    condition.text = name + " = " + condition.value(AttributeValue::of(Number(5)));
    return condition;
}

/// Checks the whole body, whatever the order of its members.
template <class Request>
void check_body(const Request& request, std::string_view expected) {
    const auto body = aws::encode_json(request);
    CHECK_MESSAGE(boost::json::parse(body) == boost::json::parse({expected.data(), expected.size()}), body);
}

} // namespace

TEST_CASE("every request names its operation") {
    CHECK(GetItem::operation == "GetItem");
    CHECK(PutItem::operation == "PutItem");
    CHECK(DeleteItem::operation == "DeleteItem");
    CHECK(TransactWriteItems::operation == "TransactWriteItems");
    CHECK(BatchWriteItem::operation == "BatchWriteItem");
    CHECK(Scan::operation == "Scan");
    CHECK(dynamodb::Query::operation == "Query");
    CHECK(CreateTable::operation == "CreateTable");
    CHECK(DescribeTable::operation == "DescribeTable");
    CHECK(DeleteTable::operation == "DeleteTable");
    CHECK(DescribeTimeToLive::operation == "DescribeTimeToLive");
    CHECK(UpdateTimeToLive::operation == "UpdateTimeToLive");
}

TEST_CASE("an item is asked for by its key, with what was written just before") {
    GetItem request("t", key("a"));
    check_body(request, R"({"TableName":"t","Key":{"id":{"S":"a"}},"ConsistentRead":true})");
    request.consistent = false;
    check_body(request, R"({"TableName":"t","Key":{"id":{"S":"a"}},"ConsistentRead":false})");
}

TEST_CASE("an item is put, with a condition or without") {
    check_body(PutItem("t", with_number("a\"", 7)), R"({"TableName":"t","Item":{"id":{"S":"a\""},"n":{"N":"7"}}})");
    check_body(PutItem("t", key("a"), is_five()),
               R"({"TableName":"t","Item":{"id":{"S":"a"}},"ConditionExpression":"#0 = :0",
                   "ExpressionAttributeNames":{"#0":"n"},"ExpressionAttributeValues":{":0":{"N":"5"}},
                   "ReturnValuesOnConditionCheckFailure":"ALL_OLD"})");
}

TEST_CASE("a condition on names alone has no values") {
    Expression is_new;
    is_new.text = "attribute_not_exists(" + is_new.name("id") + ")";
    check_body(PutItem("t", key("a"), is_new),
               R"json({"TableName":"t","Item":{"id":{"S":"a"}},"ConditionExpression":"attribute_not_exists(#0)",
                       "ExpressionAttributeNames":{"#0":"id"},
                       "ReturnValuesOnConditionCheckFailure":"ALL_OLD"})json");
}

TEST_CASE("an item is deleted by its key, with a condition or without") {
    check_body(DeleteItem("t", key("a")), R"({"TableName":"t","Key":{"id":{"S":"a"}}})");
    check_body(DeleteItem("t", key("a"), is_five()),
               R"({"TableName":"t","Key":{"id":{"S":"a"}},"ConditionExpression":"#0 = :0",
                   "ExpressionAttributeNames":{"#0":"n"},"ExpressionAttributeValues":{":0":{"N":"5"}},
                   "ReturnValuesOnConditionCheckFailure":"ALL_OLD"})");
}

TEST_CASE("the names and values of an expression without a text are left out, for the service refuses them") {
    auto nothing = is_five();
    nothing.text.clear();
    check_body(PutItem("t", key("a"), nothing), R"({"TableName":"t","Item":{"id":{"S":"a"}}})");
    check_body(DeleteItem("t", key("a"), nothing), R"({"TableName":"t","Key":{"id":{"S":"a"}}})");
    Scan scan("t");
    scan.filter = nothing;
    check_body(scan, R"({"TableName":"t","ConsistentRead":true})");
}

TEST_CASE("writes are made together, each with its own condition") {
    std::vector<Write> writes;
    writes.emplace_back(PutItem("t", with_number("a", 1), is_five()));
    writes.emplace_back(DeleteItem("u", key("b")));
    check_body(TransactWriteItems("token", writes),
               R"({"ClientRequestToken":"token","TransactItems":[
                   {"Put":{"TableName":"t","Item":{"id":{"S":"a"},"n":{"N":"1"}},"ConditionExpression":"#0 = :0",
                           "ExpressionAttributeNames":{"#0":"n"},"ExpressionAttributeValues":{":0":{"N":"5"}},
                           "ReturnValuesOnConditionCheckFailure":"ALL_OLD"}},
                   {"Delete":{"TableName":"u","Key":{"id":{"S":"b"}}}}]})");
}

TEST_CASE("a batch puts and removes") {
    check_body(BatchWriteItem("t", {key("a"), key("b")}, {key("c")}),
               R"({"RequestItems":{"t":[{"PutRequest":{"Item":{"id":{"S":"a"}}}},
                                        {"PutRequest":{"Item":{"id":{"S":"b"}}}},
                                        {"DeleteRequest":{"Key":{"id":{"S":"c"}}}}]}})");
    check_body(BatchWriteItem("t", {}, {key("c")}),
               R"({"RequestItems":{"t":[{"DeleteRequest":{"Key":{"id":{"S":"c"}}}}]}})");
}

TEST_CASE("a table is scanned, a part of it, or from where a page ended") {
    Scan request("t");
    check_body(request, R"({"TableName":"t","ConsistentRead":true})");
    request.filter = is_five();
    request.start = key("z");
    request.limit = 10;
    request.segment = 0;
    request.segments = 4;
    request.consistent = false;
    check_body(request, R"({"TableName":"t","FilterExpression":"#0 = :0","ExpressionAttributeNames":{"#0":"n"},
                            "ExpressionAttributeValues":{":0":{"N":"5"}},"ExclusiveStartKey":{"id":{"S":"z"}},
                            "Limit":10,"Segment":0,"TotalSegments":4,"ConsistentRead":false})");
}

TEST_CASE("a partition is queried, of the table or of an index") {
    dynamodb::Query request("t");
    request.key_condition = request.filter.name("id") + " = " + request.filter.value(text("a"));
    check_body(request, R"({"TableName":"t","KeyConditionExpression":"#0 = :0","ExpressionAttributeNames":{"#0":"id"},
                            "ExpressionAttributeValues":{":0":{"S":"a"}},"ScanIndexForward":true,
                            "ConsistentRead":true})");
    request.index = "by-name";
    request.filter.text = request.filter.name("n") + " > " + request.filter.value(AttributeValue::of(Number(5)));
    request.projection = request.filter.name("id");
    request.start = key("z");
    request.limit = 3;
    request.backward = true;
    request.consistent = false;
    check_body(request, R"({"TableName":"t","IndexName":"by-name","KeyConditionExpression":"#0 = :0",
                            "FilterExpression":"#1 > :1","ProjectionExpression":"#0",
                            "ExpressionAttributeNames":{"#0":"id","#1":"n"},
                            "ExpressionAttributeValues":{":0":{"S":"a"},":1":{"N":"5"}},
                            "ExclusiveStartKey":{"id":{"S":"z"}},"Limit":3,"ScanIndexForward":false,
                            "ConsistentRead":false})");
}

TEST_CASE("a table is made, paid by request") {
    check_body(CreateTable("t", KeySchema(KeyAttribute("id"))),
               R"({"TableName":"t","AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],
                   "KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST"})");
}

TEST_CASE("a table is made with indexes, each attribute defined once, and with a change stream") {
    using Type = KeyAttribute::Type;
    CreateTable request("t", KeySchema(KeyAttribute("id"), KeyAttribute("at", Type::number)));
    request.indexes.emplace_back("by-owner", KeySchema(KeyAttribute("owner", Type::bytes), KeyAttribute("id")));
    request.indexes.emplace_back("by-time", KeySchema(KeyAttribute("at", Type::number)));
    request.stream = true;
    check_body(request, R"({"TableName":"t",
        "AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"},{"AttributeName":"at","AttributeType":"N"},
                                {"AttributeName":"owner","AttributeType":"B"}],
        "KeySchema":[{"AttributeName":"id","KeyType":"HASH"},{"AttributeName":"at","KeyType":"RANGE"}],
        "BillingMode":"PAY_PER_REQUEST",
        "GlobalSecondaryIndexes":[
            {"IndexName":"by-owner","KeySchema":[{"AttributeName":"owner","KeyType":"HASH"},
                                                 {"AttributeName":"id","KeyType":"RANGE"}],
             "Projection":{"ProjectionType":"ALL"}},
            {"IndexName":"by-time","KeySchema":[{"AttributeName":"at","KeyType":"HASH"}],
             "Projection":{"ProjectionType":"ALL"}}],
        "StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES"}})");
}

TEST_CASE("what is asked of a table names it and nothing else") {
    check_body(DescribeTable("t"), R"({"TableName":"t"})");
    check_body(DeleteTable("t"), R"({"TableName":"t"})");
    check_body(DescribeTimeToLive("t"), R"({"TableName":"t"})");
}

TEST_CASE("items are forgotten by the time in an attribute") {
    check_body(UpdateTimeToLive("t", "until"),
               R"({"TableName":"t","TimeToLiveSpecification":{"Enabled":true,"AttributeName":"until"}})");
}
