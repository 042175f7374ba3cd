#include <sluice/aws/arn.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace sluice;

TEST_CASE("an ARN falls into its parts") {
    const auto arn = aws::Arn::parse("arn:aws-cn:kinesis:cn-north-1:123456789012:stream/clicks/consumer/c:1600000000");
    REQUIRE(arn.has_value());
    CHECK(arn->partition == "aws-cn");
    CHECK(arn->service == "kinesis");
    CHECK(arn->region == "cn-north-1");
    CHECK(arn->account == "123456789012");
    CHECK(arn->resource == "stream/clicks/consumer/c:1600000000");
    CHECK(arn->resource_type() == "stream");
}

TEST_CASE("an ARN may have no region and no account") {
    const auto arn = aws::Arn::parse("arn:aws:s3:::bucket");
    REQUIRE(arn.has_value());
    CHECK(arn->region.empty());
    CHECK(arn->account.empty());
    CHECK(arn->resource_type() == "bucket");
    CHECK(aws::Arn::parse("arn:aws:sns:us-east-1:1:topic:more")->resource_type() == "topic");
    CHECK(aws::Arn::parse("arn:aws:x:::/y")->resource_type().empty());
}

TEST_CASE("what is no ARN is none") {
    for (const std::string wrong :
         {"", "a", "arn", "arn:", "arn:aws", "arn:aws:kinesis", "arn:aws:kinesis:r", "arn:aws:kinesis:r:a",
          "arn:aws:kinesis:r:a:", "arn::kinesis:r:a:stream/x", "arn:aws::r:a:stream/x", "ARN:aws:kinesis:r:a:stream/x",
          " arn:aws:kinesis:r:a:stream/x", ":::::", "clicks"}) {
        CAPTURE(wrong);
        CHECK_FALSE(aws::Arn::parse(wrong).has_value());
    }
}
