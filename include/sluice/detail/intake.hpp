#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/detail/arenas.hpp>
#include <sluice/detail/guarded.hpp>
#include <sluice/detail/lot.hpp>
#include <sluice/detail/put_op.hpp>
#include <sluice/detail/put_rules.hpp>
#include <sluice/detail/room.hpp>
#include <sluice/detail/short_lock.hpp>
#include <sluice/kinesis/validate.hpp>
#include <sluice/options.hpp>
#include <sluice/partitioning/partitioning.hpp>
#include <sluice/stats.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::detail {

/// Where records come in: validates them, gives them a key, keeps the caps, and writes them into lots.
///
/// The only part of a producer that several threads share: one short lock. Operations that end are given to the
/// caller, to be completed without it.
template <Partitioning P>
class Intake {
public:
    using Ops = std::vector<std::shared_ptr<PutOp>>;

    Intake(const Options& options, PutRules rules, P partitioning, AnyClock& clock)
        : options_(options), rules_(rules), partitioning_(std::move(partitioning)), clock_(clock),
          dice_(clock.random()), default_(&slot_named(options.stream)), room_(options) {}

    // --- any thread --------------------------------------------------------------------------------------------

    /// Takes a record if there is room now. `wake` tells whether the strand is to look.
    [[nodiscard]] error_code try_put(const RecordView& record, bool& wake) {
        const auto invalid = rules_.check(record);
        const std::lock_guard lock(mutex_);
        if (closed_) return refuse(error::closed);
        if (!enabled_) {
            ++ignored_;
            return {};
        }
        if (invalid) return refuse(invalid);
        if (!parked_.empty()) return refuse(error::buffer_full);
        const auto failure = place(record, nullptr, 0);
        wake = std::exchange(wake_, false);
        return failure ? refuse(failure) : failure;
    }

    /// Starts an operation; it ends at once, when its records are committed, or when they have found room. Gives those
    /// that ended.
    [[nodiscard]] Ops start(const std::shared_ptr<PutOp>& op, bool& wake) {
        const std::lock_guard lock(mutex_);
        Ops ended;
        if (!fill(op, parked_.empty())) parked_.push_back(op);
        end_if_done(op, ended);
        wake = std::exchange(wake_, false) || !parked_.empty();
        return ended;
    }

    /// Whoever waits does not want to any more: what is not committed yet is withdrawn, the rest goes on.
    /// Gives those that ended: this one, and whoever stood behind it and finds room now.
    [[nodiscard]] Ops cancel(const std::shared_ptr<PutOp>& op, bool& wake) {
        const std::lock_guard lock(mutex_);
        if (op->ended) return {};
        op->withdrawn = op->unaccepted > 0;
        op->verdict = asio::error::operation_aborted;
        op->ended = true;
        std::erase(parked_, op);
        auto ended = serve_parked(wake);
        ended.push_back(op);
        return ended;
    }

    void enable(bool on) {
        const std::lock_guard lock(mutex_);
        enabled_ = on;
    }

    void stats_into(Stats& stats) const {
        const std::lock_guard lock(mutex_);
        stats.accepted = accepted_;
        stats.ignored = ignored_;
        stats.refused = refused_;
        stats.buffered_records = room_.records();
        stats.buffered_bytes = room_.bytes();
    }

    // --- the strand --------------------------------------------------------------------------------------------

    /// The storage is open: whether puts wait for its commits, and what it holds already.
    [[nodiscard]] Ops opened(bool persistent, const StoreUsage& usage) {
        const std::lock_guard lock(mutex_);
        room_.take(usage.records, usage.bytes);
        opened_ = true;
        persistent_ = persistent;
        Ops ended;
        if (persistent) return ended;
        const auto accept = [&](Lot& lot) { accept_claims(lot.claims, {}, ended, false); };
        for (auto& [name, slot] : slots_) accept(slot.lot);
        for (auto& lot : full_) accept(lot);
        return ended;
    }

