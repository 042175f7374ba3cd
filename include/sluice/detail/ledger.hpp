#pragma once

#include <sluice/destination/destination.hpp>
#include <sluice/detail/actions.hpp>
#include <sluice/error.hpp>
#include <sluice/receipt.hpp>

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sluice::detail {

/// Who waits for which record, and what was tried with those that failed or are waited for. Pure.
class Ledger {
public:
    static constexpr std::size_t most_attempts = 16;

    void watch(std::uint64_t sequence) { entries_[sequence].watched = true; }

    [[nodiscard]] bool watched(std::uint64_t sequence) const {
        const auto found = entries_.find(sequence);
        return found != entries_.end() && found->second.watched;
    }

    /// Remembers an attempt; the oldest goes when there are too many.
    void note(std::uint64_t sequence, const Attempt& attempt) {
        append(entries_[sequence].attempts, attempt);
    }

    [[nodiscard]] std::vector<Attempt> attempts(std::uint64_t sequence) const {
        const auto found = entries_.find(sequence);
        return found == entries_.end() ? std::vector<Attempt>{} : found->second.attempts;
    }

    /// The record has its outcome: whoever waits is told, and it is forgotten.
    void close(std::uint64_t sequence, error_code outcome, const EntryAnswer* taken, const Attempt* last,
               std::vector<Told>& told) {
        const auto found = entries_.find(sequence);
        if (found == entries_.end()) return;
        auto entry = std::move(found->second);
        entries_.erase(found);
        if (!entry.watched) return;
        if (last != nullptr) append(entry.attempts, *last);
        if (taken == nullptr) {
            told.emplace_back(sequence, outcome, Receipt({}, {}, std::move(entry.attempts)));
        } else {
            told.emplace_back(sequence, outcome,
                              Receipt(std::string(taken->shard_id), std::string(taken->sequence_number),
                                      std::move(entry.attempts)));
        }
    }

    /// Everybody who waits is told the same.
    void tell_all(error_code outcome, std::vector<Told>& told) {
        for (auto& [sequence, entry] : entries_) {
            if (entry.watched) told.emplace_back(sequence, outcome, Receipt({}, {}, std::move(entry.attempts)));
        }
        entries_.clear();
    }

private:
    class Entry {
    public:
        bool watched = false;
        std::vector<Attempt> attempts;
    };

    static void append(std::vector<Attempt>& attempts, const Attempt& attempt) {
        if (attempts.size() == most_attempts) attempts.erase(attempts.begin());
        attempts.push_back(attempt);
    }

    std::unordered_map<std::uint64_t, Entry> entries_;
};

} // namespace sluice::detail
