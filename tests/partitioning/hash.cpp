#include <sluice/partitioning/hash.hpp>

#include <doctest/doctest.h>

#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using sluice::error;
using sluice::HashKey;
using sluice::RecordView;

std::string key_of(HashKey partitioning, std::string_view data) {
    std::string key;
    const auto failure = partitioning.key(RecordView(data), 42, key);
    return failure ? failure.message() : key;
}

} // namespace

static_assert(sluice::Partitioning<HashKey>);

TEST_CASE("the hash of all the data is a key, whatever the data") {
    CHECK(key_of(HashKey(), "hello world") == "hash_1794106052");
    CHECK(key_of(HashKey(), "") == "hash_0");
    CHECK(key_of(HashKey(), "\xFF\xFE") == "hash_2097056");
    CHECK(key_of(HashKey(), "polygenelubricants") == "hash_2147483648"); // the least number of all
}

TEST_CASE("the hash of a field is that of its text, however long") {
    const HashKey partitioning("user.id");
    CHECK(key_of(partitioning, R"({"user":{"id":"user-42"}})") == "hash_147182656");
    CHECK(key_of(partitioning, R"({"user":{"id":"user\u002d42"}})") == "hash_147182656");
    CHECK(key_of(partitioning, R"({"user":{"id":"\ud83d\uDE00"}})") == "hash_1772899");
    CHECK(key_of(partitioning, R"({"user":{"id":""}})") == "hash_0");
    CHECK(key_of(partitioning, R"({"user":{"id":7}})") == key_of(HashKey(), "7"));
    const std::string url(100'000, 'u');
    CHECK(key_of(partitioning, R"({"user":{"id":")" + url + R"("}})") == key_of(HashKey(), url));
}

TEST_CASE("a field that is not there refuses the record") {
    const HashKey partitioning("user.id");
    CHECK(key_of(partitioning, R"({"user":{}})") == make_error_code(error::key_field_missing).message());
    CHECK(key_of(partitioning, "hello world") == make_error_code(error::data_not_json).message());
}

TEST_CASE("there are as many keys as asked for, and the same text has the same") {
    const HashKey partitioning("id", 10);
    std::set<std::string> keys;
    for (int i = 0; i < 1'000; ++i) {
        const auto data = R"({"id":"user-)" + std::to_string(i) + R"("})";
        keys.insert(key_of(partitioning, data));
        CHECK(key_of(partitioning, data) == key_of(partitioning, data));
    }
    CHECK(keys.size() == 10);
    CHECK(*keys.begin() == "hash_0");
    CHECK(*keys.rbegin() == "hash_9");
    CHECK(key_of(HashKey("id", 1), R"({"id":"x"})") == "hash_0");
    CHECK(key_of(HashKey(1'000), "hello world") == "hash_52");
    CHECK(key_of(HashKey(2'147'483'648), "polygenelubricants") == "hash_0");
    CHECK(key_of(HashKey(4'294'967'295), "polygenelubricants") == "hash_2147483648");
}

TEST_CASE("no path and no keys are refused") {
    CHECK_THROWS_AS(HashKey(""), std::invalid_argument);
    CHECK_THROWS_AS(HashKey("user."), std::invalid_argument);
    CHECK_THROWS_AS(HashKey("user", 0), std::invalid_argument);
    CHECK_THROWS_AS(HashKey(0), std::invalid_argument);
}
