#pragma once

#include <sluice/dead_letters/dead_letters.hpp>
#include <sluice/destination/destination.hpp>
#include <sluice/detail/actions.hpp>
#include <sluice/detail/flush_book.hpp>
#include <sluice/detail/ledger.hpp>
#include <sluice/detail/stream_state.hpp>
#include <sluice/detail/whereabouts.hpp>
#include <sluice/storage/chunk.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sluice::detail {

/// Promise 1: one outcome per record. Whatever ends a record's life goes through here, and is counted, told, taken to
/// the dead letters and made known to the storage from here. Pure.
class Outcomes {
public:
    /// So many more records have no outcome; those below `next_sequence` belong to the flushes that start now.
    void expect(std::uint64_t records, std::uint64_t next_sequence) {
        unsettled_ += records;
        next_sequence_ = std::max(next_sequence_, next_sequence);
    }

    /// So many records from the sequence `first` on will never be seen: their chunk is damaged.
    void write_off(std::uint64_t first, std::uint64_t records) {
        unsettled_ -= std::min(unsettled_, records);
        flushes_.forgotten(first, records);
    }

    /// The service has these records; gives how many of them had no outcome yet.
    std::uint64_t deliver(StreamState& its, std::span<const Ref> members, const EntryAnswer& said,
                          const Attempt& attempt, Actions& actions) {
        std::uint64_t records = 0;
        std::uint64_t alike = 0; // of the latest, that were tried equally often
        std::uint64_t bytes = 0;
        unsigned retries = 0;
        for (const auto& ref : members) {
            const auto cost = settle(its, ref, {}, actions, &said, &attempt);
            const auto its_retries = ref.chunk->retries(ref.index);
            if (its_retries != retries && alike > 0) {
                actions.tally(its.name, {}, retries, std::exchange(alike, 0), std::exchange(bytes, 0));
            }
            retries = its_retries;
            alike += cost > 0 ? 1 : 0;
            records += cost > 0 ? 1 : 0;
            bytes += cost;
            ref.chunk->reset(ref.index, LiveChunk::follower);
            its.queue.leave_lane(ref);
            its.queue.release(ref);
        }
        if (alike > 0) actions.tally(its.name, {}, retries, alike, bytes);
        if (records > 0) its.count_delivery(said.shard_id, records);
        return records;
    }

    /// The record will not be delivered: the dead letters are to take it, and then it is settled.
    void lose(StreamState& its, Ref ref, error_code reason) {
        if (!ref.open()) return;
        ref.chunk->set(ref.index, LiveChunk::losing);
        ++ref.chunk->in_flight;
        ++ref.chunk->references;
        losses_.emplace(ref.sequence(), Loss(its, ref, reason));
        its.queue.leave_lane(ref);
    }

    void lose_chunk(StreamState& its, LiveChunk& chunk, error_code reason) {
        for (std::uint32_t i = 0; i < chunk.chunk.count; ++i) lose(its, Ref(chunk, i), reason);
    }

    /// The records of a chunk that have failed, in an earlier process, as often as `attempts` allows; 0: no limit.
    void give_up(StreamState& its, LiveChunk& chunk, unsigned attempts) {
        const auto known = std::min<std::size_t>(chunk.chunk.attempts.size(), chunk.chunk.count);
        for (std::uint32_t i = 0; i < known && attempts > 0; ++i) {
            if (chunk.chunk.attempts[i] >= std::min(attempts, 255U)) lose(its, Ref(chunk, i), error::gave_up);
        }
    }

    /// The sequence of a record that is to go to the dead letters; zero: none. It stays first until it is buried.
    [[nodiscard]] std::uint64_t next_loss() const { return losses_.empty() ? 0 : losses_.begin()->first; }

    /// The first of those after a sequence: so many at most, and so many bytes, but one at least if there is one.
    [[nodiscard]] std::vector<std::uint64_t> losses(std::uint64_t after, std::size_t most,
                                                    std::uint64_t most_bytes) const {
        std::vector<std::uint64_t> found;
        std::uint64_t bytes = 0;
        for (auto next = losses_.upper_bound(after); next != losses_.end() && found.size() < most; ++next) {
            bytes += next->second.ref.chunk->cost(next->second.ref.index);
            if (bytes > most_bytes && !found.empty()) break;
            found.push_back(next->first);
        }
        return found;
    }

