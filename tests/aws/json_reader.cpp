#include <sluice/aws/json_reader.hpp>

#include <boost/json/error.hpp>
#include <boost/json/parse.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using sluice::aws::JsonReader;
using sluice::aws::Token;
using sluice::aws::TokenKind;

/// Reads all tokens; the last one is `done` or `failed`.
TokenKind outcome(std::string_view text) {
    JsonReader reader(text);
    for (std::size_t i = 0; i <= 2 * text.size() + 2; ++i) {
        const auto token = reader.next();
        if (token.is(TokenKind::done) || token.is(TokenKind::failed)) return token.kind;
    }
    FAIL("the reader does not end");
    return TokenKind::failed;
}

bool accepted(std::string_view text) { return outcome(text) == TokenKind::done; }

std::string text_of(std::string_view json) {
    JsonReader reader(json);
    const auto token = reader.next();
    REQUIRE(token.is(TokenKind::text));
    return std::string(token.text);
}

Token first(std::string_view json) {
    JsonReader reader(json);
    const auto token = reader.next();
    REQUIRE(reader.next().is(TokenKind::done));
    return token;
}

} // namespace

TEST_CASE("an object is read in the order of its text") {
    JsonReader reader(R"( {"a" : [1, -2, true], "b":{ } , "c":null } )");
    CHECK(reader.next().is(TokenKind::map));
    CHECK(reader.next().text == "a");
    CHECK(reader.next().is(TokenKind::array));
    CHECK(to_integer(reader.next()) == 1);
    CHECK(to_integer(reader.next()) == -2);
    const auto yes = reader.next();
    CHECK(yes.is(TokenKind::boolean));
    CHECK(yes.number == 1);
    CHECK(reader.next().is(TokenKind::end));
    CHECK(reader.next().text == "b");
    CHECK(reader.next().is(TokenKind::map));
    CHECK(reader.next().is(TokenKind::end));
    CHECK(reader.next().text == "c");
    CHECK(reader.next().is(TokenKind::null));
    CHECK(reader.next().is(TokenKind::end));
    CHECK(reader.next().is(TokenKind::done));
    CHECK(reader.next().is(TokenKind::done));
}

TEST_CASE("a string without escapes points into the text, one with escapes does not") {
    const std::string json = R"(["plain", "k)" "\xc3\xa4" R"(se", "a\"b"])";
    JsonReader reader(json);
    CHECK(reader.next().is(TokenKind::array));
    const auto plain = reader.next();
    CHECK(plain.borrowed);
    CHECK(plain.text.data() == json.data() + 2);
    const auto umlaut = reader.next();
    CHECK(umlaut.borrowed);
    CHECK(umlaut.text == "k\xc3\xa4se");
    const auto escaped = reader.next();
    CHECK_FALSE(escaped.borrowed);
    CHECK(escaped.text == "a\"b");
}

TEST_CASE("every escape stands for its character") {
    CHECK(text_of(R"("\"\\\/\b\f\n\r\t")") == "\"\\/\b\f\n\r\t");
    CHECK(text_of(R"("\u0041\u00e4\u65E5")") == "A\xc3\xa4\xe6\x97\xa5");
    CHECK(text_of(R"("\uD83D\uDD25")") == "\xf0\x9f\x94\xa5");
    CHECK(text_of(R"("\u0000")") == std::string(1, '\0'));
    CHECK(text_of(R"("before\tafter a long plain stretch\n")") == "before\tafter a long plain stretch\n");
}

TEST_CASE("whole numbers are exact, others near") {
    CHECK(to_integer(first("0")) == 0);
    CHECK(to_integer(first("-0")) == 0);
    CHECK(to_integer(first("9007199254740993")) == 9007199254740993);
    CHECK(first("18446744073709551615").number == 18446744073709551615U);
    CHECK_FALSE(to_integer(first("18446744073709551615")).has_value());
    CHECK(first("18446744073709551616").is(TokenKind::real));
    CHECK(to_integer(first("-9223372036854775808")) == std::numeric_limits<std::int64_t>::min());
    CHECK_FALSE(to_integer(first("-9223372036854775809")).has_value());
    CHECK(to_real(first("1.5")) == 1.5);
    CHECK(to_real(first("-0.25")) == -0.25);
    CHECK(to_real(first("1e3")) == 1000.0);
    CHECK(to_real(first("1E+3")) == 1000.0);
    CHECK(to_real(first("25e-2")) == 0.25);
    CHECK(to_real(first("1787036486.712")) == 1787036486.712);
    CHECK(to_real(first("1.787036486712E9")) == 1787036486.712);
    CHECK(to_real(first("-7")) == -7.0);
    CHECK_FALSE(to_real(first("true")).has_value());
    CHECK(*to_real(first("100000000000000000000.5")) == doctest::Approx(1e20));
    CHECK(*to_real(first("123456789012345678901234567890")) == doctest::Approx(1.2345678901234568e29));
    CHECK(*to_real(first("0.000000000000000000000000000001")) == doctest::Approx(1e-30));
    CHECK(*to_real(first("5e-324")) < 1e-323);
    CHECK(*to_real(first("1e999999999999")) == std::numeric_limits<double>::infinity());
    CHECK(*to_real(first("1e-999999999999")) == 0);
    CHECK(*to_real(first("0e999999999999")) == 0);
}

