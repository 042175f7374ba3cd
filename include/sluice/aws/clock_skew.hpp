#pragma once

#include <sluice/clock/clock.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace sluice::aws {

namespace detail {

/// So many digits, and nothing but digits.
[[nodiscard]] inline std::optional<unsigned> digits(std::string_view text) noexcept {
    unsigned value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + static_cast<unsigned>(c - '0');
    }
    return value;
}

[[nodiscard]] inline std::optional<unsigned> month_number(std::string_view name) noexcept {
    constexpr std::string_view names = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (unsigned i = 0; i < 12; ++i) {
        if (names.substr(std::size_t{3} * i, 3) == name) return i + 1;
    }
    return std::nullopt;
}

} // namespace detail

/// The time that a `Date` header tells in the form of RFC 9110, `Fri, 02 Jan 2026 03:04:05 GMT`; none if it has
/// another form or tells no time between 1970 and 2199. The day of the week is not checked against the date.
[[nodiscard]] inline std::optional<wall_time> parse_http_date(std::string_view text) noexcept {
    constexpr std::string_view form = "aaa, 00 aaa 0000 00:00:00 GMT";
    if (text.size() != form.size()) return std::nullopt;
    for (std::size_t i = 0; i < form.size(); ++i) {
        if (form[i] != '0' && form[i] != 'a' && form[i] != text[i]) return std::nullopt;
    }
    const auto number = [text](std::size_t at, std::size_t size) { return detail::digits(text.substr(at, size)); };
    const auto its_day = number(5, 2);
    const auto its_month = detail::month_number(text.substr(8, 3));
    const auto its_year = number(12, 4);
    const auto hour = number(17, 2);
    const auto minute = number(20, 2);
    const auto second = number(23, 2);
    if (!its_day || !its_month || !its_year || !hour || !minute || !second) return std::nullopt;
    const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*its_year)),
                                           std::chrono::month(*its_month), std::chrono::day(*its_day));
    // A second of 60 is a leap second.
    if (!date.ok() || *its_year < 1970 || *its_year > 2199 || *hour > 23 || *minute > 59 || *second > 60) {
        return std::nullopt;
    }
    return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           std::chrono::seconds(*second);
}

/// How far this machine's clock must be put forward to agree with the service's, if a failure is the clock's fault;
/// none if it is not. The rule of the AWS SDKs since 2026: only these codes, and only beyond four minutes.
///
/// `date` is the answer's `Date` header, `local` the time of this machine when it came, `applied` the correction that
/// the request was signed with.
[[nodiscard]] inline std::optional<std::chrono::seconds> measured_skew(std::string_view code, std::string_view date,
                                                                       wall_time local,
                                                                       std::chrono::seconds applied) noexcept {
    static constexpr std::array<std::string_view, 5> codes{"InvalidSignatureException", "SignatureDoesNotMatch",
                                                           "AuthFailure", "RequestTimeTooSkewed",
                                                           "AccessDeniedException"};
    if (std::find(codes.begin(), codes.end(), code) == codes.end()) return std::nullopt;
    const auto server = parse_http_date(date);
    if (!server) return std::nullopt;
    const auto skew = std::chrono::round<std::chrono::seconds>(*server - local);
    const auto error = skew - applied;
    if (std::chrono::abs(error) <= std::chrono::minutes(4)) return std::nullopt;
    return skew;
}

} // namespace sluice::aws
