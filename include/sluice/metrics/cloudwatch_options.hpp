#pragma once

#include <sluice/cloudwatch/requests.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice {

/// How much is told of a producer, as with the KPL.
enum class MetricsLevel : std::uint8_t {
    none,
    summary,  ///< What alarms need: what was put, errors, and how long records wait.
    detailed, ///< Bytes, sizes, times and retries, too.
};

/// What has metrics of its own, as with the KPL; each granularity has those before it, too.
enum class MetricsGranularity : std::uint8_t { global, stream, shard };

/// What `CloudWatchMetrics` tells, to whom, and how often. The defaults are the KPL's.
class CloudWatchOptions {
public:
    CloudWatchOptions() = default;
    explicit CloudWatchOptions(MetricsLevel its_level, MetricsGranularity its_granularity = MetricsGranularity::shard)
        : level(its_level), granularity(its_granularity) {}

    std::string name_space = "KinesisProducerLibrary"; ///< 1 to 255 characters of ASCII; neither `AWS/...` nor `:...`.
    MetricsLevel level = MetricsLevel::detailed;
    MetricsGranularity granularity = MetricsGranularity::shard;
    std::vector<cloudwatch::Dimension> dimensions; ///< More for every metric: a host's name. At most 27.
    std::chrono::milliseconds interval{60'000};    ///< Between uploads, 1 s to 60 s; each is a request or more.
    std::string region;   ///< Empty: the producer's.
    std::string endpoint; ///< `http[s]://host[:port]`; empty: AWS_ENDPOINT_URL_CLOUDWATCH, AWS_ENDPOINT_URL, the
                          ///< profile's `endpoint_url`, the region's.
    /// Of what waits while CloudWatch is away: a minute takes one for the producer and one for each stream and shard
    /// that was used in it, about 1 KiB; the oldest minutes go first.
    std::size_t max_kept = 1'000;
};

} // namespace sluice
