#include <sluice/dynamodb/attribute.hpp>

#include <sluice/aws/reply_reader.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>

using namespace sluice;
using dynamodb::AttributeValue;
using dynamodb::Bytes;
using dynamodb::Number;

namespace {

std::string written(const AttributeValue& value) {
    std::string out;
    aws::JsonWriter writer(out);
    dynamodb::write_attribute(writer, value);
    return out;
}

bool refused(std::string_view json) {
    const auto value = dynamodb::parse_attribute(json);
    return !value.has_value() && value.error() == error::malformed;
}

std::string nested(std::size_t depth) {
    std::string json = R"({"N":"1"})";
    for (std::size_t i = 0; i < depth; ++i) json = i % 2 == 0 ? R"({"L":[)" + json + "]}" : R"({"M":{"a":)" + json + "}}";
    return json;
}

} // namespace

TEST_CASE("every type of value is read, and written as it was") {
    for (const std::string json :
         {R"({"S":""})", R"({"S":"\u00e4 \"x\""})", R"({"N":"-12.50"})", R"({"B":"AP8="})", R"({"B":""})",
          R"({"BOOL":true})", R"({"BOOL":false})", R"({"NULL":true})", R"({"L":[]})", R"({"M":{}})",
          R"({"SS":["b","a",""]})", R"({"NS":["2","1"]})", R"({"BS":["AA==","AQ=="]})",
          R"({"L":[{"N":"1"},{"L":[]},{"M":{"a":{"NULL":true},"b":{"S":"c"}}}]})"}) {
        CAPTURE(json);
        const auto value = dynamodb::parse_attribute(json);
        REQUIRE(value.has_value());
        const auto again = dynamodb::parse_attribute(written(*value));
        REQUIRE(again.has_value());
        CHECK((*again == *value));
        if (json.find('\\') == std::string::npos) CHECK(written(*value) == json);
    }
}

TEST_CASE("a value is what its type says") {
    const auto value =
        dynamodb::parse_attribute(R"({"M":{"t":{"S":"x"},"n":{"N":"7"},"b":{"B":"AA=="},"y":{"BOOL":true},)"
                                  R"("z":{"NULL":true}}})")
            .value();
    CHECK(*value.find("t")->get<std::string>() == "x");
    CHECK(value.find("n")->get<Number>()->to<int>().value() == 7);
    CHECK(value.find("b")->get<Bytes>()->data == std::string(1, '\0'));
    CHECK(*value.find("y")->get<bool>());
    CHECK(value.find("z")->is_null());
    CHECK(value.find("none") == nullptr);
    CHECK(value.find("t")->find("t") == nullptr);
    CHECK(value.find("t")->get<bool>() == nullptr);
}

TEST_CASE("what is no value is refused") {
    for (const std::string_view json :
         {"", "{", "[]", "null", "\"x\"", "{}", R"({"S":"a","S":"b"})", R"({"S":"a","N":"1"})", R"({"X":"a"})",
          R"({"s":"a"})", R"({"S":5})", R"({"S":null})", R"({"S":["a"]})", R"({"N":1})", R"({"N":"abc"})",
          R"({"N":""})", R"({"N":"NaN"})", R"({"N":"1E+126"})", R"({"B":"*"})", R"({"B":5})", R"({"BOOL":"true"})",
          R"({"BOOL":1})", R"({"BOOL":null})", R"({"NULL":false})", R"({"NULL":null})", R"({"L":{}})", R"({"L":null})",
          R"({"L":[1]})", R"({"L":["a"]})", R"({"L":[{}]})", R"({"M":[]})", R"({"M":{"a":1}})", R"({"M":{"a":null}})",
          R"({"M":{"a":{"S":"x"},"a":{"S":"y"}}})", R"({"SS":[]})", R"({"NS":[]})", R"({"BS":[]})",
          R"({"SS":["a","a"]})", R"({"NS":["1","1.0"]})", R"({"BS":["AA==","AA=="]})", R"({"SS":[1]})",
          R"({"SS":"a"})", R"({"NS":["x"]})", R"({"BS":["*"]})", R"({"SS":[null]})", R"({"S":"a"}x)",
          R"({"S":"a"}{"S":"a"})", R"({"LONGER":"a"})"}) {
        CAPTURE(json);
        CHECK(refused(json));
    }
    const std::string whole = R"({"L":[{"N":"1"},{"M":{"a":{"SS":["b"]}}}]})";
    for (std::size_t size = 0; size < whole.size(); ++size) CHECK(refused(whole.substr(0, size)));
}

