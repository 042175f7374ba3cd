#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/metrics/metrics.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

namespace sluice::detail {

/// How long the records of a request have waited, once it is known when it departs.
class Waits {
public:
    /// One more record, which was put then.
    void add(steady_time put) noexcept {
        if (records_ == 0) oldest_ = newest_ = first_ = put;
        oldest_ = std::min(oldest_, put);
        newest_ = std::max(newest_, put);
        after_first_ += nanoseconds(put - first_);
        ++records_;
    }

    void tell(Exchange& exchange, steady_time departure) const {
        const auto none = std::chrono::nanoseconds(0);
        exchange.records = records_;
        if (records_ == 0) return;
        exchange.shortest_wait = std::max<std::chrono::nanoseconds>(departure - newest_, none);
        exchange.longest_wait = std::max<std::chrono::nanoseconds>(departure - oldest_, none);
        // Days of a hundred thousand records are more than 64 bits hold.
        const auto total = nanoseconds(departure - first_) * static_cast<double>(records_) - after_first_;
        constexpr auto most = static_cast<double>(std::numeric_limits<std::int64_t>::max() / 2);
        exchange.total_wait = std::chrono::nanoseconds(static_cast<std::int64_t>(std::clamp(total, 0.0, most)));
    }

private:
    [[nodiscard]] static double nanoseconds(std::chrono::nanoseconds time) noexcept {
        return static_cast<double>(time.count());
    }

    steady_time oldest_;
    steady_time newest_;
    steady_time first_;
    double after_first_ = 0; ///< Nanoseconds: the sum of how much later than the first one they were put.
    std::uint64_t records_ = 0;
};

} // namespace sluice::detail
