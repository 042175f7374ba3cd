#pragma once

#include "chunks.hpp"

#include <sluice/batching/collect.hpp>
#include <sluice/detail/delivery.hpp>
#include <sluice/kinesis/shard_map.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A dialogue with a delivery, in which a test plays everybody else: those who put, the storage, the service, the
/// dead letters and the clock. After every word the delivery acts, and what it wants done stands in the members.
///
/// All the while it holds the delivery to its promises: one outcome per record, told once and told the storage; nobody
/// sent twice at a time or after his outcome; no more requests than allowed; with `Ordering::per_key` one entry of a
/// lane at a time, with each key's records in their order.
template <class Batching>
class BasicHistory {
public:
    using Moment = sluice::detail::Moment;
    using SendOrder = sluice::detail::SendOrder;
    using Record = sluice::Record;
    using error_code = sluice::error_code;

    explicit BasicHistory(sluice::Options its_options = sluice::Options("s"), std::uint64_t seed = 1,
                          Batching batching = Batching())
        : options(std::move(its_options)),
          delivery(options, sluice::RequestLimits(options.request_records, options.request_bytes, options.max_payload),
                   std::move(batching), seed) {
        delivery.set_window(std::numeric_limits<std::size_t>::max());
    }

    // --- those who put -----------------------------------------------------------------------------------------

    /// Puts records as one chunk of the stream; gives the sequence of the first.
    std::uint64_t put(const std::string& stream, const std::vector<Record>& records, bool watched = true) {
        return admit(chunks::make(stream, next_sequence, records, now.wall), watched);
    }

    std::uint64_t put(const std::vector<Record>& records) { return put("s", records); }

    /// Puts so many records with keys of their own into the default stream.
    std::uint64_t put(std::size_t count) { return put("s", chunks::records(count)); }

    std::uint64_t admit(sluice::Chunk chunk, bool watched = true) {
        const auto first = chunk.first;
        next_sequence = first + chunk.count;
        std::vector<std::uint32_t> indexes;
        for (std::uint32_t i = 0; i < chunk.count; ++i) {
            if (chunk.settled.test(i)) continue;
            expected[first + i] = watched;
            if (watched) indexes.push_back(i);
        }
        bodies.push_back(chunk.body);
        stored[chunk.stream].insert_or_assign(first, chunk);
        delivery.admit(std::move(chunk), indexes, now);
        act();
        return first;
    }

    void flush(std::uint64_t id, std::chrono::nanoseconds timeout = std::chrono::hours(1)) {
        delivery.flush(id, timeout, now);
        act();
    }

    std::uint64_t clear() {
        settle();
        stored.clear();
        const auto cleared = delivery.clear();
        std::uint64_t without_outcome = 0;
        for (const auto& [sequence, watched] : expected) {
            if (outcomes.emplace(sequence, sluice::error::cleared).second) ++without_outcome;
        }
        CHECK(cleared == without_outcome);
        act();
        return cleared;
    }

    bool drop_oldest() {
        const auto dropped = delivery.drop_oldest();
        act();
        return dropped;
    }

    // --- the clock ---------------------------------------------------------------------------------------------

    void advance(std::chrono::nanoseconds time) {
        now.steady += time;
        now.wall += std::chrono::duration_cast<sluice::wall_time::duration>(time);
        act();
    }

    /// Lets time pass until the delivery wants to be woken; false if it never does.
    bool sleep() {
        const auto when = delivery.wakes_at();
        if (when == sluice::steady_time::max()) return false;
        advance(std::max(when - now.steady, std::chrono::nanoseconds(0)));
        return true;
    }

    // --- the service -------------------------------------------------------------------------------------------

    /// The data of a request's records.
    static std::vector<std::string> data(const SendOrder& order) {
        std::vector<std::string> all;
        for (const auto& member : order.members) all.emplace_back(member.data);
        return all;
    }

    /// The oldest request that waits for its answer; at least one does.
    [[nodiscard]] const SendOrder& request() const {
        REQUIRE_FALSE(sends.empty());
        return sends.front();
    }

