#pragma once

#include <sluice/detail/prometheus_counts.hpp>
#include <sluice/detail/prometheus_families.hpp>
#include <sluice/detail/prometheus_stream.hpp>
#include <sluice/metrics/metrics.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

/// What `PrometheusMetrics` may be told.
class PrometheusOptions {
public:
    PrometheusOptions() = default;

    std::map<std::string, std::string> labels; ///< Of every metric, a name of the application for instance.
    /// Upper bounds of latencies, in seconds.
    std::vector<double> buckets{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
    std::size_t streams = 256; ///< With metrics of their own, in each producer; the label of the rest is `other`.
    std::size_t shards = 64;   ///< The same of each stream. Zero: all of a stream's shards are `other`.
};

/// Counts in a registry of prometheus-cpp, which whoever serves it to Prometheus has, too. Link `sluice::prometheus`.
///
/// Metrics are those of detail/prometheus_families.hpp. They have the label `stream_name`; those of a shard
/// `shard_id`, those of settled records `outcome` (`delivered`, `expired`, `dropped`, `gave_up`, `closed`, `too_large`,
/// `refused`, `failed`), and those of the buffer none.
///
/// Producers may share a registry: what they count adds up, and what they have buffered leaves the sum with them. The
/// age of the oldest record is the greatest of all whose recipe is a copy of one; recipes made apart need a label that
/// tells them apart.
class PrometheusMetrics {
public:
    using policy_kind = kind::metrics;

    /// Throws `std::invalid_argument` for no registry, for buckets that do not rise, for a label that cannot be, and if
    /// the registry has something else under one of the names, or takes no name twice.
    explicit PrometheusMetrics(std::shared_ptr<prometheus::Registry> registry,
                               PrometheusOptions options = PrometheusOptions())
        : grain_(std::make_shared<const detail::PrometheusGrain>(grain_of(options))), streams_(options.streams),
          families_(families_for(std::move(registry), std::move(options))) {}

    class Running {
    public:
        explicit Running(std::unique_ptr<detail::PrometheusCounts> counts) : counts_(std::move(counts)) {}

        void accepted(std::string_view stream, std::uint64_t records, std::uint64_t bytes) {
            counts_->of(stream).accepted(records, bytes);
        }
        void exchanged(std::string_view stream, const Exchange& exchange) { counts_->of(stream).exchanged(exchange); }
        void settled(std::string_view stream, error_code outcome, std::uint64_t records) {
            counts_->of(stream).settled(outcome, records);
        }
        void observed(const Stats& stats) { counts_->observed(stats); }

    private:
        std::unique_ptr<detail::PrometheusCounts> counts_;
    };

    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World&) const {
        co_return Running(std::make_unique<detail::PrometheusCounts>(families_, grain_, streams_));
    }

private:
    [[nodiscard]] static detail::PrometheusGrain grain_of(const PrometheusOptions& options) {
        const auto& bounds = options.buckets;
        const bool rising = std::adjacent_find(bounds.begin(), bounds.end(), std::greater_equal<>()) == bounds.end();
        const bool finite = std::all_of(bounds.begin(), bounds.end(), [](double each) { return std::isfinite(each); });
        if (bounds.empty() || !rising || !finite) {
            throw std::invalid_argument("sluice: the buckets of PrometheusMetrics are one or more finite numbers, each "
                                        "greater than the one before");
        }
        detail::PrometheusGrain grain;
        grain.seconds = bounds;
        grain.shards = options.shards;
        return grain;
    }

    [[nodiscard]] static std::shared_ptr<detail::PrometheusFamilies>
    families_for(std::shared_ptr<prometheus::Registry> registry, PrometheusOptions options) {
        if (!registry) throw std::invalid_argument("sluice: PrometheusMetrics needs a registry");
        for (const auto& [name, value] : options.labels) {
            if (can_be_label(name)) continue;
            throw std::invalid_argument("sluice: a label of PrometheusMetrics consists of letters, digits and '_', "
                                        "begins with neither a digit nor '__', and is none of stream_name, shard_id, "
                                        "outcome and le");
        }
        return std::make_shared<detail::PrometheusFamilies>(std::move(registry), std::move(options.labels));
    }

    [[nodiscard]] static bool can_be_label(std::string_view name) {
        const auto fits = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        };
        const bool taken = name == "stream_name" || name == "shard_id" || name == "outcome" || name == "le";
        return !name.empty() && !taken && std::all_of(name.begin(), name.end(), fits) && name.front() > '9' &&
               !name.starts_with("__");
    }

    std::shared_ptr<const detail::PrometheusGrain> grain_;
    std::size_t streams_;
    std::shared_ptr<detail::PrometheusFamilies> families_;
};

static_assert(Metrics<PrometheusMetrics>);

} // namespace sluice
