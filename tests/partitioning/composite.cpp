#include <sluice/partitioning/composite.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using sluice::CompositeKey;
using sluice::error;
using sluice::error_code;
using sluice::RecordView;

std::string key_of(CompositeKey partitioning, std::string_view data) {
    std::string key;
    REQUIRE_FALSE(partitioning.key(RecordView(data), 42, key));
    return key;
}

error_code failure_of(CompositeKey partitioning, std::string_view data) {
    std::string key;
    return partitioning.key(RecordView(data), 42, key);
}

} // namespace

static_assert(sluice::Partitioning<CompositeKey>);

TEST_CASE("the values of several fields make one key, in the order of the paths") {
    const CompositeKey partitioning{"user.id", "type"};
    CHECK(key_of(partitioning, R"({"type":"click","user":{"id":42}})") == "composite_42_click");
    CHECK(key_of(partitioning, R"({"type":true,"user":{"id":"Zo\u00eb"}})") == "composite_Zo\u00EB_true");
    CHECK(key_of(partitioning, R"({"type":"","user":{"id":""}})") == "composite__");
    CHECK(key_of(CompositeKey("type"), R"({"type":"click"})") == "composite_click");
    CHECK(key_of(CompositeKey("a", "a"), R"({"a":1})") == "composite_1_1");
    CHECK(key_of(CompositeKey("a", std::string("b"), std::string_view("/c.d")), R"({"a":1,"b":2,"c.d":3})") ==
          "composite_1_2_3");
    CHECK(key_of(CompositeKey(std::vector<std::string>{"a", "b"}), R"({"b":1,"a":2})") == "composite_2_1");
}

TEST_CASE("without one of the fields a record is refused") {
    const CompositeKey partitioning{"user.id", "type"};
    CHECK(failure_of(partitioning, R"({"type":"click"})") == error::key_field_missing);
    CHECK(failure_of(partitioning, R"({"user":{"id":1}})") == error::key_field_missing);
    CHECK(failure_of(partitioning, R"({"user":{"id":1},"type":{}})") == error::key_field_missing);
    CHECK(failure_of(partitioning, "click") == error::data_not_json);
}

TEST_CASE("a key of more than 256 characters is refused") {
    const CompositeKey partitioning{"a", "b"};
    const auto data = [](std::size_t a, std::size_t b) {
        return R"({"a":")" + std::string(a, 'a') + R"(","b":")" + std::string(b, 'b') + R"("})";
    };
    CHECK(key_of(partitioning, data(200, 45)).size() == 256);
    CHECK(failure_of(partitioning, data(200, 46)) == error::partition_key_too_long);
    CHECK(failure_of(partitioning, data(0, 1U << 20U)) == error::partition_key_too_long);
    CHECK(failure_of(partitioning, data(1U << 20U, 0)) == error::partition_key_too_long);
}

TEST_CASE("paths that are none are refused when they are given") {
    CHECK_THROWS_AS(CompositeKey("a", ""), std::invalid_argument);
    CHECK_THROWS_AS(CompositeKey("a..b"), std::invalid_argument);
    CHECK_THROWS_AS(CompositeKey(std::vector<std::string>()), std::invalid_argument);
    CHECK_THROWS_AS(CompositeKey(std::vector<std::string>{"a", "."}), std::invalid_argument);
}
