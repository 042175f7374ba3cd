#pragma once

#include <sluice/batching/batching.hpp>
#include <sluice/destination/destination.hpp>
#include <sluice/detail/actions.hpp>
#include <sluice/detail/back_off.hpp>
#include <sluice/detail/dispatch.hpp>
#include <sluice/detail/disposition.hpp>
#include <sluice/detail/flights.hpp>
#include <sluice/detail/halves.hpp>
#include <sluice/detail/offload_desk.hpp>
#include <sluice/detail/outcomes.hpp>
#include <sluice/detail/returns.hpp>
#include <sluice/detail/stream_state.hpp>
#include <sluice/detail/whereabouts.hpp>
#include <sluice/detail/window.hpp>
#include <sluice/options.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::detail {

/// Decides what is sent when, and what each answer means: the heart of a producer, without I/O, threads or a clock.
///
/// It is told chunks, answers, flushes and the time, and `act` tells what is to be done. One seed, one history.
template <Batching B>
class Delivery {
public:
    Delivery(const Options& options, RequestLimits limits, B batching, std::uint64_t seed)
        : options_(options), dispatch_(options, limits, std::move(batching)), window_(options.window_bytes),
          dice_(seed) {}
    Delivery(const Delivery&) = delete; // a part refers to others
    Delivery& operator=(const Delivery&) = delete;

    // --- what it is told ---------------------------------------------------------------------------------------

    /// The storage held these streams, with so many records in all, when it was opened.
    void recover(const std::vector<std::string>& streams, std::uint64_t records, std::uint64_t next_sequence) {
        for (const auto& name : streams) stream(name).backlog.more = true;
        outcomes_.expect(records, next_sequence);
    }

    /// Bounds the bodies kept in memory; what exceeds it is read from the storage when its turn comes.
    void set_window(std::size_t bytes) { window_ = Window(bytes); }

    /// Data of more bytes is put elsewhere before its record is sent, so many at a time.
    void set_offload(std::size_t threshold, std::size_t at_once) { desk_.open(threshold, at_once); }

    /// A chunk that the storage did not take: its records are lost.
    void admit_lost(Chunk chunk, error_code reason, Moment now) {
        auto& its = stream(chunk.stream);
        if (chunk.live == 0) return;
        outcomes_.expect(chunk.live, chunk.first + chunk.count);
        auto live = std::make_unique<LiveChunk>(std::move(chunk), now);
        if (!live->index()) return outcomes_.write_off(live->chunk.first, live->chunk.live);
        live->stored = false;
        outcomes_.lose_chunk(its, its.queue.add(std::move(live)), reason);
    }

    /// Nothing is sent, read or listed any more.
    void halt() {
        halted_ = true;
        outcomes_.flushes().end(steady_time::max(), true, paused_by(), actions_.flushed);
    }

    /// A chunk was appended to the storage; `watched` are the records in it that somebody waits for.
    void admit(Chunk chunk, const std::vector<std::uint32_t>& watched, Moment now) {
        auto& its = stream(chunk.stream);
        outcomes_.expect(chunk.live, chunk.first + chunk.count);
        for (const auto index : watched) outcomes_.ledger().watch(chunk.first + index);
        its.backlog.appended = true;
        if (its.backlog.more || !window_.has_room(dispatch_.streams(), its, chunk)) {
            its.backlog.more = true;
            its.backlog.remember(chunk);
        } else {
            take_in(its, std::move(chunk), now);
        }
    }

    /// What a `LoadOrder` brought.
    void loaded(const LoadOrder& order, result<std::vector<Chunk>> chunks, Moment now) {
        auto& its = stream(order.stream);
        its.backlog.loading = false;
        if (order.epoch != epoch_) return;
        if (!chunks) return its.backlog.failed(now.steady, dice_());
        its.backlog.failures = 0;
        if (chunks->empty()) its.backlog.more = its.backlog.appended;
        for (auto& chunk : *chunks) take_in(its, std::move(chunk), now);
    }

