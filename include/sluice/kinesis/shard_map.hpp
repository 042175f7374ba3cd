#pragma once

#include <sluice/destination/destination.hpp>
#include <sluice/kinesis/hash_key.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace sluice::kinesis {

/// Which open shard holds which keys: an immutable value whose copies share what they know.
///
/// Shards are numbered from 0 in the order of their last keys. The ranges are those that the service told, never
/// computed ones: services differ by a key in how they divide. Keys that no range holds, as while a stream is being
/// resharded, belong to no shard; of ranges that overlap, the one that ends first has the key.
class ShardMap {
public:
    ShardMap() = default; ///< No shards.

    /// The map of these shards, in any order; `error::response_invalid` if one's ends are no hash keys, or in the wrong
    /// order.
    [[nodiscard]] static result<ShardMap> from(const std::vector<ShardRange>& ranges) {
        std::vector<Shard> shards;
        shards.reserve(ranges.size());
        for (const auto& range : ranges) {
            const auto first = HashKey::parse(range.first_hash_key);
            const auto last = HashKey::parse(range.last_hash_key);
            if (!first || !last || *last < *first) return error::response_invalid;
            shards.emplace_back(range.shard_id, *first, *last);
        }
        ShardMap map;
        map.knowledge_ = std::make_shared<const Knowledge>(std::move(shards));
        return map;
    }

    [[nodiscard]] std::size_t size() const noexcept { return knowledge_ ? knowledge_->shards.size() : 0; }

    /// The shard that holds the key; none if no range does.
    [[nodiscard]] std::optional<std::size_t> find(HashKey key) const {
        if (!knowledge_) return {};
        const auto& shards = knowledge_->shards;
        const auto ends_before = [](const Shard& shard, HashKey wanted) { return shard.last < wanted; };
        const auto [begin, end] = knowledge_->candidates(key);
        auto found = std::lower_bound(begin, end, key, ends_before);
        // Where ranges overlap, a wide one that ends later may still hold the key.
        while (knowledge_->overlap && found != shards.end() && key < found->first) ++found;
        if (found == shards.end() || key < found->first) return {};
        return static_cast<std::size_t>(found - shards.begin());
    }

    /// Whether the shard with this number holds the key.
    [[nodiscard]] bool holds(std::size_t index, HashKey key) const {
        const auto& shard = knowledge_->shards[index];
        return shard.first <= key && key <= shard.last;
    }

    /// Whether no other shard holds any key.
    [[nodiscard]] bool holds_everything(std::size_t index) const {
        return holds(index, HashKey()) && holds(index, HashKey::max());
    }

    /// The id of the shard with this number; valid as long as any copy of this map.
    [[nodiscard]] const std::string& id(std::size_t index) const { return knowledge_->shards[index].id; }

    [[nodiscard]] HashKey first(std::size_t index) const { return knowledge_->shards[index].first; }
    [[nodiscard]] HashKey last(std::size_t index) const { return knowledge_->shards[index].last; }

    /// The number of the shard with this id; none if it is not in the map.
    [[nodiscard]] std::optional<std::size_t> index_of(std::string_view id) const {
        if (!knowledge_) return {};
        const auto& by_id = knowledge_->by_id;
        const auto& shards = knowledge_->shards;
        const auto comes_before = [&](std::size_t index, std::string_view wanted) { return shards[index].id < wanted; };
        const auto found = std::lower_bound(by_id.begin(), by_id.end(), id, comes_before);
        if (found == by_id.end() || shards[*found].id != id) return {};
        return *found;
    }

    /// Whether they are copies of one another.
    friend bool operator==(const ShardMap&, const ShardMap&) = default;

private:
    class Shard {
    public:
        Shard(std::string its_id, HashKey its_first, HashKey its_last)
            : id(std::move(its_id)), first(its_first), last(its_last) {}

        std::string id;
        HashKey first;
        HashKey last;
    };

    class Knowledge {
    public:
        explicit Knowledge(std::vector<Shard> its_shards) : shards(std::move(its_shards)), by_id(shards.size()) {
            std::sort(shards.begin(), shards.end(), [](const Shard& a, const Shard& b) {
                return std::tie(a.last, a.first, a.id) < std::tie(b.last, b.first, b.id);
            });
            for (std::size_t i = 1; i < shards.size(); ++i) overlap = overlap || shards[i].first <= shards[i - 1].last;
            index();
            std::iota(by_id.begin(), by_id.end(), std::size_t{0});
            std::sort(by_id.begin(), by_id.end(), [this](std::size_t a, std::size_t b) {
                return std::tie(shards[a].id, a) < std::tie(shards[b].id, b);
            });
        }

        using Iterator = std::vector<Shard>::const_iterator;

        /// The first shard that does not end before the key is one of these, or the one behind them.
        [[nodiscard]] std::pair<Iterator, Iterator> candidates(HashKey key) const {
            const auto slice = static_cast<std::size_t>(key.high() >> shift);
            return {shards.begin() + starts[slice], shards.begin() + starts[slice + 1]};
        }

        std::vector<Shard> shards;      ///< By last key.
        std::vector<std::size_t> by_id; ///< Their numbers, by id.
        bool overlap = false;

    private:
        /// Cuts the key space into slices, several for each shard, so that few shards end in one.
        void index() {
            const auto bits = std::min(static_cast<int>(std::bit_width(shards.size())) + 2, 16);
            shift = 64 - bits;
            starts.reserve((std::size_t{1} << bits) + 1);
            std::int32_t start = 0;
            const auto count = static_cast<std::int32_t>(shards.size());
            for (std::uint64_t slice = 0; slice < std::uint64_t{1} << bits; ++slice) {
                while (start < count && shards[static_cast<std::size_t>(start)].last.high() >> shift < slice) ++start;
                starts.push_back(start);
            }
            starts.push_back(count);
        }

        std::vector<std::int32_t> starts; ///< The first shard that ends in each slice of the keys or behind it.
        int shift = 0;                    ///< Of the upper half of a key, to get its slice.
    };

    std::shared_ptr<const Knowledge> knowledge_;
};

} // namespace sluice::kinesis
