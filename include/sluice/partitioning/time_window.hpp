#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/partitioning/partitioning.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

namespace sluice {

/// One key for all records of a stretch of time: `time_{n}`, where n windows lie between 1970 and the put.
///
/// All that is put in a window goes to one shard, which takes 1 MiB and 1,000 records a second: only for streams that
/// never have more. The windows of several machines begin together, as far as their clocks agree. A calendar that steps
/// back gives keys again.
class TimeWindowKey {
public:
    using policy_kind = kind::partitioning;

    /// A window is whole milliseconds long. `now` is asked once a key; by default it is the system's calendar.
    ///
    /// Throws `std::invalid_argument` if the window is zero or negative.
    explicit TimeWindowKey(std::chrono::milliseconds window = std::chrono::minutes(1),
                           std::function<wall_time()> now = &system_now)
        : window_(window), now_(std::move(now)) {
        if (window.count() <= 0) throw std::invalid_argument("sluice: TimeWindowKey needs a window of some time");
        if (!now_) throw std::invalid_argument("sluice: TimeWindowKey needs a clock, or none at all");
    }

    [[nodiscard]] error_code key(const RecordView&, std::uint64_t, std::string& key) const {
        const auto since = std::chrono::floor<std::chrono::milliseconds>(now_().time_since_epoch());
        auto windows = since / window_;
        if (since % window_ < std::chrono::milliseconds(0)) --windows; // before 1970, too, they are counted from below
        (key += "time_") += std::to_string(windows);
        return {};
    }

private:
    static wall_time system_now() { return std::chrono::system_clock::now(); }

    std::chrono::milliseconds window_;
    std::function<wall_time()> now_;
};

} // namespace sluice
