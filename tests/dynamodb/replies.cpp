#include <sluice/dynamodb/replies.hpp>

#include <sluice/aws/json_call.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

using namespace sluice;
using namespace sluice::dynamodb;

namespace {

template <class Reply>
Reply read(std::string_view body) {
    auto reply = aws::decode_json<Reply>(body);
    REQUIRE_MESSAGE(reply.has_value(), body);
    return *std::move(reply);
}

template <class Reply>
bool invalid(std::string_view body) {
    const auto reply = aws::decode_json<Reply>(body);
    return reply.has_error() && reply.error() == error::response_invalid;
}

std::string id_of(const Item& item) {
    const auto found = item.find("id");
    REQUIRE(found != item.end());
    return *found->second.get<std::string>();
}

template <class Reply>
void check_rubbish() {
    for (const std::string_view body : {"", "{", "[]", "null", "1", "\"x\"", "<html>", "{} {}", "{\"x\":}", "{1:2}"}) {
        CHECK_MESSAGE(invalid<Reply>(body), body);
    }
}

/// Whatever is cut off the end, what is left is no answer.
template <class Reply>
void check_cut(std::string_view body) {
    CHECK_FALSE(invalid<Reply>(body));
    for (std::size_t size = 0; size < body.size(); ++size) CHECK_MESSAGE(invalid<Reply>(body.substr(0, size)), size);
}

} // namespace

TEST_CASE("what is no answer of the service is told as that") {
    check_rubbish<Nothing>();
    check_rubbish<FoundItem>();
    check_rubbish<ItemPage>();
    check_rubbish<UnprocessedItems>();
    check_rubbish<TableDescription>();
    check_rubbish<TimeToLive>();
    check_rubbish<WriteRefusal>();
}

TEST_CASE("an answer that tells nothing of use is still an answer") {
    static_cast<void>(read<Nothing>("{}"));
    static_cast<void>(read<Nothing>(R"({"Attributes":null,"ConsumedCapacity":{"TableName":"t","CapacityUnits":1.0}})"));
}

TEST_CASE("an item is found, or not") {
    const auto there = read<FoundItem>(R"({"ConsumedCapacity":null,"Item":{"id":{"S":"a"},"n":{"N":"5"},
                                           "m":{"M":{"x":{"L":[{"NULL":true}]}}}},"Future":[{}]})");
    REQUIRE(there.item.has_value());
    CHECK(id_of(*there.item) == "a");
    CHECK(there.item->size() == 3);
    CHECK((there.item->at("n") == AttributeValue::of(Number(5))));
    for (const auto* body : {"{}", R"({"Item":null})", R"({"Item":{}})", R"({"ConsumedCapacity":{}})"}) {
        CHECK_MESSAGE(!read<FoundItem>(body).item.has_value(), body);
    }
}

TEST_CASE("an item that is none is refused") {
    for (const auto* body :
         {R"({"Item":[]})", R"({"Item":"a"})", R"({"Item":1})", R"({"Item":{"id":null}})", R"({"Item":{"id":"a"}})",
          R"({"Item":{"id":{}}})", R"({"Item":{"id":{"S":1}}})", R"({"Item":{"id":{"X":"a"}}})",
          R"({"Item":{"id":{"S":"a"},"id":{"S":"b"}}})", R"({"Item":{"id":{"S":"a","N":"1"}}})",
          R"({"Item":{"id":{"N":"1e500"}}})", R"({"Item":{"id":{"B":"*"}}})"}) {
        CHECK_MESSAGE(invalid<FoundItem>(body), body);
    }
    check_cut<FoundItem>(R"({"Item":{"id":{"S":"a"},"l":{"L":[{"M":{"b":{"BOOL":true}}},{"SS":["x"]}]}}})");
    std::string deep = R"({"Item":{"id":)";
    for (int i = 0; i < 100'000; ++i) deep += R"({"L":[)";
    CHECK(invalid<FoundItem>(deep));
}

TEST_CASE("a page has items, and the key where it ends") {
    const auto page = read<ItemPage>(R"({"Count":2,"ScannedCount":9,"Items":[{"id":{"S":"a"}},{"id":{"S":"b"}}],
                                         "LastEvaluatedKey":{"id":{"S":"b"}}})");
    REQUIRE(page.items.size() == 2);
    CHECK(id_of(page.items[0]) == "a");
    CHECK(id_of(page.items[1]) == "b");
    CHECK(id_of(page.last) == "b");
    check_cut<ItemPage>(R"({"Items":[{"id":{"S":"a"}},{}],"LastEvaluatedKey":{"id":{"S":"b"}}})");
}

