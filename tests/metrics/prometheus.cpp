#include "doubles.hpp"
#include "run.hpp"
#include "world.hpp"

#include <sluice/metrics/prometheus.hpp>
#include <sluice/producer.hpp>

#include <boost/asio/steady_timer.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using sluice::asio::awaitable;
using sluice::PrometheusMetrics;
using sluice::PrometheusOptions;

namespace {

using Running = PrometheusMetrics::Running;

static_assert(sluice::RunningMetrics<Running>);
static_assert(!sluice::RecordMetrics<Running>, "counting costs nothing for each record");
static_assert(!std::is_copy_constructible_v<Running> && std::is_nothrow_move_constructible_v<Running>);

const std::string first_shard = "shardId-000000000000";
const std::string second_shard = "shardId-000000000001";

/// A registry, and what Prometheus would see in it.
class Shown {
public:
    std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();

    /// None: there is no such metric.
    [[nodiscard]] std::optional<prometheus::ClientMetric> metric(const std::string& name,
                                                                 const prometheus::Labels& labels) const {
        for (const auto& family : registry->Collect()) {
            if (family.name != name) continue;
            for (const auto& each : family.metric) {
                prometheus::Labels its;
                for (const auto& label : each.label) its.emplace(label.name, label.value);
                if (its == labels) return each;
            }
        }
        return std::nullopt;
    }

    /// A negative one: there is no such metric.
    [[nodiscard]] double value(const std::string& name,
                               const prometheus::Labels& labels = {{"stream_name", "clicks"}}) const {
        const auto found = metric(name, labels);
        return found ? found->counter.value + found->gauge.value : -1;
    }

    [[nodiscard]] prometheus::ClientMetric::Histogram
    histogram(const std::string& name, const prometheus::Labels& labels = {{"stream_name", "clicks"}}) const {
        const auto found = metric(name, labels);
        REQUIRE(found);
        return found->histogram;
    }

    [[nodiscard]] std::size_t series(const std::string& name) const {
        for (const auto& family : registry->Collect()) {
            if (family.name == name) return family.metric.size();
        }
        return 0;
    }
};

Running opened(const PrometheusMetrics& metrics) {
    std::optional<Running> running;
    run([&](boost::asio::io_context& context) -> awaitable<void> {
        TestWorld test(context.get_executor());
        auto result = co_await metrics.open(test.world);
        running.emplace(std::move(*result));
    });
    return std::move(*running);
}

/// An answer that gives each entry to this shard, or the second to that.
sluice::Answer answered(std::size_t entries) {
    sluice::Answer answer;
    for (std::size_t i = 0; i < entries; ++i) {
        answer.entries.emplace_back().shard_id = i % 2 == 0 ? first_shard : second_shard;
    }
    return answer;
}

/// An exchange whose entries have so many records of 10 bytes each.
sluice::Exchange sent(const sluice::Answer& answer, const std::vector<std::uint64_t>& entries) {
    sluice::Exchange made(answer);
    for (const auto records : entries) {
        made.entries.emplace_back(records, records * 10);
        made.records += records;
        made.bytes += records * 10;
    }
    made.limits = sluice::RequestLimits(10, 1'000, 1'000);
    made.duration = 20ms;
    made.longest_wait = 200ms;
    return made;
}

std::string word_of(prometheus::MetricType type) {
    switch (type) {
    case prometheus::MetricType::Counter: return "counter";
    case prometheus::MetricType::Gauge: return "gauge";
    case prometheus::MetricType::Histogram: return "histogram";
    default: return "none that is documented";
    }
}

/// The text of the header.
std::string documentation() {
    std::ifstream header(SLUICE_SOURCE_DIR "/include/sluice/metrics/prometheus.hpp");
    REQUIRE(header.is_open());
    return {std::istreambuf_iterator<char>(header), {}};
}

double bucket(const prometheus::ClientMetric::Histogram& histogram, double bound) {
    for (const auto& each : histogram.bucket) {
        if (each.upper_bound == bound) return static_cast<double>(each.cumulative_count);
    }
    return -1;
}

} // namespace

