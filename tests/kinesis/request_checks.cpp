#include <sluice/kinesis/request_checks.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <vector>

using namespace sluice;
using kinesis::check_put_records;
using kinesis::check_request;
using kinesis::PutRecord;

namespace {

constexpr auto mebibyte = kinesis::limits::mebibyte;

Entry entry(std::string_view data, std::string_view key, std::string_view hash_key = {}) {
    Entry made;
    made.data = data;
    made.partition_key = key;
    made.explicit_hash_key = hash_key;
    return made;
}

} // namespace

TEST_CASE("a PutRecord is checked part by part") {
    CHECK_FALSE(check_request(PutRecord("s", "p", "")));
    CHECK(check_request(PutRecord("", "p", "")) == error::stream_name_invalid);
    CHECK(check_request(PutRecord("s", "", "")) == error::partition_key_empty);
    PutRecord request("s", "p", "d");
    request.explicit_hash_key = "01";
    CHECK(check_request(request) == error::hash_key_invalid);
    CHECK_FALSE(check_request(PutRecord("s", "\xC3\xA9", std::string(mebibyte - 2, 'x'))));
    CHECK(check_request(PutRecord("s", "\xC3\xA9", std::string(mebibyte - 1, 'x'))) == error::record_too_large);
    CHECK_FALSE(check_request(PutRecord("s", "p", std::string(mebibyte, 'x')), 2 * mebibyte));
}

TEST_CASE("a PutRecords is checked record by record, and as a whole") {
    const std::string large(mebibyte - 1, 'x');
    CHECK(check_put_records("s", {}) == error::request_refused);
    std::vector<Entry> entries(500, entry("d", "p", "0"));
    CHECK_FALSE(check_put_records("s", entries));
    CHECK(check_put_records("/", entries) == error::stream_name_invalid);
    entries.back().partition_key = "";
    CHECK(check_put_records("s", entries) == error::partition_key_empty);
    entries.back() = entry("d", "p", "ff");
    CHECK(check_put_records("s", entries) == error::hash_key_invalid);
    entries.assign(501, entry("d", "p"));
    CHECK(check_put_records("s", entries) == error::request_too_large);
    entries.assign(10, entry(large, "p"));
    CHECK_FALSE(check_put_records("s", entries));
    entries.push_back(entry("", "p"));
    CHECK(check_put_records("s", entries) == error::request_too_large);
    entries.assign(1, entry(large, "pp"));
    CHECK(check_put_records("s", entries) == error::record_too_large);
}
