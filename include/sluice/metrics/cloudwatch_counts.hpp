#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/cloudwatch/requests.hpp>
#include <sluice/detail/error_word.hpp>
#include <sluice/error.hpp>
#include <sluice/metrics/cloudwatch_options.hpp>
#include <sluice/metrics/metrics.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sluice {

namespace detail {

/// The KPL's metrics, but for `ErrorsByCode`, of which there is one for each code.
enum class KplMetric : std::uint8_t {
    user_records_received,
    user_records_pending,
    user_records_put,
    user_records_data_put,
    kinesis_records_put,
    kinesis_records_data_put,
    all_errors,
    retries_per_record,
    user_record_expired,
    buffering_time,
    request_time,
    user_records_per_kinesis_record,
    kinesis_records_per_request,
    user_records_per_request,
};

/// What the KPL calls a metric, measures it in, and at which level it tells it (its metrics.md).
class KplMetricFacts {
public:
    std::string_view name;
    cloudwatch::Unit unit;
    MetricsLevel level;
};

inline constexpr KplMetricFacts errors_by_code{"ErrorsByCode", cloudwatch::Unit::count, MetricsLevel::summary};

/// In the order of `KplMetric`.
inline constexpr std::array<KplMetricFacts, 14> kpl_metrics{{
    {"UserRecordsReceived", cloudwatch::Unit::count, MetricsLevel::detailed},
    {"UserRecordsPending", cloudwatch::Unit::count, MetricsLevel::detailed},
    {"UserRecordsPut", cloudwatch::Unit::count, MetricsLevel::summary},
    {"UserRecordsDataPut", cloudwatch::Unit::bytes, MetricsLevel::detailed},
    {"KinesisRecordsPut", cloudwatch::Unit::count, MetricsLevel::summary},
    {"KinesisRecordsDataPut", cloudwatch::Unit::bytes, MetricsLevel::detailed},
    {"AllErrors", cloudwatch::Unit::count, MetricsLevel::summary},
    {"RetriesPerRecord", cloudwatch::Unit::count, MetricsLevel::detailed},
    {"UserRecordExpired", cloudwatch::Unit::count, MetricsLevel::summary},
    {"BufferingTime", cloudwatch::Unit::milliseconds, MetricsLevel::summary},
    {"RequestTime", cloudwatch::Unit::milliseconds, MetricsLevel::detailed},
    {"UserRecordsPerKinesisRecord", cloudwatch::Unit::count, MetricsLevel::detailed},
    {"KinesisRecordsPerPutRecordsRequest", cloudwatch::Unit::count, MetricsLevel::detailed},
    {"UserRecordsPerPutRecordsRequest", cloudwatch::Unit::count, MetricsLevel::detailed},
}};

/// The name of an error that the service has no word for, as it would write it: `TimedOut`.
[[nodiscard]] inline std::string error_name(error_code failure) {
    std::string name;
    bool begins = true;
    for (const char c : error_word(failure)) {
        if (c != '_') name += begins && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        begins = c == '_';
    }
    return name;
}

/// What was counted of one thing in one minute.
class KplTally {
public:
    [[nodiscard]] cloudwatch::StatisticSet& operator[](KplMetric metric) {
        return values_[static_cast<std::size_t>(metric)];
    }

    /// So many errors that the service, or we, have this word for.
    void fail(std::string_view code, error_code failure, std::uint64_t times = 1) {
        (*this)[KplMetric::all_errors].add(1, times);
        cloudwatch::StatisticSet errors;
        errors.add(1, times);
        add_errors(code.empty() ? error_name(failure) : std::string(code), errors);
    }

    void add(const KplTally& others) {
        for (std::size_t i = 0; i < values_.size(); ++i) values_[i].add(others.values_[i]);
        for (const auto& [code, values] : others.errors_) add_errors(code, values);
    }

    /// Calls `tell(facts, values, code)` for what was counted at all.
    template <class Tell>
    void tell_all(MetricsLevel level, Tell tell) const {
        for (std::size_t i = 0; i < values_.size(); ++i) {
            if (values_[i].samples > 0 && kpl_metrics[i].level <= level) tell(kpl_metrics[i], values_[i], "");
        }
        for (const auto& [code, values] : errors_) tell(errors_by_code, values, code);
    }

private:
    static constexpr std::size_t max_codes = 32; ///< Services have fewer: what sends more is none.

