#pragma once

#include <sluice/error.hpp>
#include <sluice/metrics/metrics.hpp>
#include <sluice/metrics/prometheus_families.hpp>
#include <sluice/stats.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::detail {

/// How finely histograms tell, and how many shards of a stream have metrics of their own.
class PrometheusGrain {
public:
    std::vector<double> seconds;
    std::vector<double> ratios{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1};
    std::vector<double> records{1, 2, 5, 10, 20, 50, 100, 200, 500, 1'000, 2'000};
    std::size_t max_shards = 0;
};

/// Values for a histogram, collected so that its lock is taken once for many.
class PrometheusTally {
public:
    explicit PrometheusTally(const std::vector<double>& bounds) : bounds_(bounds), counts_(bounds.size() + 1) {}

    void add(double value) {
        if (value != last_) give_run();
        last_ = value;
        ++run_;
    }

    void give(prometheus::Histogram& histogram) {
        give_run();
        histogram.ObserveMultiple(counts_, sum_);
        std::fill(counts_.begin(), counts_.end(), 0);
        sum_ = 0;
    }

private:
    void give_run() {
        const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), last_) - bounds_.begin();
        counts_[static_cast<std::size_t>(bucket)] += run_;
        sum_ += last_ * run_;
        run_ = 0;
    }

    const std::vector<double>& bounds_;
    std::vector<double> counts_;
    double sum_ = 0;
    double last_ = 0;
    double run_ = 0; ///< How often the last value came in a row.
};

/// The metrics of a stream's shards, found without a search for most entries.
class PrometheusShards {
public:
    class Shard {
    public:
        Shard(const PrometheusFamilies& families, const PrometheusGrain& grain, const std::string& stream,
              std::string its_id)
            : id(std::move(its_id)),
              all_records(families.metric(families.shard_records, {{"stream_name", stream}, {"shard_id", id}})),
              all_bytes(families.metric(families.shard_bytes, {{"stream_name", stream}, {"shard_id", id}})),
              latency(families.metric(families.shard_latency, {{"stream_name", stream}, {"shard_id", id}},
                                      grain.seconds)) {}

        std::string id;
        prometheus::Counter& all_records;
        prometheus::Counter& all_bytes;
        prometheus::Histogram& latency;
        std::uint64_t records = 0; ///< Of the request that is being told.
        std::uint64_t bytes = 0;
    };

    PrometheusShards(const PrometheusFamilies& families, const PrometheusGrain& grain, std::string stream)
        : families_(families), grain_(grain), stream_(std::move(stream)) {}

    /// A shard took these of the request that is being told.
    void took(std::string_view id, const Exchange::Load& load) {
        if (id.empty()) return;
        auto*& guess = guesses_[static_cast<unsigned char>(id.back()) % guesses_.size()];
        if (guess == nullptr || guess->id != id) guess = &find(id);
        if (guess->records == 0) touched_.push_back(guess);
        guess->records += load.records;
        guess->bytes += load.bytes;
    }

    /// The request is told.
    void end_request(double seconds) {
        for (auto* const shard : touched_) {
            shard->all_records.Increment(static_cast<double>(std::exchange(shard->records, 0)));
            shard->all_bytes.Increment(static_cast<double>(std::exchange(shard->bytes, 0)));
            shard->latency.Observe(seconds);
        }
        touched_.clear();
    }

private:
    [[nodiscard]] Shard& find(std::string_view id) {
        const auto found = shards_.find(id);
        if (found != shards_.end()) return *found->second;
        std::string name(shards_.size() < grain_.max_shards && fit_for_label(id) ? id : "other");
        auto& fresh = shards_[name]; // the others have one, too
        if (!fresh) fresh = std::make_unique<Shard>(families_, grain_, stream_, std::move(name));
        return *fresh;
    }

    /// The service is free to say what it likes.
    [[nodiscard]] static bool fit_for_label(std::string_view id) {
        return id.size() <= 128 && std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < '\x7f'; });
    }

    const PrometheusFamilies& families_;
    const PrometheusGrain& grain_;
    std::string stream_;
    std::map<std::string, std::unique_ptr<Shard>, std::less<>> shards_;
    std::array<Shard*, 64> guesses_{}; ///< By the last character, which is what tells shards of one stream apart.
    std::vector<Shard*> touched_;
};

/// What one producer tells Prometheus of one stream; on its strand.
class PrometheusStream {
public:
    using Labels = PrometheusFamilies::Labels;

    PrometheusStream(const PrometheusFamilies& families, const PrometheusGrain& grain, std::string name)
        : families_(families), labels_({{"stream_name", name}}), entry_records_(grain.records),
          shards_(families, grain, std::move(name)),
          latency_(families.metric(families.latency, labels_, grain.seconds)),
          waits_(families.metric(families.waits, labels_, grain.seconds)),
          fill_(families.metric(families.fill, labels_, grain.ratios)),
          records_per_entry_(families.metric(families.entry_records, labels_, grain.records)) {}

    PrometheusStream(const PrometheusStream&) = delete;
    PrometheusStream& operator=(const PrometheusStream&) = delete;
    ~PrometheusStream() {
        if (is_paused_) paused_.Decrement();
    }

    void accepted(std::uint64_t records, std::uint64_t bytes) {
        raise(accepted_records_, records);
        raise(accepted_bytes_, bytes);
    }

