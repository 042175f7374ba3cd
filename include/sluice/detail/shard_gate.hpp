#pragma once

#include <sluice/detail/limiter.hpp>
#include <sluice/detail/live_chunk.hpp>
#include <sluice/kinesis/shard_map.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::detail {

/// Holds back the records of shards that throttle, and only those.
///
/// Open, and free of cost, until somebody is throttled. From then on each record is predicted to a shard by the shard
/// map and passes when its shard's limiter lets it; without a map the whole stream counts as one shard. Opens again
/// when no shard needs a limit. Where records share entries, each counts as its part of one, as it was of late.
class ShardGate {
public:
    [[nodiscard]] bool closed() const noexcept { return !shards_.empty(); }
    [[nodiscard]] bool has_map() const noexcept { return has_map_; }

    /// The first throttling: paces the stream as one shard, at the rate at which it was seen to take records.
    void close(steady_time now, double seen_records_per_second) {
        const double share = std::max(seen_records_per_second / shard_records_per_second, 0.1);
        shards_.emplace_back(Limiter(now, share * shard_records_per_second, share * shard_bytes_per_second));
    }

    /// Paces each shard for itself. Held records are held again, each by its own shard.
    void use(kinesis::ShardMap map, steady_time now) {
        auto held = take_held();
        map_ = std::move(map);
        has_map_ = true;
        shards_.clear();
        for (std::size_t i = 0; i < map_.size(); ++i) {
            shards_.emplace_back(Limiter(now, shard_records_per_second, shard_bytes_per_second));
        }
        for (const auto& ref : held) hold(ref);
    }

    /// Whether the record may pass now; if not, it is held.
    [[nodiscard]] bool pass(Ref ref, steady_time now) {
        auto& shard = shards_[shard_of(ref)];
        if (shard.held.empty() && shard.limiter.take(entry_share_, size_of(ref), now)) return true;
        shard.held.push_back(ref);
        return false;
    }

    /// A held record whose shard has room, or none.
    [[nodiscard]] Ref release(steady_time now) {
        for (std::size_t i = 0; i < shards_.size(); ++i) {
            turn_ = (turn_ + 1) % shards_.size();
            auto& shard = shards_[turn_];
            if (shard.held.empty()) continue;
            const auto ref = shard.held.front();
            if (ref.open() && !shard.limiter.take(entry_share_, size_of(ref), now)) continue;
            shard.held.pop_front();
            return ref;
        }
        return {};
    }

    /// A record leaves that did not ask, in the company of one that did.
    void charge(Ref ref) {
        if (closed()) shards_[shard_of(ref)].limiter.charge(entry_share_, size_of(ref));
    }

    /// So many entries left, with so many records in them.
    void sent(std::size_t entries, std::size_t records) {
        const double share = static_cast<double>(entries) / static_cast<double>(std::max<std::size_t>(records, 1));
        entry_share_ += (share - entry_share_) / 4;
    }

    /// Slows the shard that a record belongs to.
    void throttled(Ref ref, steady_time now) { shards_[shard_of(ref)].limiter.throttled(now); }

    /// Opens the gate if no shard needs it any more.
    void relax(steady_time now) {
        const auto at_rest = [now](Shard& shard) { return shard.held.empty() && shard.limiter.idle(now); };
        if (std::all_of(shards_.begin(), shards_.end(), at_rest)) {
            shards_.clear();
            has_map_ = false;
        }
    }

    /// When the first held record may pass.
    [[nodiscard]] steady_time ready_at() const {
        auto first = steady_time::max();
        for (const auto& shard : shards_) {
            if (!shard.held.empty()) first = std::min(first, shard.limiter.ready_at());
        }
        return first;
    }

    /// Whether the map has this shard, where there is a map.
    [[nodiscard]] bool knows(std::string_view shard_id) const {
        return !has_map_ || shard_id.empty() || map_.index_of(shard_id).has_value();
    }

    /// All held records, in no particular order among shards; the gate holds none afterwards.
    [[nodiscard]] std::vector<Ref> take_held() {
        std::vector<Ref> held;
        for (auto& shard : shards_) {
            held.insert(held.end(), shard.held.begin(), shard.held.end());
            shard.held.clear();
        }
        return held;
    }

private:
    class Shard {
    public:
        explicit Shard(Limiter its_limiter) : limiter(its_limiter) {}
        Limiter limiter;
        std::deque<Ref> held;
    };

    void hold(Ref ref) { shards_[shard_of(ref)].held.push_back(ref); }

    [[nodiscard]] std::size_t shard_of(Ref ref) const {
        if (!has_map_) return 0;
        // A hash that no open shard claims means that the map is old; any shard will do until the new one is there.
        return map_.find(ref.hash_key()).value_or(0);
    }

    [[nodiscard]] static std::size_t size_of(Ref ref) {
        const auto sent = ref.chunk->candidate(ref.index);
        return sent.data.size() + sent.partition_key.size();
    }

    std::vector<Shard> shards_;
    kinesis::ShardMap map_;
    bool has_map_ = false;
    std::size_t turn_ = 0;
    double entry_share_ = 1; ///< What part of an entry a record is.
};

} // namespace sluice::detail