TEST_CASE("lists and maps stand within each other thirty-two times") {
    CHECK(dynamodb::parse_attribute(nested(32)).has_value());
    CHECK(refused(nested(33)));
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += R"({"L":[)";
    CHECK(refused(deep));
}

TEST_CASE("what the service would refuse is told before it is sent") {
    const auto wrong = [](AttributeValue value) { return dynamodb::check_attribute(value) == error::malformed; };
    CHECK(wrong(AttributeValue::of(std::string("\xFF"))));
    CHECK(wrong(AttributeValue::of(AttributeValue::Texts{})));
    CHECK(wrong(AttributeValue::of(AttributeValue::Texts{"a", "a"})));
    CHECK(wrong(AttributeValue::of(AttributeValue::Texts{"\x80"})));
    CHECK(wrong(AttributeValue::of(AttributeValue::Numbers{Number(1), Number::parse("1.0").value()})));
    CHECK(wrong(AttributeValue::of(AttributeValue::Blobs{Bytes("a"), Bytes("a")})));
    AttributeValue::Map map;
    map["\xC3"] = AttributeValue();
    CHECK(wrong(AttributeValue::of(map)));
    CHECK(wrong(AttributeValue::of(AttributeValue::List{AttributeValue::of(AttributeValue::Blobs{})})));
    CHECK_FALSE(wrong(AttributeValue()));
    CHECK_FALSE(wrong(AttributeValue::of(AttributeValue::Texts{"", "a"})));
    CHECK_FALSE(wrong(AttributeValue::of(Bytes("\xFF"))));
}

TEST_CASE("an item is written with its names") {
    dynamodb::Item item;
    item["pk"] = AttributeValue::of(std::string("a"));
    item["n"] = AttributeValue::of(Number(5));
    std::string out;
    aws::JsonWriter writer(out);
    dynamodb::write_item(writer, item);
    CHECK(out == R"({"n":{"N":"5"},"pk":{"S":"a"}})");
}

TEST_CASE("an item is read where it stands in a reply, and a null leaves it as it is") {
    const auto read = [](std::string_view json, dynamodb::Item& item) {
        aws::ReplyReader<aws::JsonReader> in(json);
        return in.whole([&](std::string_view name) {
            return name == "Item" ? dynamodb::read_item(in, item) : in.skip();
        });
    };
    dynamodb::Item item;
    CHECK(read(R"({"a":[1],"Item":{"n":{"N":"5"},"m":{"M":{"x":{"NULL":true}}}},"b":{}})", item));
    CHECK(item.size() == 2);
    CHECK((item["n"] == AttributeValue::of(Number(5))));
    CHECK(item["m"].find("x")->is_null());
    CHECK(read(R"({"Item":null})", item));
    CHECK(item.size() == 2);
    dynamodb::Item none;
    CHECK(read(R"({"Item":{}})", none));
    CHECK(none.empty());
    for (const std::string_view json :
         {R"({"Item":[]})", R"({"Item":"n"})", R"({"Item":true})", R"({"Item":{"n":5}})", R"({"Item":{"n":null}})",
          R"({"Item":{"n":{"N":"5"},"n":{"N":"6"}}})", R"({"Item":{"n":{"N":"5"}})", R"({"Item")", R"({"Item":})"}) {
        CAPTURE(json);
        dynamodb::Item refused_item;
        CHECK_FALSE(read(json, refused_item));
    }
}

TEST_CASE("any text is survived as a value") {
    constexpr std::string_view pieces[] = {"{", "}", "[", "]", ",", ":", "\"S\"", "\"L\"", "\"M\"", "\"NS\"", "\"1\"",
                                           "{\"S\":\"x\"}", "null", "true", "\"NULL\":true", "\"a\":", "\"B\":\"AA==\""};
    std::uint64_t seed = 1;
    const auto dice = [&seed] {
        seed = seed * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
        return static_cast<std::size_t>(seed >> 33U);
    };
    for (int round = 0; round < 20'000; ++round) {
        std::string json = round % 2 == 0 ? R"({"L":[)" : R"({"M":{)";
        for (auto left = dice() % 12; left > 0; --left) json += pieces[dice() % std::size(pieces)];
        const auto value = dynamodb::parse_attribute(json);
        if (value.has_value()) CHECK((dynamodb::parse_attribute(written(*value)).value() == *value));
    }
}
