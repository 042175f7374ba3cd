#include <sluice/aws/timestamp.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>

using namespace sluice;
using namespace std::chrono_literals;

namespace {

wall_time at(int year, unsigned month, unsigned day) {
    return std::chrono::sys_days(std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day));
}

constexpr std::string_view date = "Fri, 02 Jan 2026 03:04:05 GMT";
const wall_time moment = at(2026, 1, 2) + 3h + 4min + 5s;

} // namespace

TEST_CASE("every form is written in UTC, with every digit") {
    CHECK(aws::amz_date(moment) == "20260102T030405Z");
    CHECK(aws::amz_date(wall_time{}) == "19700101T000000Z");
    CHECK(aws::amz_date(wall_time{} - 1ms) == "19691231T235959Z");
    CHECK(aws::amz_date(moment + 999ms) == "20260102T030405Z");
    CHECK(aws::amz_date(at(2024, 2, 29) + 86'399s) == "20240229T235959Z");
    CHECK(aws::http_date(moment + 999ms) == date);
    CHECK(aws::http_date(wall_time{}) == "Thu, 01 Jan 1970 00:00:00 GMT");
    CHECK(aws::http_date(at(2024, 2, 29) - 1s) == "Wed, 28 Feb 2024 23:59:59 GMT");
    CHECK(aws::iso_date(moment) == "2026-01-02T03:04:05Z");
    CHECK(aws::epoch_seconds(moment) == "1767323045");
}

TEST_CASE("a fraction has no digit too many") {
    CHECK(aws::iso_date(moment + 1ms) == "2026-01-02T03:04:05.001Z");
    CHECK(aws::iso_date(moment + 10ms) == "2026-01-02T03:04:05.01Z");
    CHECK(aws::iso_date(moment + 100ms) == "2026-01-02T03:04:05.1Z");
    CHECK(aws::iso_date(moment + 999'999us) == "2026-01-02T03:04:05.999Z");
    CHECK(aws::iso_date(wall_time{} - 1ms) == "1969-12-31T23:59:59.999Z");
    CHECK(aws::iso_date_in_full(moment) == "2026-01-02T03:04:05.000Z");
    CHECK(aws::iso_date_in_full(moment + 10ms) == "2026-01-02T03:04:05.010Z");
    CHECK(aws::iso_date_in_full(wall_time{} - 1us) == "1969-12-31T23:59:59.999Z");
    CHECK(aws::epoch_seconds(moment + 250ms) == "1767323045.25");
    CHECK(aws::epoch_seconds(wall_time{} - 1ms) == "-0.001");
    CHECK(aws::epoch_seconds(wall_time{} - 1500ms) == "-1.5");
}

TEST_CASE("what is written is read again") {
    for (wall_time time{}; time < at(2199, 12, 1); time += std::chrono::hours(24 * 97) + 3'661s + 10ms) {
        const auto second = std::chrono::floor<std::chrono::seconds>(time);
        CHECK(aws::parse_http_date(aws::http_date(time)) == second);
        CHECK(aws::parse_iso_date(aws::iso_date(time)) == time);
        CHECK(aws::parse_epoch_seconds(aws::epoch_seconds(time)) == time);
    }
}

TEST_CASE("a time of RFC 3339 is read") {
    CHECK(aws::parse_iso_date("2026-01-02T03:04:05Z") == moment);
    CHECK(aws::parse_iso_date("2026-01-02T03:04:05.5Z") == moment + 500ms);
    CHECK(aws::parse_iso_date("2026-01-02T03:04:05.001Z") == moment + 1ms);
    CHECK(aws::parse_iso_date("2026-01-02T03:04:05.0019999999999999999999Z") >= moment + 1ms);
    CHECK(aws::parse_iso_date("2026-01-02T03:04:05.0019999999999999999999Z") < moment + 2ms);
    CHECK(aws::parse_iso_date("2026-01-02T03:04:05+00:00") == moment);
    CHECK(aws::parse_iso_date("2026-01-02T08:34:05+05:30") == moment);
    CHECK(aws::parse_iso_date("2026-01-01T22:04:05.25-05:00") == moment + 250ms);
    CHECK(aws::parse_iso_date("1970-01-01T00:00:00+23:59") == wall_time{} - 23h - 59min);
}

TEST_CASE("what is no time of RFC 3339 is none") {
    for (const std::string_view wrong :
         {"", "tomorrow", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02T03:04Z", "2026-01-02T03:04:05ZZ",
          "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05.5", "2026-01-02T03:04:05,5Z", "2026-01-02T25:00:00Z",
          "2026-01-02T03:60:00Z", "2026-01-02T03:04:61Z", "2026-13-02T03:04:05Z", "2026-02-30T03:04:05Z",
          "2026-00-02T03:04:05Z", "1969-01-02T03:04:05Z", "2200-01-01T00:00:00Z", "9999-01-02T03:04:05Z",
          "2026-01-02T03:04:05+24:00", "2026-01-02T03:04:05+00:60", "2026-01-02T03:04:05+0000",
          "2026-01-02T03:04:05 00:00", "2026-01-02T03:04:05+ab:cd", "2026-1-2T03:04:05Z", "20260102T030405Z",
          "2026-01-02T-3:04:05Z", " 2026-01-02T03:04:05Z", "2026-01-02T03:04:05.-5Z", "2026-01-02 03:04:05Z"}) {
        CAPTURE(wrong);
        CHECK_FALSE(aws::parse_iso_date(wrong));
    }
}

TEST_CASE("seconds since 1970 are read without loss") {
    CHECK(aws::parse_epoch_seconds("0") == wall_time{});
    CHECK(aws::parse_epoch_seconds("1767323045.678") == moment + 678ms);
    CHECK(aws::parse_epoch_seconds("1767323045.6789999999999999999") < moment + 679ms);
    CHECK(aws::parse_epoch_seconds("1.767323045678E9") == moment + 678ms);
    CHECK(aws::parse_epoch_seconds("1.767323045678e+9") == moment + 678ms);
    CHECK(aws::parse_epoch_seconds("17673230456780e-4") == moment + 678ms);
    CHECK(aws::parse_epoch_seconds("5e-1") == wall_time{} + 500ms);
    CHECK(aws::parse_epoch_seconds("5e-999") == wall_time{});
    CHECK(aws::parse_epoch_seconds("00000000000000000001") == wall_time{} + 1s);
    CHECK(aws::parse_epoch_seconds("7258118399.999") == at(2200, 1, 1) - 1ms);
}

TEST_CASE("what are no seconds since 1970, or too many, is none") {
    for (const std::string_view wrong :
         {"", "x", ".", "1.", ".5", "1..5", "1.5.5", "-1", "+1", "1e", "1e+", "1e-", "1e1.5", "1ee5", "e5", "1 ",
          " 1", "0x10", "1e10000", "7258118400", "1e11", "1e999", "99999999999999999999", "nan", "inf", "1,5"}) {
        CAPTURE(wrong);
        CHECK_FALSE(aws::parse_epoch_seconds(wrong));
    }
    CHECK_FALSE(aws::parse_epoch_seconds(std::string(65, '0')));
    CHECK_FALSE(aws::parse_epoch_seconds(std::string(1'000'000, '1')));
}

TEST_CASE("the date of RFC 9110 is read") {
    CHECK(aws::parse_http_date(date) == moment);
    CHECK(aws::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == at(1994, 11, 6) + 8h + 49min + 37s);
    CHECK(aws::parse_http_date("Thu, 29 Feb 2024 23:59:59 GMT") == at(2024, 3, 1) - 1s);
    CHECK(aws::parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT") == at(2017, 1, 1));
    CHECK(aws::parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT") == wall_time{});
    for (unsigned month = 1; month <= 12; ++month) {
        const std::string name("JanFebMarAprMayJunJulAugSepOctNovDec", 3 * (month - 1), 3);
        CHECK(aws::parse_http_date("Mon, 15 " + name + " 2026 00:00:00 GMT") == at(2026, month, 15));
    }
}

TEST_CASE("what is no such date is none") {
    for (const std::string_view wrong :
         {"", "now", "Fri, 02 Jan 2026 03:04:05", "Fri, 02 Jan 2026 03:04:05 UTC", "Friday, 02-Jan-26 03:04:05 GMT",
          "Fri Jan  2 03:04:05 2026", "2026-01-02T03:04:05Z", "Fri, 32 Jan 2026 03:04:05 GMT",
          "Fri, 30 Feb 2026 03:04:05 GMT", "Thu, 29 Feb 2025 03:04:05 GMT", "Fri, 00 Jan 2026 03:04:05 GMT",
          "Fri, 02 Foo 2026 03:04:05 GMT", "Fri, 02 anF 2026 03:04:05 GMT", "Fri, 02 Jan 2026 24:04:05 GMT",
          "Fri, 02 Jan 2026 03:60:05 GMT", "Fri, 02 Jan 2026 03:04:61 GMT", "Fri, 02 Jan 9999 03:04:05 GMT",
          "Fri, 02 Jan 1969 03:04:05 GMT", "Fri, -2 Jan 2026 03:04:05 GMT", "Fri, 02 Jan 2026 03-04-05 GMT",
          "Fri, 02 Jan 2026 03:04:05 GMT ", "Fri. 02 Jan 2026 03:04:05 GMT", "Fri, 02 jan 2026 03:04:05 GMT"}) {
        CAPTURE(wrong);
        CHECK_FALSE(aws::parse_http_date(wrong));
    }
}
