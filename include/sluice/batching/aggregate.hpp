#pragma once

#include <sluice/batching/batching.hpp>
#include <sluice/kinesis/aggregate.hpp>
#include <sluice/kinesis/aggregate_size.hpp>
#include <sluice/kinesis/aggregate_writer.hpp>
#include <sluice/kinesis/hash_key.hpp>
#include <sluice/kinesis/key_table.hpp>
#include <sluice/kinesis/limits.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sluice {

/// Which records may share an aggregate.
enum class AggregateKeys : std::uint8_t {
    any,  ///< All that go to one shard; it has the container's key, and says where it goes by an explicit hash key.
    same, ///< Those with one partition key and one explicit hash key; it has these itself, and needs no shard map.
};

namespace detail {

/// The partition key of an aggregate of several keys, which says nothing: the explicit hash key beside it decides.
inline constexpr std::string_view container_key = "a";

/// Whether a record may go as it is if it goes alone; else it is framed even so: its headers need a place, and what
/// looks like an aggregate would be taken apart.
[[nodiscard]] inline bool may_go_raw(const Candidate& candidate) {
    return candidate.headers.empty() && !kinesis::looks_aggregated(candidate.data);
}

/// One request of aggregates while it is planned.
class AggregatePlan {
public:
    AggregatePlan(std::span<Candidate> candidates, const RequestLimits& limits, AggregateKeys keys, std::size_t room)
        : candidates_(candidates), limits_(limits), keys_(keys), room_(room), next_(candidates.size(), none) {}

    [[nodiscard]] Plan make() {
        for (std::uint32_t i = 0; i < candidates_.size(); ++i) {
            if (!place(i)) break;
        }
        Plan plan;
        for (const auto& entry : entries_) {
            for (auto member = entry.first; member != none; member = next_[member]) plan.add(member);
            plan.close_entry();
        }
        return plan;
    }

private:
    static constexpr auto none = std::numeric_limits<std::uint32_t>::max();

    class PlannedEntry {
    public:
        std::uint32_t first = none; ///< Candidates; each names the next one.
        std::uint32_t last = none;
    };

    /// An aggregate that takes more records.
    class Open {
    public:
        kinesis::AggregateSize size;
        std::uint32_t entry = none;
    };

    /// Finds a place for a candidate, or passes it over; false if the request is full.
    [[nodiscard]] bool place(std::uint32_t candidate) {
        auto& its = candidates_[candidate];
        const auto lane = its.lane == 0 ? lanes_.end() : lanes_.find(its.lane);
        const auto bound = lane == lanes_.end() ? none : lane->second;
        Open* const open = its.alone ? nullptr : &open_for(its);
        if (open != nullptr && fits(*open, its) && (lane == lanes_.end() || bound == open->entry)) {
            const auto its_fit = open->size.fit(its);
            if (its_fit.whole <= most_of(its)) {
                if (!afford(its_fit.whole - open->size.bytes())) return false;
                open->size.add(its, its_fit);
                append(open->entry, candidate);
                its.note = its_fit.key.index;
                return true;
            }
        }
        if (lane != lanes_.end()) {
            lane->second = none; // those that come after it must not overtake it
            return true;
        }
        return begin(candidate, open);
    }

    /// Puts a candidate first into an entry of its own, which others may join.
    [[nodiscard]] bool begin(std::uint32_t candidate, Open* open) {
        if (entries_.size() == limits_.entries) return false;
        auto& its = candidates_[candidate];
        const auto size = alone_.fit(its).whole;
        if (!afford(size + std::max(its.partition_key.size(), container_key.size()))) return false;
        const auto entry = static_cast<std::uint32_t>(entries_.size());
        entries_.emplace_back();
        append(entry, candidate);
        its.note = 0;
        if (open == nullptr || size > most_of(its)) return true;
        open->size.clear();
        open->size.add(its, open->size.fit(its));
        open->entry = entry;
        return true;
    }

    void append(std::uint32_t entry, std::uint32_t candidate) {
        auto& its = entries_[entry];
        if (its.first == none) {
            its.first = candidate;
        } else {
            next_[its.last] = candidate;
        }
        its.last = candidate;
        if (const auto lane = candidates_[candidate].lane; lane != 0) lanes_.emplace(lane, entry);
    }

    /// Whether the request has room for so many bytes more; one that fits no request stands alone.
    [[nodiscard]] bool afford(std::size_t bytes) {
        if (bytes_ > 0 && bytes_ + bytes > limits_.bytes) return false;
        bytes_ += bytes;
        return true;
    }

    /// The aggregate that a candidate may join: that of its shard, else that of its key.
    [[nodiscard]] Open& open_for(const Candidate& candidate) {
        if (keys_ == AggregateKeys::any && candidate.group != 0) {
            if (by_group_.size() <= candidate.group) by_group_.resize(candidate.group + 1);
            return by_group_[candidate.group];
        }
        const auto place = keys_seen_.find(candidate.partition_key);
        keys_seen_.use(place, candidate.partition_key);
        if (by_key_.size() <= place.index) by_key_.resize(place.index + 1);
        return by_key_[place.index];
    }

    /// Whether an aggregate has begun, of records that may share it with this one.
    [[nodiscard]] bool fits(const Open& open, const Candidate& candidate) const {
        if (open.entry == none) return false;
        if (keys_ == AggregateKeys::any && candidate.group != 0) return true;
        return candidates_[entries_[open.entry].first].explicit_hash_key == candidate.explicit_hash_key;
    }

