#include <sluice/s3/requests.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace sluice;

TEST_CASE("a key is escaped once and otherwise left alone") {
    CHECK(s3::path_of("a/b c+d.txt") == "/a/b%20c%2Bd.txt");
    CHECK(s3::path_of("") == "/");
    CHECK(s3::path_of("/x//../.~_-%") == "//x//../.~_-%25");
    CHECK(s3::path_of("\xC3\xA4\n?#&=") == "/%C3%A4%0A%3F%23%26%3D");
}

TEST_CASE("data is borrowed, and its digest is told in both forms") {
    const std::string data = "hello";
    const auto call = s3::put_object("a/b", data, aws::sha256(data));
    CHECK(call.method == "PUT");
    CHECK(call.path == "/a/b");
    CHECK(call.borrowed.data() == data.data());
    CHECK_FALSE(call.body);
    CHECK(find_header(call.headers, "x-amz-content-sha256") ==
          "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    CHECK(find_header(call.headers, "x-amz-checksum-sha256") == "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=");
    CHECK(find_header(call.headers, "Content-Type") == "application/octet-stream");
}

TEST_CASE("what has no body says what it wants in method, path and headers") {
    CHECK(s3::get_object("k").method == "GET");
    CHECK(find_header(s3::get_object("k").headers, "x-amz-checksum-mode") == "ENABLED");
    CHECK(s3::delete_object("k").method == "DELETE");
    CHECK(s3::delete_object("k").path == "/k");
    CHECK(s3::head_bucket().method == "HEAD");
    CHECK(s3::head_bucket().path == "/");
}

TEST_CASE("an upload in parts is begun, filled, completed or aborted") {
    CHECK(s3::create_upload("k").path == "/k?uploads=");
    CHECK(s3::create_upload("k").method == "POST");
    CHECK(find_header(s3::create_upload("k").headers, "x-amz-checksum-algorithm") == "SHA256");
    const std::string data = "part";
    const auto part = s3::upload_part("k", "id/=", 12, data, aws::sha256(data));
    CHECK(part.path == "/k?partNumber=12&uploadId=id%2F%3D");
    CHECK(part.borrowed == data);
    CHECK(s3::abort_upload("k", "id").path == "/k?uploadId=id");
    CHECK(s3::abort_upload("k", "id").method == "DELETE");
    const auto call = s3::complete_upload("k", "id", {s3::Part(1, "\"e&<>\"", aws::sha256("hello"))});
    CHECK(call.path == "/k?uploadId=id");
    REQUIRE(call.body);
    CHECK(*call.body == "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part>"
                        "<ETag>\"e&amp;&lt;&gt;\"</ETag><PartNumber>1</PartNumber><ChecksumSHA256>"
                        "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=</ChecksumSHA256></Part>"
                        "</CompleteMultipartUpload>");
}
