#include <sluice/repository/dynamodb_item.hpp>

#include <sluice/repository/random_documents.hpp>
#include <sluice/repository/scalar.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace {

using boost::json::array;
using boost::json::object;
using sluice::error;
using sluice::dynamodb::AttributeValue;
using sluice::dynamodb::Bytes;
using sluice::dynamodb::Item;
using sluice::dynamodb::Number;
using sluice::repository::document_of;
using sluice::repository::dynamodb_number;
using sluice::repository::item_of;

std::string number(const boost::json::value& value) {
    const auto made = dynamodb_number(value);
    return made ? made->text() : "none";
}

} // namespace

TEST_CASE("numbers keep what they are worth") {
    CHECK(number(-5) == "-5");
    CHECK(number(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
    CHECK(number(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
    CHECK(number(0.1) == "0.1");
    CHECK(number(-0.0) == "0");
    CHECK(number(9'223'372'036'854'775'808.0) == "9223372036854775808");
    CHECK(number(-9'223'372'036'854'775'808.0) == "-9223372036854775808");
    CHECK(number(1e22) == "1e+22");
    CHECK(number(1e126) == "none");
    CHECK(number(1e-131) == "none");
}

TEST_CASE("documents come back from items") {
    sluice::repository::RandomDocuments some(1);
    for (int i = 0; i < 2'000; ++i) {
        auto document = some.document(4);
        if (some.one_in(3) == 0) document["$id"] = some.scalar();
        if (some.one_in(3) == 0) document["$$version"] = some.scalar();
        const auto item = item_of("the id", 7, document);
        REQUIRE(item.has_value());
        const auto back = document_of(*item);
        REQUIRE(back.has_value());
        REQUIRE(back->id == "the id");
        REQUIRE(back->version == 7);
        REQUIRE(sluice::repository::same(document, *back->body));
    }
}

TEST_CASE("what DynamoDB has no room for is refused") {
    CHECK(item_of("id", 1, object{{"x", 1e126}}).error() == error::item_invalid);
    CHECK(item_of("id", 1, object{{"x", array{object{{"y", -1e-131}}}}}).error() == error::item_invalid);
}

TEST_CASE("items that others wrote are read as near as JSON comes") {
    Item item;
    item.emplace("$id", AttributeValue::of(std::string("a")));
    item.emplace("long", AttributeValue::of(Number::parse("12345678901234567890123456789012345678").value()));
    item.emplace("bytes", AttributeValue::of(Bytes("\x01\x02")));
    item.emplace("texts", AttributeValue::of(AttributeValue::Texts{"x", "y"}));
    item.emplace("numbers", AttributeValue::of(AttributeValue::Numbers{Number(1), Number::parse("2.5").value()}));
    item.emplace("blobs", AttributeValue::of(AttributeValue::Blobs{Bytes("\x03")}));
    const auto document = document_of(item);
    REQUIRE(document.has_value());
    CHECK(document->version == 0);
    CHECK(*document->body == object{{"long", 12345678901234567890123456789012345678.0}, {"bytes", "AQI="},
                                    {"texts", array{"x", "y"}}, {"numbers", array{1, 2.5}}, {"blobs", array{"Aw=="}}});
    item.erase("$id");
    CHECK(document_of(item).error() == error::item_invalid);
    item.emplace("$id", AttributeValue::of(Number(1)));
    CHECK(document_of(item).error() == error::item_invalid);
}

TEST_CASE("what did not change stays what it was") {
    Item item;
    item.emplace("$id", AttributeValue::of(std::string("a")));
    item.emplace("$version", AttributeValue::of(Number(3)));
    item.emplace("long", AttributeValue::of(Number::parse("12345678901234567890123456789012345678").value()));
    item.emplace("bytes", AttributeValue::of(Bytes("\x01\x02")));
    item.emplace("texts", AttributeValue::of(AttributeValue::Texts{"x", "y"}));
    item.emplace("numbers", AttributeValue::of(AttributeValue::Numbers{
                                Number(1), Number::parse("0.3333333333333333333333333333333333333").value()}));
    item.emplace("blobs", AttributeValue::of(AttributeValue::Blobs{Bytes("\x03")}));
    AttributeValue::Map inner;
    inner.emplace("set", AttributeValue::of(AttributeValue::Texts{"in"}));
    inner.emplace("list", AttributeValue::of(AttributeValue::List{AttributeValue::of(Bytes("\x04")), AttributeValue()}));
    item.emplace("map", AttributeValue::of(std::move(inner)));
    const auto document = document_of(item);
    REQUIRE(document.has_value());
    CHECK(item_of("a", 3, *document->body, &item).value() == item);

    auto changed = *document->body;
    changed["bytes"] = "AQID";
    changed["texts"].as_array().emplace_back("z");
    changed["numbers"].as_array().emplace_back(7);
    changed["blobs"] = array{"BQ=="};
    changed["map"].as_object()["new"] = true;
    auto wanted = item;
    wanted.at("bytes") = AttributeValue::of(Bytes("\x01\x02\x03"));
    wanted.at("texts") = AttributeValue::of(AttributeValue::Texts{"x", "y", "z"});
    wanted.at("numbers") = AttributeValue::of(AttributeValue::Numbers{
        Number(1), Number::parse("0.3333333333333333333333333333333333333").value(), Number(7)});
    wanted.at("blobs") = AttributeValue::of(AttributeValue::Blobs{Bytes("\x05")});
    std::get<AttributeValue::Map>(wanted.at("map").data).emplace("new", AttributeValue::of(true));
    CHECK(item_of("a", 3, changed, &item).value() == wanted);
}

TEST_CASE("what can no longer be of its type is of JSON's") {
    Item item;
    item.emplace("texts", AttributeValue::of(AttributeValue::Texts{"x"}));
    item.emplace("bytes", AttributeValue::of(Bytes("x")));
    const auto set_to = [&](const char* name, boost::json::value value) {
        const auto made = item_of("a", 1, object{{name, std::move(value)}}, &item);
        return made.value().at(name);
    };
    using List = AttributeValue::List;
    CHECK(set_to("texts", array()) == AttributeValue::of(List()));
    CHECK(set_to("texts", array{1}) == AttributeValue::of(List{AttributeValue::of(Number(1))}));
    CHECK(set_to("texts", array{"y", "y"}).get<List>() != nullptr);
    CHECK(set_to("texts", "x") == AttributeValue::of(std::string("x")));
    CHECK(set_to("bytes", "no base64!") == AttributeValue::of(std::string("no base64!")));
    CHECK(set_to("bytes", nullptr).is_null());
}

TEST_CASE("attributes of others that look like ours are no fields, and stay") {
    Item item;
    item.emplace("$id", AttributeValue::of(std::string("a")));
    item.emplace("$version", AttributeValue::of(Number(1)));
    item.emplace("$foo", AttributeValue::of(std::string("theirs")));
    item.emplace("$$foo", AttributeValue::of(std::string("ours")));
    const auto document = document_of(item).value();
    CHECK(*document.body == object{{"$foo", "ours"}});
    CHECK(item_of("a", 1, *document.body, &item).value() == item);
    CHECK(item_of("a", 1, object{}, &item).value().size() == 3);
}
