#include <sluice/aws/reply_reader.hpp>

#include <sluice/aws/cbor_writer.hpp>
#include <sluice/aws/token.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using sluice::aws::CborReader;
using sluice::aws::CborTime;
using sluice::aws::CborWriter;
using sluice::aws::JsonReader;
using sluice::aws::ReplyReader;
using sluice::aws::TokenKind;
using std::chrono::milliseconds;
using std::chrono::system_clock;

/// What a reply may say, read in every way that there is.
class Sample {
public:
    std::string text;
    std::string bytes;
    std::optional<std::int64_t> number;
    std::optional<system_clock::time_point> time;
    std::vector<std::string> list;
    bool truth = false;
    std::vector<std::string> own;

    template <class In>
    bool read(In in) {
        return in.whole([&](std::string_view name) {
            if (name == "text") return in.text(text);
            if (name == "bytes") return in.bytes(bytes);
            if (name == "number") return in.integer(number);
            if (name == "time") return in.time(time);
            if (name == "list") return in.list([&] { return in.text(list.emplace_back()); });
            if (name == "truth") return in.boolean(truth);
            if (name == "own") return in.value([&](auto& reader, const auto& token) { return read_own(reader, token); });
            if (name == "owns") {
                return in.list([&] {
                    return in.value([&](auto& reader, const auto& token) { return read_own(reader, token); });
                });
            }
            if (name == "deep") return in.map([&](std::string_view) { return in.list([&] { return in.skip(); }); });
            return in.skip();
        });
    }

private:
    /// A value of a form of its own: an array of one text.
    template <class Reader>
    bool read_own(Reader& reader, const sluice::aws::Token& token) {
        if (!token.is(TokenKind::array)) return false;
        const auto only = reader.next();
        if (!only.is(TokenKind::text)) return false;
        own.emplace_back(only.text);
        return reader.next().is(TokenKind::end);
    }
};

bool read_json(std::string_view json, Sample& sample) { return sample.read(ReplyReader<JsonReader>(json)); }
bool read_cbor(std::string_view cbor, Sample& sample) { return sample.read(ReplyReader<CborReader>(cbor)); }

bool readable(std::string_view json) {
    Sample sample;
    return read_json(json, sample);
}

std::int64_t ms(const Sample& sample) {
    REQUIRE(sample.time.has_value());
    return std::chrono::duration_cast<milliseconds>(sample.time->time_since_epoch()).count();
}

} // namespace

TEST_CASE("a JSON reply is read member by member, the unknown ones skipped") {
    Sample sample;
    REQUIRE(read_json(R"({"future":{"x":[1]},"text":"t\n","bytes":"AP8=","number":-3,"time":1787036486.712,
                          "list":["a","b\u0041"],"deep":{"y":[[],{}]}})",
                      sample));
    CHECK(sample.text == "t\n");
    CHECK(sample.bytes == std::string("\0\xff", 2));
    CHECK(sample.number == -3);
    CHECK(ms(sample) == 1787036486712);
    CHECK(sample.list == std::vector<std::string>{"a", "bA"});
}

TEST_CASE("a CBOR reply has bytes as they are and times in milliseconds, tagged or not") {
    for (const bool tagged : {true, false}) {
        std::string body;
        sluice::aws::CborWriter out(body);
        out.begin_map();
        out.key("bytes");
        out.bytes(std::string_view("\0\xff", 2));
        out.key("time");
        if (tagged) out.tag(1);
        out.integer(1787036486712);
        out.key("future");
        out.tag(7);
        out.null();
        out.end_map();
        Sample sample;
        REQUIRE(read_cbor(body, sample));
        CHECK(sample.bytes == std::string("\0\xff", 2));
        CHECK(ms(sample) == 1787036486712);
    }
}

TEST_CASE("bytes that come as base64 text in CBOR are understood, as kinesis-mock sends them") {
    Sample sample;
    CHECK(read_cbor(std::string("\xa1\x65" "bytes\x64" "AP8=", 12), sample));
    CHECK(sample.bytes == std::string("\0\xff", 2));
    CHECK_FALSE(read_cbor(std::string("\xa1\x65" "bytes\x64" "AP8!", 12), sample));
}

