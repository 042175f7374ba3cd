#pragma once

#include <sluice/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sluice {

/// A partition key that many records have.
class HotKey {
public:
    HotKey() = default;
    HotKey(std::string its_key, double its_share) : key(std::move(its_key)), share(its_share) {}

    std::string key;
    double share = 0; ///< Of the latest records, by a sample: 0 to 1, and rather too small than too large.
};

/// What happened to one stream's records since the producer was made.
class StreamStats {
public:
    std::uint64_t delivered = 0;
    std::uint64_t failed = 0;   ///< Dead-lettered for any reason but their time-to-live.
    std::uint64_t expired = 0;
    std::uint64_t retried = 0;   ///< Tries beyond the first, of records.
    std::uint64_t throttled = 0; ///< Tries that were throttled, of records.
    std::uint64_t offloaded = 0; ///< Payloads that were put elsewhere, before their records were sent.
    std::uint64_t requests = 0;
    std::uint64_t failed_requests = 0;    ///< Without an answer for each entry.
    error_code paused_by;                 ///< Why the stream is paused; else empty.
    std::map<std::string, std::uint64_t> delivered_by_shard; ///< The first 1,024 shards seen.
    std::size_t shards = 0; ///< How many are open; 0: not known, as with a batching that does not go by shards.
    std::vector<HotKey> hottest_keys; ///< Those with over a hundredth of the latest million records or so, the hottest
                                      ///< first, at most 8. A shard takes 1 MiB/s and 1,000 records/s of all its keys.

    /// How much the busiest shard took, beside the mean of all, since the producer was made: 1 is even, as many as
    /// there are shards is all on one. 0: nothing was delivered. Shards that are closed by now count.
    [[nodiscard]] double skew() const {
        std::uint64_t sum = 0;
        std::uint64_t most = 0;
        for (const auto& [shard, records] : delivered_by_shard) {
            sum += records;
            most = std::max(most, records);
        }
        if (sum == 0) return 0;
        const auto all = static_cast<double>(std::max(shards, delivered_by_shard.size()));
        return static_cast<double>(most) * all / static_cast<double>(sum);
    }
};

/// A snapshot of a producer, cheap enough to take every second.
class Stats {
public:
    std::uint64_t accepted = 0; ///< Put since the producer was made; recovered records do not count.
    std::uint64_t ignored = 0;  ///< Put while disabled.
    std::uint64_t cleared = 0; ///< Removed by `async_clear`.
    std::uint64_t refused = 0;  ///< Put, and refused with an error.
    std::uint64_t recovered = 0; ///< Found in the storage when it was opened.
    std::uint64_t buffered_records = 0; ///< Without an outcome now.
    std::uint64_t buffered_bytes = 0;   ///< As counted against `Options::buffer_bytes`.
    std::chrono::milliseconds oldest_age{}; ///< Since the put of the oldest of them that is in memory.
    std::uint64_t unreadable = 0; ///< In chunks that the storage gave back damaged; they stay, and count as buffered.
    error_code paused_by;       ///< Of the first stream that is paused, or else why payloads over the offload's
                                ///< threshold wait; else empty.
    error_code offload_fails_by; ///< Why these wait; records under the threshold go on. Else empty.
    std::map<std::string, StreamStats> streams;

    /// The sum over all streams, without their shards and keys.
    [[nodiscard]] StreamStats total() const {
        StreamStats sum;
        for (const auto& [name, stream] : streams) {
            sum.delivered += stream.delivered;
            sum.failed += stream.failed;
            sum.expired += stream.expired;
            sum.retried += stream.retried;
            sum.throttled += stream.throttled;
            sum.offloaded += stream.offloaded;
            sum.requests += stream.requests;
            sum.failed_requests += stream.failed_requests;
        }
        sum.paused_by = paused_by;
        return sum;
    }
};

} // namespace sluice
