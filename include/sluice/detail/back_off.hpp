#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace sluice::detail {

/// A delay between nothing and `base * 2^(failures - 1)`, at most `longest`, evenly spread: full jitter.
[[nodiscard]] inline std::chrono::nanoseconds back_off(std::chrono::nanoseconds base, std::chrono::nanoseconds longest,
                                                       unsigned failures, std::uint64_t random) {
    const unsigned doublings = std::min(failures == 0 ? 0U : failures - 1U, 30U);
    const double most = std::min(static_cast<double>(base.count()) * static_cast<double>(std::uint64_t{1} << doublings),
                                 static_cast<double>(longest.count()));
    const double share = static_cast<double>(random >> 11U) / static_cast<double>(std::uint64_t{1} << 53U);
    return std::chrono::nanoseconds(static_cast<std::int64_t>(most * share));
}

} // namespace sluice::detail