    /// The dead letters did not take this one, though it came alone.
    void refused(std::uint64_t sequence) {
        const auto found = losses_.find(sequence);
        if (found != losses_.end()) found->second.refused = true;
    }

    /// Whether some lost record has not been refused by the dead letters yet: what it holds may soon be free.
    [[nodiscard]] bool may_bury() const {
        return std::any_of(losses_.begin(), losses_.end(), [](const auto& each) { return !each.second.refused; });
    }

    /// The sequence of the last one; zero: none.
    [[nodiscard]] std::uint64_t last_loss() const { return losses_.empty() ? 0 : losses_.rbegin()->first; }

    [[nodiscard]] bool are_lost(std::span<const std::uint64_t> sequences) const {
        return std::all_of(sequences.begin(), sequences.end(), [&](auto one) { return losses_.contains(one); });
    }

    /// `strays` stands for the store of those that the storage never took: their sequences may be given again.
    [[nodiscard]] DeadLetter letter(std::uint64_t sequence, const StoreIdentity& store,
                                    const StoreIdentity& strays) const {
        const auto& loss = losses_.at(sequence);
        const auto frame = loss.ref.chunk->frame(loss.ref.index);
        Record record(std::string(frame.partition_key), std::string(frame.data));
        record.explicit_hash_key = frame.explicit_hash_key;
        record.stream = loss.stream->name;
        for (const auto& header : loss.ref.chunk->headers(loss.ref.index)) {
            record.headers.emplace_back(std::string(header.name), std::string(header.value));
        }
        if (frame.time_to_live.count() > 0) record.time_to_live = frame.time_to_live;
        const auto& owner = loss.ref.chunk->stored ? store : strays;
        DeadLetter letter(RecordId(owner.id, sequence), std::move(record), loss.reason);
        letter.attempts = ledger_.attempts(sequence);
        return letter;
    }

    [[nodiscard]] std::vector<DeadLetter> letters(std::span<const std::uint64_t> sequences, const StoreIdentity& store,
                                                  const StoreIdentity& strays) const {
        std::vector<DeadLetter> made;
        made.reserve(sequences.size());
        for (const auto one : sequences) made.push_back(letter(one, store, strays));
        return made;
    }

    [[nodiscard]] std::vector<std::optional<Whereabouts>> whereabouts(std::span<const std::uint64_t> sequences) const {
        std::vector<std::optional<Whereabouts>> found;
        for (const auto one : sequences) found.push_back(whereabouts(one));
        return found;
    }

    /// Where the data that the letter lacks is to be read; none if it has all.
    [[nodiscard]] std::optional<Whereabouts> whereabouts(std::uint64_t sequence) const {
        const auto& ref = losses_.at(sequence).ref;
        return ref.chunk->whereabouts(ref.index);
    }

    /// The dead letters have the record: it has its outcome. An unknown sequence was cleared meanwhile.
    void buried(std::uint64_t sequence, Actions& actions) {
        const auto found = losses_.find(sequence);
        if (found == losses_.end()) return;
        const auto loss = found->second;
        losses_.erase(found);
        --loss.ref.chunk->in_flight;
        const auto cost = settle(*loss.stream, loss.ref, loss.reason, actions);
        const auto retries = loss.ref.chunk->retries(loss.ref.index);
        if (cost > 0) actions.tally(loss.stream->name, loss.reason, retries, 1, cost);
        loss.stream->queue.release(loss.ref);
    }

    /// Of what is on its way to the dead letters, the storage keeps what it has: it stays without an outcome.
    void leave_to_storage() {
        for (auto its = losses_.begin(); its != losses_.end();) {
            const auto loss = its->second;
            if (!loss.ref.chunk->stored) {
                ++its;
                continue;
            }
            its = losses_.erase(its);
            --loss.ref.chunk->in_flight;
            loss.stream->queue.release(loss.ref);
        }
    }

    /// Every record is gone, on the user's word; gives how many there were. Their chunks forget them elsewhere.
    std::uint64_t clear(Actions& actions) {
        for (const auto& [sequence, loss] : losses_) {
            --loss.ref.chunk->in_flight;
            loss.stream->queue.release(loss.ref);
        }
        losses_.clear();
        ledger_.tell_all(error::cleared, actions.told);
        flushes_.forgotten(0, unsettled_);
        return std::exchange(unsettled_, 0);
    }

