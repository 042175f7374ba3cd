#include <sluice/aws/json_writer.hpp>

#include <boost/json/parse.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace {

using sluice::aws::JsonWriter;
using std::chrono::milliseconds;
using std::chrono::system_clock;

std::string text(std::string_view characters) {
    std::string out;
    JsonWriter(out).text(characters);
    return out;
}

std::string seconds(std::int64_t ms) {
    std::string out;
    JsonWriter(out).timestamp(system_clock::time_point(milliseconds(ms)));
    return out;
}

} // namespace

TEST_CASE("commas stand between members and items, and nowhere else") {
    std::string out;
    JsonWriter json(out);
    json.begin_map();
    json.key("empty");
    json.begin_map();
    json.end_map();
    json.key("list");
    json.begin_array();
    json.unsigned_integer(1);
    json.begin_array();
    json.end_array();
    json.integer(-2);
    json.boolean(true);
    json.text("x");
    json.end_array();
    json.key("data");
    json.bytes("hello");
    json.end_map();
    CHECK(out == R"({"empty":{},"list":[1,[],-2,true,"x"],"data":"aGVsbG8="})");
}

TEST_CASE("texts are escaped where JSON demands it") {
    CHECK(text("plain") == R"("plain")");
    CHECK(text("\"\\/\b\f\n\r\t") == R"("\"\\/\b\f\n\r\t")");
    CHECK(text(std::string_view("\0\x1f\x7f", 3)) == "\"\\u0000\\u001f\x7f\"");
    CHECK(text("k\xc3\xa4se \xf0\x9f\x94\xa5") == "\"k\xc3\xa4se \xf0\x9f\x94\xa5\"");
    CHECK(text("\"") == R"("\"")");
    CHECK(text("") == "\"\"");
}

TEST_CASE("every character comes back through another parser, and its size is foretold") {
    for (int c = 0; c < 0x80; ++c) {
        const auto characters = "a" + std::string(1, static_cast<char>(c)) + "b";
        const auto json = text(characters);
        CHECK(JsonWriter::text_size(characters) == json.size());
        CHECK(boost::json::parse(json).as_string() == characters);
    }
}

TEST_CASE("times are seconds with a fraction of milliseconds") {
    CHECK(seconds(0) == "0");
    CHECK(seconds(1'700'000'000'000) == "1700000000");
    CHECK(seconds(1'787'036'486'712) == "1787036486.712");
    CHECK(seconds(1'459'799'926'480) == "1459799926.480");
    CHECK(seconds(1) == "0.001");
    CHECK(seconds(-1) == "-0.001");
    CHECK(seconds(-1'500) == "-1.500");
}

TEST_CASE("numbers keep all their digits") {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    json.unsigned_integer(std::numeric_limits<std::uint64_t>::max());
    json.integer(std::numeric_limits<std::int64_t>::min());
    json.end_array();
    CHECK(out == "[18446744073709551615,-9223372036854775808]");
}

TEST_CASE("reals are as short as they can be, and null if there is no such number in JSON") {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    json.null();
    for (const double number : {0.5, -1e300, 3.0, std::numeric_limits<double>::infinity()}) json.real(number);
    json.end_array();
    CHECK(out == "[null,0.5,-1e+300,3,null]");
}