    /// The lots whose time has come; with `all`, every one. `due` becomes the time of the first of the others.
    [[nodiscard]] std::vector<Lot> take(steady_time now, bool all, steady_time& due) {
        const std::lock_guard lock(mutex_);
        auto lots = std::exchange(full_, {});
        if (!lots.empty()) full_.reserve(lots.capacity()); // so that no put has to
        due = steady_time::max();
        for (auto& [name, slot] : slots_) {
            if (slot.lot.empty()) continue;
            const auto when = due_at(slot.lot);
            if (all || when <= now) {
                lots.push_back(next_lot(slot));
            } else {
                due = std::min(due, when);
            }
        }
        return lots;
    }

    /// The lot's chunk is in the storage, or could not be put there. Gives the operations that ended, also those that
    /// found the room of what was withdrawn: the caller is to look for lots again.
    [[nodiscard]] Ops committed(std::vector<Lot::Claim>& claims, error_code failure) {
        const std::lock_guard lock(mutex_);
        Ops ended;
        accept_claims(claims, failure, ended, true);
        serve_parked(ended);
        return ended;
    }

    /// Which records of these claims somebody waits for.
    [[nodiscard]] std::vector<std::pair<std::uint32_t, std::shared_ptr<PutOp>>>
    watched(const std::vector<Lot::Claim>& claims) const {
        const std::lock_guard lock(mutex_);
        std::vector<std::pair<std::uint32_t, std::shared_ptr<PutOp>>> watched;
        for (const auto& claim : claims) {
            if (claim.op->wants_receipt() && !claim.op->ended) watched.emplace_back(claim.first, claim.op);
        }
        return watched;
    }

    /// Takes the cancelled records of these claims out of their chunk, or `all`, as refused; gives how many there were.
    std::uint32_t withdraw_cancelled(const std::vector<Lot::Claim>& claims, Chunk& chunk, bool all = false) {
        const std::lock_guard lock(mutex_);
        const auto bytes = chunk.live_bytes;
        std::uint32_t withdrawn = 0;
        for (const auto& claim : claims) {
            if (all || claim.op->withdrawn) withdrawn += withdraw(chunk, claim.first, claim.count);
        }
        give_room(chunk.stream, withdrawn, bytes - chunk.live_bytes);
        accepted_ -= withdrawn;
        refused_ += all ? withdrawn : 0;
        return withdrawn;
    }

    /// A record has its outcome: whoever waited for it may be told, unless that was done.
    [[nodiscard]] bool end(const std::shared_ptr<PutOp>& op, error_code verdict) {
        const std::lock_guard lock(mutex_);
        if (op->ended) return false;
        op->ended = true;
        op->verdict = verdict;
        return true;
    }

    /// So many records do not count any more. Gives the operations that ended because there was room for them.
    [[nodiscard]] Ops release(const std::string& stream, std::uint64_t records, std::uint64_t bytes, bool& wake) {
        const std::lock_guard lock(mutex_);
        give_room(stream, records, bytes);
        return serve_parked(wake);
    }

    /// Everything in the storage is gone: only what stands in lots counts.
    [[nodiscard]] Ops storage_cleared(bool& wake) {
        const std::lock_guard lock(mutex_);
        room_.clear();
        for (auto& [name, slot] : slots_) slot.live = count_again(slot.lot);
        for (auto& lot : full_) slot_named(lot.stream).live += count_again(lot);
        return serve_parked(wake);
    }

    /// Whether no lot holds a record.
    [[nodiscard]] bool empty() const {
        const std::lock_guard lock(mutex_);
        return full_.empty() && std::all_of(slots_.begin(), slots_.end(),
                                            [](const auto& slot) { return slot.second.lot.empty(); });
    }