    void exchanged(const Exchange& exchange) {
        if (exchange.answer.error == boost::asio::error::operation_aborted) return; // our own end, and no answer
        const bool sent = exchange.bytes > 0;
        if (sent || exchange.answer.error) attempts_.Increment();
        if (sent) tell_request(exchange);
        if (exchange.answer.error) {
            failed_requests_.Increment();
            raise(failed_records_, exchange.records);
            return;
        }
        const auto failed = tell_entries(exchange);
        raise(failed_records_, failed);
        if (sent && failed == 0) successes_.Increment();
    }

    void settled(error_code outcome, std::uint64_t records) { raise(counter_of(word_of(outcome)), records); }

    void observed(const StreamStats& now) {
        catch_up(retried_, retries_, now.retried);
        catch_up(throttled_, throttles_, now.throttled);
        catch_up(large_payloads_, offloads_, now.offloaded);
        const bool paused = now.paused_by.failed();
        if (paused && !is_paused_) paused_.Increment();
        if (!paused && is_paused_) paused_.Decrement();
        is_paused_ = paused;
    }

    static void raise(prometheus::Counter& counter, std::uint64_t by) {
        if (by > 0) counter.Increment(static_cast<double>(by));
    }

    /// Shows what was added to a producer's own count since it was seen last.
    static void catch_up(prometheus::Counter& counter, std::uint64_t& seen, std::uint64_t now) {
        if (now > seen) raise(counter, now - seen);
        seen = now;
    }

private:
    [[nodiscard]] static double seconds(std::chrono::nanoseconds time) {
        return std::chrono::duration<double>(time).count();
    }

    void tell_request(const Exchange& exchange) {
        latency_.Observe(seconds(exchange.duration));
        waits_.Observe(seconds(exchange.longest_wait));
        raise(sent_bytes_, exchange.bytes);
        std::size_t entries = 0;
        for (const auto& load : exchange.entries) {
            if (load.bytes == 0) continue;
            ++entries;
            entry_records_.add(static_cast<double>(load.records));
        }
        entry_records_.give(records_per_entry_);
        const auto& limits = exchange.limits;
        fill_.Observe(std::max(static_cast<double>(entries) / static_cast<double>(limits.entries),
                               static_cast<double>(exchange.bytes) / static_cast<double>(limits.bytes)));
    }

    /// Gives how many records failed.
    [[nodiscard]] std::uint64_t tell_entries(const Exchange& exchange) {
        const auto& said = exchange.answer.entries;
        std::uint64_t failed = 0;
        for (std::size_t i = 0; i < std::min(said.size(), exchange.entries.size()); ++i) {
            if (said[i].error) {
                failed += exchange.entries[i].records;
            } else {
                shards_.took(said[i].shard_id, exchange.entries[i]);
            }
        }
        shards_.end_request(seconds(exchange.duration));
        return failed;
    }

    /// Few words, so that there are few series.
    [[nodiscard]] static std::string_view word_of(error_code outcome) {
        if (!outcome) return "delivered";
        if (outcome.category() != error_category()) return "failed";
        switch (static_cast<error>(outcome.value())) {
        case error::expired: return "expired";
        case error::dropped: return "dropped";
        case error::gave_up: return "gave_up";
        case error::closed: return "closed";
        case error::record_too_large:
        case error::request_too_large: return "too_large";
        case error::request_refused: return "request_refused";
        default: return "failed";
        }
    }

    [[nodiscard]] prometheus::Counter& counter_of(std::string_view word) {
        for (const auto& [known, counter] : outcomes_) {
            if (known == word) return *counter;
        }
        auto labels = labels_;
        labels.emplace("outcome", word);
        auto& fresh = families_.metric(families_.settled, std::move(labels));
        outcomes_.emplace_back(word, &fresh);
        return fresh;
    }

    const PrometheusFamilies& families_;
    Labels labels_;
    PrometheusTally entry_records_;
    PrometheusShards shards_;
    prometheus::Histogram& latency_;
    prometheus::Histogram& waits_;
    prometheus::Histogram& fill_;
    prometheus::Histogram& records_per_entry_;
    prometheus::Counter& attempts_ = families_.metric(families_.attempts, labels_);
    prometheus::Counter& successes_ = families_.metric(families_.successes, labels_);
    prometheus::Counter& failed_records_ = families_.metric(families_.failed_records, labels_);
    prometheus::Counter& large_payloads_ = families_.metric(families_.large_payloads, labels_);
    prometheus::Counter& failed_requests_ = families_.metric(families_.failed_requests, labels_);
    prometheus::Counter& accepted_records_ = families_.metric(families_.accepted_records, labels_);
    prometheus::Counter& accepted_bytes_ = families_.metric(families_.accepted_bytes, labels_);
    prometheus::Counter& retried_ = families_.metric(families_.retried, labels_);
    prometheus::Counter& throttled_ = families_.metric(families_.throttled, labels_);
    prometheus::Counter& sent_bytes_ = families_.metric(families_.sent_bytes, labels_);
    prometheus::Gauge& paused_ = families_.metric(families_.paused, labels_);
    std::vector<std::pair<std::string_view, prometheus::Counter*>> outcomes_;
    std::uint64_t retries_ = 0; ///< Seen so far.
    std::uint64_t throttles_ = 0;
    std::uint64_t offloads_ = 0;
    bool is_paused_ = false;
};

} // namespace sluice::detail