    /// Answers the oldest request: one code for each entry, in turn, as long as there are any.
    void answer(const std::vector<error_code>& codes) {
        sluice::Answer answer;
        for (std::size_t i = 0; i < request().entries(); ++i) {
            auto& entry = answer.entries.emplace_back();
            entry.error = codes[i % codes.size()];
            if (entry.error) {
                entry.code = "Failure";
                entry.message = "The service said so.";
            } else {
                entry.shard_id = shard_id;
                entry.sequence_number = "49";
            }
        }
        reply(request().id, answer);
    }

    void take() { answer({error_code{}}); }

    void take_all() {
        while (!sends.empty()) take();
    }

    /// The oldest request fails as a whole.
    void fail(error_code why, std::chrono::milliseconds retry_after = {}) {
        sluice::Answer answer(why, "Failure", "The service said so.");
        if (retry_after.count() > 0) answer.retry_after = retry_after;
        reply(request().id, answer);
    }

    void reply(std::uint64_t id, const sluice::Answer& answer) {
        const auto found = std::find_if(sends.begin(), sends.end(), [id](const auto& order) { return order.id == id; });
        if (found != sends.end()) {
            for (const auto sequence : found->sequences) flying.erase(sequence);
            sends.erase(found);
        }
        delivery.answer(id, answer, now.wall, std::chrono::milliseconds(1), now);
        act();
    }

    /// The service lists these shards of the first stream that asked.
    void list_shards(const sluice::result<sluice::kinesis::ShardMap>& map) {
        REQUIRE_FALSE(maps.empty());
        const auto stream = maps.front();
        maps.erase(maps.begin());
        delivery.shards(stream, map, now);
        act();
    }

    // --- the offload -------------------------------------------------------------------------------------------

    /// Answers the oldest order to put data elsewhere.
    void offload(const sluice::result<std::string>& pointer) {
        REQUIRE_FALSE(stores.empty());
        const auto id = stores.front().id;
        stores.erase(stores.begin());
        delivery.stored(id, pointer, now.wall, std::chrono::milliseconds(1), now);
        act();
    }

    /// The data of the oldest order, which the storage has if it is not in memory.
    [[nodiscard]] std::string payload() const {
        REQUIRE_FALSE(stores.empty());
        const auto& order = stores.front();
        return order.away ? read(*order.away) : std::string(order.data);
    }

    /// The data of the oldest order could not be read.
    void not_read() {
        REQUIRE_FALSE(stores.empty());
        const auto id = stores.front().id;
        stores.erase(stores.begin());
        delivery.not_read(id, now);
        act();
    }

    /// The bytes of those bodies that are in memory only because of the delivery.
    [[nodiscard]] std::size_t held() const {
        std::size_t bytes = 0;
        for (const auto& [stream, its] : stored) {
            for (const auto& [first, chunk] : its) bytes += chunk.body.use_count() > 1 ? chunk.body->size() : 0;
        }
        return bytes;
    }

    // --- the storage -------------------------------------------------------------------------------------------

    /// Answers the oldest load as a storage does.
    void load() {
        REQUIRE_FALSE(loads.empty());
        const auto order = loads.front();
        std::vector<sluice::Chunk> found;
        std::size_t bytes = 0;
        for (const auto& [first, chunk] : stored[order.stream]) {
            if (first <= order.after) continue;
            bytes += chunk.body->size();
            if (bytes > order.max_bytes && !found.empty()) break;
            found.push_back(chunk);
        }
        loaded(std::move(found));
    }

    void loaded(sluice::result<std::vector<sluice::Chunk>> chunks) {
        REQUIRE_FALSE(loads.empty());
        const auto order = loads.front();
        loads.erase(loads.begin());
        delivery.loaded(order, std::move(chunks), now);
        act();
    }

    /// Takes what the storage is to learn, and has it learn it; false if there was nothing.
    bool settle() {
        const auto changes = delivery.take_settlements();
        for (const auto& change : changes) learn(change);
        return !changes.empty();
    }

    // --- the dead letters --------------------------------------------------------------------------------------

    /// Takes all letters; gives how many there were.
    std::size_t bury() {
        std::size_t buried = 0;
        for (; delivery.next_loss() != 0; ++buried) {
            const auto sequence = delivery.next_loss();
            auto letter = delivery.outcomes().letter(sequence, sluice::StoreIdentity(), sluice::StoreIdentity());
            CHECK(letter.id.sequence == sequence);
            if (const auto where = delivery.outcomes().whereabouts(sequence)) letter.record.data = read(*where);
            letters.insert_or_assign(sequence, std::move(letter));
            delivery.buried(sequence);
        }
        if (buried > 0) act();
        return buried;
    }

