#include <sluice/metrics/cloudwatch_options.hpp>

#include <doctest/doctest.h>

#include <chrono>

using namespace sluice;
using namespace std::chrono_literals;

TEST_CASE("what CloudWatch is told is what the KPL tells, unless options say something else") {
    const CloudWatchOptions defaults;
    CHECK(defaults.name_space == "KinesisProducerLibrary");
    CHECK(defaults.level == MetricsLevel::detailed);
    CHECK(defaults.granularity == MetricsGranularity::shard);
    CHECK(defaults.interval == 60s);
    CHECK(defaults.dimensions.empty());
    CHECK(defaults.region.empty());
    CHECK(defaults.endpoint.empty());
    CHECK(defaults.max_kept == 1'000);
    const CloudWatchOptions few(MetricsLevel::summary);
    CHECK(few.level == MetricsLevel::summary);
    CHECK(few.granularity == MetricsGranularity::shard);
    CHECK(CloudWatchOptions(MetricsLevel::none, MetricsGranularity::global).granularity == MetricsGranularity::global);
}

TEST_CASE("each level and each granularity holds those before it") {
    CHECK(MetricsLevel::none < MetricsLevel::summary);
    CHECK(MetricsLevel::summary < MetricsLevel::detailed);
    CHECK(MetricsGranularity::global < MetricsGranularity::stream);
    CHECK(MetricsGranularity::stream < MetricsGranularity::shard);
}
