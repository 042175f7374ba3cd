// What do metrics cost a record?

#include "harness.hpp"
#include "null_destination.hpp"
#include "records.hpp"

#include <sluice/blocking_producer.hpp>
#include <sluice/credentials/static.hpp>
#include <sluice/metrics/none.hpp>
#include <sluice/metrics/prometheus.hpp>
#include <sluice/metrics/summary.hpp>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

namespace {

constexpr std::size_t record_count = 100'000;
constexpr int rounds = 60; ///< Many short ones: what else the machine does meets few of them.
constexpr std::size_t burst = 10'000;

/// Nanoseconds a record.
class Cost {
public:
    double put = 0;   ///< Of the thread that puts.
    double whole = 0; ///< Of the process, from put to outcome.
};

/// A producer that counts with `M`, and delivers at once.
template <class M>
class Subject {
public:
    explicit Subject(M metrics)
        : producer_(sluice::Options("benchmark"), bench::NullDestination(), std::move(metrics),
                    sluice::StaticCredentials("nobody", sluice::Secret("nothing"))) {}

    Cost measure(const bench::Records& records) {
        Cost cost;
        const bench::Stopwatch process(bench::Stopwatch::process);
        for (std::size_t done = 0; done < record_count; done += burst) {
            const bench::Stopwatch thread(bench::Stopwatch::thread);
            for (std::size_t i = 0; i < burst; ++i) {
                if (producer_.try_put(records[i])) std::abort();
            }
            cost.put += thread.nanoseconds() / static_cast<double>(record_count);
            static_cast<void>(producer_.flush());
        }
        cost.whole = process.nanoseconds() / static_cast<double>(record_count);
        return cost;
    }

private:
    sluice::BlockingProducer<bench::NullDestination, M, sluice::StaticCredentials> producer_;
};

/// One of sixteen types.
std::string_view first_digit(const sluice::AcceptedRecord& record) { return record.partition_key.substr(0, 1); }

} // namespace

int main() {
    const bench::Records records(1'024, 100);
    Subject none{sluice::NoMetrics()};
    Subject summary{sluice::SummaryMetrics(first_digit)};
    Subject prometheus{sluice::PrometheusMetrics(std::make_shared<prometheus::Registry>())};

    // Nobody comes first in every round: whoever does pays for waking the machine up.
    Cost without, with_summary, with_prometheus;
    const std::array<std::function<void()>, 3> turns{[&] { without = none.measure(records); },
                                                     [&] { with_summary = summary.measure(records); },
                                                     [&] { with_prometheus = prometheus.measure(records); }};
    bench::Series put, put_summary, put_prometheus, whole, whole_summary, whole_prometheus;
    bench::Series more_summary, more_prometheus;
    std::size_t first = 0;
    bench::repeat(rounds, [&](bool counts) {
        ++first;
        for (std::size_t i = 0; i < turns.size(); ++i) turns[(first + i) % turns.size()]();
        if (!counts) return;
        put.add(without.put);
        put_summary.add(with_summary.put);
        put_prometheus.add(with_prometheus.put);
        whole.add(without.whole);
        whole_summary.add(with_summary.whole);
        whole_prometheus.add(with_prometheus.whole);
        more_summary.add(with_summary.whole - without.whole);
        more_prometheus.add(with_prometheus.whole - without.whole);
    });

    bench::Table table("What metrics cost",
                       "CPU nanoseconds for each record of 100 B, an entry each; a destination takes everything at once. "
                       "The yardstick is the same producer without metrics, in the same round.");
    table.row("try_put with PrometheusMetrics: thread CPU", " ns", put_prometheus, put, "<= 5 ns more");
    table.row("try_put with SummaryMetrics: thread CPU", " ns", put_summary, put, "<= 5 ns more");
    table.row("put to outcome with PrometheusMetrics: process CPU", " ns", whole_prometheus, whole, "");
    table.row("put to outcome with SummaryMetrics: process CPU", " ns", whole_summary, whole, "");
    table.row("what PrometheusMetrics add", " ns", more_prometheus, {}, "<= 30 ns");
    table.row("what SummaryMetrics add, of 16 types", " ns", more_summary, {}, "<= 30 ns");
}
