#include <sluice/partitioning/field.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using sluice::error;
using sluice::error_code;
using sluice::FieldKey;
using sluice::RecordView;

error_code failure_of(FieldKey& partitioning, std::string_view data) {
    std::string key;
    return partitioning.key(RecordView(data), 42, key);
}

std::string key_of(FieldKey& partitioning, std::string_view data) {
    std::string key;
    REQUIRE_FALSE(partitioning.key(RecordView(data), 42, key));
    return key;
}

std::string with_id(const std::string& text) { return R"({"user":{"id":")" + text + R"("}})"; }

std::string times(std::size_t count, const std::string& text) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += text;
    return all;
}

} // namespace

static_assert(sluice::Partitioning<FieldKey>);

TEST_CASE("the value of a field is the key") {
    FieldKey partitioning("user.id");
    CHECK(key_of(partitioning, R"({"page":"/","user":{"id":"user-42"}})") == "user-42");
    CHECK(key_of(partitioning, R"({"user":{"id":42}})") == "42");
    CHECK(key_of(partitioning, R"({"user":{"id":12345678901234567890123}})") == "12345678901234567890123");
    CHECK(key_of(partitioning, R"({"user":{"id":false}})") == "false");
    CHECK(key_of(partitioning, R"({"user":{"id":"Zo\u00eb \"\ud83d\ude00\""}})") == "Zo\u00EB \"\U0001F600\"");
    CHECK(key_of(partitioning, R"({"user":{"id":"\u0000"}})") == std::string(1, '\0'));
    FieldKey dotted("/user.id");
    CHECK(key_of(dotted, R"({"user":{"id":"no"},"user.id":"yes"})") == "yes");
}

TEST_CASE("a record without the field is refused, and the next is not") {
    FieldKey partitioning("user.id");
    for (const auto* json : {"{}", R"({"user":{}})", R"({"user":{"id":null}})", R"({"user":{"id":{}}})",
                             R"({"user":{"id":[1]}})", R"({"user":[]})", R"({"user":{"Id":1}})"}) {
        CAPTURE(json);
        CHECK(failure_of(partitioning, json) == error::key_field_missing);
        CHECK(key_of(partitioning, with_id("x")) == "x");
    }
    for (const auto* text : {"", "plain text", "[]", "\x1F\x8B\x08", R"({"user":{"id":"x"})", R"({"user":{"id":"x)"}) {
        CAPTURE(text);
        CHECK(failure_of(partitioning, text) == error::data_not_json);
        CHECK(key_of(partitioning, with_id("x")) == "x");
    }
}

TEST_CASE("a value that cannot be a key is refused") {
    FieldKey partitioning("user.id");
    CHECK(failure_of(partitioning, with_id("")) == error::partition_key_empty);
    CHECK(key_of(partitioning, with_id(std::string(256, 'x'))) == std::string(256, 'x'));
    CHECK(failure_of(partitioning, with_id(std::string(257, 'x'))) == error::partition_key_too_long);
    CHECK(failure_of(partitioning, with_id(std::string(1U << 20U, 'x'))) == error::partition_key_too_long);
    CHECK(failure_of(partitioning, R"({"user":{"id":)" + std::string(257, '1') + "}}") == error::partition_key_too_long);
    // Characters, not bytes.
    const auto faces = times(256, "\U0001F600");
    CHECK(key_of(partitioning, with_id(faces)) == faces);
    CHECK(key_of(partitioning, with_id(times(256, "\\ud83d\\ude00"))) == faces);
    CHECK(failure_of(partitioning, with_id(times(257, "\\ud83d\\ude00"))) == error::partition_key_too_long);
}

TEST_CASE("a path that leads nowhere is refused when it is given") {
    for (const auto* path : {"", ".", "user.", ".id", "user..id", "/user~"}) {
        CAPTURE(path);
        CHECK_THROWS_AS(FieldKey{path}, std::invalid_argument);
    }
}

TEST_CASE("copies go their own ways") {
    FieldKey original("user.id");
    CHECK(key_of(original, with_id("a\\n")) == "a\n");
    FieldKey copy = original;
    CHECK(key_of(copy, with_id("b\\n")) == "b\n");
    CHECK(key_of(original, with_id("c")) == "c");
}
