#pragma once

#include <sluice/metrics/metrics.hpp>
#include <sluice/metrics/prometheus_counts.hpp>
#include <sluice/metrics/prometheus_families.hpp>
#include <sluice/metrics/prometheus_stream.hpp>

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
    std::size_t max_streams = 256; ///< With metrics of their own, in each producer; the label of the rest is `other`.
    std::size_t max_shards = 64;   ///< The same of each stream. Zero: all of a stream's shards are `other`.
};

/// Counts in a registry of prometheus-cpp, which whoever serves it to Prometheus has, too. Link `sluice::prometheus`.
///
/// | metric | type | labels | meaning |
/// |---|---|---|---|
/// | `kinesis_write_attempts_total` | counter | `stream_name` | Requests that were sent. |
/// | `kinesis_write_success_total` | counter | `stream_name` | Requests of which the service took every record. |
/// | `kinesis_failed_records_total` | counter | `stream_name` | Records that a try did not deliver; most are tried again. |
/// | `kinesis_large_payloads_total` | counter | `stream_name` | Records whose data was put elsewhere. |
/// | `kinesis_batch_write_failures_total` | counter | `stream_name` | Requests that failed as a whole, with all of their records. |
/// | `kinesis_write_latency_seconds` | histogram | `stream_name` | From a request's departure to its answer. |
/// | `sluice_accepted_records_total` | counter | `stream_name` | Records that were put. |
/// | `sluice_accepted_bytes_total` | counter | `stream_name` | Bytes that were put, as they are buffered. |
/// | `sluice_settled_records_total` | counter | `stream_name`, `outcome` | Records that have an outcome, by outcome. |
/// | `sluice_retried_records_total` | counter | `stream_name` | Tries of records beyond their first. |
/// | `sluice_throttled_records_total` | counter | `stream_name` | Tries of records that the service throttled. |
/// | `sluice_sent_bytes_total` | counter | `stream_name` | Data and keys in requests, as they were sent. |
/// | `sluice_stream_paused` | gauge | `stream_name` | Producers for which this stream is paused now. |
/// | `sluice_request_wait_seconds` | histogram | `stream_name` | From the put to the departure of a request's oldest record. |
/// | `sluice_request_fill_ratio` | histogram | `stream_name` | The share of its limits that a request used. |
/// | `sluice_records_per_entry` | histogram | `stream_name` | Records that share an entry of a request. |
/// | `sluice_shard_records_total` | counter | `stream_name`, `shard_id` | Records that this shard took. |
/// | `sluice_shard_bytes_total` | counter | `stream_name`, `shard_id` | Data and keys that this shard took, as sent. |
/// | `sluice_shard_write_latency_seconds` | histogram | `stream_name`, `shard_id` | From departure to answer, of requests of which this shard took something. |
/// | `sluice_buffered_records` | gauge |  | Records without an outcome now. |
/// | `sluice_buffered_bytes` | gauge |  | Bytes without an outcome now. |
/// | `sluice_oldest_record_age_seconds` | gauge |  | Since the put of the oldest record in memory. |
/// | `sluice_ignored_records_total` | counter |  | Records put while the producer was disabled. |
/// | `sluice_refused_puts_total` | counter |  | Records whose put ended with an error. |
/// | `sluice_cleared_records_total` | counter |  | Records that were removed by clearing the buffer. |
/// | `sluice_recovered_records_total` | counter |  | Records found in the storage when it was opened. |
/// | `sluice_unreadable_records_total` | counter |  | Records in chunks that the storage gave back damaged. |
///
/// Outcomes are `delivered`, `expired`, `dropped`, `gave_up`, `closed`, `too_large`, `request_refused` (by the service)
/// and `failed`. The first six names, with their label, are those that a writer to Kinesis in Go has had before.
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
        : grain_(std::make_shared<const detail::PrometheusGrain>(grain_of(options))), max_streams_(options.max_streams),
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
        co_return Running(std::make_unique<detail::PrometheusCounts>(families_, grain_, max_streams_));
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
        grain.max_shards = options.max_shards;
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
    std::size_t max_streams_;
    std::shared_ptr<detail::PrometheusFamilies> families_;
};

static_assert(Metrics<PrometheusMetrics>);

} // namespace sluice