    /// From now on the records of this chunk expire when their time comes, if that is after `now`.
    void schedule_expiry(StreamState& its, LiveChunk& chunk, steady_time now = steady_time::min()) {
        const auto first = chunk.first_expiry(now);
        if (first != steady_time::max()) expiries_.emplace(first, std::pair(&its, chunk.chunk.first));
    }

    /// Those in flight are left to whoever takes them back.
    void expire(steady_time now) {
        while (!expiries_.empty() && expiries_.begin()->first <= now) {
            const auto [its, first] = expiries_.begin()->second;
            expiries_.erase(expiries_.begin());
            const auto found = its->queue.chunks().find(first);
            if (found == its->queue.chunks().end()) continue;
            auto& chunk = *found->second;
            for (std::uint32_t i = 0; i < chunk.chunk.count; ++i) {
                if (chunk.open(i) && chunk.expiry(i) <= now) lose(*its, Ref(chunk, i), error::expired);
            }
            schedule_expiry(*its, chunk, now);
        }
    }

    /// The storage is to learn of this chunk's state.
    void soil(StreamState& its, LiveChunk& chunk) {
        if (chunk.dirty) return;
        chunk.dirty = true;
        dirty_.emplace_back(&its, &chunk);
    }

    /// What the storage does not know yet; each change is given once.
    [[nodiscard]] std::vector<Settlement> take_settlements() {
        std::vector<Settlement> changes;
        changes.reserve(dirty_.size());
        for (const auto& [its, chunk] : std::exchange(dirty_, {})) {
            changes.emplace_back(chunk->chunk);
            chunk->dirty = false;
            its->queue.forget_if_done(*chunk);
        }
        return changes;
    }

    [[nodiscard]] bool has_settlements() const noexcept { return !dirty_.empty(); }

    /// Starts a flush of everything expected so far. `one_try`: it ends as soon as nothing can be sent at once.
    void flush(std::uint64_t id, steady_time deadline, bool one_try) {
        flushes_.begin(id, next_sequence_, unsettled_, deadline, one_try);
    }

    [[nodiscard]] FlushBook& flushes() noexcept { return flushes_; }
    [[nodiscard]] const FlushBook& flushes() const noexcept { return flushes_; }
    [[nodiscard]] Ledger& ledger() noexcept { return ledger_; }
    [[nodiscard]] std::uint64_t unsettled() const noexcept { return unsettled_; }

    [[nodiscard]] steady_time wakes_at() const {
        const auto expiry = expiries_.empty() ? steady_time::max() : expiries_.begin()->first;
        return std::min(expiry, flushes_.deadline());
    }

private:
    class Loss {
    public:
        Loss(StreamState& its_stream, Ref its_ref, error_code why) : stream(&its_stream), ref(its_ref), reason(why) {}
        StreamState* stream;
        Ref ref;
        error_code reason;
        bool refused = false; ///< By the dead letters, alone.
    };

    /// The record has this outcome, none if it was delivered; gives what it cost. The first outcome counts: if there is
    /// one, it costs nothing. Whoever calls this tells the tally.
    [[nodiscard]] std::uint64_t settle(StreamState& its, Ref ref, error_code outcome, Actions& actions,
                                       const EntryAnswer* taken = nullptr, const Attempt* last = nullptr) {
        auto& chunk = *ref.chunk;
        if (chunk.chunk.settled.test(ref.index)) return 0;
        const auto cost = chunk.cost(ref.index);
        chunk.chunk.settled.set(ref.index);
        --chunk.chunk.live;
        chunk.chunk.live_bytes -= std::min(chunk.chunk.live_bytes, cost);
        soil(its, chunk);
        if (unsettled_ > 0) --unsettled_; // a storage may hold more than it said
        if (!outcome) {
            ++its.stats.delivered;
        } else {
            ++(outcome == error::expired ? its.stats.expired : its.stats.failed);
        }
        flushes_.settled(ref.sequence(), outcome);
        ledger_.close(ref.sequence(), outcome, taken, last, actions.told);
        return cost;
    }

    std::map<std::uint64_t, Loss> losses_;
    std::multimap<steady_time, std::pair<StreamState*, std::uint64_t>> expiries_;
    std::vector<std::pair<StreamState*, LiveChunk*>> dirty_;
    Ledger ledger_;
    FlushBook flushes_;
    std::uint64_t next_sequence_ = 0;
    std::uint64_t unsettled_ = 0;
};

} // namespace sluice::detail
