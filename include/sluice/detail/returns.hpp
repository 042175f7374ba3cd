#pragma once

#include <sluice/batching/cuts.hpp>
#include <sluice/detail/actions.hpp>
#include <sluice/detail/back_off.hpp>
#include <sluice/detail/disposition.hpp>
#include <sluice/detail/halves.hpp>
#include <sluice/detail/outcomes.hpp>
#include <sluice/detail/stream_state.hpp>
#include <sluice/options.hpp>

#include <algorithm>
#include <chrono>
#include <random>
#include <span>
#include <utility>

namespace sluice::detail {

/// What becomes of records that come back without having been delivered: they go on waiting, are tried apart, or are
/// lost. Pure; what it refers to outlives it.
class Returns {
public:
    Returns(const Options& options, Outcomes& outcomes, std::mt19937_64& dice)
        : options_(options), outcomes_(outcomes), dice_(dice) {}

    /// Nothing speaks against these records: they wait as they are, and those that consumers would not find where they
    /// went, a while.
    void give_back(StreamState& its, std::span<const Ref> members, const Attempt& attempt, Moment now) {
        const bool in_vain = attempt.error == error::wrong_shard;
        for_each_back(members, [&](Ref ref) {
            if (outcomes_.ledger().watched(ref.sequence())) outcomes_.ledger().note(ref.sequence(), attempt);
            expire(its, ref, now);
            if (!in_vain) return its.queue.give_back(ref);
            const auto tries = ref.chunk->throttle(ref.index);
            const auto rest = back_off(options_.back_off, options_.longest_back_off, tries, dice_());
            its.queue.give_back(ref, now.steady + rest);
        });
        its.stats.retried += members.size();
    }

    /// Its data could not be put elsewhere, which is no fault of the record: it waits until it can.
    void wait_large(StreamState& its, Ref ref, const Attempt& attempt, Moment now) {
        if (outcomes_.ledger().watched(ref.sequence())) outcomes_.ledger().note(ref.sequence(), attempt);
        expire(its, ref, now);
        its.queue.wait_large(ref);
        ++its.stats.retried;
    }

    /// Its data could not be read, to be put elsewhere: it rests as long as storages are given.
    void wait_unread(StreamState& its, Ref ref, Moment now) {
        if (!ref.open()) return its.queue.drop(ref);
        expire(its, ref, now);
        const auto tries = ref.chunk->throttle(ref.index);
        const auto rest = back_off(std::chrono::seconds(1), std::chrono::seconds(30), tries, dice_());
        its.queue.give_back(ref, now.steady + rest);
    }

    /// One record failed; it goes on waiting, or is lost.
    void fail(StreamState& its, Ref ref, Disposition meaning, const Attempt& attempt, Moment now) {
        if (!ref.open()) return its.queue.drop(ref);
        if (refuses(meaning)) {
            outcomes_.ledger().note(ref.sequence(), attempt);
            outcomes_.lose(its, ref, attempt.error);
            return its.queue.release(ref);
        }
        const bool throttle = meaning == Disposition::throttle;
        const bool spends = !throttle || options_.throttles_spend_attempts;
        if (spends || outcomes_.ledger().watched(ref.sequence())) outcomes_.ledger().note(ref.sequence(), attempt);
        const auto tries = throttle ? ref.chunk->throttle(ref.index) : 0U;
        const auto failures = spends ? ref.chunk->fail(ref.index) : 0U;
        if (spends) outcomes_.soil(its, *ref.chunk);
        if (throttle) slow_down(its, ref, now);
        if (spends && options_.attempts > 0 && failures >= std::min(options_.attempts, 255U)) {
            outcomes_.lose(its, ref, error::gave_up);
            return its.queue.release(ref);
        }
        if (ref.chunk->expiry(ref.index) <= now.steady) {
            outcomes_.lose(its, ref, error::expired);
            return its.queue.release(ref);
        }
        ++its.stats.retried;
        // The limiter sets a throttled shard's pace; the record's own rest only spreads the tries.
        const auto longest = throttle ? std::min(options_.longest_back_off, options_.back_off * 32)
                                      : options_.longest_back_off;
        const auto rest = back_off(options_.back_off, longest, std::max(tries, failures), dice_());
        its.queue.give_back(ref, now.steady + rest);
    }

    /// The service refuses something in an entry or a request: each half is tried alone, until it is found.
    void halve(StreamState& its, std::span<const Ref> members, const Cuts& cuts, Moment now) {
        for (const auto& ref : members) {
            if (ref.follows()) expire(its, ref, now);
        }
        auto halves = halves_of(its.queue, members, cuts);
        for (auto half = halves.rbegin(); half != halves.rend(); ++half) {
            for (const auto& ref : *half) expire(its, ref, now);
            if (!half->empty()) its.suspects.push_front(std::move(*half));
        }
        its.stats.retried += members.size();
    }

private:
    /// Of what failed: a record that came back too late is lost, and will be found closed wherever it goes.
    void expire(StreamState& its, Ref ref, Moment now) {
        if (ref.chunk->expiry(ref.index) <= now.steady) outcomes_.lose(its, ref, error::expired);
    }

    void slow_down(StreamState& its, Ref ref, Moment now) {
        ++its.stats.throttled;
        auto& gate = its.queue.gate();
        if (!gate.closed()) gate.close(now.steady, its.rate.per_second());
        if (!gate.has_map()) its.shards.want(now.steady);
        gate.throttled(ref, now.steady);
    }

    const Options& options_;
    Outcomes& outcomes_;
    std::mt19937_64& dice_;
};

} // namespace sluice::detail
