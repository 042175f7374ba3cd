#pragma once

#include <sluice/batching/batching.hpp>
#include <sluice/detail/lane_gate.hpp>
#include <sluice/detail/live_chunk.hpp>
#include <sluice/detail/shard_gate.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <utility>
#include <vector>

namespace sluice::detail {

/// The records of one stream that are in memory, and which of them may be sent next.
///
/// A record comes from the chunks in the order of the puts, or back from a failed request when its back-off is over;
/// passes the lane gate, once, or stays there until it travels with one that did; waits until its data is elsewhere, if
/// that has to be; passes the shard gate, at every try; and then stands in `ready()`. Pure: time is told.
class StreamQueue {
public:
    explicit StreamQueue(std::size_t lanes) : lanes_(lanes) {}

    StreamQueue(StreamQueue&&) = default;

    /// Takes a chunk, whose records come after all that are here.
    LiveChunk& add(std::unique_ptr<LiveChunk> chunk) {
        auto& its = *chunk;
        bytes_ += its.chunk.body->size();
        if (its.holds_large()) large_bytes_ += its.chunk.body->size();
        chunks_.emplace(its.chunk.first, std::move(chunk));
        fresh_.push_back(&its);
        ++its.references;
        return its;
    }

    /// Fills `ready()` as far as one request wants to see, if there are so many records that may be sent.
    void fill(const Horizon& horizon, steady_time now) {
        release_rested(now);
        while (!full(horizon) && release_held(now)) {}
        while (!full(horizon) && !returned_.empty()) {
            const auto ref = returned_.front();
            returned_.pop_front();
            urgent_ = true;
            admit(ref, now);
        }
        while (!full(horizon)) {
            const auto ref = next_fresh();
            if (ref.chunk == nullptr) return;
            if (lanes_.pass(ref)) {
                ref.chunk->set(ref.index, LiveChunk::in_lane);
                admit(ref, now);
            }
        }
    }

    /// The next record whose data is to be put elsewhere; none if there is none.
    [[nodiscard]] Ref next_large() {
        while (!large_.empty()) {
            const auto ref = large_.front();
            large_.pop_front();
            if (ref.open()) return ref;
            drop(ref);
        }
        return {};
    }

    /// It could not be put there; others are tried before it is again.
    void wait_large(Ref ref) {
        drop_closed_of(large_); // those that expired meanwhile need not wait for their turn
        large_.push_back(ref);
    }

    /// Whether any record waits for that.
    [[nodiscard]] bool has_large() const noexcept { return !large_.empty(); }

    /// The records that may be sent now.
    [[nodiscard]] const std::deque<Ref>& ready() const noexcept { return ready_; }

    /// Whether as many are ready as one request wants to see.
    [[nodiscard]] bool full(const Horizon& horizon) const noexcept {
        return ready_.size() >= horizon.records || ready_bytes_ >= horizon.bytes;
    }

    /// Lets go of those that are ready and not open any more; gives their number.
    std::size_t drop_closed() {
        const auto before = ready_.size();
        ready_bytes_ -= drop_closed_of(ready_);
        return before - ready_.size();
    }

    /// Takes out those that are not open any more, and lets go of them; gives their bytes.
    template <class Refs>
    std::size_t drop_closed_of(Refs& refs) {
        std::vector<Ref> gone;
        std::erase_if(refs, [&gone](Ref ref) {
            if (!ref.open()) gone.push_back(ref);
            return !ref.open();
        });
        std::size_t bytes = 0;
        for (const auto& ref : gone) {
            bytes += ref.size();
            drop(ref);
        }
        return bytes;
    }

    /// Takes out what is ready, the oldest first.
    [[nodiscard]] std::vector<Ref> take_ready() {
        std::vector<Ref> taken(ready_.begin(), ready_.end());
        ready_.clear();
        ready_bytes_ = 0;
        return taken;
    }

    /// Puts back what was taken out, before all that is ready.
    void put_back(const std::vector<Ref>& refs) {
        ready_.insert(ready_.begin(), refs.begin(), refs.end());
        for (const auto& ref : refs) ready_bytes_ += ref.size();
    }

