#pragma once

#include <sluice/batching/batching.hpp>
#include <sluice/detail/frame.hpp>
#include <sluice/detail/whereabouts.hpp>
#include <sluice/kinesis/aggregate.hpp>
#include <sluice/kinesis/hash_key.hpp>
#include <sluice/storage/chunk.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sluice::detail {

/// One moment on both clocks: one reading a wake-up.
class Moment {
public:
    Moment() = default;
    Moment(steady_time on_steady, wall_time on_wall) : steady(on_steady), wall(on_wall) {}

    steady_time steady;
    wall_time wall;
};

/// A chunk whose body is in memory, and where each of its records stands.
class LiveChunk {
public:
    /// What happens to a record besides waiting.
    enum Flag : std::uint8_t {
        in_lane = 1,  ///< It has passed the lane gate, and its lane is busy until it is through.
        flying = 2,   ///< It is in a request.
        losing = 4,   ///< It is on its way to the dead letters.
        follower = 8, ///< It travels in the entry of the one that its lane is busy with.
        large = 16,   ///< Its data is to be put elsewhere before it is sent.
        elsewhere = 32, ///< That is done: what is sent is a pointer.
        away = 64,      ///< Its data is not in memory: the storage has it.
    };

    LiveChunk(Chunk its_chunk, Moment now) : chunk(std::move(its_chunk)) {
        using std::chrono::nanoseconds;
        // A wall clock that stepped back since the put must not age the chunk; one that stepped forward may. Nothing
        // was put before 1970, whatever a damaged header says.
        const auto since = std::max(chunk.oldest_put, wall_time{});
        const auto age = std::max<nanoseconds>(now.wall - since, nanoseconds(0));
        put = now.steady - std::chrono::duration_cast<steady_time::duration>(age);
    }

    /// Finds the records in the body; `error::storage_corrupt` if it does not hold what the header says.
    [[nodiscard]] result<void> index() {
        if (!chunk.body || chunk.count > chunk.body->size() / frame_fixed_bytes) return error::storage_corrupt;
        slots_.reserve(chunk.count);
        std::size_t offset = 1;
        std::uint32_t live = 0;
        for (std::uint32_t i = 0; i < chunk.count; ++i) {
            const auto frame = read_frame(*chunk.body, offset);
            if (!frame) return frame.error();
            slots_.emplace_back(static_cast<std::uint32_t>(offset));
            offset += frame->size;
            if (!frame->headers.empty() && !keep_headers(i, frame->headers)) return error::storage_corrupt;
            const bool plain = frame->size == frame_fixed_bytes + frame->partition_key.size() + frame->data.size();
            plain_ = plain_ && plain;
            mortal_ = mortal_ || frame->time_to_live.count() > 0;
            if (!chunk.settled.test(i)) ++live;
        }
        const bool whole = offset == chunk.body->size() && live == chunk.live &&
                           (chunk.attempts.empty() || chunk.attempts.size() == chunk.count);
        return whole ? result<void>{} : error::storage_corrupt;
    }

    /// Data of more bytes is to be put elsewhere before it is sent; whether there is any.
    bool mark_large(std::size_t threshold) {
        for (std::uint32_t i = 0; i < chunk.count && chunk.body->size() > threshold; ++i) {
            if (chunk.settled.test(i) || frame(i).data.size() <= threshold) continue;
            set(i, large);
            holds_large_ = true;
        }
        return holds_large_;
    }

    /// Lets go of such data, and of what is settled: the storage has it. Nothing may view the body.
    void let_go_large() {
        std::string kept(1, Frame::format);
        headers_.clear();
        for (std::uint32_t i = 0; i < chunk.count; ++i) {
            const auto data = frame(i).data.size();
            const auto bytes = size(i);
            const auto from = std::exchange(slots_[i].offset, static_cast<std::uint32_t>(kept.size()));
            const bool goes = has(i, large) || chunk.settled.test(i);
            kept.append(*chunk.body, from, goes ? bytes - data : bytes);
            if (!goes) continue;
            write_little(kept.data() + slots_[i].offset, std::uint32_t{0}); // a frame begins with the size of its data
            set(i, away);
            away_.emplace(i, data);
        }
        kept.shrink_to_fit();
        chunk.body = std::make_shared<const std::string>(std::move(kept));
        for (std::uint32_t i = 0; i < chunk.count; ++i) {
            if (const auto its = frame(i); !its.headers.empty()) keep_headers(i, its.headers);
        }
        holds_large_ = false;
    }

    /// Whether the body holds data that is, or was, to be put elsewhere.
    [[nodiscard]] bool holds_large() const noexcept { return holds_large_; }

