#include <sluice/aws/clock_skew.hpp>

#include <doctest/doctest.h>

#include <string_view>

using namespace sluice;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view date = "Fri, 02 Jan 2026 03:04:05 GMT";

wall_time at(int year, unsigned month, unsigned day) {
    return std::chrono::sys_days(std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day));
}

const wall_time server = at(2026, 1, 2) + 3h + 4min + 5s;

} // namespace

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