    /// What became of a `SendOrder`. An unknown id is ignored.
    void answer(std::uint64_t id, const Answer& answer, wall_time start, std::chrono::nanoseconds took, Moment now) {
        const auto landed = flights_.land(id);
        if (!landed) return;
        const auto& flight = *landed;
        auto& its = *flight.stream;
        const bool whole = answer.error || answer.entries.size() == flight.cuts.size();
        const Attempt attempt(start, took, whole ? answer.error : error::response_invalid, answer.code, answer.message);
        const auto meaning = disposition(attempt.error);
        if (meaning == Disposition::stream) {
            pause(its, id, attempt, answer.retry_after, now);
            return returns_.give_back(its, flight.members, attempt, now);
        }
        resume(its);
        if (answer.error) ++its.stats.failed_requests;
        switch (meaning) {
        case Disposition::delivered: return entries_answered(flight, answer, attempt, now);
        case Disposition::request:
        case Disposition::refused: return halve(flight, attempt, now);
        default: return for_each_back(flight.members, [&](Ref ref) { returns_.fail(its, ref, meaning, attempt, now); });
        }
    }

    /// What became of a `StoreOrder`: what is sent in place of the data, or why there is nothing.
    void stored(std::uint64_t id, result<std::string> pointer, wall_time start, std::chrono::nanoseconds took,
                Moment now) {
        const auto landed = desk_.land(id);
        if (!landed) return;
        auto& its = *landed->stream;
        const auto ref = landed->ref;
        const auto failure = pointer ? error_code() : pointer.error();
        const auto meaning = disposition(failure);
        const bool place_fails = meaning == Disposition::stream || meaning == Disposition::throttle;
        if (place_fails ? desk_.pause(id, failure, now.steady) : desk_.resume()) {
            actions_.offload_changes.push_back(place_fails ? failure : error_code());
        }
        if (!ref.open()) return its.queue.drop(ref);
        if (!failure) {
            ++its.stats.offloaded;
            ref.chunk->point(ref.index, *std::move(pointer));
            return its.queue.give_back(ref);
        }
        const Attempt attempt(start, took, failure, "Offload", {});
        if (place_fails) return returns_.wait_large(its, ref, attempt, now);
        // What is wrong may be the bucket's settings after all, so that the record is not lost at once.
        const bool refused = meaning == Disposition::refused;
        returns_.fail(its, ref, refused ? meaning : Disposition::record, attempt, now);
    }

    /// What was to be stored could not be read.
    void not_read(std::uint64_t id, Moment now) {
        const auto landed = desk_.land(id);
        if (landed) returns_.wait_unread(*landed->stream, landed->ref, now);
    }

    /// What listing the shards of a stream brought.
    void shards(const std::string& name, const result<kinesis::ShardMap>& map, Moment now) {
        auto& its = stream(name);
        // Without permission to list shards the stream is paced as a whole, and only records of one key share entries.
        if (!map || map->size() == 0) return its.shards.failed(now.steady, dice_(), map ? error_code() : map.error());
        its.shards.learn(*map, now.steady);
        if (its.queue.gate().closed()) its.queue.gate().use(*map, now.steady);
    }

    /// Starts a flush of all that was admitted so far; every paused stream is probed at once. Without a timeout it ends
    /// when nothing can be sent at once, and when a request's time is over though others are always under way.
    void flush(std::uint64_t id, std::chrono::nanoseconds timeout, Moment now) {
        const bool one_try = timeout.count() <= 0;
        const auto longest = one_try ? options_.request_timeout : timeout;
        const bool endless = longest >= steady_time::max() - now.steady;
        const auto patience_ends = endless ? steady_time::max() : now.steady + longest / 2;
        patience_ends_ = outcomes_.flushes().active() ? std::min(patience_ends_, patience_ends) : patience_ends;
        outcomes_.flush(id, endless ? steady_time::max() : now.steady + longest, one_try);
        desk_.hurry(now.steady);
        for (auto& [name, its] : streams_) {
            if (its.pause && its.pause->probe == 0) its.pause->until = now.steady;
        }
    }

    /// Every record without an outcome gets `error::cleared`; gives their number. The storage has been cleared.
    std::uint64_t clear() {
        ++epoch_;
        for (auto& [name, its] : streams_) {
            for (const auto& [first, chunk] : its.queue.chunks()) chunk->settle_all();
        }
        const auto cleared = outcomes_.clear(actions_);
        for (auto& [name, its] : streams_) {
            for (const auto& suspects : std::exchange(its.suspects, {})) {
                for (const auto& ref : suspects) its.queue.drop(ref);
            }
            its.queue.purge();
            its.backlog.clear();
            resume(its);
        }
        return cleared;
    }

