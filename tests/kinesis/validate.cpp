#include <sluice/kinesis/validate.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace {

using sluice::error;
using sluice::error_code;
using namespace sluice::kinesis;

std::string repeat(std::string_view text, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out += text;
    return out;
}

} // namespace

TEST_CASE("a stream name is 1 to 128 letters, digits, underscores, dots and hyphens") {
    CHECK_FALSE(check_stream_name("Az_09.-"));
    CHECK_FALSE(check_stream_name("s"));
    CHECK_FALSE(check_stream_name(std::string(128, 'a')));
    for (const auto& name : {std::string(), std::string(129, 'a'), std::string("a b"), std::string("a/b"),
                                   std::string("a:b"), std::string("\xc3\xa9"), std::string("a\0b", 3),
                             std::string("a\n")}) {
        CHECK(check_stream_name(name) == error::stream_name_invalid);
    }
}

TEST_CASE("a stream's ARN names a stream of Kinesis") {
    CHECK_FALSE(check_stream_arn("arn:aws:kinesis:us-east-1:123456789012:stream/s"));
    CHECK_FALSE(check_stream_arn("arn:aws-cn:kinesis:cn-north-1:123456789012:stream/Az_09.-"));
    for (const std::string_view arn :
         {"", "s", "arn:aws:sqs:us-east-1:123456789012:stream/s", "arn:aws:kinesis:us-east-1:12345678901:stream/s",
          "arn:aws:kinesis:us-east-1:12345678901x:stream/s", "arn:aws:kinesis:us-east-1:123456789012:stream/",
          "arn:aws:kinesis:us-east-1:123456789012:stream", "arn:aws:kinesis:us-east-1:123456789012:table/s",
          "arn:azure:kinesis:us-east-1:123456789012:stream/s", "arn:aws:kinesis::123456789012:stream/s",
          "arn:aws:kinesis:us-east-1:123456789012:stream/a b", "arn:aws:kinesis", "arn:aws:kinesis:us-east-1:"}) {
        CHECK_MESSAGE(check_stream_arn(arn) == error::stream_name_invalid, arn);
    }
}

TEST_CASE("a partition key has 1 to 256 characters, however many bytes those are") {
    CHECK(check_partition_key("") == error::partition_key_empty);
    CHECK_FALSE(check_partition_key("p"));
    for (const std::string_view character : {"a", "\xc3\xa9", "\xe6\x97\xa5", "\xf0\x9f\x94\xa5"}) {
        CHECK_FALSE(check_partition_key(repeat(character, 256)));
        CHECK(check_partition_key(repeat(character, 257)) == error::partition_key_too_long);
    }
    CHECK_FALSE(check_partition_key(std::string(255, 'a') + "\xf0\x9f\x94\xa5"));
    CHECK(check_partition_key(std::string(256, 'a') + "\xc3\xa9") == error::partition_key_too_long);
    CHECK_FALSE(check_partition_key(std::string_view("\0", 1)));
    CHECK(check_partition_key(std::string(1'000'000, 'a')) == error::partition_key_too_long);
}

TEST_CASE("a partition key that is not UTF-8 is refused wherever the fault lies") {
    for (const std::string_view bad :
         {"\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xc3", "\x80"}) {
        for (const std::size_t before : {0U, 1U, 7U, 8U, 9U, 200U}) {
            CHECK(check_partition_key(std::string(before, 'a') + std::string(bad)) == error::not_utf8);
            CHECK(check_partition_key(std::string(before, 'a') + std::string(bad) + "zzzzzzzz") == error::not_utf8);
        }
    }
}

TEST_CASE("an explicit hash key is a decimal number of 128 bits, or none") {
    CHECK_FALSE(check_hash_key(""));
    CHECK_FALSE(check_hash_key("0"));
    CHECK_FALSE(check_hash_key("340282366920938463463374607431768211455"));
    for (const std::string_view key : {"340282366920938463463374607431768211456",
                                       "1111111111111111111111111111111111111111", "ff", "01", "-1", " 1"}) {
        CHECK(check_hash_key(key) == error::hash_key_invalid);
    }
}

TEST_CASE("data and the bytes of the key count against the limit of a record") {
    CHECK_FALSE(check_record_size(limits::record_bytes - 1, 1));
    CHECK(check_record_size(limits::record_bytes, 1) == error::record_too_large);
    CHECK_FALSE(check_record_size(0, limits::record_bytes));
    CHECK(check_record_size(0, limits::record_bytes + 1) == error::record_too_large);
    CHECK_FALSE(check_record_size(limits::largest_record_bytes - 4, 4, limits::largest_record_bytes));
    CHECK(check_record_size(limits::largest_record_bytes - 3, 4, limits::largest_record_bytes) ==
          error::record_too_large);
    constexpr auto huge = std::numeric_limits<std::size_t>::max();
    CHECK(check_record_size(huge, huge) == error::record_too_large);
    CHECK(check_record_size(1, huge) == error::record_too_large);
}

TEST_CASE("a stream is named by a name or by an ARN") {
    CHECK_FALSE(check_stream("clicks"));
    CHECK_FALSE(check_stream("arn"));
    CHECK_FALSE(check_stream("arn:aws:kinesis:us-east-1:123456789012:stream/clicks"));
    for (const std::string wrong : {"", "arn:", "arn:clicks", "ARN:aws:kinesis:us-east-1:123456789012:stream/clicks",
                                    "arn:aws:kinesis:us-east-1:123456789012:stream/", "a:b"}) {
        CHECK_MESSAGE(check_stream(wrong) == error::stream_name_invalid, wrong);
    }
}
