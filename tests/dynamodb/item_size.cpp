#include <sluice/dynamodb/item_size.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>

using namespace sluice;
using dynamodb::AttributeValue;
using dynamodb::item_size;

namespace {

/// The size of a value alone, without a name.
std::size_t size_of(std::string_view json) {
    dynamodb::Item item;
    item[""] = dynamodb::parse_attribute(json).value();
    return item_size(item);
}

} // namespace

TEST_CASE("texts and binary data count their bytes, not those they take in JSON") {
    CHECK(size_of(R"({"S":""})") == 0);
    CHECK(size_of(R"({"S":"abc"})") == 3);
    CHECK(size_of(R"({"S":"\u00e4\n"})") == 3);
    CHECK(size_of(R"({"B":"AAAA"})") == 3);
    CHECK(size_of(R"({"B":""})") == 0);
}

TEST_CASE("a null and a truth count one") {
    CHECK(size_of(R"({"NULL":true})") == 1);
    CHECK(size_of(R"({"BOOL":true})") == 1);
    CHECK(size_of(R"({"BOOL":false})") == 1);
}

TEST_CASE("a number counts one, one for two digits, and one if it is below zero") {
    CHECK(size_of(R"({"N":"0"})") == 2);
    CHECK(size_of(R"({"N":"7"})") == 2);
    CHECK(size_of(R"({"N":"12"})") == 2);
    CHECK(size_of(R"({"N":"123"})") == 3);
    CHECK(size_of(R"({"N":"-123"})") == 4);
    CHECK(size_of(R"({"N":"0.00123"})") == 3);
    CHECK(size_of(R"({"N":"-1E-130"})") == 3);
    CHECK(size_of(R"({"N":"0012300"})") == 3);
    CHECK(size_of(R"({"N":"12345678901234567890123456789012345678"})") == 20);
}

TEST_CASE("a set counts what is in it") {
    CHECK(size_of(R"({"SS":["a","bc"]})") == 3);
    CHECK(size_of(R"({"NS":["1","-123"]})") == 6);
    CHECK(size_of(R"({"BS":["AA==","AAA="]})") == 3);
}

TEST_CASE("a list or a map counts three, and one for each element beside its size") {
    CHECK(size_of(R"({"L":[]})") == 3);
    CHECK(size_of(R"({"M":{}})") == 3);
    CHECK(size_of(R"({"L":[{"S":"ab"},{"NULL":true}]})") == 3 + 2 + 3);
    CHECK(size_of(R"({"M":{"name":{"S":"ab"}}})") == 3 + 1 + 4 + 2);
    CHECK(size_of(R"({"L":[{"M":{"a":{"L":[]}}}]})") == 3 + 1 + (3 + 1 + 1 + 3));
}

TEST_CASE("an item counts the names and values of its attributes, and nothing else") {
    CHECK(item_size(dynamodb::Item()) == 0);
    dynamodb::Item item;
    item["id"] = AttributeValue::of(std::string("x"));
    item["\xC3\xA4"] = AttributeValue::of(true);
    CHECK(item_size(item) == 2 + 1 + 2 + 1);
    item["data"] = AttributeValue::of(std::string(dynamodb::max_item_size - 10, 'x'));
    CHECK(item_size(item) == dynamodb::max_item_size);
    CHECK(dynamodb::max_item_size == 409'600);
}
