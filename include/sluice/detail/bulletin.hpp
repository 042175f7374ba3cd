#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/stats.hpp>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

namespace sluice::detail {

/// The latest statistics: written on the strand, read by anybody.
class Bulletin {
public:
    /// Whether it is time for new ones: they cost a copy, so that every hundredth of a second must do.
    [[nodiscard]] bool due(steady_time now) const { return now >= due_; }

    /// When those that were not written have to be.
    [[nodiscard]] steady_time due_at() const noexcept { return overdue_ ? due_ : steady_time::max(); }

    void put_off() noexcept { overdue_ = true; }

    /// How long a record waits that was put then; `max()`: there is none.
    [[nodiscard]] static std::chrono::milliseconds age(steady_time put, steady_time now) {
        const auto waits = put == steady_time::max() ? steady_time::duration::zero() : now - put;
        return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(waits), std::chrono::milliseconds(0));
    }

    void write(Stats stats, steady_time oldest, steady_time now) {
        overdue_ = false;
        due_ = now + std::chrono::milliseconds(10);
        const std::lock_guard lock(mutex_);
        stats_ = std::move(stats);
        oldest_ = oldest;
    }

    [[nodiscard]] Stats read(steady_time now) const {
        const std::lock_guard lock(mutex_);
        auto stats = stats_;
        stats.oldest_age = age(oldest_, now);
        return stats;
    }

private:
    steady_time due_;
    bool overdue_ = false;
    mutable std::mutex mutex_;
    Stats stats_;
    steady_time oldest_ = steady_time::max();
};

} // namespace sluice::detail
