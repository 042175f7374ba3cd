#pragma once

#include <sluice/detail/back_off.hpp>
#include <sluice/detail/hot_keys.hpp>
#include <sluice/detail/shard_book.hpp>
#include <sluice/detail/stream_queue.hpp>
#include <sluice/error.hpp>
#include <sluice/stats.hpp>
#include <sluice/storage/chunk.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::detail {

/// A stream that does not move, and when it is tried again.
class Pause {
public:
    unsigned failures = 0; ///< In a row.
    steady_time until;     ///< When it is probed.
    std::uint64_t probe = 0; ///< The request that probes it; zero: none.
    error_code reason;
};

/// What a storage holds of a stream beyond what is in memory.
class Backlog {
public:
    bool more = false;        ///< There are chunks after `through`.
    bool loading = false;     ///< They are being read.
    bool appended = false;    ///< One was appended since the reading began.
    std::uint64_t through = 0; ///< The first sequence of the last chunk that was in memory.
    std::optional<steady_time> again_at; ///< After a failed reading.
    unsigned failures = 0;               ///< Readings that failed since one succeeded.

    /// The storage may give this chunk back with records that have been withdrawn meanwhile.
    void remember(const Chunk& chunk) {
        if (chunk.live < chunk.count) withdrawn_.insert_or_assign(chunk.first, Settlement(chunk));
    }

    /// Takes those records out of a chunk that was read.
    void correct(Chunk& chunk) {
        const auto known = withdrawn_.extract(chunk.first);
        if (known.empty()) return;
        chunk.live = known.mapped().live;
        chunk.live_bytes = known.mapped().live_bytes;
        chunk.settled = known.mapped().settled;
    }

    /// Whether the next chunks may be read now, if there is room for them.
    [[nodiscard]] bool due(steady_time now) {
        if (!more || loading || (again_at && now < *again_at)) return false;
        again_at.reset();
        return true;
    }

    /// They are being read.
    void begin() {
        loading = true;
        appended = false;
    }

    void failed(steady_time now, std::uint64_t random) {
        again_at = now + back_off(std::chrono::seconds(1), std::chrono::seconds(30), ++failures, random);
    }

    void clear() {
        more = false;
        withdrawn_.clear();
    }

private:
    std::map<std::uint64_t, Settlement> withdrawn_; ///< By the chunk's first sequence.
};

/// How many records a second a stream was seen to take.
class Rate {
public:
    void add(steady_time now, std::uint64_t records) {
        const auto passed = now - begun_;
        if (passed >= std::chrono::seconds(1)) {
            before_ = passed < std::chrono::seconds(2) ? current_ : 0;
            current_ = 0;
            begun_ = now;
        }
        current_ += records;
    }

    [[nodiscard]] double per_second() const { return static_cast<double>(std::max(before_, current_)); }

private:
    steady_time begun_;
    std::uint64_t current_ = 0;
    std::uint64_t before_ = 0;
};

/// Everything that the delivery keeps for one stream.
class StreamState {
public:
    StreamState(std::string its_name, std::size_t lanes) : name(std::move(its_name)), queue(lanes) {}

    /// Looks at the keys of a new chunk.
    void sample_keys(const LiveChunk& chunk) {
        keys_.sample(chunk.chunk.count, [&](std::uint32_t i) { keys_.see(chunk.frame(i).partition_key); });
    }

    /// What users are told of it.
    [[nodiscard]] StreamStats told() const {
        auto copy = stats;
        copy.paused_by = pause ? pause->reason : error_code{};
        copy.shards = shards.map().size();
        copy.hottest_keys = keys_.hottest();
        return copy;
    }

    /// Counts records that this shard took.
    void count_delivery(std::string_view shard_id, std::uint64_t records) {
        auto& counts = stats.delivered_by_shard;
        if (last_shard_ == nullptr || last_shard_->first != shard_id) {
            if (shard_id.empty() || (counts.size() >= most_shards && !counts.contains(std::string(shard_id)))) return;
            last_shard_ = &*counts.try_emplace(std::string(shard_id)).first;
        }
        last_shard_->second += records;
    }

    std::string name;
    StreamQueue queue;
    std::deque<std::vector<Ref>> suspects; ///< Records to be sent alone together: a request with them was refused.
    std::optional<Pause> pause;
    Backlog backlog;
    Rate rate;
    ShardBook shards;
    steady_time held_until = steady_time::min(); ///< Nothing is sent before: the shards are being listed.
    StreamStats stats;

private:
    static constexpr std::size_t most_shards = 1'024;

    HotKeys keys_;
    std::pair<const std::string, std::uint64_t>* last_shard_ = nullptr; ///< In `stats`, of the latest delivery.
};

} // namespace sluice::detail
