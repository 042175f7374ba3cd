#include <sluice/aws/members.hpp>

#include <sluice/aws/cbor_writer.hpp>
#include <sluice/aws/json_writer.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace sluice;

TEST_CASE("members are written, empty or not, but for those that are optional") {
    std::string text;
    aws::JsonWriter out(text);
    out.begin_map();
    aws::write_text(out, "a", "x");
    aws::write_text(out, "b", "");
    aws::write_optional_text(out, "c", "x");
    aws::write_optional_text(out, "d", "");
    aws::write_number(out, "e", 5);
    aws::write_number(out, "f", 0);
    aws::write_optional_number(out, "g", 5);
    aws::write_optional_number(out, "h", 0);
    aws::write_flag(out, "i", true);
    aws::write_flag(out, "j", false);
    out.end_map();
    CHECK(text == R"({"a":"x","b":"","c":"x","e":5,"f":0,"g":5,"i":true,"j":false})");
}

TEST_CASE("members are written in CBOR, too") {
    std::string written;
    aws::CborWriter out(written);
    aws::write_text(out, "a", "x");
    aws::write_number(out, "b", 5);
    aws::write_flag(out, "c", true);
    CHECK(written == "\x61\x61\x61x\x61\x62\x05\x61\x63\xf5");
}
