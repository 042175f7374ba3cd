#pragma once

#include "chronicle.hpp"

#include <sluice/detail/disposition.hpp>
#include <sluice/options.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace simulate {

/// Whether retries back off with jitter: judged by averages, since single delays may be short.
class Pace {
public:
    explicit Pace(const sluice::Options& options) : options_(options) {}

    /// A flush probes paused streams at once, a new process knows nothing of a pause: their probes do not count.
    void forgive() {
        for (auto& [stream, outage] : outages_) outage.forgiven = true;
    }

    void sending(const std::string& stream, steady_time now, Chronicle& chronicle) {
        auto& outage = outages_[stream];
        if (outage.failures == 0) return;
        if (outage.forgiven) {
            // Those that were under way when the stream failed do not count either.
            outage.forgiven = false;
            outage.since.clear();
        }
        outage.since.push_back(now);
        if (outage.since.size() <= window + options_.requests_in_flight) return;
        const auto took = now - *(outage.since.end() - window - 1);
        if (outage.failures > 2 * window && took < options_.longest_back_off * (window / 8)) {
            chronicle.broken(4, "stream ", stream, " was probed ", window, " times in ", took);
            outage.since.clear();
        }
    }

    void answered(const std::string& stream, steady_time, error_code failure) {
        auto& outage = outages_[stream];
        if (sluice::detail::disposition(failure) == sluice::detail::Disposition::stream) {
            ++outage.failures;
        } else {
            outage = Outage();
        }
    }

    /// A record is tried again so long after its n-th failure.
    void retried(unsigned failures, std::chrono::nanoseconds rest) {
        const double base = static_cast<double>(std::chrono::nanoseconds(options_.back_off).count());
        const double longest = static_cast<double>(std::chrono::nanoseconds(options_.longest_back_off).count());
        const double most = std::min(base * static_cast<double>(1U << std::min(failures - 1, 20U)), longest);
        shares_.push_back(static_cast<double>(rest.count()) / most);
    }

    /// At the end.
    void judge(Chronicle& chronicle) {
        if (shares_.size() < 200) return;
        double sum = 0;
        for (const auto share : shares_) sum += share;
        if (sum / static_cast<double>(shares_.size()) < 0.3) {
            chronicle.broken(4, "records are tried again too soon: on average after ",
                             sum / static_cast<double>(shares_.size()), " of the longest back-off");
        }
        std::sort(shares_.begin(), shares_.end());
        const auto kinds = std::unique(shares_.begin(), shares_.end()) - shares_.begin();
        if (kinds < 10) chronicle.broken(4, "the back-off of ", shares_.size(), " retries has no jitter");
    }

private:
    static constexpr std::ptrdiff_t window = 16;

    class Outage {
    public:
        std::ptrdiff_t failures = 0;    ///< In a row.
        std::vector<steady_time> since; ///< When it was probed.
        bool forgiven = false;
    };

    const sluice::Options& options_;
    std::map<std::string, Outage> outages_;
    std::vector<double> shares_;
};

} // namespace simulate
