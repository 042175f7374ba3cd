#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/labels.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::detail {

/// What `PrometheusMetrics` shows, in a registry of the user's; any thread.
///
/// A family of a name that the registry has already is the same family, and a metric with the same labels the same
/// metric. Throws `std::invalid_argument` if the name is of another type, or the registry refuses what it has already.
class PrometheusFamilies {
public:
    using Labels = prometheus::Labels;
    template <class Metric>
    using Family = prometheus::Family<Metric>;
    using Counters = Family<prometheus::Counter>;
    using Gauges = Family<prometheus::Gauge>;
    using Histograms = Family<prometheus::Histogram>;

    PrometheusFamilies(std::shared_ptr<prometheus::Registry> its_registry, Labels its_labels)
        : registry(std::move(its_registry)), labels(std::move(its_labels)) {}

    std::shared_ptr<prometheus::Registry> registry;
    Labels labels; ///< Of every metric.

    // Names that others have given, who put records into Kinesis from Go.
    Counters& attempts = counter("kinesis_write_attempts_total", "Requests that were sent.");
    Counters& successes = counter("kinesis_write_success_total", "Requests of which the service took every record.");
    Counters& failed_records =
        counter("kinesis_failed_records_total", "Records that a try did not deliver; most are tried again.");
    Counters& large_payloads = counter("kinesis_large_payloads_total", "Records whose data was put elsewhere.");
    Counters& failed_requests =
        counter("kinesis_batch_write_failures_total", "Requests that failed as a whole, with all of their records.");
    Histograms& latency = histogram("kinesis_write_latency_seconds", "From a request's departure to its answer.");

    // Of a stream.
    Counters& accepted_records = counter("sluice_accepted_records_total", "Records that were put.");
    Counters& accepted_bytes = counter("sluice_accepted_bytes_total", "Bytes that were put, as they are buffered.");
    Counters& settled = counter("sluice_settled_records_total", "Records that have an outcome, by outcome.");
    Counters& retried = counter("sluice_retried_records_total", "Tries of records beyond their first.");
    Counters& throttled = counter("sluice_throttled_records_total", "Tries of records that the service throttled.");
    Counters& sent_bytes = counter("sluice_sent_bytes_total", "Data and keys in requests, as they were sent.");
    Gauges& paused = gauge("sluice_stream_paused", "Producers for which this stream is paused now.");
    Histograms& waits =
        histogram("sluice_request_wait_seconds", "From the put to the departure of a request's oldest record.");
    Histograms& fill = histogram("sluice_request_fill_ratio", "The share of its limits that a request used.");
    Histograms& entry_records = histogram("sluice_records_per_entry", "Records that share an entry of a request.");

    // Of a shard.
    Counters& shard_records = counter("sluice_shard_records_total", "Records that this shard took.");
    Counters& shard_bytes = counter("sluice_shard_bytes_total", "Data and keys that this shard took, as sent.");
    Histograms& shard_latency = histogram("sluice_shard_write_latency_seconds",
                                          "From departure to answer, of requests of which this shard took something.");

    // Of a producer.
    Gauges& buffered_records = gauge("sluice_buffered_records", "Records without an outcome now.");
    Gauges& buffered_bytes = gauge("sluice_buffered_bytes", "Bytes without an outcome now.");
    Gauges& oldest_age = gauge("sluice_oldest_record_age_seconds", "Since the put of the oldest record in memory.");
    Counters& ignored = counter("sluice_ignored_records_total", "Records put while the producer was disabled.");
    Counters& refused_puts = counter("sluice_refused_puts_total", "Records whose put ended with an error.");
    Counters& cleared = counter("sluice_cleared_records_total", "Records that were removed by clearing the buffer.");
    Counters& recovered =
        counter("sluice_recovered_records_total", "Records found in the storage when it was opened.");
    Counters& unreadable =
        counter("sluice_unreadable_records_total", "Records in chunks that the storage gave back damaged.");

    /// One metric, with these labels and those of all.
    template <class Metric, class... Buckets>
    [[nodiscard]] Metric& metric(Family<Metric>& family, Labels own, const Buckets&... buckets) const {
        own.insert(labels.begin(), labels.end());
        return family.Add(own, buckets...);
    }

    /// Shows the age of the oldest record of several producers, who are told apart by where they live.
    void tell_age(const void* producer, double seconds) {
        const std::lock_guard lock(ages_mutex_);
        ages_[producer] = seconds;
        show_age();
    }

    void forget_age(const void* producer) {
        const std::lock_guard lock(ages_mutex_);
        ages_.erase(producer);
        show_age();
    }

private:
    Counters& counter(const char* name, const char* help) {
        return prometheus::BuildCounter().Name(name).Help(help).Register(*registry);
    }
    Gauges& gauge(const char* name, const char* help) {
        return prometheus::BuildGauge().Name(name).Help(help).Register(*registry);
    }
    Histograms& histogram(const char* name, const char* help) {
        return prometheus::BuildHistogram().Name(name).Help(help).Register(*registry);
    }

    void show_age() {
        double oldest = 0;
        for (const auto& [producer, seconds] : ages_) oldest = std::max(oldest, seconds);
        metric(oldest_age, {}).Set(oldest);
    }

    std::mutex ages_mutex_;
    std::map<const void*, double> ages_;
};

} // namespace sluice::detail