TEST_CASE("a request that was taken counts for its stream and for its shards") {
    const Shown its;
    auto running = opened(PrometheusMetrics(its.registry));
    const auto answer = answered(3);
    const auto told = sent(answer, {1, 2, 4});
    running.exchanged("clicks", told);
    CHECK(its.value("kinesis_write_attempts_total") == 1);
    CHECK(its.value("kinesis_write_success_total") == 1);
    CHECK(its.value("kinesis_failed_records_total") == 0);
    CHECK(its.value("kinesis_large_payloads_total") == 0);
    CHECK(its.value("kinesis_batch_write_failures_total") == 0);
    CHECK(its.value("sluice_sent_bytes_total") == 70);
    const auto latency = its.histogram("kinesis_write_latency_seconds");
    CHECK(latency.sample_count == 1);
    CHECK(latency.sample_sum == doctest::Approx(0.02));
    CHECK(bucket(latency, 0.01) == 0);
    CHECK(bucket(latency, 0.025) == 1);
    CHECK(its.histogram("sluice_request_wait_seconds").sample_sum == doctest::Approx(0.2));

    const prometheus::Labels first{{"stream_name", "clicks"}, {"shard_id", first_shard}};
    const prometheus::Labels second{{"stream_name", "clicks"}, {"shard_id", second_shard}};
    CHECK(its.value("sluice_shard_records_total", first) == 5);
    CHECK(its.value("sluice_shard_bytes_total", first) == 50);
    CHECK(its.value("sluice_shard_records_total", second) == 2);
    CHECK(its.histogram("sluice_shard_write_latency_seconds", first).sample_count == 1); // once a request
    running.exchanged("clicks", told);
    CHECK(its.value("sluice_shard_records_total", second) == 4);
    CHECK(its.histogram("sluice_shard_write_latency_seconds", second).sample_count == 2);
}

TEST_CASE("fill and records per entry show how good batches are") {
    const Shown its;
    auto running = opened(PrometheusMetrics(its.registry));
    const auto answer = answered(5);
    running.exchanged("clicks", sent(answer, {1, 1, 7, 7, 1})); // 5 of 10 entries, 170 of 1,000 bytes
    CHECK(its.histogram("sluice_request_fill_ratio").sample_sum == doctest::Approx(0.5));
    running.exchanged("clicks", sent(answer, {80, 0, 0, 0, 0})); // 800 of 1,000 bytes; the others were not sent
    CHECK(its.histogram("sluice_request_fill_ratio").sample_sum == doctest::Approx(1.3));
    const auto records = its.histogram("sluice_records_per_entry");
    CHECK(records.sample_count == 6);
    CHECK(records.sample_sum == 1 + 1 + 7 + 7 + 1 + 80);
    CHECK(bucket(records, 1) == 3);
    CHECK(bucket(records, 10) == 5);
    CHECK(bucket(records, 100) == 6);
}

TEST_CASE("entries that fail count their records, and a request that fails all of its own") {
    const Shown its;
    auto running = opened(PrometheusMetrics(its.registry));
    auto some = answered(2);
    some.entries[1].error = sluice::error::throttled;
    running.exchanged("clicks", sent(some, {1, 4}));
    CHECK(its.value("kinesis_failed_records_total") == 4);
    CHECK(its.value("kinesis_write_success_total") == 0);
    CHECK(its.value("kinesis_batch_write_failures_total") == 0);
    const sluice::Answer none(sluice::error::timed_out, "", "");
    running.exchanged("clicks", sent(none, {10, 10}));
    CHECK(its.value("kinesis_failed_records_total") == 24);
    CHECK(its.value("kinesis_batch_write_failures_total") == 1);
    CHECK(its.value("kinesis_write_attempts_total") == 2);
    CHECK(its.series("sluice_shard_records_total") == 1); // that of the entry which was taken
}

