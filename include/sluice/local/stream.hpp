#pragma once

#include <sluice/local/calls.hpp>
#include <sluice/local/hash_range.hpp>
#include <sluice/local/shard.hpp>

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

namespace sluice::local {

/// One stream: its shards, open and closed, and what state it is in.
///
/// Changes to the shards happen at once; the status tells of them until the time that the service gives them is over.
class Stream {
public:
    /// A stream with `count` open shards, which share the hash keys evenly; it is CREATING until `ready`.
    Stream(const StreamSpec& spec, std::uint32_t count, std::uint64_t its_serial, wall_time now, steady_time ready)
        : name(spec.name), serial(its_serial), created(now), on_demand(spec.on_demand),
          max_record_kib(spec.max_record_kib), tags(spec.tags), changing_(StreamStatus::creating), settled_at_(ready) {
        for (std::uint32_t i = 0; i < count; ++i) open_shard(even_range(i, count), now);
        sort_open();
    }

    std::string name;
    std::uint64_t serial; ///< No other stream of the service ever has it.
    wall_time created;
    bool on_demand;
    std::int64_t max_record_kib;
    std::int64_t retention_hours = 24;
    std::map<std::string, std::string> tags;

    [[nodiscard]] StreamStatus status(steady_time now) const {
        return now < settled_at_ ? changing_ : StreamStatus::active;
    }

    /// Whether the time of a deletion is over, so that nothing is left of the stream.
    [[nodiscard]] bool gone(steady_time now) const { return changing_ == StreamStatus::deleting && now >= settled_at_; }

    /// Shows `status` until that time.
    void change(StreamStatus status, steady_time until) {
        changing_ = status;
        settled_at_ = until;
    }

    /// All shards that the retention keeps, by index.
    [[nodiscard]] const std::deque<Shard>& shards() const { return shards_; }

    [[nodiscard]] std::size_t open_shards() const { return open_.size(); }

    [[nodiscard]] Shard* find(std::uint64_t index) {
        const auto found = std::lower_bound(shards_.begin(), shards_.end(), index,
                                            [](const Shard& shard, std::uint64_t i) { return shard.index < i; });
        return found != shards_.end() && found->index == index ? &*found : nullptr;
    }

    /// The open shard that holds the key: there is always exactly one.
    [[nodiscard]] Shard& shard_for(HashKey key) { return shards_[open_[open_place(key)]]; }

    /// The name of the open shard after this one, in the order of hash keys; of another open shard if this is closed.
    [[nodiscard]] std::string neighbour_of(std::string_view shard) const {
        std::size_t place = 0;
        while (place + 1 < open_.size() && shards_[open_[place]].id() != shard) ++place;
        return shards_[open_[(place + 1) % open_.size()]].id();
    }

    /// The shards that go on where this one ended.
    [[nodiscard]] std::vector<const Shard*> children(std::uint64_t index) const {
        std::vector<const Shard*> found;
        for (const auto& shard : shards_) {
            if (shard.parent == index || shard.adjacent_parent == index) found.push_back(&shard);
        }
        return found;
    }

    /// Closes an open shard and opens two, of which the second starts at `key`; `key` lies inside the range.
    void split(Shard& parent, HashKey key, wall_time now) {
        const auto index = parent.index;
        const auto range = parent.range;
        parent.closed = now;
        open_shard(HashRange(range.first, before(key)), now).parent = index;
        open_shard(HashRange(key, range.last), now).parent = index;
        sort_open();
    }

    /// Closes two open shards whose ranges touch, and opens one.
    void merge(Shard& parent, Shard& adjacent, wall_time now) {
        const auto indices = std::pair(parent.index, adjacent.index);
        const HashRange range(std::min(parent.range.first, adjacent.range.first),
                              std::max(parent.range.last, adjacent.range.last));
        parent.closed = adjacent.closed = now;
        Shard& child = open_shard(range, now);
        child.parent = indices.first;
        child.adjacent_parent = indices.second;
        sort_open();
    }

    /// Since when records are kept.
    [[nodiscard]] wall_time horizon(wall_time now) const { return now - std::chrono::hours(retention_hours); }

    /// Forgets shards that were closed before the horizon: none of their records is left.
    void expire(wall_time now) {
        if (open_.size() == shards_.size()) return;
        const auto oldest = horizon(now);
        const auto expired =
            std::erase_if(shards_, [&](const Shard& shard) { return shard.closed && *shard.closed < oldest; });
        if (expired != 0) sort_open();
    }

private:
    Shard& open_shard(HashRange range, wall_time now) {
        shards_.emplace_back(next_index_, range, SequenceNumbers(created, serial, next_index_), now);
        ++next_index_;
        return shards_.back();
    }

    void sort_open() {
        open_.clear();
        for (std::size_t i = 0; i < shards_.size(); ++i) {
            if (shards_[i].open()) open_.push_back(i);
        }
        std::sort(open_.begin(), open_.end(),
                  [&](std::size_t a, std::size_t b) { return shards_[a].range.first < shards_[b].range.first; });
    }

    [[nodiscard]] std::size_t open_place(HashKey key) const {
        const auto found = std::partition_point(open_.begin(), open_.end(),
                                                [&](std::size_t i) { return shards_[i].range.last < key; });
        return static_cast<std::size_t>(found - open_.begin());
    }

    std::deque<Shard> shards_;      ///< By index. Not a vector: growing would copy every record.
    std::vector<std::size_t> open_; ///< Places in `shards_`, by hash key.
    std::uint64_t next_index_ = 0;
    StreamStatus changing_;
    steady_time settled_at_;
};

} // namespace sluice::local