    /// Makes room by dropping the oldest chunk that has nothing in flight; false if there is none.
    bool drop_oldest() {
        StreamState* owner = nullptr;
        LiveChunk* oldest = nullptr;
        for (auto& [name, its] : streams_) {
            auto* const idle = its.queue.oldest_idle();
            if (idle == nullptr || (oldest != nullptr && oldest->put <= idle->put)) continue;
            owner = &its;
            oldest = idle;
        }
        if (oldest == nullptr) return false;
        outcomes_.lose_chunk(*owner, *oldest, error::dropped);
        return true;
    }

    /// Everything that is left goes to the dead letters: the storage dies with the producer.
    void abandon(error reason) {
        for (auto& [name, its] : streams_) {
            for (const auto& [first, chunk] : its.queue.chunks()) outcomes_.lose_chunk(its, *chunk, reason);
        }
    }

    /// Everybody who still waits is told this.
    void tell_all(error_code outcome) { outcomes_.ledger().tell_all(outcome, actions_.told); }

    // --- dead letters ------------------------------------------------------------------------------------------

    /// The sequence of a record that is to go to the dead letters; zero: none. It stays first until it is buried.
    [[nodiscard]] std::uint64_t next_loss() const { return outcomes_.next_loss(); }

    /// Which have no outcome yet, their letters, and where what these lack is to be read.
    [[nodiscard]] const Outcomes& outcomes() const noexcept { return outcomes_; }

    /// The dead letters have the record.
    void buried(std::uint64_t sequence) { outcomes_.buried(sequence, actions_); }

    /// The dead letters did not take the record, though it came alone.
    void refused(std::uint64_t sequence) { outcomes_.refused(sequence); }

    /// What the storage has goes to the dead letters another time, after a restart.
    void leave_to_storage() { outcomes_.leave_to_storage(); }

    // --- what it wants -----------------------------------------------------------------------------------------

    /// What is to be done now.
    [[nodiscard]] Actions act(Moment now) {
        if (halted_) return std::exchange(actions_, Actions{});
        outcomes_.expire(now.steady);
        acted_at_ = now.steady;
        for (auto& [name, its] : streams_) {
            ask_for_map(its, now);
            its.held_until = hold(its);
        }
        send(now);
        for (auto& [name, its] : streams_) {
            load(its, now);
            if (its.queue.gate().closed()) its.queue.gate().relax(now.steady);
            if (its.pause && its.queue.chunks().empty() && !its.backlog.more) resume(its);
        }
        outcomes_.flushes().end(now.steady, still(now.steady), paused_by(), actions_.flushed);
        return std::exchange(actions_, Actions{});
    }

    /// When `act` is to be called at the latest, if nothing happens before.
    [[nodiscard]] steady_time wakes_at() const {
        auto first = outcomes_.wakes_at();
        const bool sending = options_.auto_flush || outcomes_.flushes().active();
        if (sending) first = std::min(first, desk_.wakes_at(dispatch_.streams()));
        for (const auto& [name, its] : streams_) first = std::min(first, wakes_at(its));
        return first;
    }

    /// What the storage does not know yet; the same change is given once.
    [[nodiscard]] std::vector<Settlement> take_settlements() { return outcomes_.take_settlements(); }

    [[nodiscard]] bool has_settlements() const noexcept { return outcomes_.has_settlements(); }
    [[nodiscard]] bool flying() const noexcept { return !flights_.empty() || desk_.busy(); }
    [[nodiscard]] std::uint64_t unsettled() const noexcept { return outcomes_.unsettled(); }
    [[nodiscard]] const FlushReport& unreported() const noexcept { return outcomes_.flushes().unreported(); }

    /// Why nothing moves, if a stream that holds records is paused; or else why large ones do not.
    [[nodiscard]] error_code paused_by() const {
        for (const auto& [name, its] : streams_) {
            if (its.pause) return its.pause->reason;
        }
        return offload_fails_by();
    }

    /// Why nothing can be put elsewhere now; else empty.
    [[nodiscard]] error_code offload_fails_by() const { return desk_.reason(); }

    /// When the oldest record in memory was put; `max()` if there is none.
    [[nodiscard]] steady_time oldest() const {
        auto first = steady_time::max();
        for (const auto& [name, its] : streams_) first = std::min(first, its.queue.oldest());
        return first;
    }

    void stats_into(std::map<std::string, StreamStats>& stats) const {
        for (const auto& [name, its] : streams_) stats[name] = its.told();
    }

private:
    [[nodiscard]] StreamState& stream(const std::string& name) {
        const auto lanes = options_.ordering == Ordering::per_key ? options_.lanes : 0;
        const auto [found, fresh] = streams_.try_emplace(name, name, lanes);
        if (fresh) dispatch_.add(found->second);
        return found->second;
    }

