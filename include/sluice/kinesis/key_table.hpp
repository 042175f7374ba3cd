#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace sluice::kinesis {

/// The distinct keys of an aggregate, numbered in the order of first use. They lie in somebody else's memory.
///
/// Made to be used again: what it allocated for one aggregate serves the next. A search looks at no more than
/// `longest_search` keys, whoever chose them; one that is not found by then counts as new, and stands in the table
/// twice.
template <class Hash = std::hash<std::string_view>>
class BasicKeyTable {
public:
    static constexpr std::size_t longest_search = 128;

    /// Where a key stands, or would.
    class Place {
    public:
        Place() = default;
        Place(std::uint32_t its_index, bool is_known, std::uint64_t its_hash = 0)
            : index(its_index), known(is_known), hash(its_hash) {}

        std::uint32_t index = 0;
        bool known = false;
        std::uint64_t hash = 0; ///< Of a new key.
    };

    [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }
    [[nodiscard]] std::string_view operator[](std::size_t index) const noexcept { return keys_[index].text; }

    [[nodiscard]] Place find(std::string_view key) const {
        // The common cases of one key, and of a run of records with the same.
        if (!keys_.empty() && keys_[latest_].text == key) return {latest_, true};
        const std::uint64_t hash = Hash()(key);
        const std::size_t mask = slots_.size() - 1;
        for (std::size_t i = 0; i < longest_search && !slots_.empty(); ++i) {
            const auto& slot = slots_[(hash + i) & mask];
            if (slot.number == 0) break;
            if (slot.tag == tag_of(hash) && keys_[slot.number - 1].text == key) return {slot.number - 1, true};
        }
        return {static_cast<std::uint32_t>(keys_.size()), false, hash};
    }

    /// Takes note of a key that was searched for; nothing was added since.
    void use(const Place& place, std::string_view key) {
        latest_ = place.index;
        if (place.known) return;
        keys_.emplace_back(key, place.hash);
        if (2 * keys_.size() > slots_.size()) {
            grow();
        } else {
            insert(place.index);
        }
    }

    /// Takes note of a key whose number is known, and that nobody will search for. New ones come in the order of their
    /// numbers.
    void use(std::uint32_t number, std::string_view key) {
        if (number == keys_.size()) keys_.emplace_back(key, 0);
    }

    void clear() {
        // A table that was too large for most of what it was used for becomes smaller step by step.
        if (slots_.size() > least_slots && keys_.size() * 16 < slots_.size()) slots_.resize(slots_.size() / 2);
        std::fill(slots_.begin(), slots_.end(), Slot());
        keys_.clear();
        latest_ = 0;
    }

private:
    static constexpr std::size_t least_slots = 64;

    class Key {
    public:
        Key(std::string_view its_text, std::uint64_t its_hash) : text(its_text), hash(its_hash) {}

        std::string_view text;
        std::uint64_t hash;
    };

    class Slot {
    public:
        std::uint32_t tag = 0;    ///< A part of the hash, so that few others are compared.
        std::uint32_t number = 0; ///< The key's, from 1; 0: empty.
    };

    [[nodiscard]] static std::uint32_t tag_of(std::uint64_t hash) noexcept {
        return static_cast<std::uint32_t>(hash >> 32U);
    }

    void grow() {
        slots_.assign(std::max(2 * slots_.size(), least_slots), Slot());
        for (std::uint32_t i = 0; i < keys_.size(); ++i) insert(i);
    }

    void insert(std::uint32_t index) {
        const auto hash = keys_[index].hash;
        const std::size_t mask = slots_.size() - 1;
        for (std::size_t i = 0; i < longest_search; ++i) {
            auto& slot = slots_[(hash + i) & mask];
            if (slot.number != 0) continue;
            slot.tag = tag_of(hash);
            slot.number = index + 1;
            return;
        }
    }

    std::vector<Key> keys_;
    std::vector<Slot> slots_; ///< A power of two, or none.
    std::uint32_t latest_ = 0;
};

using KeyTable = BasicKeyTable<>;

} // namespace sluice::kinesis
