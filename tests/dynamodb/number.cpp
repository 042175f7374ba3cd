#include <sluice/dynamodb/number.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

using namespace sluice;
using dynamodb::Number;

namespace {

Number number(std::string_view text) { return Number::parse(text).value(); }

template <class T>
bool lossy(std::string_view text) {
    const auto value = number(text).to<T>();
    return !value.has_value() && value.error() == error::malformed;
}

} // namespace

TEST_CASE("a number stays as it was written") {
    for (const std::string text :
         {"0", "-0", "1", "007", "1.50", "-12.5E3", "9007199254740993", "12345678901234567890123456789012345678",
          "9.9999999999999999999999999999999999999E+125", "1E-130", "-1e-130", "0E999", "0.000",
          "0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001"}) {
        CAPTURE(text);
        CHECK(number(text).text() == text);
    }
    CHECK(Number().text() == "0");
    CHECK(Number(-5).text() == "-5");
    CHECK(Number(std::numeric_limits<std::uint64_t>::max()).text() == "18446744073709551615");
}

TEST_CASE("what is no number, or none that fits, is refused") {
    for (const std::string text :
         {"", "-", "+1", "abc", "NaN", "Infinity", "-inf", "1.", ".5", ".", "1..2", "1.2.3", "--1", "1e", "1e+", "1e-",
          "e5", "1e1.5", "1e5e5", "0x1", "1 ", " 1", "1,5", "1E12345", "1E+126", "9E126", "1E-131", "0.1E-130",
          "111111111111111111111111111111111111111", "1.11111111111111111111111111111111111111", "10E125"}) {
        CAPTURE(text);
        CHECK(Number::parse(text).error() == error::malformed);
    }
    CHECK_FALSE(Number::parse(std::string(1'000'000, '0')).has_value());
    CHECK(Number::parse("1" + std::string(125, '0')).has_value());
    CHECK_FALSE(Number::parse("1" + std::string(126, '0')).has_value());
}

TEST_CASE("numbers are the same however they are written") {
    CHECK(number("1") == number("1.0"));
    CHECK(number("1") == number("001"));
    CHECK(number("1") == number("0.1e1"));
    CHECK(number("100") == number("1E2"));
    CHECK(number("0") == number("-0"));
    CHECK(number("0") == number("0E99"));
    CHECK(number("0.001") == number("1e-3"));
    CHECK(number("1") != number("-1"));
    CHECK(number("1") != number("10"));
    CHECK(number("12345678901234567890123456789012345678") != number("12345678901234567890123456789012345679"));
}

TEST_CASE("a whole number that fits becomes an integer") {
    CHECK(number("9223372036854775807").to<std::int64_t>().value() == std::numeric_limits<std::int64_t>::max());
    CHECK(number("-9223372036854775808").to<std::int64_t>().value() == std::numeric_limits<std::int64_t>::min());
    CHECK(number("18446744073709551615").to<std::uint64_t>().value() == std::numeric_limits<std::uint64_t>::max());
    CHECK(number("1.20E1").to<int>().value() == 12);
    CHECK(number("4e3").to<std::int16_t>().value() == 4'000);
    CHECK(number("-0").to<unsigned>().value() == 0);
    CHECK(number("0E-5").to<int>().value() == 0);
    CHECK(number("255").to<std::uint8_t>().value() == 255);
}

TEST_CASE("a number that would lose something becomes no integer") {
    CHECK(lossy<std::int64_t>("9223372036854775808"));
    CHECK(lossy<std::int64_t>("-9223372036854775809"));
    CHECK(lossy<std::uint64_t>("18446744073709551616"));
    CHECK(lossy<std::uint64_t>("1E20"));
    CHECK(lossy<std::uint64_t>("1E125"));
    CHECK(lossy<std::uint32_t>("4294967296"));
    CHECK(lossy<std::uint32_t>("-1"));
    CHECK(lossy<std::uint8_t>("256"));
    CHECK(lossy<int>("1.5"));
    CHECK(lossy<int>("1E-1"));
    CHECK(lossy<int>("1E-130"));
    CHECK(lossy<std::int64_t>("12345678901234567890123456789012345678"));
}

TEST_CASE("a double comes and goes without loss") {
    for (const double value : {0.0, -0.0, 1.0, 0.1, -1.5, 1e22, 1e100, 3.141592653589793, 5e-130, 9007199254740993.0}) {
        CAPTURE(value);
        CHECK(Number::from(value).value().to<double>().value() == value);
    }
    CHECK(Number::from(0.1).value() == number("0.1"));
    CHECK(number("0.10").to<double>().value() == 0.1);
    CHECK(lossy<double>("9007199254740993"));
    CHECK(lossy<double>("0.1000000000000000000001"));
    for (const double value : {1e126, 1e-131, std::numeric_limits<double>::infinity(),
                               std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::denorm_min()}) {
        CHECK_FALSE(Number::from(value).has_value());
    }
}