TEST_CASE("what was not sent is no attempt, unless that is why it failed") {
    const Shown its;
    auto running = opened(PrometheusMetrics(its.registry));
    sluice::Answer refused;
    refused.entries.emplace_back().error = sluice::error::record_too_large;
    sluice::Exchange told(refused);
    told.entries.emplace_back(3, 0);
    told.records = 3;
    running.exchanged("clicks", told);
    CHECK(its.value("kinesis_write_attempts_total") == 0);
    CHECK(its.value("kinesis_write_success_total") == 0);
    CHECK(its.value("kinesis_failed_records_total") == 3);
    CHECK(its.histogram("kinesis_write_latency_seconds").sample_count == 0);
    const sluice::Answer unstored(sluice::error::access_denied, "", "");
    running.exchanged("clicks", sluice::Exchange(unstored));
    CHECK(its.value("kinesis_write_attempts_total") == 1);
    CHECK(its.value("kinesis_batch_write_failures_total") == 1);
}

TEST_CASE("outcomes have few words") {
    const Shown its;
    auto running = opened(PrometheusMetrics(its.registry));
    running.accepted("clicks", 9, 900);
    running.settled("clicks", {}, 5);
    running.settled("clicks", {}, 6);
    running.settled("clicks", sluice::error::expired, 1);
    running.settled("clicks", sluice::error::gave_up, 2);
    running.settled("clicks", sluice::error::storage_full, 3);
    running.settled("clicks", boost::system::errc::make_error_code(boost::system::errc::io_error), 4);
    const auto settled = [&](const char* outcome) {
        return its.value("sluice_settled_records_total", {{"stream_name", "clicks"}, {"outcome", outcome}});
    };
    CHECK(its.value("sluice_accepted_records_total") == 9);
    CHECK(its.value("sluice_accepted_bytes_total") == 900);
    CHECK(settled("delivered") == 11);
    CHECK(settled("expired") == 1);
    CHECK(settled("gave_up") == 2);
    CHECK(settled("failed") == 7);
    for (int code = 0; code < 1'000; ++code) running.settled("clicks", static_cast<sluice::error>(code), 1);
    CHECK(its.series("sluice_settled_records_total") == 8);
    const auto text = documentation();
    const auto words = text.substr(text.find("Outcomes are"), 200);
    for (const auto& family : its.registry->Collect()) {
        if (family.name != "sluice_settled_records_total") continue;
        for (const auto& metric : family.metric) {
            CAPTURE(metric.label.front().value);
            CHECK(words.find("`" + metric.label.front().value + "`") != std::string::npos);
        }
    }
}

TEST_CASE("statistics become counters and gauges") {
    const Shown its;
    auto running = opened(PrometheusMetrics(its.registry));
    sluice::Stats stats;
    stats.buffered_records = 7;
    stats.buffered_bytes = 700;
    stats.oldest_age = 1'500ms;
    stats.ignored = 1;
    stats.refused = 2;
    stats.recovered = 3;
    stats.cleared = 4;
    stats.streams["clicks"].retried = 5;
    stats.streams["clicks"].throttled = 6;
    stats.streams["clicks"].offloaded = 9;
    stats.streams["clicks"].paused_by = sluice::error::timed_out;
    running.observed(stats);
    running.observed(stats); // they are totals, not steps
    CHECK(its.value("sluice_buffered_records", {}) == 7);
    CHECK(its.value("sluice_buffered_bytes", {}) == 700);
    CHECK(its.value("sluice_oldest_record_age_seconds", {}) == 1.5);
    CHECK(its.value("sluice_ignored_records_total", {}) == 1);
    CHECK(its.value("sluice_refused_puts_total", {}) == 2);
    CHECK(its.value("sluice_recovered_records_total", {}) == 3);
    CHECK(its.value("sluice_cleared_records_total", {}) == 4);
    CHECK(its.value("sluice_retried_records_total") == 5);
    CHECK(its.value("sluice_throttled_records_total") == 6);
    CHECK(its.value("kinesis_large_payloads_total") == 9);
    CHECK(its.value("sluice_stream_paused") == 1);
    stats.buffered_records = 2;
    stats.streams["clicks"].retried = 8;
    stats.streams["clicks"].paused_by = {};
    running.observed(stats);
    CHECK(its.value("sluice_buffered_records", {}) == 2);
    CHECK(its.value("sluice_retried_records_total") == 8);
    CHECK(its.value("sluice_stream_paused") == 0);
}

TEST_CASE("producers that share a registry add up, and take what they buffered with them") {
    const Shown its;
    const PrometheusMetrics metrics(its.registry);
    auto stays = opened(metrics);
    sluice::Stats stats;
    stats.buffered_records = 10;
    stats.oldest_age = 1s;
    stats.streams["clicks"].retried = 1;
    stats.streams["clicks"].paused_by = sluice::error::timed_out;
    stays.observed(stats);
    {
        auto leaves = opened(metrics);
        auto apart = opened(PrometheusMetrics(its.registry));
        stats.oldest_age = 5s;
        leaves.observed(stats);
        stats.oldest_age = 2s;
        stays.observed(stats);
        CHECK(its.value("sluice_buffered_records", {}) == 20);
        CHECK(its.value("sluice_oldest_record_age_seconds", {}) == 5);
        CHECK(its.value("sluice_stream_paused") == 2);
        CHECK(its.value("sluice_retried_records_total") == 2);
        apart.accepted("clicks", 1, 1);
        leaves.accepted("clicks", 1, 1);
    }
    CHECK(its.value("sluice_buffered_records", {}) == 10);
    CHECK(its.value("sluice_oldest_record_age_seconds", {}) == 2);
    CHECK(its.value("sluice_stream_paused") == 1);
    CHECK(its.value("sluice_accepted_records_total") == 2);
    CHECK(its.value("sluice_retried_records_total") == 2);
}

TEST_CASE("labels and buckets are the user's") {
    const Shown its;
    PrometheusOptions options;
    options.labels = {{"application", "shop \"north\""}};
    options.buckets = {0.5, 1};
    auto running = opened(PrometheusMetrics(its.registry, options));
    running.exchanged("clicks", sent(answered(0), {}));
    const prometheus::Labels labels{{"application", "shop \"north\""}, {"stream_name", "clicks"}};
    CHECK(its.histogram("kinesis_write_latency_seconds", labels).bucket.size() == 3);
    CHECK(its.value("sluice_buffered_records", {{"application", "shop \"north\""}}) == 0);
    for (const auto& family : its.registry->Collect()) {
        for (const auto& metric : family.metric) CHECK(metric.label.front().name == "application");
    }
}

TEST_CASE("streams and shards without end have metrics with one") {
    const Shown its;
    PrometheusOptions options;
    options.max_streams = 2;
    options.max_shards = 3;
    auto running = opened(PrometheusMetrics(its.registry, options));
    for (int i = 0; i < 20; ++i) running.accepted("stream" + std::to_string(i), 1, 1);
    CHECK(its.series("sluice_accepted_records_total") == 3);
    CHECK(its.value("sluice_accepted_records_total", {{"stream_name", "stream1"}}) == 1);
    CHECK(its.value("sluice_accepted_records_total", {{"stream_name", "other"}}) == 18);

    sluice::Answer answer;
    std::vector<std::string> names;
    for (int i = 0; i < 100; ++i) names.push_back("shard" + std::to_string(i));
    for (const auto& name : names) answer.entries.emplace_back().shard_id = name;
    running.exchanged("stream0", sent(answer, std::vector<std::uint64_t>(100, 1)));
    const auto records = [&](const std::string& shard) {
        return its.value("sluice_shard_records_total", {{"stream_name", "stream0"}, {"shard_id", shard}});
    };
    CHECK(records("shard2") == 1);
    CHECK(records("other") == 97);
    CHECK(its.series("sluice_shard_records_total") == 4);
}

TEST_CASE("shards that share a last character are told apart, and bad names are other") {
    const Shown its;
    auto running = opened(PrometheusMetrics(its.registry));
    sluice::Answer answer;
    const std::vector<std::string> names{"a1", "b1", "a1", "b1", "a\n1", std::string(129, 'x'), "", "\xff\xfe"};
    for (const auto& name : names) answer.entries.emplace_back().shard_id = name;
    running.exchanged("clicks", sent(answer, std::vector<std::uint64_t>(names.size(), 1)));
    const auto records = [&](const std::string& shard) {
        return its.value("sluice_shard_records_total", {{"stream_name", "clicks"}, {"shard_id", shard}});
    };
    CHECK(records("a1") == 2);
    CHECK(records("b1") == 2);
    CHECK(records("other") == 3);
    CHECK(its.series("sluice_shard_records_total") == 3);
}

TEST_CASE("what can never work is refused at once") {
    const auto registry = std::make_shared<prometheus::Registry>();
    const auto with = [&](auto change) {
        PrometheusOptions options;
        change(options);
        return PrometheusMetrics(registry, options);
    };
    using Options = PrometheusOptions;
    CHECK_THROWS_AS(PrometheusMetrics(nullptr), std::invalid_argument);
    CHECK_THROWS_AS(with([](Options& its) { its.buckets.clear(); }), std::invalid_argument);
    CHECK_THROWS_AS(with([](Options& its) { its.buckets = {1, 1}; }), std::invalid_argument);
    CHECK_THROWS_AS(with([](Options& its) { its.buckets = {2, 1}; }), std::invalid_argument);
    CHECK_THROWS_AS(with([](Options& its) { its.buckets = {std::numeric_limits<double>::infinity()}; }),
                    std::invalid_argument);
    CHECK_THROWS_AS(with([](Options& its) { its.buckets = {std::numeric_limits<double>::quiet_NaN()}; }),
                    std::invalid_argument);
    for (const char* const name : {"", "1st", "__own", "stream_name", "shard_id", "outcome", "le", "a-b", "é"}) {
        CAPTURE(name);
        CHECK_THROWS_AS(with([&](Options& its) { its.labels[name] = "x"; }), std::invalid_argument);
    }
    CHECK(registry->Collect().empty());
    prometheus::BuildGauge().Name("kinesis_write_attempts_total").Register(*registry);
    CHECK_THROWS_AS(PrometheusMetrics{registry}, std::invalid_argument);
}

TEST_CASE("no name is shown twice, and each has a help") {
    const Shown its;
    PrometheusOptions labelled;
    labelled.labels = {{"application", "shop"}};
    auto first = opened(PrometheusMetrics(its.registry));
    auto second = opened(PrometheusMetrics(its.registry, labelled));
    for (auto* const running : {&first, &second}) {
        running->exchanged("clicks", sent(answered(2), {1, 1}));
        running->settled("clicks", {}, 1);
        running->observed(sluice::Stats());
    }
    std::set<std::string> names;
    for (const auto& family : its.registry->Collect()) {
        CAPTURE(family.name);
        CHECK(names.insert(family.name).second);
        CHECK(family.help.ends_with('.'));
        CHECK(family.name.ends_with("_total") == (family.type == prometheus::MetricType::Counter));
        CHECK((family.name.starts_with("kinesis_") || family.name.starts_with("sluice_")));
    }
    CHECK(names.size() == 27);
}

TEST_CASE("the table of the metrics' documentation is what is shown") {
    const Shown its;
    auto running = opened(PrometheusMetrics(its.registry));
    running.exchanged("clicks", sent(answered(2), {1, 1}));
    running.settled("clicks", {}, 1);
    running.observed(sluice::Stats());
    std::set<std::string> shown;
    for (const auto& family : its.registry->Collect()) {
        REQUIRE(!family.metric.empty());
        std::string row = "`" + family.name + "` | " + word_of(family.type) + " |";
        // Of several labels the stream's is the first.
        const auto& labels = family.metric.front().label;
        for (auto label = labels.rbegin(); label != labels.rend(); ++label) {
            row += (label == labels.rbegin() ? " `" : ", `") + label->name + "`";
        }
        row += std::string(labels.empty() ? " " : "") + " | " + family.help;
        shown.insert(row);
    }
    std::istringstream header(documentation());
    std::set<std::string> told;
    for (std::string line; std::getline(header, line);) {
        if (line.starts_with("/// | `")) told.insert(line.substr(6, line.size() - 6 - 2));
    }
    CHECK(told == shown);
}

TEST_CASE("a producer is seen through its metrics") {
    run([](boost::asio::io_context& context) -> awaitable<void> {
        const Shown its;
        const prometheus::Labels delivered{{"stream_name", "clicks"}, {"outcome", "delivered"}};
        const prometheus::Labels in_shard{{"stream_name", "clicks"}, {"shard_id", first_shard}};
        sluice::Options options{"clicks"};
        options.linger = 1ms;
        options.back_off = 1ms;
        auto script = std::make_shared<Script>();
        script->replies.emplace_back([](const std::string&, std::span<const sluice::Entry>) {
            return sluice::Answer(sluice::error::timed_out, "", "");
        });
        script->replies.emplace_back([](const std::string&, std::span<const sluice::Entry> entries) {
            sluice::Answer answer;
            for (std::size_t i = 0; i < entries.size(); ++i) answer.entries.emplace_back().shard_id = first_shard;
            answer.entries.front().error = sluice::error::throttled;
            return answer;
        });
        {
            PrometheusMetrics metrics(its.registry);
            auto producer = sluice::make_producer(context.get_executor(), options, ScriptedDestination{script},
                                                  NobodySigns{}, NoTransport{}, metrics);
            for (int i = 0; i < 10; ++i) CHECK_FALSE(producer.try_put(sluice::RecordView("key", "data")));
            co_await producer.async_flush(boost::asio::use_awaitable);
            CHECK(its.value("sluice_accepted_records_total") == 10);
            CHECK(its.value("sluice_accepted_bytes_total") == 10 * (3 + 4 + 32));
            CHECK(its.value("sluice_settled_records_total", delivered) == 10);
            CHECK(its.value("kinesis_batch_write_failures_total") >= 1);
            CHECK(its.value("kinesis_write_success_total") >= 1);
            CHECK(its.value("sluice_shard_records_total", in_shard) == 10);
            // Statistics are told now and then, and for the last time once nothing changes any more.
            boost::asio::steady_timer timer(context);
            for (int i = 0; i < 100 && its.value("sluice_buffered_records", {}) > 0; ++i) {
                timer.expires_after(10ms);
                co_await timer.async_wait(boost::asio::use_awaitable);
            }
            CHECK(its.value("sluice_buffered_records", {}) == 0);
            CHECK(its.value("sluice_throttled_records_total") >= 1);
            CHECK(its.value("sluice_retried_records_total") >= 2);
            const auto fill = its.histogram("sluice_request_fill_ratio");
            CHECK(fill.sample_count >= 3);
            CHECK(fill.sample_sum > 0);
            CHECK(fill.sample_sum <= static_cast<double>(fill.sample_count));
            co_await producer.async_close(boost::asio::use_awaitable);
        }
        CHECK(its.value("sluice_settled_records_total", delivered) == 10);
    });
}