    void add_errors(std::string code, const cloudwatch::StatisticSet& values) {
        std::replace_if(code.begin(), code.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
        if (code.size() > 255) code.resize(255);
        if (code.find_first_not_of(' ') == std::string::npos) code = "Other";
        if (errors_.size() >= max_codes && !errors_.contains(code)) code = "Other";
        errors_[code].add(values);
    }

    std::array<cloudwatch::StatisticSet, kpl_metrics.size()> values_;
    std::map<std::string, cloudwatch::StatisticSet> errors_; ///< By the service's word.
};

} // namespace detail

/// Counts what the KPL counts, by minute, for the producer, each stream and each shard. Pure.
///
/// Where the KPL's meaning leaves room: what the service refused has no shard; `BufferingTime` is per stream, from the
/// put to each departure; shards count records that went astray and were sent again, the streams' `UserRecordsPut`
/// counts each record once.
class CloudWatchCounts {
public:
    explicit CloudWatchCounts(const CloudWatchOptions& options)
        : level_(options.level), granularity_(options.granularity), dimensions_(options.dimensions),
          max_kept_(std::max<std::size_t>(options.max_kept, 1)) {}

    void accepted(wall_time now, std::string_view stream, std::uint64_t records) {
        for_each(now, stream, [&](Tally& tally) { tally[Metric::user_records_received].add(1, records); });
    }

    void settled(wall_time now, std::string_view stream, error_code outcome, std::uint64_t records) {
        for_each(now, stream, [&](Tally& tally) {
            tally[Metric::user_records_put].add(outcome ? 0 : 1, records);
            if (outcome == error::expired) tally[Metric::user_record_expired].add(1, records);
        });
    }

    void retried(wall_time now, std::string_view stream, std::uint64_t retries, std::uint64_t records) {
        for_each(now, stream, [&](Tally& tally) {
            tally[Metric::retries_per_record].add(static_cast<double>(retries), records);
        });
    }

    /// So many records of the producer are pending.
    void pending(wall_time now, std::uint64_t records) {
        const auto all = find(now, Scope());
        if (all != nullptr) (*all)[Metric::user_records_pending].add(static_cast<double>(records));
    }

    void exchanged(wall_time now, std::string_view stream, const Exchange& exchange) {
        if (exchange.answer.error == boost::asio::error::operation_aborted) return; // our own end, and no answer
        std::unordered_map<std::string_view, Tally> shards; // an empty name: whichever
        count_entries(exchange, shards);
        Tally all;
        count_request(exchange, all);
        for (auto& [shard, tally] : shards) {
            all.add(tally);
            if (shard.empty() || !cloudwatch::is_dimension({"ShardId", std::string(shard)})) continue;
            if (const auto its = find(now, Scope(name_of(stream), shard))) count_shard(tally, *its);
        }
        for_each(now, stream, [&](Tally& tally) { tally.add(all); });
    }

    /// Whether there is nothing to tell.
    [[nodiscard]] bool empty() const noexcept { return minutes_.empty(); }

    /// What was counted and not taken yet, whole minutes, the oldest first: as many as make `enough` datums.
    [[nodiscard]] std::vector<cloudwatch::Datum> take(std::size_t enough) {
        std::vector<cloudwatch::Datum> datums;
        while (!minutes_.empty() && datums.size() < enough) {
            const auto& [minute, scopes] = *minutes_.begin();
            for (const auto& [scope, tally] : scopes) append(datums, minute, scope, tally);
            kept_ -= scopes.size();
            minutes_.erase(minutes_.begin());
        }
        return datums;
    }

    /// Whether something had to be forgotten for want of room since this was asked last.
    [[nodiscard]] bool forgot() noexcept { return std::exchange(forgot_, false); }

private:
    using Metric = detail::KplMetric;
    using Tally = detail::KplTally;
    using Minute = std::chrono::sys_time<std::chrono::minutes>;

    /// What a tally is of; an empty name: of all.
    class Scope {
    public:
        Scope() = default;
        explicit Scope(std::string_view its_stream, std::string_view its_shard = {})
            : stream(its_stream), shard(its_shard) {}

        std::string stream;
        std::string shard;

        friend auto operator<=>(const Scope&, const Scope&) = default;
    };

    /// Streams are known by their names, even if they were given by their ARNs.
    static std::string_view name_of(std::string_view stream) {
        return stream.substr(0, 4) == "arn:" ? stream.substr(stream.rfind('/') + 1) : stream;
    }

    void count_entries(const Exchange& exchange, std::unordered_map<std::string_view, Tally>& shards) const {
        const auto& answers = exchange.answer.entries;
        const bool whole = exchange.answer.error || answers.size() != exchange.entries.size();
        // Shards differ in their last digit as a rule: a look-up for each entry would cost more than the counting.
        std::array<std::pair<std::string_view, Tally*>, 16> latest{};
        for (std::size_t i = 0; i < exchange.entries.size(); ++i) {
            const auto& load = exchange.entries[i];
            const bool taken = !whole && !answers[i].error;
            const auto shard = taken && granularity_ == MetricsGranularity::shard ? answers[i].shard_id : "";
            auto& [name, tally] = latest[shard.empty() ? 0 : static_cast<unsigned char>(shard.back()) % latest.size()];
            if (tally == nullptr || shard != name) tally = &shards[name = shard];
            if (load.bytes > 0) count_sent(load, *tally);
            if (taken) count_taken(load, *tally);
            if (!whole && !taken) {
                if (load.bytes > 0) (*tally)[Metric::kinesis_records_put].add(0);
                tally->fail(answers[i].code, answers[i].error);
            }
        }
    }