    /// The records that stand in lots when nobody will ever take them; gives their number.
    [[nodiscard]] std::uint64_t abandon() {
        const std::lock_guard lock(mutex_);
        std::uint64_t records = 0;
        const auto drop = [&](const Lot& lot) {
            records += lot.count;
            give_room(lot.stream, lot.count, lot.cost);
        };
        for (const auto& lot : std::exchange(full_, {})) drop(lot);
        for (auto& [name, slot] : slots_) drop(next_lot(slot));
        return records;
    }

    /// Forgets who waits; gives them, to be destroyed without the lock.
    [[nodiscard]] Ops let_go() {
        const std::lock_guard lock(mutex_);
        Ops waiting(parked_.begin(), parked_.end());
        parked_.clear();
        const auto forget = [&](Lot& lot) {
            for (auto& claim : lot.claims) waiting.push_back(std::move(claim.op));
            lot.claims.clear();
        };
        for (auto& lot : full_) forget(lot);
        for (auto& [name, slot] : slots_) forget(slot.lot);
        return waiting;
    }

    /// Whether somebody waits for room, or soon will, so that old records are to be dropped.
    [[nodiscard]] bool wants_room() const {
        const std::lock_guard lock(mutex_);
        return room_.wants_drop(!parked_.empty());
    }

    /// From now on every put is refused, and so is who waits for room.
    [[nodiscard]] Ops close() {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        Ops ended;
        for (const auto& op : std::exchange(parked_, {})) {
            refuse_rest(*op, error::closed);
            end_if_done(op, ended);
        }
        return ended;
    }

    /// The storage could not be opened: whoever waits for it is told. What `try_put` took stays.
    [[nodiscard]] Ops open_failed(error_code failure) {
        const std::lock_guard lock(mutex_);
        Ops ended;
        const auto fail = [&](Lot& lot) {
            auto claims = lot.claims;
            const auto cost = lot.cost;
            const auto dropped = lot.drop_claimed();
            give_room(lot.stream, dropped, cost - lot.cost);
            accepted_ -= dropped;
            accept_claims(claims, failure, ended, true);
        };
        for (auto& [name, slot] : slots_) fail(slot.lot);
        for (auto& lot : full_) fail(lot);
        std::erase_if(full_, [](const Lot& lot) { return lot.empty(); });
        for (const auto& op : std::exchange(parked_, {})) {
            refuse_rest(*op, failure);
            end_if_done(op, ended);
        }
        return ended;
    }

private:
    static constexpr std::size_t lot_bytes = 256U << 10U;

    class Slot {
    public:
        explicit Slot(const std::string& name) : lot(name) {}
        Lot lot;
        std::uint64_t live = 0; ///< Records of this process's life without an outcome.
        std::size_t last_bytes = 0; ///< Of the lot before this one.
    };

    [[nodiscard]] error_code refuse(error_code reason) {
        ++refused_;
        return reason;
    }

    [[nodiscard]] Slot& slot_named(const std::string& name) { return slots_.try_emplace(name, name).first->second; }

    [[nodiscard]] error_code find_slot(std::string_view stream, Slot*& slot) {
        if (stream.empty()) return error::stream_name_invalid; // nor is there a default
        if (const auto found = slots_.find(stream); found != slots_.end()) {
            slot = &found->second;
            return {};
        }
        if (const auto invalid = kinesis::check_stream(stream)) return invalid;
        // A default without a name is no stream.
        const auto most = options_.max_streams + (default_->lot.stream.empty() ? 1 : 0);
        if (slots_.size() >= most) {
            std::erase_if(slots_, [this](const auto& its) {
                return its.second.live == 0 && its.second.lot.empty() && &its.second != default_;
            });
        }
        if (slots_.size() >= most) return error::too_many_streams;
        slot = &slot_named(std::string(stream));
        return {};
    }