TEST_CASE("a page may be empty though more follow, and the last one has no key") {
    const auto filtered = read<ItemPage>(R"({"Items":[],"LastEvaluatedKey":{"id":{"S":"b"}}})");
    CHECK(filtered.items.empty());
    CHECK_FALSE(filtered.last.empty());
    for (const auto* body : {"{}", R"({"Items":null,"LastEvaluatedKey":null})", R"({"LastEvaluatedKey":{}})"}) {
        const auto page = read<ItemPage>(body);
        CHECK(page.items.empty());
        CHECK(page.last.empty());
    }
    for (const auto* body : {R"({"Items":{}})", R"({"Items":["a"]})", R"({"Items":[[]]})", R"({"Items":[1]})",
                             R"({"LastEvaluatedKey":"a"})", R"({"LastEvaluatedKey":[]})"}) {
        CHECK_MESSAGE(invalid<ItemPage>(body), body);
    }
}

TEST_CASE("a batch tells what it left undone") {
    const auto left = read<UnprocessedItems>(
        R"({"ItemCollectionMetrics":{},"UnprocessedItems":{"t":[{"PutRequest":{"Item":{"id":{"S":"a"}}}},
            {"DeleteRequest":{"Key":{"id":{"S":"b"}}}},{"PutRequest":{"Future":1,"Item":{"id":{"S":"c"}}}}]}})");
    REQUIRE(left.puts.size() == 2);
    REQUIRE(left.removals.size() == 1);
    CHECK(id_of(left.puts[0]) == "a");
    CHECK(id_of(left.puts[1]) == "c");
    CHECK(id_of(left.removals[0]) == "b");
    check_cut<UnprocessedItems>(R"({"UnprocessedItems":{"t":[{"PutRequest":{"Item":{"id":{"S":"a"}}}}]}})");
}

TEST_CASE("a batch that left nothing undone says so in many ways") {
    for (const auto* body : {"{}", R"({"UnprocessedItems":{}})", R"({"UnprocessedItems":null})",
                             R"({"UnprocessedItems":{"t":[]}})", R"({"UnprocessedItems":{"t":null}})"}) {
        const auto left = read<UnprocessedItems>(body);
        CHECK_MESSAGE(left.puts.empty(), body);
        CHECK_MESSAGE(left.removals.empty(), body);
    }
    CHECK(invalid<UnprocessedItems>(R"({"UnprocessedItems":[]})"));
    CHECK(invalid<UnprocessedItems>(R"({"UnprocessedItems":{"t":{}}})"));
}

TEST_CASE("a write that was left undone is one write, though nulls stand beside it") {
    const auto left = read<UnprocessedItems>(
        R"({"UnprocessedItems":{"t":[{"PutRequest":{"Item":{"id":{"S":"a"}}},"DeleteRequest":null},
            {"PutRequest":null,"DeleteRequest":{"Key":{"id":{"S":"b"}}}}]}})");
    CHECK(left.puts.size() == 1);
    CHECK(left.removals.size() == 1);
    for (const std::string write :
         {"null", "{}", "[]", R"({"PutRequest":null})", R"({"PutRequest":{}})", R"({"PutRequest":{"Item":null}})",
          R"({"PutRequest":{"Item":{}}})", R"({"PutRequest":{"Key":{"id":{"S":"a"}}}})", R"({"PutRequest":1})",
          R"({"PutRequest":{"Item":{"id":{"S":"a"}}},"DeleteRequest":{"Key":{"id":{"S":"a"}}}})"}) {
        CHECK_MESSAGE(invalid<UnprocessedItems>(R"({"UnprocessedItems":{"t":[)" + write + "]}}"), write);
    }
}

TEST_CASE("a table is described, as made and as asked for") {
    const std::string table = R"({"TableName":"t","TableStatus":"ACTIVE","ItemCount":0,"CreationDateTime":1.5E9,
        "KeySchema":[{"AttributeName":"at","KeyType":"RANGE"},{"AttributeName":"id","KeyType":"HASH"}],
        "AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],
        "GlobalSecondaryIndexes":[
            {"IndexName":"i","IndexStatus":"CREATING","Backfilling":true,
             "KeySchema":[{"AttributeName":"owner","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}},
            {"IndexName":"j","IndexStatus":"ACTIVE","KeySchema":[]},{"IndexName":"k","IndexStatus":"UPDATING"},
            {"IndexName":"l","IndexStatus":"DELETING"},{"IndexName":"m"}],
        "StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES","Future":{}},
        "LatestStreamLabel":"2026","LatestStreamArn":"arn:aws:dynamodb:eu-west-1:1:table/t/stream/2026"})";
    for (const std::string member : {"Table", "TableDescription"}) {
        const auto found = read<TableDescription>("{\"" + member + "\":" + table + "}");
        CHECK(found.name == "t");
        CHECK(found.status == TableStatus::active);
        CHECK(found.key == TableDescription::Key{"id", "at"});
        REQUIRE(found.indexes.size() == 5);
        CHECK(found.indexes[0].name == "i");
        CHECK(found.indexes[0].key == TableDescription::Key{"owner"});
        CHECK_FALSE(found.indexes[0].active);
        CHECK(found.indexes[1].active);
        CHECK(found.indexes[2].active);
        CHECK_FALSE(found.indexes[3].active);
        CHECK(found.indexes[4].active);
        CHECK(found.stream);
        CHECK(found.stream_view == "NEW_AND_OLD_IMAGES");
        CHECK(found.stream_arn == "arn:aws:dynamodb:eu-west-1:1:table/t/stream/2026");
    }
    check_cut<TableDescription>("{\"Table\":" + table + "}");
}