    void send(Moment now) {
        const bool flushing = outcomes_.flushes().active();
        if (!options_.auto_flush && !flushing) return;
        while (flights_.size() < options_.requests_in_flight) {
            auto order = dispatch_.next(flights_, flushing, now.steady);
            if (!order) break;
            actions_.sends.push_back(std::move(*order));
        }
        while (auto order = desk_.next(dispatch_.streams(), now.steady)) actions_.stores.push_back(std::move(*order));
        if (desk_.settle(dispatch_.streams())) actions_.offload_changes.emplace_back();
    }

    void take_in(StreamState& its, Chunk chunk, Moment now) {
        if (chunk.first <= its.backlog.through) return;
        its.backlog.through = chunk.first;
        its.backlog.correct(chunk);
        if (chunk.live == 0) return;
        auto live = std::make_unique<LiveChunk>(std::move(chunk), now);
        if (!live->index()) {
            actions_.unreadable.emplace_back(its.name, live->chunk.first, live->chunk.live);
            return outcomes_.write_off(live->chunk.first, live->chunk.live);
        }
        its.sample_keys(*live);
        const bool large = live->mark_large(desk_.threshold());
        if (large && !window_.keeps_large(dispatch_.streams(), *live)) live->let_go_large();
        auto& added = its.queue.add(std::move(live));
        outcomes_.schedule_expiry(its, added);
        outcomes_.give_up(its, added, options_.attempts);
    }

    // --- answers -----------------------------------------------------------------------------------------------

    void pause(StreamState& its, std::uint64_t request, const Attempt& attempt,
               std::optional<std::chrono::milliseconds> wish, Moment now) {
        ++its.stats.failed_requests;
        const bool fresh = !its.pause;
        if (fresh) its.pause.emplace();
        auto& pause = *its.pause;
        if (fresh || pause.reason != attempt.error) {
            actions_.pauses.emplace_back(its.name, attempt.error, attempt.message);
        }
        pause.reason = attempt.error;
        if (attempt.error == error::stream_not_found) its.shards.forget(now.steady);
        if (!fresh && pause.probe != request) return;
        pause.probe = 0;
        const auto rest = back_off(options_.back_off, options_.longest_back_off, ++pause.failures, dice_());
        // The service's wish, but within the bounds that the AWS SDKs set for it.
        const std::chrono::nanoseconds wished = wish.value_or(std::chrono::milliseconds(0));
        pause.until = now.steady + std::clamp<std::chrono::nanoseconds>(wished, rest, rest + std::chrono::seconds(5));
    }

    void resume(StreamState& its) {
        if (!its.pause) return;
        its.pause.reset();
        actions_.pauses.emplace_back(its.name, error_code{}, std::string{});
    }

    void entries_answered(const Flight& flight, const Answer& answer, const Attempt& attempt, Moment now) {
        std::uint64_t delivered = 0;
        auto& its = *flight.stream;
        for (std::size_t entry = 0; entry < flight.cuts.size(); ++entry) {
            const auto& said = answer.entries[entry];
            const auto members = flight.entry(entry);
            const auto meaning = disposition(said.error);
            auto its_attempt = attempt;
            its_attempt.error = said.error;
            if (said.error) {
                its_attempt.code = said.code;
                its_attempt.message = said.message;
            }
            if (meaning == Disposition::delivered && !lies_right(flight, entry, said.shard_id, now)) {
                its_attempt.error = error::wrong_shard;
                // One that is framed though alone may never lie right where keys are ignored.
                const bool own_fault = members.size() == 1 && its.shards.keyless();
                if (own_fault) returns_.fail(its, members.front(), Disposition::record, its_attempt, now);
                else returns_.give_back(its, members, its_attempt, now);
            } else if (meaning == Disposition::delivered) {
                delivered += outcomes_.deliver(its, members, said, its_attempt, actions_);
            } else if (said.error == error::request_too_large) {
                returns_.give_back(its, members, its_attempt, now); // it found no room in its request
            } else if (members.size() > 1 && refuses(meaning)) {
                returns_.halve(its, members, {}, now);
            } else {
                for_each_back(members, [&](Ref ref) { returns_.fail(its, ref, meaning, its_attempt, now); });
            }
            if (!its.queue.gate().knows(said.shard_id)) its.shards.want(now.steady);
        }
        its.rate.add(now.steady, delivered);
    }