    /// Adds to `company` what may travel with `first` in an entry: of those that its lane holds the next ones, so many
    /// bytes of them, if `belongs` says so.
    template <class Belongs>
    void add_followers(Ref first, std::size_t most, Belongs belongs, std::vector<Ref>& company) {
        const auto before = company.size();
        std::vector<Ref> stale;
        lanes_.take_followers(first, most, belongs, company, stale);
        for (auto i = before; i < company.size(); ++i) company[i].chunk->set(company[i].index, LiveChunk::follower);
        for (const auto& gone : stale) release(gone);
    }

    [[nodiscard]] LaneGate& lanes() noexcept { return lanes_; }

    /// Lets go of a record that a queue or a flight held.
    void release(Ref ref) {
        --ref.chunk->references;
        forget_if_done(*ref.chunk);
    }

    /// The same for a record that is not open any more.
    void drop(Ref ref) {
        leave_lane(ref);
        release(ref);
    }

    /// Takes back a record from a request: it is to be sent as soon as may be, before fresh ones; a follower waits for
    /// its lane.
    void give_back(Ref ref) {
        if (!stopped_following(ref)) returned_.push_back(ref);
    }

    /// The same, after a rest.
    void give_back(Ref ref, steady_time when) {
        if (!stopped_following(ref)) resting_.push({when, rested_++, ref});
    }

    /// The record has its outcome, or is on its way to the dead letters: its lane goes on.
    void leave_lane(Ref ref) {
        if (!ref.chunk->has(ref.index, LiveChunk::in_lane)) return;
        ref.chunk->reset(ref.index, LiveChunk::in_lane);
        std::vector<Ref> stale;
        const auto next = lanes_.leave(ref, stale);
        if (next.chunk != nullptr) {
            next.chunk->set(next.index, LiveChunk::in_lane);
            returned_.push_back(next);
        }
        for (const auto& gone : stale) release(gone);
    }

    /// Lets go of everything that is not open any more, as after a clear.
    void purge() {
        std::vector<Ref> refs = gate_.take_held();
        refs.insert(refs.end(), ready_.begin(), ready_.end());
        refs.insert(refs.end(), returned_.begin(), returned_.end());
        refs.insert(refs.end(), large_.begin(), large_.end());
        for (; !resting_.empty(); resting_.pop()) refs.push_back(resting_.top().ref);
        ready_.clear();
        ready_bytes_ = 0;
        returned_.clear();
        large_.clear();
        const std::vector<LiveChunk*> fresh(fresh_.begin(), fresh_.end());
        for (auto* chunk : fresh) forget_if_done(*chunk);
        for (const auto& ref : refs) {
            if (ref.open()) {
                returned_.push_back(ref);
            } else {
                drop(ref);
            }
        }
    }

    /// Forgets the chunk when it has no live records, the storage knows, and nobody refers to it.
    void forget_if_done(LiveChunk& chunk) {
        if (chunk.chunk.live > 0) return;
        forget_if_fresh(chunk);
        if (chunk.references > 0 || chunk.dirty) return;
        bytes_ -= chunk.chunk.body->size();
        if (chunk.holds_large()) large_bytes_ -= chunk.chunk.body->size();
        chunks_.erase(chunk.chunk.first);
    }

    /// When the oldest record without an outcome was put; `max()` if there is none.
    [[nodiscard]] steady_time oldest() const {
        const auto live = [](const auto& entry) { return entry.second->chunk.live > 0; };
        const auto first = std::find_if(chunks_.begin(), chunks_.end(), live);
        return first == chunks_.end() ? steady_time::max() : first->second->put;
    }

    /// The oldest chunk with live records that has nothing in flight; none if there is none.
    [[nodiscard]] LiveChunk* oldest_idle() const {
        const auto first = std::find_if(chunks_.begin(), chunks_.end(), [](const auto& entry) {
            return entry.second->in_flight == 0 && entry.second->chunk.live > 0;
        });
        return first == chunks_.end() ? nullptr : first->second.get();
    }

    /// When the oldest record that could be sent was put; `max()` if there is none.
    [[nodiscard]] steady_time oldest_sendable() const {
        if (!ready_.empty()) return ready_.front().chunk->put;
        return fresh_.empty() ? steady_time::max() : fresh_.front()->put;
    }

