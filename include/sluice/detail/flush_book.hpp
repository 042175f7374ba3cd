#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/detail/actions.hpp>
#include <sluice/error.hpp>
#include <sluice/receipt.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace sluice::detail {

/// The flushes that are under way, each with what became of the records before it since the flush before. Pure.
class FlushBook {
public:
    /// Starts a flush of all records below `watermark`, of which `left` have no outcome. `one_try`: it ends as soon as
    /// nothing can be sent at once.
    void begin(std::uint64_t id, std::uint64_t watermark, std::uint64_t left, steady_time deadline, bool one_try) {
        auto& flush = flushes_.emplace_back(id, watermark, deadline, one_try);
        flush.report = std::exchange(unreported_, FlushReport());
        flush.report.left = left;
    }

    [[nodiscard]] bool active() const noexcept { return !flushes_.empty(); }

    /// A record has its outcome.
    void settled(std::uint64_t sequence, error_code outcome) {
        bool reported = false;
        for (auto& flush : flushes_) {
            if (sequence >= flush.watermark || flush.report.left == 0) continue;
            --flush.report.left;
            count(flush.report, outcome);
            reported = true;
        }
        if (!reported) count(unreported_, outcome);
    }

    /// What became of records that no flush has told, and none that is under way will tell.
    [[nodiscard]] const FlushReport& unreported() const noexcept { return unreported_; }

    /// So many records from the sequence `first` on are gone without an outcome each.
    void forgotten(std::uint64_t first, std::uint64_t records) {
        for (auto& flush : flushes_) {
            if (first < flush.watermark) flush.report.left -= std::min(flush.report.left, records);
        }
    }

    /// Ends the flushes that are done, or whose time is over; with `still`, also those that wanted one try.
    void end(steady_time now, bool still, error_code paused_by, std::vector<FlushDone>& done) {
        for (auto& flush : flushes_) {
            if (!flush.over(now, still)) continue;
            if (flush.report.left > 0) flush.report.paused_by = paused_by;
            done.emplace_back(flush.id, flush.report);
        }
        std::erase_if(flushes_, [&](const Flush& flush) { return flush.over(now, still); });
    }

    [[nodiscard]] steady_time deadline() const {
        auto first = steady_time::max();
        for (const auto& flush : flushes_) first = std::min(first, flush.deadline);
        return first;
    }

private:
    class Flush {
    public:
        Flush(std::uint64_t its_id, std::uint64_t its_watermark, steady_time its_deadline, bool only_one_try)
            : id(its_id), watermark(its_watermark), deadline(its_deadline), one_try(only_one_try) {}

        [[nodiscard]] bool over(steady_time now, bool still) const {
            return report.left == 0 || now >= deadline || (one_try && still);
        }

        std::uint64_t id;
        std::uint64_t watermark;
        steady_time deadline;
        bool one_try;
        FlushReport report;
    };

    static void count(FlushReport& report, error_code outcome) {
        if (!outcome) {
            ++report.delivered;
        } else if (outcome == error::expired) {
            ++report.expired;
        } else if (outcome != error::cleared) {
            ++report.failed;
        }
    }

    std::vector<Flush> flushes_;
    FlushReport unreported_;
};

} // namespace sluice::detail