    /// Promise 7: whether the shard that took an entry holds the keys of all its records.
    [[nodiscard]] bool lies_right(const Flight& flight, std::size_t entry, std::string_view shard_id, Moment now) {
        if (!dispatch_.goes_by_shard()) return true;
        auto& its = *flight.stream;
        const bool knew = its.shards.keyless();
        const auto group = flight.groups[entry];
        const auto members = flight.entry(entry);
        const bool raw = members.size() == 1 && members.front().goes_raw();
        const bool right = its.shards.judge(flight.map, group, members, raw, shard_id, now.steady);
        if (!knew && its.shards.keyless()) actions_.keyless.push_back(its.name);
        return right;
    }

    /// The service refuses something in the request: each half is tried alone, until it is found.
    void halve(const Flight& flight, const Attempt& attempt, Moment now) {
        if (flight.members.size() == 1) {
            return returns_.fail(*flight.stream, flight.members.front(), Disposition::refused, attempt, now);
        }
        returns_.halve(*flight.stream, flight.members, flight.cuts, now);
    }

    // --- the rest of the world ---------------------------------------------------------------------------------

    void load(StreamState& its, Moment now) {
        if (!its.backlog.due(now.steady) || !window_.wants_more(dispatch_.streams(), its)) return;
        its.backlog.begin();
        actions_.loads.emplace_back(its.name, its.backlog.through, window_.read_bytes(), epoch_);
    }

    void ask_for_map(StreamState& its, Moment now) {
        if (!needs_map(its)) return;
        if (dispatch_.goes_by_shard() && its.shards.map().size() == 0) its.shards.want(now.steady);
        if (!its.shards.due(now.steady)) return;
        its.shards.asked(now.steady);
        actions_.maps.push_back(its.name);
    }

    /// Whether the stream's shards are worth a call.
    [[nodiscard]] bool needs_map(const StreamState& its) const {
        return its.queue.gate().closed() || (dispatch_.goes_by_shard() && !its.queue.chunks().empty());
    }

    /// Whether nothing is under way: what is left could not be sent at once.
    [[nodiscard]] bool still(steady_time now) const {
        if (flying() || !actions_.loads.empty()) return false;
        const auto& all = dispatch_.streams();
        return std::none_of(all.begin(), all.end(), [&](const auto* its) {
            return its->backlog.loading || held(*its, now);
        });
    }

    [[nodiscard]] steady_time wakes_at(const StreamState& its) const {
        auto first = steady_time::max();
        if (its.backlog.more && its.backlog.again_at) first = std::min(first, *its.backlog.again_at);
        if (needs_map(its)) first = std::min(first, its.shards.due_at());
        const bool may_send = options_.auto_flush || outcomes_.flushes().active();
        if (!may_send || flights_.size() >= options_.requests_in_flight) return first;
        if (held(its, acted_at_)) return std::min(first, its.held_until);
        if (its.pause) {
            if (its.pause->probe != 0) return first;
            const bool waits = its.queue.has_work() || !its.suspects.empty();
            return std::min(first, waits ? its.pause->until : std::max(its.pause->until, its.queue.wakes_at()));
        }
        first = std::min(first, its.queue.wakes_at());
        const auto oldest = its.queue.oldest_sendable();
        return oldest == steady_time::max() ? first : std::min(first, oldest + options_.linger);
    }

    /// Until when the stream's records wait for its shards to be listed; a flush lets them wait half of its time.
    [[nodiscard]] steady_time hold(const StreamState& its) const {
        if (!dispatch_.goes_by_shard()) return steady_time::min();
        const auto awaited = its.shards.awaited_until();
        return outcomes_.flushes().active() ? std::min(awaited, patience_ends_) : awaited;
    }

    /// Whether there are records that wait so.
    [[nodiscard]] static bool held(const StreamState& its, steady_time now) {
        return now < its.held_until && (its.queue.has_work() || !its.suspects.empty());
    }

    const Options& options_;
    Dispatch<B> dispatch_;
    Window window_;
    std::mt19937_64 dice_;
    std::map<std::string, StreamState> streams_;
    Flights flights_;
    Outcomes outcomes_;
    Returns returns_{options_, outcomes_, dice_};
    OffloadDesk desk_{options_, dice_};
    Actions actions_;
    std::uint64_t epoch_ = 0;
    steady_time acted_at_;
    steady_time patience_ends_; ///< Of the flushes that are active.
    bool halted_ = false;
};

} // namespace sluice::detail
