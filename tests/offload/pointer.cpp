#include <sluice/offload/pointer.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>

using namespace sluice;

namespace {

const std::string digits = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

std::string text_with(const std::string& members) { return R"({"sluice":"s3-pointer/1",)" + members + "}"; }

const std::string whole = R"("bucket":"b","key":"a/k","size":5,"sha256":")" + digits + "\"";

void refuse(const std::string& text) {
    CAPTURE(text);
    CHECK(parse_pointer(text).error() == error::malformed);
}

} // namespace

TEST_CASE("a pointer is the text that its documentation shows, and comes back from it") {
    const S3Pointer pointer("b", "a/k", 5, aws::sha256("hello"));
    const auto text = encode(pointer);
    CHECK(text == text_with(whole));
    CHECK(is_pointer(text));
    const auto read = parse_pointer(text);
    REQUIRE(read.has_value());
    CHECK(*read == pointer);
    const S3Pointer odd("b", "\"\\/\n\xC3\xA4 ", UINT64_MAX, {});
    CHECK(parse_pointer(encode(odd)).value() == odd);
}

TEST_CASE("data is a pointer if it begins like one, and never else") {
    for (const std::string_view data : {"", "{", "{}", R"({"sluice":"s3-pointer"})", R"({ "sluice":"s3-pointer/1"})",
                                        R"( {"sluice":"s3-pointer/1"})", R"({"bucket":"b","sluice":"s3-pointer/1"})"}) {
        CHECK_FALSE(is_pointer(data));
        CHECK(parse_pointer(data).error() == error::malformed);
    }
    CHECK(is_pointer(R"({"sluice":"s3-pointer/2","anything":1})"));
}

TEST_CASE("members stand in any order, each once, and there are no others") {
    CHECK(parse_pointer(text_with(R"("sha256":")" + digits + R"(" , "size":5,"key":"a/k","bucket":"b")")).has_value());
    refuse(text_with(whole + R"(,"size":5)"));
    refuse(text_with(whole + R"(,"sluice":"s3-pointer/1")"));
    refuse(text_with(whole + R"(,"more":1)"));
    refuse(text_with(R"("bucket":"b","key":"a/k","size":5)"));
    refuse(R"({"sluice":"s3-pointer/2",)" + whole + "}");
    refuse(text_with(whole) + " x");
}

TEST_CASE("each member is what it has to be") {
    const auto sum = R"("sha256":")" + digits + "\"";
    for (const auto* members : {R"("bucket":"","key":"k","size":5,)", R"("bucket":"b","key":"","size":5,)",
                                R"("bucket":"b","key":1,"size":5,)", R"("bucket":"b","key":"k","size":"5",)",
                                R"("bucket":"b","key":"k","size":-5,)", R"("bucket":"b","key":"k","size":5.5,)",
                                R"("bucket":null,"key":"k","size":5,)", R"("bucket":"b","key":"k","size":[5],)"}) {
        refuse(text_with(members + sum));
    }
    const std::string rest = R"("bucket":"b","key":"k","size":5,"sha256":")";
    refuse(text_with(rest + digits.substr(1) + "\""));
    refuse(text_with(rest + digits + "0\""));
    refuse(text_with(rest + "g" + digits.substr(1) + "\""));
    refuse(text_with(R"("bucket":"b","key":")" + std::string(1'025, 'k') + R"(","size":5,)" + sum));
}

TEST_CASE("a pointer that was cut off anywhere is none") {
    const auto text = text_with(whole);
    for (std::size_t size = 0; size < text.size(); ++size) refuse(text.substr(0, size));
    refuse(text_with(whole + std::string(S3Pointer::max_bytes, ' ')));
}