    /// Bytes that an aggregate with this candidate in it may have.
    [[nodiscard]] std::size_t most_of(const Candidate& candidate) const {
        const auto key = keys_ == AggregateKeys::any ? container_key.size() : candidate.partition_key.size();
        return std::min(room_, limits_.entry_bytes - std::min(limits_.entry_bytes, key));
    }

    std::span<Candidate> candidates_; ///< Their notes are the numbers of their keys in their aggregates.
    const RequestLimits& limits_;
    AggregateKeys keys_;
    std::size_t room_;
    std::vector<std::uint32_t> next_; ///< Of each candidate, the one after it in its entry.
    std::vector<PlannedEntry> entries_;
    std::deque<Open> by_group_;
    std::deque<Open> by_key_;
    kinesis::KeyTable keys_seen_;
    kinesis::AggregateSize alone_; ///< Of nothing: what a record takes that begins an entry.
    std::unordered_map<std::uint32_t, std::uint32_t> lanes_; ///< To entries; none: full.
    std::size_t bytes_ = 0;
};

} // namespace detail

/// Many records in one: the format of the Kinesis Producer Library, which the KCL, Lambda's deaggregation modules and
/// our own consumer take apart.
///
/// Records of small size cost the service, and the CPU, much less this way: a shard takes 1,000 Kinesis records a
/// second, whatever is in them. With `Keys::any`, the default, all records that go to one shard share aggregates; that
/// needs permission to list the stream's shards (`kinesis:ListShards`). The first records wait for the list, a second
/// at most; until it is there each record goes alone, and if it cannot be had, only records of one key share. With
/// `Keys::same` only these ever do, and no list is asked for. A record that stays alone goes as it is, unless it has
/// headers, or looks like an aggregate itself.
///
/// An aggregate is acknowledged only if all its records belong to the shard that took it: consumers drop others. While
/// a stream is being resharded, some are therefore sent again. Streams whose service ignores keys (the record
/// distribution strategy AUTO) are recognised by where records land, and get no aggregates for a while, up to eleven
/// minutes, before one is tried again; that, too, takes the list.
class Aggregate {
public:
    using policy_kind = kind::batching;
    using Keys = AggregateKeys;

    /// An aggregate of two records or more has at most `max_bytes` bytes, 1 to 10 MiB, and never more than the service
    /// takes; a larger record goes alone. The default is the KPL's. Throws `std::invalid_argument` for other numbers.
    explicit Aggregate(std::size_t max_bytes = 51'200, Keys keys = Keys::any) : max_bytes_(max_bytes), keys_(keys) {
        if (max_bytes < 1 || max_bytes > kinesis::limits::largest_record_bytes) {
            throw std::invalid_argument("sluice: an Aggregate has 1 byte to 10 MiB");
        }
    }

    explicit Aggregate(Keys keys) : Aggregate(51'200, keys) {}

    /// So much that every shard gets a few aggregates.
    [[nodiscard]] Horizon horizon(const RequestLimits& limits, std::size_t shards) const {
        constexpr std::size_t per_shard = 256U << 10U; // as the KPL
        constexpr std::size_t least = 1U << 20U;
        constexpr std::size_t most_records = 100'000; // however small they are
        if (shards == 0 || keys_ == Keys::same) return {4 * limits.entries, limits.bytes}; // some keys are the same
        const auto most = std::min(limits.bytes, limits.entries * max_bytes_);
        return {most_records, std::min(most, std::max(least, shards * per_shard))};
    }

    [[nodiscard]] Plan plan(std::span<Candidate> candidates, const RequestLimits& limits) const {
        return detail::AggregatePlan(candidates, limits, keys_, max_bytes_).make();
    }

    [[nodiscard]] std::vector<Entry> assemble(std::span<const std::span<const Candidate>> entries,
                                              std::deque<std::string>& texts) const {
        std::vector<Entry> all;
        all.reserve(entries.size());
        std::vector<std::span<char>> aggregates;
        kinesis::AggregateWriter writer;
        for (const auto& members : entries) {
            auto& entry = all.emplace_back(key_of(members, texts));
            if (members.size() == 1 && detail::may_go_raw(members.front())) {
                entry.data = members.front().data;
                continue;
            }
            fill(writer, members);
            auto& text = texts.emplace_back();
            writer.append_unsealed_to(text);
            aggregates.emplace_back(text);
            entry.data = text;
        }
        kinesis::seal(aggregates);
        return all;
    }

    [[nodiscard]] std::size_t entry_room(const RequestLimits& limits) const noexcept {
        return std::min(max_bytes_, limits.entry_bytes);
    }
    [[nodiscard]] bool goes_by_shard() const noexcept { return keys_ == Keys::any; }
    [[nodiscard]] bool carries_headers() const noexcept { return true; }

private:
    static void fill(kinesis::AggregateWriter& writer, std::span<const Candidate> members) {
        writer.clear();
        const bool planned = members.front().note == 0;
        for (const auto& member : members) {
            if (planned) {
                writer.add(member, member.note);
            } else {
                writer.add(member);
            }
        }
    }

    /// An entry without data: with the keys of its only record, or of all; else the container's.
    [[nodiscard]] Entry key_of(std::span<const Candidate> members, std::deque<std::string>& texts) const {
        const auto& first = members.front();
        const bool container = members.size() > 1 && keys_ == Keys::any;
        if (!container) return {first.partition_key, first.explicit_hash_key, {}};
        if (!first.explicit_hash_key.empty()) return {detail::container_key, first.explicit_hash_key, {}};
        return {detail::container_key, texts.emplace_back(kinesis::hash_of(first.partition_key).to_string()), {}};
    }

    std::size_t max_bytes_;
    Keys keys_;
};

} // namespace sluice
