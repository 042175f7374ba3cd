#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/detail/back_off.hpp>
#include <sluice/detail/live_chunk.hpp>
#include <sluice/error.hpp>
#include <sluice/kinesis/hash_key.hpp>
#include <sluice/kinesis/shard_map.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace sluice::detail {

/// What is known of a stream's shards: which holds which keys, and held them a short while ago, whether that is to be
/// believed, and when they are listed again. Pure.
class ShardBook {
public:
    // --- predictions -------------------------------------------------------------------------------------------

    /// The shards, to predict by; none if they are not known, or not believed any more.
    [[nodiscard]] const kinesis::ShardMap& map() const noexcept { return believed_ ? map_ : nothing_; }

    /// Whether no two records may share an entry, not even of one key: the shards are about to be listed, or records
    /// were seen to go to shards that do not hold their keys, as with the record distribution strategy AUTO. Where the
    /// shards could never be listed, the service is taken to go by keys.
    [[nodiscard]] bool alone() const noexcept { return keyless_ || (!believed_ && !hidden_); }

    [[nodiscard]] bool keyless() const noexcept { return keyless_; }

    /// From 1, the number of the shard that the record will go to; 0: not known.
    [[nodiscard]] std::uint32_t group_of(Ref ref) const {
        const auto& map = this->map();
        if (map.size() == 0) return 0;
        if (map.holds_everything(0)) return 1;
        const auto shard = map.find(ref.hash_key());
        return shard ? static_cast<std::uint32_t>(*shard) + 1 : 0;
    }

    // --- answers -----------------------------------------------------------------------------------------------

    /// Whether a shard that took an entry holds the keys of all its records, as far as can be told: consumers drop an
    /// aggregate as a whole if it does not. The entry was for `group`, by the map `predicted_by`. `raw`: it is one
    /// record as it was put, which nobody drops.
    [[nodiscard]] bool judge(const kinesis::ShardMap& predicted_by, std::uint32_t group, std::span<const Ref> members,
                             bool raw, std::string_view shard_id, steady_time now) {
        const bool foreseen = group != 0 && predicted_by.id(group - 1) == shard_id;
        if (foreseen && remembers(predicted_by)) return true;
        const auto range = range_of(shard_id);
        if (predicted_by == map() && (group != 0 || !range)) surprise(now);
        const auto first = members.front().hash_key();
        if (!range) {
            const auto differs = [&](Ref ref) { return ref.hash_key() != first; };
            // Where nobody can know more, one key's records go to one shard. Else the shard will be known soon.
            return raw || (hidden_ && std::none_of(members.begin(), members.end(), differs));
        }
        const auto outside = [&](const kinesis::HashKey& key) { return key < range->first || range->second < key; };
        if (outside(first)) misplaced(now);
        return raw || std::none_of(members.begin(), members.end(), [&](Ref ref) { return outside(ref.hash_key()); });
    }

    /// The stream is gone: one of the same name may have other shards under the same ids.
    void forget(steady_time now) {
        if (map_.size() == 0 && old_.empty()) return;
        map_ = {};
        old_.clear();
        believed_ = false;
        want(now);
    }

    // --- listing -----------------------------------------------------------------------------------------------

    /// Somebody needs the shards.
    void want(steady_time when) {
        if (!wanted_) not_before_ = std::max(not_before_, when);
        wanted_ = true;
    }

    /// Whether they are to be listed now.
    [[nodiscard]] bool due(steady_time now) const noexcept { return wanted_ && !under_way_ && now >= not_before_; }

    /// When `due` becomes true by itself.
    [[nodiscard]] steady_time due_at() const noexcept {
        return wanted_ && !under_way_ ? not_before_ : steady_time::max();
    }

    void asked(steady_time now) noexcept {
        under_way_ = true;
        asked_at_ = now;
    }

    /// Until when records wait for the first list, which is under way: without it none could share an entry, and those
    /// that must be framed even alone would be sent again. Not for long: the list may be slow to come.
    [[nodiscard]] steady_time awaited_until() const noexcept {
        const bool heard = listed() || failures_ > 0;
        return under_way_ && !heard ? asked_at_ + patience : steady_time::min();
    }

    /// They were listed.
    void learn(kinesis::ShardMap map, steady_time now) {
        std::erase_if(old_, [now](const auto& entry) { return entry.second <= now; });
        if (map_.size() > 0) old_.emplace_back(std::move(map_), now + remembered);
        if (old_.size() > most_remembered) old_.pop_front();
        map_ = std::move(map);
        believed_ = true;
        keyless_ = hidden_ = false;
        learned_ = now;
        not_before_ = now + least_rest;
        under_way_ = wanted_ = false;
        failures_ = 0;
    }

    /// They could not be listed, or there are none; it is tried again.
    void failed(steady_time now, std::uint64_t random, error_code why) {
        hidden_ = !listed() && (!why || why == error::access_denied || why == error::request_refused);
        under_way_ = false;
        wanted_ = true;
        not_before_ = now + back_off(std::chrono::seconds(10), std::chrono::seconds(60), ++failures_, random);
    }

private:
    using Range = std::pair<kinesis::HashKey, kinesis::HashKey>;

    static constexpr std::chrono::seconds least_rest{5};  ///< Between two listings.
    static constexpr std::chrono::seconds patience{1};    ///< With a list that is slow to come.
    static constexpr std::chrono::seconds remembered{60}; ///< As long as the KPL remembers closed shards.
    static constexpr std::size_t most_remembered = 8;

    [[nodiscard]] bool remembers(const kinesis::ShardMap& map) const {
        return map == map_ || std::any_of(old_.begin(), old_.end(), [&](const auto& old) { return old.first == map; });
    }

    /// Whether the shards are known, or were.
    [[nodiscard]] bool listed() const noexcept { return map_.size() > 0; }

    /// A shard took records that it was not predicted to take: the map is old.
    void surprise(steady_time now) {
        if (!believed_) return;
        believed_ = false;
        // A map that was wrong soon after it was made may well be so again.
        surprises_ = now - learned_ < std::chrono::minutes(1) ? surprises_ + 1 : 0;
        want(learned_ + least_rest * (1U << std::min(surprises_, 7U)));
    }

    /// A shard took a record though it does not hold the key that decides: the service does not go by keys, or the
    /// stream is another one of the same name. No aggregates are made until the shards are listed again.
    void misplaced(steady_time now) {
        surprise(now);
        keyless_ = true;
    }

    /// The keys of a shard that is open, or was until a minute ago; none if it is not known.
    [[nodiscard]] std::optional<Range> range_of(std::string_view shard_id) const {
        if (const auto range = range_in(map_, shard_id)) return range;
        for (const auto& [map, until] : old_) {
            if (const auto range = range_in(map, shard_id)) return range;
        }
        return {};
    }

    [[nodiscard]] static std::optional<Range> range_in(const kinesis::ShardMap& map, std::string_view shard_id) {
        const auto shard = map.index_of(shard_id);
        if (!shard) return {};
        return Range(map.first(*shard), map.last(*shard));
    }

    const kinesis::ShardMap nothing_;
    kinesis::ShardMap map_;
    std::deque<std::pair<kinesis::ShardMap, steady_time>> old_; ///< And until when each is remembered.
    bool believed_ = false;
    bool keyless_ = false;
    bool hidden_ = false; ///< As things are they will never be listed.
    unsigned surprises_ = 0; ///< In quick succession.
    steady_time learned_;
    bool wanted_ = false;
    bool under_way_ = false;
    unsigned failures_ = 0;
    steady_time not_before_;
    steady_time asked_at_;
};

} // namespace sluice::detail