    /// Where the record's data is to be read; none if it is in memory.
    [[nodiscard]] std::optional<Whereabouts> whereabouts(std::uint32_t record) const {
        if (!has(record, away)) return std::nullopt;
        return Whereabouts(chunk.stream, chunk.first, record);
    }

    /// The record's data is elsewhere; this is sent.
    void point(std::uint32_t record, std::string pointer) {
        pointers_.insert_or_assign(record, std::move(pointer));
        reset(record, large);
        set(record, elsewhere);
    }

    /// What is sent for the record, before compression.
    [[nodiscard]] std::string_view data(std::uint32_t record) const {
        return has(record, elsewhere) ? std::string_view(pointers_.at(record)) : frame(record).data;
    }

    /// The record; the body was indexed, so that it is there.
    [[nodiscard]] Frame frame(std::uint32_t record) const {
        const auto offset = slots_[record].offset;
        return plain_ ? read_plain_frame(*chunk.body, offset) : *read_frame(*chunk.body, offset);
    }

    [[nodiscard]] Candidate candidate(std::uint32_t record) const {
        const auto its = frame(record);
        Candidate made(its.partition_key, its.explicit_hash_key, its.data);
        if (has(record, elsewhere)) made.data = pointers_.at(record);
        if (!its.headers.empty()) made.headers = headers(record);
        return made;
    }

    /// The record's headers, as long as the chunk lives.
    [[nodiscard]] std::span<const HeaderView> headers(std::uint32_t record) const {
        const auto found = headers_.find(record);
        if (found == headers_.end()) return {};
        return found->second;
    }

    /// How many bytes are sent for the record, and some more.
    [[nodiscard]] std::size_t size_to_send(std::uint32_t record) const {
        if (!has(record, elsewhere)) return size(record);
        return size(record) - frame(record).data.size() + pointers_.at(record).size();
    }

    /// How many bytes the record takes in the body: some more than its data and keys.
    [[nodiscard]] std::size_t size(std::uint32_t record) const {
        const bool last = record + 1 == slots_.size();
        return (last ? chunk.body->size() : slots_[record + 1].offset) - slots_[record].offset;
    }

    /// The hash key that decides a record's shard and lane. The first question costs as much as all.
    [[nodiscard]] const kinesis::HashKey& hash_key(std::uint32_t record) {
        if (hash_keys_.empty()) find_hash_keys();
        return hash_keys_[record];
    }

    [[nodiscard]] std::uint64_t cost(std::uint32_t record) const {
        const auto missing = away_.empty() || !has(record, away) ? 0 : away_.at(record);
        if (plain_) return missing + buffer_cost(size(record) - frame_fixed_bytes, 0);
        return missing + buffer_cost(frame(record));
    }

