#pragma once

#include <sluice/aws/timestamp.hpp>
#include <sluice/clock/clock.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string_view>

namespace sluice::aws {

/// How far this machine's clock must be put forward to agree with the service's, if the correction that was `applied`
/// is more than four minutes off; none if it is not, or if `date` tells no time.
[[nodiscard]] inline std::optional<std::chrono::seconds> clock_difference(std::string_view date, wall_time local,
                                                                          std::chrono::seconds applied) noexcept {
    const auto server = parse_http_date(date);
    if (!server) return std::nullopt;
    const auto skew = std::chrono::round<std::chrono::seconds>(*server - local);
    if (std::chrono::abs(skew - applied) <= std::chrono::minutes(4)) return std::nullopt;
    return skew;
}

/// The same, if a failure is the clock's fault. The rule of the AWS SDKs since 2026: only these codes, and only beyond
/// four minutes.
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
    return clock_difference(date, local, applied);
}

} // namespace sluice::aws
