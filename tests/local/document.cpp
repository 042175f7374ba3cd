#include "caller.hpp"

#include <sluice/local/document.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <string>

using namespace std::chrono_literals;
using sluice::wall_time;
using sluice::Wire;
using sluice::local::Fields;

namespace {

Fields json(const std::string& text) {
    auto fields = Fields::parse(text, Wire::json);
    REQUIRE(fields.has_value());
    return *std::move(fields);
}

Fields cbor(const std::string& text) {
    auto fields = Fields::parse(cbor_of(text), Wire::cbor);
    REQUIRE(fields.has_value());
    return *std::move(fields);
}

bool parses(const std::string& bytes, Wire wire) { return Fields::parse(bytes, wire).has_value(); }

} // namespace

TEST_CASE("members are read by name and type, in both wires") {
    const std::string text =
        R"({"t":"text","i":-7,"b":true,"Data":"aGk=","Timestamp":5,"l":[{"x":1},{"x":2}],"s":{"y":"z"}})";
    for (auto fields : {json(text), cbor(text)}) {
        CHECK(fields.text("t") == "text");
        CHECK(fields.integer("i") == -7);
        CHECK(fields.boolean("b") == true);
        CHECK(fields.blob("Data") == "hi");
        CHECK(fields.time("Timestamp") == wall_time(5s));
        auto list = fields.list("l");
        REQUIRE(list.size() == 2);
        CHECK(list[1].integer("x") == 2);
        CHECK(fields.structure("s")->texts() == std::map<std::string, std::string>{{"y", "z"}});
        CHECK_FALSE(fields.failure().has_value());
    }
}

TEST_CASE("absent and null are the same, and no failure") {
    auto fields = json(R"({"n":null})");
    for (const char* name : {"n", "absent", ""}) {
        CHECK_FALSE(fields.has(name));
        CHECK_FALSE(fields.text(name).has_value());
        CHECK_FALSE(fields.integer(name).has_value());
        CHECK_FALSE(fields.boolean(name).has_value());
        CHECK_FALSE(fields.blob(name).has_value());
        CHECK_FALSE(fields.time(name).has_value());
        CHECK_FALSE(fields.structure(name).has_value());
        CHECK(fields.list(name).empty());
    }
    CHECK_FALSE(fields.failure().has_value());
}

TEST_CASE("the first member of a wrong type is remembered") {
    auto fields = json(R"({"t":"text","i":7})");
    CHECK_FALSE(fields.integer("t").has_value());
    CHECK_FALSE(fields.text("i").has_value());
    REQUIRE(fields.failure().has_value());
    CHECK(fields.failure()->code == "SerializationException");
    CHECK(fields.failure()->message == "The value of t can not be converted to an Integer");
}

TEST_CASE("every type but the right one is wrong") {
    const std::string text = R"({"text":"x!","integer":7,"real":1.5,"boolean":true,"list":[],"structure":{}})";
    const auto wrong = [&](auto read, std::string_view right) {
        for (const std::string name : {"text", "integer", "real", "boolean", "list", "structure"}) {
            CAPTURE(name);
            auto fields = json(text);
            (void)read(fields, name);
            CHECK(fields.failure().has_value() == (right.find(name) == std::string_view::npos));
        }
    };
    wrong([](Fields& f, const std::string& n) { return f.text(n); }, "text");
    wrong([](Fields& f, const std::string& n) { return f.integer(n); }, "integer");
    wrong([](Fields& f, const std::string& n) { return f.boolean(n); }, "boolean");
    wrong([](Fields& f, const std::string& n) { return f.time(n); }, "integer real");
    wrong([](Fields& f, const std::string& n) { return f.list(n).size(); }, "list");
    wrong([](Fields& f, const std::string& n) { return f.structure(n).has_value(); }, "structure");
    wrong([](Fields& f, const std::string& n) { return f.blob(n); }, "");
}

TEST_CASE("a text is no blob in CBOR, and bytes are no text") {
    auto fields = cbor(R"({"t":"aGk=","Data":"aGk="})");
    CHECK_FALSE(fields.blob("t").has_value());
    CHECK(fields.failure().has_value());
    auto others = cbor(R"({"Data":"aGk="})");
    CHECK_FALSE(others.text("Data").has_value());
    CHECK(others.failure().has_value());
}

TEST_CASE("a list holds maps only") {
    for (const std::string text : {R"({"l":[1]})", R"({"l":[{},[]]})", R"({"l":[null]})"}) {
        auto fields = json(text);
        (void)fields.list("l");
        CHECK(fields.failure().has_value());
    }
}

TEST_CASE("times have milliseconds, and end where the calendar ends") {
    CHECK(json(R"({"t":1459799926.48})").time("t") == wall_time(1'459'799'926'480ms));
    CHECK(json(R"({"t":-1e300})").time("t") <= wall_time(0ms) - 24h * 365 * 290);
    CHECK(json(R"({"t":1e300})").time("t") >= wall_time(0ms) + 24h * 365 * 290);
    CHECK(json(R"({"t":18446744073709551615})").time("t").has_value() == false);
    std::string bytes;
    sluice::aws::encode_cbor(
        bytes,
        sluice::aws::CborValue::map({{"t", sluice::aws::CborValue::real(std::numeric_limits<double>::quiet_NaN())}}));
    auto fields = *Fields::parse(bytes, Wire::cbor);
    CHECK_FALSE(fields.time("t").has_value());
    CHECK(fields.failure().has_value());
}

TEST_CASE("a CBOR time is milliseconds, with the tag or without") {
    std::string bytes = "\xa1\x61t";
    bytes += std::string("\xc1\x1b\x00\x00\x01\xa0\x13\xac\xcc\x38", 10);
    CHECK(Fields::parse(bytes, Wire::cbor)->time("t") == wall_time(1'787'036'486'712ms));
    bytes.erase(3, 1);
    CHECK(Fields::parse(bytes, Wire::cbor)->time("t") == wall_time(1'787'036'486'712ms));
}

TEST_CASE("what is not one whole map is refused") {
    for (const std::string text :
         {"", " ", "[]", "1", "null", "{", "{}}", "{} {}", "{'a':1}", "{\"a\":\"\xff\"}", "\xa0"}) {
        CAPTURE(text);
        CHECK_FALSE(parses(text, Wire::json));
    }
    for (const std::string bytes :
         {"", "\x80", "\x01", "\xf6", "\xa1", "\xbf", "\xa0\xa0", "\xa1\x61\x61", "{}", "\xa1\x61\xff\x01"}) {
        CHECK_FALSE(parses(bytes, Wire::cbor));
    }
    CHECK(parses("{}", Wire::json));
    CHECK(parses("\xa0", Wire::cbor));
}

TEST_CASE("depth and number of values are bounded in both wires") {
    CHECK_FALSE(parses("{\"a\":" + std::string(10'000, '[') + std::string(10'000, ']') + "}", Wire::json));
    CHECK_FALSE(parses("\xa1\x61\x61" + std::string(10'000, '\x81') + '\x01', Wire::cbor));
    std::string zeros = "\xa1\x61\x61\x9f";
    zeros += std::string(200'000, '\0');
    CHECK_FALSE(parses(zeros + '\xff', Wire::cbor));
    std::string fewer = "\xa1\x61\x61\x9f";
    fewer += std::string(90'000, '\0');
    CHECK(parses(fewer + '\xff', Wire::cbor));
}