TEST_CASE("a table without indexes and stream has none, whether that is left out or null") {
    for (const auto* body :
         {R"({"Table":{"TableName":"t"}})",
          R"({"Table":{"TableName":"t","TableStatus":null,"KeySchema":null,"GlobalSecondaryIndexes":null,
                       "StreamSpecification":null,"LatestStreamArn":null}})",
          R"({"Table":{"TableName":"t","StreamSpecification":{"StreamEnabled":false,"StreamViewType":null}}})"}) {
        const auto found = read<TableDescription>(body);
        CHECK(found.status == TableStatus::unknown);
        CHECK(found.indexes.empty());
        CHECK_FALSE(found.stream);
        CHECK(found.stream_arn.empty());
    }
    for (const auto* body :
         {"{}", R"({"Table":null})", R"({"Table":{}})", R"({"Table":{"TableName":null}})", R"({"Table":[]})",
          R"({"Table":{"TableName":1}})", R"({"Table":{"TableName":"t","KeySchema":{}}})",
          R"({"Table":{"TableName":"t","GlobalSecondaryIndexes":["i"]}})",
          R"({"Table":{"TableName":"t","StreamSpecification":{"StreamEnabled":"true"}}})"}) {
        CHECK_MESSAGE(invalid<TableDescription>(body), body);
    }
}

TEST_CASE("every status of a table has its word") {
    const auto status = [](const std::string& word) {
        return read<TableDescription>(R"({"Table":{"TableName":"t","TableStatus":")" + word + R"("}})").status;
    };
    CHECK(status("CREATING") == TableStatus::creating);
    CHECK(status("UPDATING") == TableStatus::updating);
    CHECK(status("DELETING") == TableStatus::deleting);
    CHECK(status("ACTIVE") == TableStatus::active);
    CHECK(status("ARCHIVED") == TableStatus::unknown);
}

TEST_CASE("a table tells whether it forgets items") {
    const auto status = [](const std::string& word) {
        return read<TimeToLive>(R"({"TimeToLiveDescription":{"TimeToLiveStatus":")" + word +
                                R"(","AttributeName":"until","Future":1}})");
    };
    CHECK(status("ENABLED").enabled);
    CHECK(status("ENABLING").enabled);
    CHECK_FALSE(status("DISABLING").enabled);
    CHECK_FALSE(status("DISABLED").enabled);
    CHECK(status("ENABLED").attribute == "until");
    CHECK_FALSE(read<TimeToLive>("{}").enabled);
    CHECK(read<TimeToLive>(R"({"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED","AttributeName":null}})")
              .attribute.empty());
    CHECK(invalid<TimeToLive>(R"({"TimeToLiveDescription":"ENABLED"})"));
}

TEST_CASE("a refused write tells why each part was refused") {
    const auto refusal = read<WriteRefusal>(
        R"({"__type":"x#TransactionCanceledException","Message":"m","CancellationReasons":[{"Code":"None"},
            {"Code":"ConditionalCheckFailed","Message":"no","Item":{"id":{"S":"a"}}},
            {"Code":"ValidationError","message":"bad","Item":null},{"Code":null,"Message":null,"Item":{}}]})");
    REQUIRE(refusal.reasons.size() == 4);
    CHECK(refusal.reasons[0].code == "None");
    CHECK_FALSE(refusal.reasons[0].item.has_value());
    CHECK(refusal.reasons[1].code == "ConditionalCheckFailed");
    CHECK(refusal.reasons[1].message == "no");
    CHECK(id_of(refusal.reasons[1].item.value()) == "a");
    CHECK(refusal.reasons[2].message == "bad");
    CHECK_FALSE(refusal.reasons[2].item.has_value());
    CHECK(refusal.reasons[3].code.empty());
    CHECK_FALSE(refusal.reasons[3].item.has_value());
    check_cut<WriteRefusal>(R"({"CancellationReasons":[{"Code":"None","Item":{"id":{"S":"a"}}},{}]})");
}

TEST_CASE("the refusal of a single write has what was there, if that is told") {
    const auto refusal = read<WriteRefusal>(
        R"({"__type":"x#ConditionalCheckFailedException","Item":{"id":{"S":"a"}},"message":"m"})");
    REQUIRE(refusal.reasons.size() == 1);
    CHECK(id_of(refusal.reasons[0].item.value()) == "a");
    for (const auto* body : {R"({"message":"m"})", R"({"Item":null})", R"({"Item":{}})",
                             R"({"CancellationReasons":null})"}) {
        CHECK_MESSAGE(read<WriteRefusal>(body).reasons.empty(), body);
    }
    CHECK(invalid<WriteRefusal>(R"({"CancellationReasons":{}})"));
    CHECK(invalid<WriteRefusal>(R"({"CancellationReasons":["None"]})"));
    CHECK(invalid<WriteRefusal>(R"({"Item":"a"})"));
}
