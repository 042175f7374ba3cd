#include <sluice/aws/clock_skew.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace sluice;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view date = "Fri, 02 Jan 2026 03:04:05 GMT";

wall_time at(int year, unsigned month, unsigned day) {
    return std::chrono::sys_days(std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day));
}

const wall_time server = at(2026, 1, 2) + 3h + 4min + 5s;

} // namespace

TEST_CASE("the date of RFC 9110 is read") {
    CHECK(aws::parse_http_date(date) == server);
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

TEST_CASE("a clock that is more than four minutes off is the fault") {
    const auto skew = [](wall_time local) {
        return aws::measured_skew("InvalidSignatureException", date, local, 0s);
    };
    CHECK(skew(server - 1h) == 3600s);
    CHECK(skew(server + 1h) == -3600s);
    CHECK(skew(server - 241s) == 241s);
    CHECK_FALSE(skew(server - 240s));
    CHECK_FALSE(skew(server));
    CHECK_FALSE(skew(server + 240s));
    CHECK(skew(server + 241s) == -241s);
    CHECK(skew(server - 24h * 365 * 50));
}

TEST_CASE("a correction that was applied counts") {
    const auto skew = [](wall_time local, std::chrono::seconds applied) {
        return aws::measured_skew("InvalidSignatureException", date, local, applied);
    };
    CHECK_FALSE(skew(server - 1h, 3600s));
    CHECK(skew(server, 3600s) == 0s);
    CHECK(skew(server - 2h, 3600s) == 7200s);
}

TEST_CASE("only failures that a clock can cause are its fault") {
    for (const std::string_view code : {"InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure",
                                        "RequestTimeTooSkewed", "AccessDeniedException"}) {
        CHECK(aws::measured_skew(code, date, server - 1h, 0s) == 3600s);
    }
    for (const std::string_view code : {"", "RequestExpired", "RequestInTheFuture", "ThrottlingException", "403"}) {
        CHECK_FALSE(aws::measured_skew(code, date, server - 1h, 0s));
    }
}

TEST_CASE("without a date nothing is measured") {
    CHECK_FALSE(aws::measured_skew("InvalidSignatureException", "", server - 1h, 0s));
    CHECK_FALSE(aws::measured_skew("InvalidSignatureException", "yesterday", server - 1h, 0s));
}
