#pragma once

#include <sluice/destination/destination.hpp>
#include <sluice/error.hpp>
#include <sluice/metrics/accepted_record.hpp>
#include <sluice/policy.hpp>
#include <sluice/stats.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice {

/// How much an `Exchange` tells of its entries, from the cheapest on.
enum class ExchangeDetail : std::uint8_t {
    request, ///< Nothing: `Exchange::entries` is empty.
    entries, ///< How many records, and how many bytes, each had.
    data,    ///< How large the records' data was, too: each record is looked at for it.
};

/// One request and its answer, as metrics see them; the views live as long as the call.
class Exchange {
public:
    /// What an entry carried.
    class Load {
    public:
        Load(std::uint64_t its_records, std::uint64_t its_bytes) : records(its_records), bytes(its_bytes) {}
        std::uint64_t records; ///< As they were put.
        std::uint64_t bytes;   ///< Of the data and the key that were sent; 0: it was not sent.
        /// Bytes of the records' data before it was compressed, in all; of data that was offloaded, those of what is
        /// sent in its place. Of this and the next two only `ExchangeDetail::data` tells.
        std::uint64_t data = 0;
        std::uint64_t min_data = 0; ///< Of one record.
        std::uint64_t max_data = 0;
    };

    explicit Exchange(const Answer& its_answer) : answer(its_answer) {}

    const Answer& answer;
    /// As many as `answer.entries`, if it has some; what was not sent is among them.
    std::vector<Load> entries;
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;             ///< Of data and keys that were sent.
    RequestLimits limits;                ///< What it might have held.
    std::chrono::nanoseconds duration{}; ///< From departure to answer.
    std::chrono::nanoseconds shortest_wait{}; ///< Of its records, from put to departure; by their chunks.
    std::chrono::nanoseconds longest_wait{};
    std::chrono::nanoseconds total_wait{};
};

/// Metrics that run.
///
/// | expression                          | meaning                                                                  |
/// |-------------------------------------|--------------------------------------------------------------------------|
/// | `m.accepted(stream, records, bytes)` | So many more were put; told per chunk.                                  |
/// | `m.exchanged(stream, exchange)`     | A request was answered.                                                  |
/// | `m.settled(stream, outcome, records)` | So many records got this outcome; an empty code: delivered.            |
/// | `m.observed(stats)`                 | What `stats()` says now; a hundred times a second at most, and at the end. |
/// | `m.record(record)`                  | Optional: one of the records that `accepted` is told next, an `AcceptedRecord`. What was withdrawn is not told. |
/// | `m.retried(stream, retries, records)` | Optional: so many of the records that `settled` was told last were sent again so often. |
/// | `m.finish()`                        | Optional: nothing follows. The producer's end waits for this, for five seconds at most: then it is cancelled (`terminal`), and what cannot be cancelled goes on without being waited for. |
/// | `M::exchange_detail`                | Optional, an `ExchangeDetail`: what `exchanged` wants to know; `entries` if it does not say. |
///
/// Called on the producer's strand, but for `record` never per record; must not block. What they throw is logged once.
template <class M>
concept RunningMetrics = requires(M metrics, std::string_view stream, std::uint64_t n, const Exchange& exchange,
                                  error_code outcome, const Stats& stats) {
    { metrics.accepted(stream, n, n) } -> std::same_as<void>;
    { metrics.exchanged(stream, exchange) } -> std::same_as<void>;
    { metrics.settled(stream, outcome, n) } -> std::same_as<void>;
    { metrics.observed(stats) } -> std::same_as<void>;
};

/// Metrics that look at each record that is accepted.
template <class M>
concept RecordMetrics = RunningMetrics<M> && requires(M metrics, const AcceptedRecord& record) {
    { metrics.record(record) } -> std::same_as<void>;
};

/// Metrics that count how often records were sent again.
template <class M>
concept RetryMetrics = RunningMetrics<M> && requires(M metrics, std::string_view stream, std::uint64_t n) {
    { metrics.retried(stream, n, n) } -> std::same_as<void>;
};

/// Metrics that have something to do at the end.
template <class M>
concept FinishingMetrics = RunningMetrics<M> && requires(M metrics) {
    { metrics.finish() } -> std::same_as<asio::awaitable<void>>;
};

/// What metrics want to know of exchanges.
template <RunningMetrics M>
inline constexpr ExchangeDetail exchange_detail = [] {
    ExchangeDetail wanted = ExchangeDetail::entries;
    if constexpr (requires { M::exchange_detail; }) wanted = M::exchange_detail;
    return wanted;
}();

/// Who counts: a recipe with `open(World&)`, which gives `RunningMetrics`. If that fails the producer cannot be opened,
/// for `error::metrics_failed`; the log has the reason.
///
/// Models: NoMetrics (default), SummaryMetrics, PrometheusMetrics, CloudWatchMetrics.
template <class P>
concept Metrics = PolicyOf<P, kind::metrics> && requires(P recipe, World& world) {
    { recipe.open(world) } -> std::same_as<asio::awaitable<result<running_t<P>>>>;
    requires RunningMetrics<running_t<P>>;
};

} // namespace sluice