TEST_CASE("what has not been read begins where a number ended") {
    JsonReader reader("[-1.50e3 , 2]");
    CHECK(reader.rest() == "[-1.50e3 , 2]");
    CHECK(reader.next().is(TokenKind::array));
    CHECK(reader.next().is(TokenKind::real));
    CHECK(reader.rest() == " , 2]");
    CHECK(reader.next().is(TokenKind::unsigned_integer));
    CHECK(reader.rest() == "]");
}

TEST_CASE("what is no JSON is refused") {
    for (const std::string_view text :
         {"", " ", "{", "[", "\"", "\"a", "{\"a\"", "{\"a\":", "{\"a\":1", "[1", "[1,", "[1,]", "[,1]", "{,}",
          "{\"a\"}",
          "{\"a\":1,}", "{a:1}", "{1:1}", "{\"a\" 1}", "[1 2]", "{\"a\":1 \"b\":2}", "]", "}", "[}", "{]", "[1}",
          "{\"a\":1]", "01", "-", "+1", "1.", ".5", "1e", "1e+", "1.e1", "--1", "0x10", "NaN", "Infinity",
          "nul", "nulll",
          "True", "tru", "'a'", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\ud800x\"",
          "\"\\ud800\\u0041\"",
          "\"\\udc00\"", "\"\\ud800\\ud800\"", "\"\t\"", "\"\n\"", "\"\x1f\"", "1 1", "{} {}", "[]]", "{}}", "\xff",
          "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xc3\"", "/* */1", "<html>oops</html>", "\"\\",
          "\"\\\""}) {
        CHECK_MESSAGE(!accepted(text), text);
    }
    CHECK_FALSE(accepted(std::string_view("1\0", 2)));
    CHECK_FALSE(accepted(std::string_view("\"\0\"", 3)));
    CHECK_FALSE(accepted("\xef\xbb\xbf{}"));
}

TEST_CASE("nesting ends at the depth limit") {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    CHECK(accepted(nested(JsonReader::max_depth)));
    CHECK_FALSE(accepted(nested(JsonReader::max_depth + 1)));
    CHECK_FALSE(accepted(std::string(1'000'000, '[')));
    std::string objects;
    for (int i = 0; i < 100'000; ++i) objects += R"({"a":)";
    CHECK_FALSE(accepted(objects));
}

TEST_CASE("a value is skipped whole") {
    JsonReader reader(R"([{"a":[1,{"b":[]}],"c":"]}"},"next"])");
    CHECK(reader.next().is(TokenKind::array));
    CHECK(skip(reader, reader.next()));
    CHECK(reader.next().text == "next");
    CHECK_FALSE(skip(reader, reader.next()));
}

TEST_CASE("the reader accepts what Boost.JSON accepts, damaged or not") {
    const std::vector<std::string> seeds = {
        R"({"FailedRecordCount":1,"Records":[{"SequenceNumber":"495","ShardId":"shardId-000000000000"},)"
        R"({"ErrorCode":"x","ErrorMessage":null}],"EncryptionType":"KMS"})",
        R"(["a\u00e9\ud83d\udd25\n\"\\","k)" "\xc3\xa4\xe6\x97\xa5\xf0\x9f\x94\xa5"
        R"(se",-0.5e+10,12345678901234567890123,true,false,null,{}])",
    };
    std::mt19937 dice(11);
    std::size_t agreed = 0;
    for (int round = 0; round < 30'000; ++round) {
        auto text = seeds[dice() % seeds.size()];
        for (auto changes = dice() % 3 + 1; changes > 0; --changes) {
            const auto place = dice() % text.size();
            constexpr std::string_view likely = "\"\\{}[],:0123456789eE+-.untrfalse \x80\xc3\xff";
            const char other = dice() % 4 == 0 ? static_cast<char>(dice()) : likely[dice() % likely.size()];
            switch (dice() % 3) {
            case 0: text[place] = other; break;
            case 1: text.insert(place, 1, other); break;
            default: text.erase(place, 1); break;
            }
        }
        boost::system::error_code failure;
        const auto value = boost::json::parse(text, failure);
        // Well-formed; the two differ on how much of an exponent they take.
        if (failure == boost::json::error::exponent_overflow) continue;
        REQUIRE_MESSAGE(accepted(text) == !failure, text);
        agreed += failure ? 0U : 1U;
    }
    CHECK(agreed > 100);
}