    /// Puts one valid record into its lot, for an operation or for nobody. Inlined: the calls on the way of most puts
    /// cost as much as what they do.
    [[nodiscard, gnu::always_inline]] inline error_code place(const RecordView& record,
                                                              const std::shared_ptr<PutOp>& op, std::size_t index) {
        auto* slot = default_;
        if (!record.stream.empty() || slot->lot.stream.empty()) {
            if (const auto failure = find_slot(record.stream, slot)) return failure;
        }
        auto key = record.partition_key.value_or(std::string_view{});
        if (!record.partition_key) {
            if (const auto failure = choose_key(record)) return failure;
            if (const auto invalid = kinesis::check_partition_key(key_)) return invalid;
            key = key_;
            if (const auto wrong = rules_.check_size(record, key)) return wrong;
        }
        const auto cost = buffer_cost(record, key);
        if (!room_.fits(cost)) {
            if (room_.fell_short(cost)) wake_ = true;
            return error::buffer_full;
        }
        write(*slot, record, key);
        ++slot->live;
        ++accepted_;
        room_.take(1, cost);
        if (op) account(slot->lot, op, index);
        if (slot->lot.bytes() >= lot_bytes) {
            full_.push_back(next_lot(*slot));
            wake_ = true;
        }
        return {};
    }

    /// The policy's choice, in `key_`. What it throws refuses the record, on whichever thread this is.
    [[nodiscard]] error_code choose_key(const RecordView& record) {
        key_.clear();
        try {
            return partitioning_.key(record, dice_(), key_);
        } catch (...) {
            return error_of_exception();
        }
    }

    [[gnu::always_inline]] inline void write(Slot& its, const RecordView& record, std::string_view key) {
        // A payload that large travels in a chunk of its own, so that others need not wait for it.
        if (!its.lot.empty() && its.lot.bytes() + record.data.size() > lot_bytes) full_.push_back(next_lot(its));
        auto& lot = its.lot;
        auto time_to_live = record.time_to_live.value_or(options_.time_to_live);
        // Reckoned from a deadline that has passed: zero would be for ever.
        if (time_to_live.count() < 0) time_to_live = std::chrono::milliseconds(1);
        if (lot.empty()) lot.open(clock_.steady(), clock_.wall(), arenas_, std::min(its.last_bytes, lot_bytes) + 64);
        // The clock costs more than all the rest: who does not expire shares the time of the lot's first.
        const bool own_time = time_to_live.count() > 0 && !lot.empty();
        lot.add(record, key, own_time ? clock_.wall() : lot.oldest_put, time_to_live);
        wake_ = wake_ || lot.count == 1 || lot.count == options_.request_records;
    }

    void account(Lot& lot, const std::shared_ptr<PutOp>& op, std::size_t index) {
        const bool accepted = opened_ && !persistent_;
        ++(accepted ? op->report.accepted : op->unaccepted);
        if (!accepted || op->wants_receipt()) {
            lot.claim(op, index);
            // Somebody waits for the commit: the strand is to start it now.
            wake_ = wake_ || !accepted;
        }
    }

    /// Places what is left of an operation; false if it has to wait for room, or behind others. Who cannot be helped by
    /// waiting does not.
    [[nodiscard]] bool fill(const std::shared_ptr<PutOp>& op, bool first) {
        for (; !op->all_placed() && !op->ended; ++op->next) {
            const auto& record = op->records[op->next];
            if (closed_) {
                op->refuse(op->next, refuse(error::closed));
            } else if (!enabled_) {
                ignore(*op);
            } else {
                auto failure = rules_.check(record);
                if (!failure) failure = first ? place(record, op, op->next) : error::buffer_full;
                if (failure == error::buffer_full && may_wait(record, first)) return false;
                if (failure) op->refuse(op->next, refuse(failure));
            }
        }
        op->forget_records();
        return true;
    }

    void ignore(PutOp& op) {
        ++ignored_;
        if (op.wants_receipt()) return op.refuse(op.next, error::disabled);
        ++op.report.accepted;
    }