    static void count_sent(const Exchange::Load& load, Tally& tally) {
        tally[Metric::user_records_per_kinesis_record].add(static_cast<double>(load.records));
    }

    /// All records are counted where they get their outcome, but there no shard is known.
    static void count_shard(Tally& taken, Tally& shard) {
        shard.add(taken);
        const auto records = taken[Metric::user_records_data_put].samples;
        shard[Metric::user_records_put].add(1, static_cast<std::uint64_t>(records));
    }

    static void count_taken(const Exchange::Load& load, Tally& tally) {
        tally[Metric::kinesis_records_put].add(1);
        tally[Metric::kinesis_records_data_put].add(static_cast<double>(load.bytes));
        tally[Metric::all_errors].add(0);
        const cloudwatch::StatisticSet data(load.records, static_cast<double>(load.data),
                                            static_cast<double>(load.min_data), static_cast<double>(load.max_data));
        tally[Metric::user_records_data_put].add(data);
    }

    static void count_request(const Exchange& exchange, Tally& tally) {
        const auto& answer = exchange.answer;
        if (answer.error || answer.entries.size() != exchange.entries.size()) {
            tally.fail(answer.code, answer.error ? answer.error : make_error_code(error::response_invalid));
        }
        const auto sent = [](const auto& load) { return load.bytes > 0; };
        const auto entries = std::count_if(exchange.entries.begin(), exchange.entries.end(), sent);
        if (entries == 0) return;
        std::uint64_t records = 0;
        for (const auto& load : exchange.entries) records += load.bytes > 0 ? load.records : 0;
        tally[Metric::kinesis_records_per_request].add(static_cast<double>(entries));
        tally[Metric::user_records_per_request].add(static_cast<double>(records));
        tally[Metric::request_time].add(milliseconds(exchange.duration));
        tally[Metric::buffering_time].add(
            cloudwatch::StatisticSet(exchange.records, milliseconds(exchange.total_wait),
                                     milliseconds(exchange.shortest_wait), milliseconds(exchange.longest_wait)));
    }

    static double milliseconds(std::chrono::nanoseconds time) {
        return std::chrono::duration<double, std::milli>(time).count();
    }

    /// The producer's tally, and the stream's.
    template <class Count>
    void for_each(wall_time now, std::string_view stream, Count count) {
        if (const auto all = find(now, Scope())) count(*all);
        if (granularity_ == MetricsGranularity::global) return;
        if (const auto its = find(now, Scope(name_of(stream)))) count(*its);
    }

    /// Null if there is no room, which is made of older minutes, or if nothing is told at all.
    [[nodiscard]] Tally* find(wall_time now, Scope scope) {
        if (level_ == MetricsLevel::none) return nullptr;
        const auto minute = std::chrono::floor<std::chrono::minutes>(now);
        auto& scopes = minutes_[minute];
        if (const auto found = scopes.find(scope); found != scopes.end()) return &found->second;
        // What belongs to all stays with what can be told of this minute.
        if (kept_ >= max_kept_ && !make_room(minute) && !scope.stream.empty()) return nullptr;
        ++kept_;
        return &scopes[std::move(scope)];
    }

    /// Forgets the oldest minute; false if that is this one.
    bool make_room(Minute now) {
        forgot_ = true;
        const auto oldest = minutes_.begin();
        if (oldest->first >= now) return false;
        kept_ -= oldest->second.size();
        minutes_.erase(oldest);
        return true;
    }

    void append(std::vector<cloudwatch::Datum>& datums, Minute minute, const Scope& scope, const Tally& tally) const {
        auto dimensions = dimensions_;
        if (!scope.stream.empty()) dimensions.emplace_back("StreamName", scope.stream);
        if (!scope.shard.empty()) dimensions.emplace_back("ShardId", scope.shard);
        tally.tell_all(level_, [&](const auto& facts, const auto& values, std::string_view code) {
            auto& datum = datums.emplace_back(facts.name, dimensions, wall_time(minute), facts.unit, values);
            if (!code.empty()) datum.dimensions.emplace_back("ErrorCode", std::string(code));
        });
    }

    MetricsLevel level_;
    MetricsGranularity granularity_;
    std::vector<cloudwatch::Dimension> dimensions_;
    std::size_t max_kept_;
    std::map<Minute, std::map<Scope, Tally>> minutes_;
    std::size_t kept_ = 0; ///< Tallies in all minutes.
    bool forgot_ = false;
};

} // namespace sluice
