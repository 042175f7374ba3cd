#include <sluice/s3/replies.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace sluice;

namespace {

HttpResponse with(const std::string& name, const std::string& value) {
    HttpResponse response(200, "hello");
    response.headers.emplace_back(name, value);
    return response;
}

} // namespace

TEST_CASE("an upload's id is read, and nothing is taken for one") {
    const auto id = s3::parse_upload("<?xml version=\"1.0\"?><InitiateMultipartUploadResult xmlns=\"http://x/\"><Bucket>b"
                                     "</Bucket><Key>k</Key><UploadId>VXBsb2Fk</UploadId></InitiateMultipartUploadResult>");
    REQUIRE(id.has_value());
    CHECK(*id == "VXBsb2Fk");
    for (const auto* text : {"", "<html/>", "<InitiateMultipartUploadResult/>", "<Error><UploadId>x</UploadId></Error>",
                             "<InitiateMultipartUploadResult><UploadId>x</UploadId>"}) {
        CHECK(s3::parse_upload(text).error() == error::malformed);
    }
}

TEST_CASE("an upload that was answered with 200 may have failed all the same") {
    for (const auto* name : {"CompleteMultipartUploadResult", "CompleteMultipartUploadResponse"}) { // moto's
        const std::string element(name);
        CHECK(s3::parse_completed("<" + element + "><ETag>\"e-2\"</ETag></" + element + ">").has_value());
        CHECK_FALSE(s3::parse_completed("<" + element + "/>").has_value());
    }
    CHECK_FALSE(s3::parse_completed("<Error><Code>InternalError</Code></Error>").has_value());
    CHECK_FALSE(s3::parse_completed("").has_value());
}

TEST_CASE("an object is held against the checksums that came with it") {
    CHECK(s3::check_object(HttpResponse(200, "hello")).has_value());
    CHECK(s3::check_object(with("x-amz-checksum-crc32", "NhCmhg==")).has_value());
    CHECK(s3::check_object(with("X-Amz-Checksum-SHA256", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=")).has_value());
    CHECK(s3::check_object(with("x-amz-checksum-crc32", "NhCmhw==")).error() == error::response_invalid);
    CHECK(s3::check_object(with("x-amz-checksum-sha256", "LPJN")).error() == error::response_invalid);
    CHECK(s3::check_object(with("x-amz-checksum-sha256", "LPJN-3")).has_value());
    CHECK(s3::check_object(with("x-amz-checksum-crc64nvme", "?")).has_value());
}