    /// `placed`: whether `place` was tried, so that `key_` is the record's if it came without one.
    [[nodiscard]] bool may_wait(const RecordView& record, bool placed) const {
        const auto chosen = placed ? std::string_view(key_) : std::string_view{};
        return room_.may_fit(buffer_cost(record, record.partition_key.value_or(chosen)));
    }

    void refuse_rest(PutOp& op, error_code reason) {
        for (; !op.all_placed(); ++op.next) op.refuse(op.next, refuse(reason));
        op.forget_records();
    }

    static void end_if_done(const std::shared_ptr<PutOp>& op, Ops& ended) {
        if (op->ended || !op->all_placed() || op->unaccepted > 0) return;
        if (op->wants_receipt() && op->report.refused.empty()) return;
        op->ended = true;
        ended.push_back(op);
    }

    /// `final`: the claims are not needed any more. Else those stay that wait for receipts, or were cancelled.
    void accept_claims(std::vector<Lot::Claim>& claims, error_code failure, Ops& ended, bool final) {
        for (const auto& claim : claims) {
            auto& op = *claim.op;
            if (op.ended) continue; // its report is not ours any more
            op.unaccepted -= std::min<std::size_t>(op.unaccepted, claim.count);
            if (failure) {
                for (std::size_t i = 0; i < claim.count; ++i) op.refuse(claim.place + i, failure);
            } else {
                op.report.accepted += claim.count;
            }
            end_if_done(claim.op, ended);
        }
        if (final) {
            claims.clear();
        } else {
            std::erase_if(claims, [](const auto& claim) { return !claim.op->wants_receipt() && !claim.op->withdrawn; });
        }
    }

    void serve_parked(Ops& ended) {
        while (!parked_.empty() && fill(parked_.front(), true)) {
            end_if_done(parked_.front(), ended);
            parked_.pop_front();
        }
    }

    [[nodiscard]] Ops serve_parked(bool& wake) {
        Ops ended;
        serve_parked(ended);
        wake = std::exchange(wake_, false);
        return ended;
    }

    void give_room(const std::string& stream, std::uint64_t records, std::uint64_t bytes) {
        room_.give(records, bytes);
        const auto found = slots_.find(stream);
        if (found != slots_.end()) found->second.live -= std::min(found->second.live, records);
    }

    [[nodiscard]] std::uint64_t count_again(const Lot& lot) {
        room_.take(lot.count, lot.cost);
        return lot.count;
    }

    [[nodiscard]] Lot next_lot(Slot& slot) {
        slot.last_bytes = slot.lot.bytes();
        return std::exchange(slot.lot, Lot(slot.lot.stream));
    }

    /// When a lot is to become a chunk.
    [[nodiscard]] steady_time due_at(const Lot& lot) const {
        const bool awaited = persistent_ && !lot.claims.empty();
        // Even if whoever asks read the clock before: the lots of one operation go into one commit.
        if (awaited || lot.count >= options_.request_records) return steady_time::min();
        return lot.opened + (persistent_ ? options_.commit_interval : options_.linger);
    }

    mutable ShortLock mutex_;
    const Options& options_;
    PutRules rules_;
    P partitioning_;
    AnyClock& clock_;
    std::mt19937_64 dice_;
    std::map<std::string, Slot, std::less<>> slots_;
    Slot* default_;
    Room room_;
    std::vector<Lot> full_;
    std::deque<std::shared_ptr<PutOp>> parked_;
    std::string key_;
    std::shared_ptr<Arenas> arenas_ = std::make_shared<Arenas>();
    std::uint64_t accepted_ = 0;
    std::uint64_t ignored_ = 0;
    std::uint64_t refused_ = 0;
    bool enabled_ = true;
    bool closed_ = false;
    bool opened_ = false;
    bool persistent_ = false;
    bool wake_ = false;
};

} // namespace sluice::detail
