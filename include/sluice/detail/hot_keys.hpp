#pragma once

#include <sluice/stats.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::detail {

/// The keys that many of the latest records have, found in a sample of them, in little memory. Pure.
///
/// Space-Saving (Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k Elements in Data Streams,
/// 2005): a key that is new takes the place of the rarest, and its count as what may be wrong with its own.
class HotKeys {
public:
    /// How many of the next records are to be looked at, out of so many: their places, in order. Give each to `see`.
    template <class See>
    void sample(std::uint32_t records, See see) {
        std::uint32_t place = 0;
        while (records - place > skip_) {
            place += skip_;
            see(place++);
            // In steps of random size: keys that take turns would be seen always, or never.
            skip_ = patient() ? static_cast<std::uint32_t>(dice_() % (2 * stride - 1)) : 0;
        }
        skip_ -= records - place;
    }

    /// One record of the sample has this key.
    void see(std::string_view key) {
        const std::uint64_t weight = patient() ? stride : 1;
        ++seen_;
        total_ += weight;
        const auto hash = std::hash<std::string_view>{}(key);
        auto* const end = counts_.data() + used_;
        auto* found = std::find_if(counts_.data(), end, [&](const Count& its) { return its.hash == hash; });
        if (found == end) found = make_place(hash, key);
        found->records += weight;
        ++found->sightings;
        if (total_ >= half_life) age();
    }

    /// Those that surely have more than a hundredth of the records each, the hottest first; none as long as little was
    /// seen.
    [[nodiscard]] std::vector<HotKey> hottest() const {
        std::vector<HotKey> hot;
        if (seen_ < least_seen) return hot;
        const auto total = static_cast<double>(total_);
        for (std::size_t i = 0; i < used_; ++i) {
            const auto share = static_cast<double>(counts_[i].records - counts_[i].doubtful) / total;
            if (share > 0.01 && counts_[i].sightings >= least_sightings) hot.emplace_back(counts_[i].key, share);
        }
        std::sort(hot.begin(), hot.end(), [](const HotKey& a, const HotKey& b) { return a.share > b.share; });
        if (hot.size() > most_told) hot.resize(most_told);
        return hot;
    }

private:
    class Count {
    public:
        std::size_t hash = 0;
        std::uint64_t records = 0;
        std::uint64_t doubtful = 0; ///< Of these, how many may have been of other keys.
        std::uint64_t sightings = 0; ///< Since it has its place.
        std::string key;
    };

    static constexpr std::uint32_t stride = 32;        ///< In the long run, one of so many is looked at.
    static constexpr std::uint64_t least_seen = 100;   ///< Below this, chance names the keys.
    static constexpr std::uint64_t least_sightings = 8; ///< The same, of one key.
    static constexpr std::uint64_t eager = 1'024;      ///< So many are looked at one by one in the beginning.
    static constexpr std::uint64_t half_life = 1U << 21U; ///< Of records, after which what was seen counts half.
    static constexpr std::size_t most_told = 8;

    [[nodiscard]] bool patient() const noexcept { return seen_ >= eager; }

    [[nodiscard]] Count* make_place(std::size_t hash, std::string_view key) {
        auto* place = counts_.data() + used_;
        if (used_ < counts_.size()) {
            ++used_;
        } else {
            const auto rarer = [](const Count& a, const Count& b) { return a.records < b.records; };
            place = std::min_element(counts_.begin(), counts_.end(), rarer);
            place->doubtful = place->records;
            place->sightings = 0;
        }
        place->hash = hash;
        place->key = key;
        return place;
    }

    void age() {
        total_ /= 2;
        for (auto& count : counts_) {
            count.records /= 2;
            count.doubtful /= 2;
        }
    }

    std::array<Count, 64> counts_;
    std::size_t used_ = 0;
    std::uint64_t seen_ = 0;
    std::uint64_t total_ = 0;
    std::uint32_t skip_ = 0;
    std::minstd_rand dice_;
};

} // namespace sluice::detail
