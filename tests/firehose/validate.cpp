#include <sluice/firehose/validate.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace sluice;
using firehose::check_request;
using firehose::PutRecord;
using firehose::PutRecordBatch;

TEST_CASE("a delivery stream's name is 1 to 64 characters") {
    CHECK_FALSE(firehose::check_stream_name("Az_09.-"));
    CHECK_FALSE(firehose::check_stream_name(std::string(64, 'd')));
    for (const std::string name : {"", "a/b", "a b"}) {
        CHECK(firehose::check_stream_name(name) == error::stream_name_invalid);
    }
    CHECK(firehose::check_stream_name(std::string(65, 'd')) == error::stream_name_invalid);
}

TEST_CASE("a record of Firehose has a thousand kibibytes at most") {
    CHECK_FALSE(check_request(PutRecord("d", "")));
    CHECK_FALSE(check_request(PutRecord("d", std::string(1'024'000, 'x'))));
    CHECK(check_request(PutRecord("d", std::string(1'024'001, 'x'))) == error::record_too_large);
    CHECK(check_request(PutRecord("", "x")) == error::stream_name_invalid);
}

TEST_CASE("a batch of Firehose is checked record by record, and as a whole") {
    const std::string half(524'288, 'x');
    const std::string large(1'024'001, 'x');
    CHECK(check_request(PutRecordBatch("d", {})) == error::request_refused);
    CHECK_FALSE(check_request(PutRecordBatch("d", std::vector<std::string_view>(500, "x"))));
    CHECK(check_request(PutRecordBatch("d", std::vector<std::string_view>(501, "x"))) == error::request_too_large);
    std::vector<std::string_view> records(8, half);
    CHECK_FALSE(check_request(PutRecordBatch("d", records)));
    records.emplace_back("x");
    CHECK(check_request(PutRecordBatch("d", records)) == error::request_too_large);
    CHECK(check_request(PutRecordBatch("d", {"x", large})) == error::record_too_large);
    CHECK(check_request(PutRecordBatch("/", {"x"})) == error::stream_name_invalid);
}