    /// Whether a record could be sent, if its stream moved.
    [[nodiscard]] bool has_work() const { return !returned_.empty() || oldest_sendable() != steady_time::max(); }

    /// When something that rests or is held may move by itself.
    [[nodiscard]] steady_time wakes_at() const {
        const auto rested = resting_.empty() ? steady_time::max() : resting_.top().when;
        return std::min(rested, gate_.ready_at());
    }

    /// Whether something in `ready()` came back from a request, and need not wait for company.
    [[nodiscard]] bool urgent() const noexcept { return urgent_ && !ready_.empty(); }

    /// Something was sent.
    void calm() noexcept { urgent_ = false; }

    [[nodiscard]] ShardGate& gate() noexcept { return gate_; }
    [[nodiscard]] const ShardGate& gate() const noexcept { return gate_; }

    /// Of all bodies.
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

    /// Of those that hold data which is to be put elsewhere.
    [[nodiscard]] std::size_t large_bytes() const noexcept { return large_bytes_; }

    /// Chunks by their first sequence.
    [[nodiscard]] const std::map<std::uint64_t, std::unique_ptr<LiveChunk>>& chunks() const noexcept {
        return chunks_;
    }

private:
    class Resting {
    public:
        Resting(steady_time its_when, std::uint64_t its_order, Ref its_ref)
            : when(its_when), order(its_order), ref(its_ref) {}
        steady_time when;
        std::uint64_t order;
        Ref ref;
        friend bool operator>(const Resting& a, const Resting& b) noexcept {
            return a.when != b.when ? a.when > b.when : a.order > b.order;
        }
    };

    void release_rested(steady_time now) {
        while (!resting_.empty() && resting_.top().when <= now) {
            returned_.push_back(resting_.top().ref);
            resting_.pop();
        }
    }

    bool release_held(steady_time now) {
        const auto ref = gate_.closed() ? gate_.release(now) : Ref{};
        if (ref.chunk == nullptr) return false;
        if (ref.open()) {
            make_ready(ref);
        } else {
            drop(ref);
        }
        return true;
    }

    void admit(Ref ref, steady_time now) {
        if (!ref.open()) return drop(ref);
        if (ref.large()) return large_.push_back(ref);
        if (!gate_.closed() || gate_.pass(ref, now)) make_ready(ref);
    }

    void make_ready(Ref ref) {
        ready_.push_back(ref);
        ready_bytes_ += ref.size();
    }

    /// A follower goes back to its lane, before all that are held; of several the last one is to come first.
    bool stopped_following(Ref ref) {
        if (!ref.follows()) return false;
        ref.chunk->reset(ref.index, LiveChunk::follower);
        lanes_.put_back(ref);
        return true;
    }

    /// The next record that was never looked at, with a reference of its own.
    [[nodiscard]] Ref next_fresh() {
        while (!fresh_.empty()) {
            auto& chunk = *fresh_.front();
            const Ref ref(chunk, chunk.next++);
            const bool open = ref.open();
            if (open) ++chunk.references;
            if (chunk.next == chunk.chunk.count) {
                fresh_.pop_front();
                --chunk.references;
                forget_if_done(chunk);
            }
            if (open) return ref;
        }
        return {};
    }

    /// A stream that does not move for long would else keep what was dropped meanwhile.
    void forget_if_fresh(LiveChunk& chunk) {
        if (chunk.next == chunk.chunk.count) return;
        chunk.next = chunk.chunk.count;
        fresh_.erase(std::find(fresh_.begin(), fresh_.end(), &chunk));
        --chunk.references;
    }

    std::map<std::uint64_t, std::unique_ptr<LiveChunk>> chunks_;
    std::deque<LiveChunk*> fresh_; ///< Those with records that were never looked at.
    std::deque<Ref> returned_;
    std::priority_queue<Resting, std::vector<Resting>, std::greater<>> resting_;
    std::uint64_t rested_ = 0;
    std::deque<Ref> large_; ///< Their data is to be put elsewhere first.
    std::deque<Ref> ready_;
    std::size_t ready_bytes_ = 0;
    bool urgent_ = false;
    LaneGate lanes_;
    ShardGate gate_;
    std::size_t bytes_ = 0;
    std::size_t large_bytes_ = 0;
};

} // namespace sluice::detail