    /// When the record's time-to-live is over; `max()` if it has none.
    [[nodiscard]] steady_time expiry(std::uint32_t record) const {
        constexpr std::chrono::milliseconds century = std::chrono::hours(24 * 36'525); // more would overflow
        if (!mortal_) return steady_time::max();
        const auto its = frame(record);
        if (its.time_to_live.count() == 0) return steady_time::max();
        return put + its.put_after + std::min(its.time_to_live, century);
    }

    /// When the first record expires after `now`, in flight or not; `max()` if none will.
    [[nodiscard]] steady_time first_expiry(steady_time now = steady_time::min()) const {
        auto first = steady_time::max();
        for (std::uint32_t i = 0; i < chunk.count && mortal_; ++i) {
            const bool undecided = !chunk.settled.test(i) && !has(i, losing);
            const auto when = undecided ? expiry(i) : now;
            if (when > now) first = std::min(first, when);
        }
        return first;
    }

    [[nodiscard]] std::uint64_t sequence(std::uint32_t record) const noexcept { return chunk.first + record; }

    [[nodiscard]] bool has(std::uint32_t record, Flag flag) const { return (slots_[record].flags & flag) != 0; }
    void set(std::uint32_t record, Flag flag) { slots_[record].flags |= flag; }
    void reset(std::uint32_t record, Flag flag) {
        slots_[record].flags = static_cast<std::uint8_t>(slots_[record].flags & ~unsigned{flag});
    }

    /// Whether the record may be sent: it has no outcome and is not getting one.
    [[nodiscard]] bool open(std::uint32_t record) const {
        return !chunk.settled.test(record) && !has(record, losing) && !has(record, flying);
    }

    /// Every record has its outcome.
    void settle_all() {
        for (std::uint32_t i = 0; i < chunk.count; ++i) chunk.settled.set(i);
        chunk.live = 0;
        chunk.live_bytes = 0;
    }

    /// Counts a failure of the record's own, for good; gives how many there were.
    unsigned fail(std::uint32_t record) {
        if (chunk.attempts.empty()) chunk.attempts.resize(chunk.count);
        auto& failures = chunk.attempts[record];
        if (failures < 255) ++failures;
        return failures;
    }

    /// Counts a throttling, for this process's life; gives how many there were.
    unsigned throttle(std::uint32_t record) {
        auto& throttles = slots_[record].throttles;
        if (throttles < 255) ++throttles;
        return throttles;
    }

    /// The record leaves in a request.
    void depart(std::uint32_t record) {
        set(record, flying);
        auto& departures = slots_[record].departures;
        if (departures < 65'535) ++departures;
    }

    /// How often the record left again, in this process's life; 65,534 may be more.
    [[nodiscard]] unsigned retries(std::uint32_t record) const {
        const unsigned departures = slots_[record].departures;
        return departures > 0 ? departures - 1 : 0;
    }

    Chunk chunk;
    steady_time put;                        ///< Of the oldest record.
    std::uint32_t next = 0;                 ///< The first record that was never looked at.
    std::uint32_t references = 0;           ///< From queues and flights.
    std::uint32_t in_flight = 0;            ///< Records in requests or on their way to the dead letters.
    bool dirty = false;                     ///< The storage does not know the latest state.
    bool stored = true;                     ///< The storage has it.

private:
    class Slot {
    public:
        explicit Slot(std::uint32_t where) : offset(where) {}
        std::uint32_t offset;
        std::uint8_t flags = 0;
        std::uint8_t throttles = 0;
        std::uint16_t departures = 0;
    };

    bool keep_headers(std::uint32_t record, std::string_view encoded) {
        auto decoded = frame_headers(encoded);
        if (decoded) headers_.emplace(record, std::move(*decoded));
        return decoded.has_value();
    }

    /// Records with a hash key of their own need no digest, and one is enough for a run of equal partition keys.
    void find_hash_keys() {
        std::vector<std::string_view> keys;
        std::vector<std::size_t> places(chunk.count); // into the keys
        hash_keys_.resize(chunk.count);
        for (std::uint32_t i = 0; i < chunk.count; ++i) {
            const auto its = frame(i);
            const auto own = kinesis::HashKey::parse(its.explicit_hash_key);
            if (own) hash_keys_[i] = *own;
            if (!own && (keys.empty() || keys.back() != its.partition_key)) keys.push_back(its.partition_key);
            places[i] = own ? none : keys.size() - 1;
        }
        const auto hashes = kinesis::hashes_of(keys);
        for (std::uint32_t i = 0; i < chunk.count; ++i) {
            if (places[i] != none) hash_keys_[i] = hashes[places[i]];
        }
    }

    static constexpr auto none = static_cast<std::size_t>(-1);

    std::vector<Slot> slots_;
    bool plain_ = true;   ///< No record has anything but key and data.
    bool mortal_ = false; ///< Some have a time-to-live.
    bool holds_large_ = false;
    std::vector<kinesis::HashKey> hash_keys_; ///< None until somebody asks.
    std::unordered_map<std::uint32_t, std::vector<HeaderView>> headers_; ///< Of the few records that have some.
    std::unordered_map<std::uint32_t, std::string> pointers_; ///< Of those whose data is elsewhere.
    std::unordered_map<std::uint32_t, std::size_t> away_; ///< How many bytes of data the storage alone has.
};

/// A record of a live chunk. Whoever keeps one counts it in `LiveChunk::references`.
class Ref {
public:
    Ref() = default;
    Ref(LiveChunk& its_chunk, std::uint32_t its_index) : chunk(&its_chunk), index(its_index) {}

    [[nodiscard]] bool open() const { return chunk->open(index); }

    /// Whether the record, alone in an entry, is sent as it was put: nothing makes a reader look for a frame.
    [[nodiscard]] bool goes_raw() const {
        return chunk->headers(index).empty() && !kinesis::looks_aggregated(chunk->data(index));
    }

    [[nodiscard]] bool large() const { return chunk->has(index, LiveChunk::large); }
    [[nodiscard]] bool follows() const { return chunk->has(index, LiveChunk::follower); }
    [[nodiscard]] std::uint64_t sequence() const noexcept { return chunk->sequence(index); }
    [[nodiscard]] std::size_t size() const { return chunk->size_to_send(index); }

    /// The hash key that decides the record's shard and lane.
    [[nodiscard]] const kinesis::HashKey& hash_key() const { return chunk->hash_key(index); }

    LiveChunk* chunk = nullptr;
    std::uint32_t index = 0;
};

} // namespace sluice::detail