    // --- what came of it ---------------------------------------------------------------------------------------

    /// The outcome that was told of a watched record; the record must have one.
    [[nodiscard]] error_code outcome(std::uint64_t sequence) const {
        REQUIRE(told.contains(sequence));
        return told.at(sequence).outcome;
    }

    [[nodiscard]] sluice::StreamStats stats(const std::string& stream = "s") const {
        std::map<std::string, sluice::StreamStats> all;
        delivery.stats_into(all);
        return all[stream];
    }

    /// How many records had this outcome, by the tallies.
    [[nodiscard]] std::uint64_t count(error_code outcome) const {
        std::uint64_t sum = 0;
        for (const auto& tally : tallies) sum += tally.outcome == outcome ? tally.records : 0;
        return sum;
    }

    /// Every record has its outcome, and soon nothing is left anywhere.
    void check_end(bool memory_too = true) {
        for (int i = 0; sleep(); ++i) REQUIRE(i < 10'000);
        CHECK(sends.empty());
        for (const auto& [sequence, watched] : expected) {
            CAPTURE(sequence);
            CHECK(outcomes.contains(sequence));
            CHECK(told.contains(sequence) == watched);
        }
        CHECK(outcomes.size() == expected.size());
        CHECK(delivery.unsettled() == 0);
        CHECK_FALSE(delivery.flying());
        for (const auto& [stream, its] : stored) CHECK(its.empty());
        if (!memory_too) return;
        for (const auto& body : bodies) CHECK(body.expired());
    }

    /// What happens after every word.
    void act() {
        do {
            collect(delivery.act(now));
        } while (settles && settle());
        CHECK(sends.size() <= options.requests_in_flight);
    }

    sluice::Options options;
    Moment now = chunks::moment();
    sluice::detail::Delivery<Batching> delivery;
    std::string shard_id = "shardId-000000000000";
    bool settles = true;           ///< The storage learns everything at once.
    std::uint64_t next_sequence = 1;

    std::vector<SendOrder> sends;  ///< Requests without an answer, oldest first.
    std::vector<sluice::detail::StoreOrder> stores;
    std::vector<error_code> offload_changes;
    std::vector<sluice::detail::LoadOrder> loads;
    std::vector<std::string> maps;
    std::vector<std::string> keyless;
    std::map<std::uint64_t, sluice::detail::Told> told;
    std::vector<sluice::detail::Tally> tallies;
    std::map<std::uint64_t, sluice::FlushReport> flushed;
    std::vector<sluice::detail::PauseNote> pauses;
    std::vector<sluice::detail::Unreadable> unreadable;
    std::map<std::uint64_t, sluice::DeadLetter> letters;
    std::map<std::uint64_t, error_code> outcomes; ///< As the storage learned them.
    std::map<std::string, std::map<std::uint64_t, sluice::Chunk>> stored; ///< By first sequence.

private:
    void collect(sluice::detail::Actions actions) {
        for (auto& order : actions.sends) check_and_send(std::move(order));
        for (auto& one : actions.told) {
            CHECK(expected.contains(one.sequence));
            const bool fresh = told.emplace(one.sequence, one).second;
            CHECK_MESSAGE(fresh, "record ", one.sequence, " was told twice");
            CHECK(one.receipt.attempts().size() <= 16);
        }
        for (const auto& done : actions.flushed) {
            const bool fresh = flushed.emplace(done.id, done.report).second;
            CHECK_MESSAGE(fresh, "flush ", done.id, " ended twice");
        }
        append(stores, actions.stores);
        append(offload_changes, actions.offload_changes);
        append(loads, actions.loads);
        append(maps, actions.maps);
        append(tallies, actions.tallies);
        append(pauses, actions.pauses);
        append(unreadable, actions.unreadable);
        append(keyless, actions.keyless);
    }

    template <class T>
    static void append(std::vector<T>& all, const std::vector<T>& more) {
        all.insert(all.end(), more.begin(), more.end());
    }

    void check_and_send(SendOrder order) {
        CHECK(order.entries() > 0);
        CHECK(order.entries() <= options.request_records);
        CHECK(order.members.size() == order.sequences.size());
        const auto before = entries_sent;
        for (std::size_t i = 0; i < order.members.size(); ++i) {
            const auto sequence = order.sequences[i];
            if (i == order.cuts.begin_of(entries_sent - before)) ++entries_sent;
            CHECK_MESSAGE(!outcomes.contains(sequence), "record ", sequence, " was sent after its outcome");
            const Aloft its(lane(order.stream, order.members[i]), entries_sent);
            CHECK_MESSAGE(flying.emplace(sequence, its).second, "record ", sequence, " is in flight twice");
        }
        CHECK(entries_sent - before == order.entries());
        if (options.ordering == sluice::Ordering::per_key) check_lanes(order);
        sends.push_back(std::move(order));
    }

    [[nodiscard]] std::string lane(const std::string& stream, const sluice::Candidate& member) const {
        using sluice::kinesis::HashKey;
        const auto hash = member.explicit_hash_key.empty() ? sluice::kinesis::hash_of(member.partition_key)
                                                           : *HashKey::parse(member.explicit_hash_key);
        return stream + ":" + std::to_string(hash.lane(options.lanes));
    }

    void learn(const sluice::Settlement& change) {
        auto& its = stored[change.stream];
        const auto found = its.find(change.first);
        if (found == its.end()) return;
        auto& chunk = found->second;
        const auto live = chunks::live(chunk, now);
        REQUIRE(live);
        std::uint32_t left = 0;
        std::uint64_t left_bytes = 0;
        for (std::uint32_t i = 0; i < chunk.count; ++i) {
            const auto sequence = chunk.first + i;
            if (!change.settled.test(i)) {
                ++left;
                left_bytes += live->cost(i);
                CHECK_FALSE(chunk.settled.test(i));
            } else if (!chunk.settled.test(i)) {
                const bool first = outcomes.emplace(sequence, outcome_of(sequence)).second;
                CHECK_MESSAGE(first, "record ", sequence, " has two outcomes");
            }
        }
        CHECK(change.live == left);
        CHECK(change.live_bytes == left_bytes);
        chunk.settled = change.settled;
        chunk.live = change.live;
        chunk.live_bytes = change.live_bytes;
        chunk.attempts = change.attempts;
        if (change.live == 0) its.erase(found);
    }

    [[nodiscard]] error_code outcome_of(std::uint64_t sequence) const {
        const auto letter = letters.find(sequence);
        const auto outcome = letter == letters.end() ? error_code{} : letter->second.reason;
        if (told.contains(sequence)) CHECK(told.at(sequence).outcome == outcome);
        return outcome;
    }

    [[nodiscard]] std::string read(const sluice::detail::Whereabouts& where) const {
        const auto its = stored.find(where.stream);
        const bool known = its != stored.end() && its->second.contains(where.chunk);
        if (!known) return {}; // it was cleared
        const auto found = where.data_in(its->second.at(where.chunk));
        REQUIRE(found);
        return std::string(*found);
    }

    /// A record in a request.
    class Aloft {
    public:
        Aloft(std::string its_lane, std::uint64_t its_entry) : lane(std::move(its_lane)), entry(its_entry) {}
        std::string lane;
        std::uint64_t entry;
    };

    /// No lane is in two entries, and in its entry each key's records stand in order.
    void check_lanes(const SendOrder& order) const {
        std::map<std::string, std::uint64_t> entry_of;
        for (const auto& [sequence, its] : flying) {
            CHECK_MESSAGE(entry_of.emplace(its.lane, its.entry).first->second == its.entry, "lane ", its.lane,
                          " is in flight twice");
        }
        std::map<std::string, std::uint64_t> last;
        for (std::size_t i = 0; i < order.sequences.size(); ++i) {
            const auto sequence = order.sequences[i];
            const auto& member = order.members[i];
            auto& before = last[std::string(member.partition_key) + '/' + std::string(member.explicit_hash_key)];
            CHECK_MESSAGE(before < sequence, "record ", sequence, " stands behind ", before);
            before = sequence;
        }
    }

    std::map<std::uint64_t, bool> expected; ///< Every record that was put, and whether somebody waits for it.
    std::map<std::uint64_t, Aloft> flying;  ///< By sequence.
    std::uint64_t entries_sent = 0;
    std::vector<std::weak_ptr<const std::string>> bodies;
};

using History = BasicHistory<sluice::Collect>;