TEST_CASE("a truth is read from either wire, and nothing else is one") {
    for (const bool truth : {true, false}) {
        Sample sample;
        sample.truth = !truth;
        REQUIRE(read_json(truth ? R"({"truth":true})" : R"({"truth":false})", sample));
        CHECK(sample.truth == truth);
        std::string body;
        CborWriter out(body);
        out.begin_map();
        out.key("truth");
        out.boolean(truth);
        out.end_map();
        sample.truth = !truth;
        REQUIRE(read_cbor(body, sample));
        CHECK(sample.truth == truth);
        sample.truth = truth;
        REQUIRE(read_json(R"({"truth":null})", sample));
        CHECK(sample.truth == truth);
    }
    for (const std::string_view json : {R"({"truth":1})", R"({"truth":0})", R"({"truth":"true"})", R"({"truth":[]})",
                                        R"({"truth":{}})", R"({"truth":tru)", R"({"truth":)"}) {
        CHECK_MESSAGE(!readable(json), json);
    }
}

TEST_CASE("a value of a form of its own is read by who knows it, alone and in a list") {
    Sample sample;
    REQUIRE(read_json(R"({"own":["a"],"owns":[["b"],null,["c"]],"text":"t"})", sample));
    CHECK(sample.own == std::vector<std::string>{"a", "b", "c"});
    CHECK(sample.text == "t");
    REQUIRE(read_json(R"({"own":null})", sample));
    CHECK(sample.own.size() == 3);
    for (const std::string_view json : {R"({"own":"a"})", R"({"own":[]})", R"({"own":[1]})", R"({"own":["a","b"]})",
                                        R"({"own":["a")", R"({"own":)", R"({"owns":[["a"],"b"]})"}) {
        CHECK_MESSAGE(!readable(json), json);
    }
}

TEST_CASE("null is absent, whatever it stands for") {
    Sample sample;
    sample.text = "as before";
    CHECK(read_json(R"({"text":null,"bytes":null,"number":null,"time":null,"list":null,"deep":null})", sample));
    CHECK(sample.text == "as before");
    CHECK_FALSE(sample.number.has_value());
    CHECK_FALSE(sample.time.has_value());
    CHECK(sample.list.empty());
}

TEST_CASE("what is of another type is refused") {
    CHECK(readable("{}"));
    for (const std::string_view json :
         {"", "[]", "null", "{} {}", R"({"text":1})", R"({"bytes":"!"})", R"({"bytes":1})", R"({"number":"1"})",
          R"({"number":1.5})", R"({"number":18446744073709551615})", R"({"time":"x"})", R"({"time":1e300})",
          R"({"time":-1e300})", R"({"time":1e9999})", R"({"time":9300000000})", R"({"list":{}})", R"({"list":[1]})",
          R"({"list":["a")", R"({"list":["a",)", R"({"list":[)", R"({"deep":[]})", R"({"deep":{"y":{}}})",
          R"({"future":)", R"({"future":[)", R"({"text":"a")", "{1:2}"}) {
        CHECK_MESSAGE(!readable(json), json);
    }
    Sample sample;
    CHECK_FALSE(read_cbor(std::string_view("\xa1\x01\x02", 3), sample));
    CHECK_FALSE(read_cbor(std::string_view("\xa1\x64time\xc1\xc1\x01", 9), sample));
}

TEST_CASE("times round to the nearest millisecond, before the epoch too") {
    const auto time_of = [](std::string_view number) {
        Sample sample;
        REQUIRE(read_json(R"({"time":)" + std::string(number) + "}", sample));
        return ms(sample);
    };
    CHECK(time_of("0") == 0);
    CHECK(time_of("1700000000") == 1'700'000'000'000);
    CHECK(time_of("1.787036486712E9") == 1'787'036'486'712);
    CHECK(time_of("0.0004") == 0);
    CHECK(time_of("0.0006") == 1);
    CHECK(time_of("-1.5") == -1'500);
    CHECK(time_of("9100000000") == 9'100'000'000'000);
}

TEST_CASE("in the other dialect of CBOR times are seconds, whole or with a fraction") {
    for (const bool whole : {true, false}) {
        std::string body;
        CborWriter out(body);
        out.map(1);
        out.key("time");
        out.tag(1);
        if (whole) out.unsigned_integer(1'767'323'045);
        if (!whole) out.real(1'767'323'045.25);
        std::optional<system_clock::time_point> time;
        ReplyReader<CborReader> in(body, CborTime::seconds);
        CHECK(in.whole([&](std::string_view) { return in.time(time); }));
        REQUIRE(time.has_value());
        CHECK(*time == system_clock::time_point(milliseconds(whole ? 1'767'323'045'000 : 1'767'323'045'250)));
    }
}
