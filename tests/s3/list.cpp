#include <sluice/s3/list.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace sluice;

namespace {

std::string listing(const std::string& inside) {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
           "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name><Prefix/>" +
           inside + "</ListBucketResult>";
}

const std::string whole = "<IsTruncated>false</IsTruncated>";

std::string contents(const std::string& key, const std::string& size = "5368709121") {
    return "<Contents><Key>" + key + "</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>"
           "<ETag>&quot;5d41&quot;</ETag><Size>" + size + "</Size></Contents>";
}

bool refused(const std::string& xml) { return s3::parse_list(xml).error() == error::malformed; }

} // namespace

TEST_CASE("a page of objects is read") {
    const auto page = s3::parse_list(listing(contents("a&amp;b  c+d%20") + whole + contents(" e ", "0")));
    REQUIRE(page.has_value());
    REQUIRE(page->objects.size() == 2);
    CHECK(page->objects[0].key == "a&b  c+d%20");
    CHECK(page->objects[0].size == 5'368'709'121);
    CHECK(page->objects[0].etag == "\"5d41\"");
    CHECK(page->objects[0].modified == std::chrono::sys_seconds(std::chrono::seconds(1'767'323'045)));
    CHECK(page->objects[1].key == " e ");
    CHECK(page->objects[1].size == 0);
    CHECK(page->next_token.empty());
    CHECK(page->common_prefixes.empty());
}

TEST_CASE("keys that were encoded are decoded, and others not") {
    const std::string url = "<EncodingType>url</EncodingType>";
    const std::string prefixes = "<CommonPrefixes><Prefix>x%2Fy+z/</Prefix></CommonPrefixes>";
    const auto page = s3::parse_list(listing(url + whole + contents("a%2Fb+c%2B%0A") + prefixes));
    REQUIRE(page.has_value());
    CHECK(page->objects[0].key == "a/b c+\n");
    CHECK(page->common_prefixes == std::vector<std::string>{"x/y z/"});
    CHECK(s3::parse_list(listing(whole + prefixes)).value().common_prefixes.front() == "x%2Fy+z/");
    CHECK(refused(listing(url + whole + contents("a%2"))));
}

TEST_CASE("where a listing goes on is told, or it is refused") {
    const std::string more = "<IsTruncated>true</IsTruncated>";
    const std::string token = "<NextContinuationToken>1ueG/+=</NextContinuationToken>";
    CHECK(s3::parse_list(listing(more + token)).value().next_token == "1ueG/+=");
    CHECK(s3::parse_list(listing(whole + token)).value().next_token.empty());
    CHECK(refused(listing(more)));
    CHECK(refused(listing(token)));
    CHECK(refused(listing("<IsTruncated>True</IsTruncated>" + token)));
}

TEST_CASE("a listing that lacks something is refused") {
    CHECK(refused(""));
    CHECK(refused("<ListBucketResult>" + whole));
    CHECK(refused("<ListVersionsResult>" + whole + "</ListVersionsResult>"));
    CHECK(refused(listing(whole + "<Contents><Size>1</Size></Contents>")));
    CHECK(refused(listing(whole + "<CommonPrefixes/>")));
    for (const std::string size : {"", "-1", "1x", " 1", "18446744073709551616", "1.0"}) {
        CAPTURE(size);
        CHECK(refused(listing(whole + contents("a", size))));
    }
    CHECK(refused(listing(whole + "<Contents><Key>a</Key><Size>1</Size><LastModified>x</LastModified></Contents>")));
    CHECK(s3::parse_list(listing(whole + "<Contents><Key>a</Key><Size>1</Size></Contents>")).has_value());
}
