#include <sluice/metrics/prometheus_stream.hpp>

#include <boost/asio/error.hpp>

#include <doctest/doctest.h>

#include <prometheus/registry.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using sluice::detail::PrometheusFamilies;
using sluice::detail::PrometheusGrain;
using sluice::detail::PrometheusStream;
using sluice::detail::PrometheusTally;

namespace {

class Shown {
public:
    Shown() {
        grain.seconds = {0.1, 1};
        grain.max_shards = 2;
    }

    /// The sum over a family's metrics; a negative number if there is none.
    [[nodiscard]] double sum(const std::string& name) const {
        for (const auto& family : registry->Collect()) {
            if (family.name != name) continue;
            double all = 0;
            for (const auto& each : family.metric) {
                all += each.counter.value + each.gauge.value + static_cast<double>(each.histogram.sample_count);
            }
            return all;
        }
        return -1;
    }

    std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
    PrometheusFamilies families{registry, {}};
    PrometheusGrain grain;
};

} // namespace

TEST_CASE("values of a tally are in the buckets in which they would be one by one") {
    const std::vector<double> bounds{1, 2, 5};
    prometheus::Histogram at_once(bounds);
    prometheus::Histogram one_by_one(bounds);
    PrometheusTally tally(bounds);
    for (int round = 0; round < 2; ++round) {
        for (const double value : {1.0, 1.0, 0.5, 7.0, 2.0, 2.0, 5.0, 5.5, 1.0}) {
            tally.add(value);
            one_by_one.Observe(value);
        }
        tally.give(at_once);
    }
    tally.give(at_once); // nothing new
    const auto ours = at_once.Collect().histogram;
    const auto theirs = one_by_one.Collect().histogram;
    CHECK(ours.sample_count == theirs.sample_count);
    CHECK(ours.sample_sum == doctest::Approx(theirs.sample_sum));
    REQUIRE(ours.bucket.size() == theirs.bucket.size());
    for (std::size_t i = 0; i < ours.bucket.size(); ++i) {
        CHECK(ours.bucket[i].cumulative_count == theirs.bucket[i].cumulative_count);
    }
}

TEST_CASE("the own end of a request is no attempt") {
    Shown its;
    PrometheusStream stream(its.families, its.grain, "clicks");
    const sluice::Answer own_end(boost::asio::error::operation_aborted, "", "");
    sluice::Exchange exchange(own_end);
    exchange.entries.emplace_back(1, 10);
    exchange.records = 1;
    exchange.bytes = 10;
    stream.exchanged(exchange);
    CHECK(its.sum("kinesis_write_attempts_total") == 0);
    CHECK(its.sum("kinesis_failed_records_total") == 0);
}

TEST_CASE("an answer with other entries than were sent counts what both have") {
    Shown its;
    PrometheusStream stream(its.families, its.grain, "clicks");
    sluice::Answer answer;
    answer.entries.emplace_back().shard_id = "shard-1";
    sluice::Exchange exchange(answer);
    for (int i = 0; i < 3; ++i) exchange.entries.emplace_back(2, 20);
    exchange.records = 6;
    exchange.bytes = 60;
    stream.exchanged(exchange);
    CHECK(its.sum("sluice_shard_records_total") == 2);
    CHECK(its.sum("kinesis_write_attempts_total") == 1);
}

TEST_CASE("a stream that ends while it is paused is paused no more") {
    Shown its;
    sluice::StreamStats stats;
    stats.paused_by = sluice::error::timed_out;
    {
        PrometheusStream stream(its.families, its.grain, "clicks");
        stream.observed(stats);
        stream.observed(stats);
        CHECK(its.sum("sluice_stream_paused") == 1);
    }
    CHECK(its.sum("sluice_stream_paused") == 0);
}

TEST_CASE("totals that begin anew are caught up with, and never fall") {
    Shown its;
    auto& counter = its.families.metric(its.families.retried, {});
    std::uint64_t seen = 0;
    for (const std::uint64_t now : {5U, 5U, 7U, 2U, 3U}) PrometheusStream::catch_up(counter, seen, now);
    CHECK(counter.Value() == 8);
    CHECK(seen == 3);
}
