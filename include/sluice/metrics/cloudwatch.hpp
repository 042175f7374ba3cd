#pragma once

#include <sluice/aws/machine.hpp>
#include <sluice/aws/settings.hpp>
#include <sluice/aws/this_machine.hpp>
#include <sluice/cloudwatch/client.hpp>
#include <sluice/cloudwatch/requests.hpp>
#include <sluice/credentials/credentials.hpp>
#include <sluice/error.hpp>
#include <sluice/metrics/cloudwatch_options.hpp>
#include <sluice/metrics/cloudwatch_uploads.hpp>
#include <sluice/metrics/metrics.hpp>
#include <sluice/metrics/own_credentials.hpp>
#include <sluice/stats.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace sluice {

/// The metrics of the KPL, under its names, in CloudWatch: whoever replaces the KPL keeps dashboards and alarms.
///
/// What is counted is added up by the minute, and each minute that has something to tell is one statistic set for each
/// metric, put with PutMetricData (permission `cloudwatch:PutMetricData`) every `CloudWatchOptions::interval`. What
/// CloudWatch does not take waits, bounded, and is told later; records never wait for it. The end of the producer takes
/// up to two seconds longer. A request whose answer was lost may count twice.
///
/// CloudWatch bills each metric, that is each name with its dimensions, for the hours in which it was put, and each
/// request. So many there are, and one `ErrorsByCode` more for each kind of error in each line:
///
/// | level    | of the producer | of each stream | of each shard                                          |
/// |----------|-----------------|----------------|--------------------------------------------------------|
/// | summary  | 5               | 5              | 3 (`UserRecordsPut`, `KinesisRecordsPut`, `AllErrors`) |
/// | detailed | 14              | 13             | 6                                                      |
///
/// With the defaults, the KPL's, a stream with four shards makes 51; with `MetricsGranularity::stream`, 27; with
/// `MetricsLevel::summary` besides, 10. Signs as the producer does, or with credentials of its own:
/// `CloudWatchMetrics(CloudWatchOptions(), ProfileCredentials("monitoring"))`.
template <MetricsCredentials Own = ProducerCredentials>
class CloudWatchMetrics {
public:
    using policy_kind = kind::metrics;

    /// Throws `std::invalid_argument` for options that CloudWatch would never take.
    explicit CloudWatchMetrics(CloudWatchOptions options = CloudWatchOptions())
        requires std::same_as<Own, ProducerCredentials>
        : CloudWatchMetrics(std::move(options), ProducerCredentials()) {}

    CloudWatchMetrics(CloudWatchOptions options, Own own, aws::Machine machine = aws::this_machine())
        : options_(std::move(options)), own_(std::move(own)), machine_(std::move(machine)) {
        if (!cloudwatch::is_namespace(options_.name_space)) {
            throw std::invalid_argument("sluice: a namespace of metrics is 1 to 255 characters of ASCII, and begins "
                                        "neither with 'AWS/' nor with ':'");
        }
        const auto& more = options_.dimensions;
        if (more.size() > cloudwatch::most_dimensions - 3 ||
            !std::all_of(more.begin(), more.end(), cloudwatch::is_dimension)) {
            throw std::invalid_argument("sluice: a metric has 27 dimensions of its own at most, with names of 1 to 255 "
                                        "and values of 1 to 1,024 characters of ASCII");
        }
        if (options_.interval < std::chrono::seconds(1) || options_.interval > std::chrono::minutes(1)) {
            throw std::invalid_argument("sluice: metrics are put every 1 to 60 seconds");
        }
    }

    class Running {
    public:
        static constexpr auto exchange_detail = ExchangeDetail::data;

        Running(World& world, std::shared_ptr<detail::CloudWatchUploads> uploads, MetricsLevel level)
            : world_(&world), uploads_(std::move(uploads)), on_(level != MetricsLevel::none) {}

        void accepted(std::string_view stream, std::uint64_t records, std::uint64_t) {
            count([&](auto& counts, auto now) { counts.accepted(now, stream, records); });
        }
        void exchanged(std::string_view stream, const Exchange& exchange) {
            count([&](auto& counts, auto now) { counts.exchanged(now, stream, exchange); });
        }
        void settled(std::string_view stream, error_code outcome, std::uint64_t records) {
            count([&](auto& counts, auto now) { counts.settled(now, stream, outcome, records); });
        }
        void retried(std::string_view stream, std::uint64_t retries, std::uint64_t records) {
            count([&](auto& counts, auto now) { counts.retried(now, stream, retries, records); });
        }
        void observed(const Stats& stats) {
            if (on_) uploads_->observe(stats.buffered_records);
        }
        [[nodiscard]] asio::awaitable<void> finish() { return uploads_->finish(); }

    private:
        template <class Count>
        void count(Count count_it) {
            if (!on_) return;
            count_it(uploads_->counts, world_->service_time());
            uploads_->wake();
        }

        World* world_;
        std::shared_ptr<detail::CloudWatchUploads> uploads_;
        bool on_;
    };

    /// Errors: `region_missing`, `endpoint_invalid`, and those of the own credentials' opening. A producer's log has
    /// them.
    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) {
        std::unique_ptr<detail::OwnCredentials> own;
        if constexpr (!std::same_as<Own, ProducerCredentials>) {
            auto source = co_await own_.open(world);
            if (!source) co_return source.error();
            own = std::make_unique<detail::OwnCredentials>(world, *std::move(source));
        }
        auto where = world.options();
        if (!options_.region.empty()) where.region = options_.region;
        const auto settings = aws::Settings::read(std::move(where), machine_);
        auto& credentials = own ? own->credentials() : world.credentials();
        auto client = cloudwatch::Client::open(world, credentials, settings, options_.endpoint);
        if (!client) co_return client.error();
        co_return Running(world, std::make_shared<detail::CloudWatchUploads>(world, std::move(own),
                                                                             *std::move(client), options_),
                          options_.level);
    }

private:
    CloudWatchOptions options_;
    Own own_;
    aws::Machine machine_;
};

} // namespace sluice
