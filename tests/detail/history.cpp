#include "history.hpp"

#include <sluice/batching/aggregate.hpp>
#include <sluice/kinesis/deaggregate.hpp>
#include <sluice/kinesis/hash_key.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using sluice::error;
using sluice::error_code;
using sluice::Options;
using sluice::Ordering;
using sluice::Record;
using sluice::kinesis::HashKey;

/// The shards of a stream, which split and merge, and what a consumer reads from them.
class Shards {
public:
    explicit Shards(std::mt19937_64& dice) : dice_(dice) { shards_.emplace(0, Range(HashKey(), HashKey::max())); }

    void reshard() {
        auto one = std::next(shards_.begin(), static_cast<std::ptrdiff_t>(dice_() % shards_.size()));
        const auto first = one->second.first;
        const auto last = one->second.second;
        if (shards_.size() < 2 || (shards_.size() < 5 && dice_() % 2 == 0)) {
            const auto middle = HashKey(first.high() + (last.high() - first.high()) / 2, last.low());
            shards_.erase(one);
            shards_.emplace(++last_, Range(first, middle));
            shards_.emplace(++last_, Range(after(middle), last));
            return;
        }
        for (auto other = shards_.begin(); other != shards_.end(); ++other) {
            if (last == HashKey::max() || other->second.first != after(last)) continue;
            const auto end = other->second.second;
            shards_.erase(other);
            shards_.erase(one);
            shards_.emplace(++last_, Range(first, end));
            return;
        }
    }

    [[nodiscard]] sluice::kinesis::ShardMap map(std::size_t without = 1'000) const {
        std::vector<sluice::ShardRange> ranges;
        for (const auto& [id, range] : shards_) {
            if (without-- == 0) continue;
            ranges.emplace_back(name(id), range.first.to_string(), range.second.to_string());
        }
        return *sluice::kinesis::ShardMap::from(ranges);
    }

    /// The shard that takes an entry.
    [[nodiscard]] std::string take(const sluice::Entry& entry) const { return name(shard_of(entry)); }

    /// The records that a consumer finds in an entry.
    [[nodiscard]] std::set<std::string> read(const sluice::Entry& entry) const {
        const auto& range = shards_.at(shard_of(entry));
        const auto found = sluice::kinesis::deaggregate(entry.data, entry.partition_key, range.first, range.second);
        std::set<std::string> data;
        for (const auto& record : found.records) data.emplace(record.data);
        return data;
    }

    bool ignore_keys = false; ///< As with the record distribution strategy AUTO.

private:
    using Range = std::pair<HashKey, HashKey>;

    static std::string name(unsigned id) { return "shardId-" + std::to_string(id); }

    [[nodiscard]] unsigned shard_of(const sluice::Entry& entry) const {
        if (ignore_keys) {
            const auto any = static_cast<std::ptrdiff_t>(std::hash<std::string_view>()(entry.data) % shards_.size());
            return std::next(shards_.begin(), any)->first;
        }
        const auto hash = entry.explicit_hash_key.empty() ? sluice::kinesis::hash_of(entry.partition_key)
                                                          : *HashKey::parse(entry.explicit_hash_key);
        for (const auto& [id, range] : shards_) {
            if (range.first <= hash && hash <= range.second) return id;
        }
        FAIL("no shard holds the key");
        return 0;
    }

    std::mt19937_64& dice_;
    std::map<unsigned, Range> shards_;
    unsigned last_ = 0;
};

/// What else there is in a life.
class Features {
public:
    bool headers = false;
    bool hash_keys = false;   ///< Explicit ones.
    bool lookalikes = false;  ///< Data that looks like an aggregate.
    bool stale_lists = false; ///< Shards are listed as they were.
    bool gaps = false;        ///< Some are left out.
    bool ignored_keys = false; ///< As with the record distribution strategy AUTO.
    std::size_t limit = 0;     ///< Bytes of an entry, if compression had made it larger; 0: none.
    std::size_t threshold = 0; ///< Data of more bytes is put elsewhere; 0: none.
};

/// A life of a delivery in which anything happens at any time, and after which everything becomes well: then every
/// record must have its outcome, whoever only wakes when the delivery wants to be woken, and what counts as delivered
/// can be read.
template <class Batching>
class Life {
public:
    explicit Life(std::uint64_t seed, Batching batching = Batching(), Features features = {})
        : dice_(seed), features_(features), batching_(batching), shards_(dice_),
          history_(some_options(), seed, batching) {
        shards_.ignore_keys = features.ignored_keys;
        if (one_of(3) == 0) history_.delivery.set_window(one_of(2) == 0 ? 1 : 600);
        if (features.threshold > 0) history_.delivery.set_offload(features.threshold, one_of(3) + 1);
    }

    void live(int moves) {
        for (int i = 0; i < moves; ++i) move();
        become_well();
        CHECK(flushes_ == history_.flushed.size());
        check_notes();
        // Without auto_flush the queues look at what came back from requests only during the next flush.
        history_.check_end(history_.options.auto_flush);
        for (const auto& [sequence, outcome] : history_.outcomes) {
            if (!outcome) CHECK_MESSAGE(arrived_.contains(sequence), "record ", sequence, " is lost");
        }
        for (const auto& [sequence, letter] : history_.letters) {
            if (!features_.lookalikes) CHECK(is_of(sequence, letter.record.data));
        }
    }

private:
    using Order = typename BasicHistory<Batching>::SendOrder;

    std::uint64_t one_of(std::uint64_t count) { return dice_() % count; }

    template <class T>
    T one_of(std::initializer_list<T> choices) {
        return *(choices.begin() + one_of(choices.size()));
    }

    Options some_options() {
        Options options("s");
        options.ordering = one_of({Ordering::none, Ordering::per_key});
        options.lanes = one_of<std::size_t>({1, 3, 1'024});
        options.attempts = one_of({0U, 1U, 2U, 10U});
        // What is framed may never lie where its key belongs.
        if (features_.ignored_keys && options.attempts == 0) options.attempts = 3;
        options.throttles_spend_attempts = one_of(4) == 0;
        options.request_records = one_of<std::size_t>({1, 2, 5, 500});
        options.request_bytes = one_of<std::size_t>({100, 10U << 20U});
        options.requests_in_flight = one_of<std::size_t>({1, 2, 4});
        options.linger = one_of({0ms, 5ms, 100ms});
        options.auto_flush = one_of(5) != 0;
        options.longest_back_off = one_of({100ms, 20'000ms});
        return options;
    }

    void move() {
        if (features_.threshold > 0 && one_of(4) == 0) return store();
        switch (one_of(17)) {
        case 0:
        case 1:
        case 2: return put();
        case 3:
        case 4:
        case 5:
        case 6: return answer();
        case 7: return history_.advance(std::chrono::milliseconds(one_of(150)));
        case 8:
        case 9: return (void)history_.sleep();
        case 10: return flush(std::chrono::milliseconds(one_of(3) * 200));
        case 11: return read();
        case 12: return list();
        case 13: return (void)history_.bury();
        case 14: return (void)(history_.settles = one_of(2) == 0);
        case 15: return shards_.reshard();
        default: return make_room();
        }
    }

    void put() {
        std::vector<Record> records;
        for (auto count = one_of(7) + 1; count > 0; --count) {
            const auto name = std::to_string(history_.next_sequence + records.size()) + ':';
            records.emplace_back("k" + std::to_string(one_of(5)), name + std::string(one_of(60), 'd'));
            season(records.back());
            if (one_of(5) == 0) records.back().time_to_live = std::chrono::milliseconds(one_of(400) + 1);
        }
        const auto stream = one_of<std::string>({"a", "b", "c"});
        const auto first = history_.put(stream, records, one_of(2) == 0);
        for (std::size_t i = 0; i < records.size(); ++i) line_of_[first + i] = stream + line(records[i]);
    }

    void season(Record& record) {
        if (features_.headers && one_of(4) == 0) {
            record.headers.emplace_back("h" + std::to_string(one_of(3)), std::string(one_of(40), 'v'));
        }
        if (features_.hash_keys && one_of(4) == 0) {
            record.explicit_hash_key = one_of<std::string>(
                {"0", HashKey::max().to_string(), before(HashKey(1ULL << 63U, 0)).to_string(), "99999999999999999999"});
        }
        if (features_.lookalikes && one_of(6) == 0) {
            sluice::kinesis::AggregateWriter writer;
            writer.add({"inner", "", record.data});
            std::string whole;
            writer.append_to(whole);
            record.data = whole;
        }
    }

    /// Who shares it keeps its order: a lane, or, where those of other keys are passed over, a key.
    std::string line(const Record& record) {
        const std::string& key = *record.partition_key;
        if (batching_.entry_room({}) > 0) return key + "/" + record.explicit_hash_key;
        const auto hash = record.explicit_hash_key.empty() ? sluice::kinesis::hash_of(key)
                                                           : *HashKey::parse(record.explicit_hash_key);
        return std::to_string(hash.lane(history_.options.lanes));
    }

    void answer() {
        if (history_.sends.empty()) return;
        const auto& order = history_.sends[one_of(history_.sends.size())];
        const auto fate = one_of(10);
        if (fate == 0) return reply(order, sluice::Answer(one_of({error::request_refused, error::request_too_large}), "", ""));
        if (fate == 1) return reply(order, sluice::Answer(error::throttled, "", ""));
        if (fate <= 3) {
            // Nobody knows what the service did.
            if (one_of(2) == 0) arrive(order, {});
            return reply(order, sluice::Answer(one_of({error::timed_out, error::connection_failed}), "", ""));
        }
        sluice::Answer answer;
        for (std::size_t i = 0; i < order.entries(); ++i) {
            answer.entries.emplace_back().error =
                fate <= 5 ? error_code{}
                          : one_of<error_code>({{}, {}, error::throttled, error::record_failed, error::record_too_large});
        }
        limit(order, answer);
        arrive(order, answer.entries);
        reply(order, name_shards(order, answer));
    }

    /// As a parcel refuses what grew.
    void limit(const Order& order, sluice::Answer& answer) {
        if (features_.limit == 0) return;
        std::deque<std::string> texts;
        const auto entries = assemble(order, texts);
        for (std::size_t i = 0; i < entries.size(); ++i) {
            const auto size = entries[i].data.size() + entries[i].partition_key.size();
            if (size > features_.limit) answer.entries[i].error = error::record_too_large;
        }
    }

    void reply(const Order& order, const sluice::Answer& answer) {
        const auto id = order.id;
        history_.reply(id, answer);
    }

    /// The answer, with the shards that took its entries.
    sluice::Answer name_shards(const Order& order, sluice::Answer answer) {
        if (!batching_.goes_by_shard()) return answer;
        std::deque<std::string> texts;
        const auto entries = assemble(order, texts);
        ids_.clear();
        for (std::size_t i = 0; i < order.entries(); ++i) {
            answer.entries[i].sequence_number = "49";
            if (!answer.entries[i].error) answer.entries[i].shard_id = ids_.emplace_back(shards_.take(entries[i]));
        }
        return answer;
    }

    std::vector<sluice::Entry> assemble(const Order& order, std::deque<std::string>& texts) {
        std::vector<std::span<const sluice::Candidate>> members;
        for (std::size_t i = 0; i < order.entries(); ++i) {
            members.push_back(order.cuts.entry_of(order.members, i));
        }
        return batching_.assemble(members, texts);
    }

    /// What the service took, and a consumer can read, of these entries.
    void arrive(const Order& order, const std::vector<sluice::EntryAnswer>& answers) {
        std::deque<std::string> texts;
        const auto entries = assemble(order, texts);
        for (std::size_t entry = 0; entry < entries.size(); ++entry) {
            if (!answers.empty() && answers[entry].error) continue;
            const auto read = shards_.read(entries[entry]);
            for (auto i = order.cuts.begin_of(entry); i < order.cuts.end_of(entry); ++i) {
                if (read.contains(std::string(order.members[i].data))) arrived(order.sequences[i]);
            }
        }
    }

    void arrived(std::uint64_t sequence) {
        if (!arrived_.insert(sequence).second || history_.options.ordering == Ordering::none) return;
        auto& last = last_of_line_[line_of_.at(sequence)];
        CHECK_MESSAGE(last < sequence, "record ", sequence, " arrived first after ", last);
        last = sequence;
    }

    void flush(std::chrono::milliseconds timeout) { history_.flush(++flushes_, timeout); }

    void read() {
        if (history_.loads.empty()) return;
        if (one_of(4) == 0) return history_.loaded(error::storage_failed);
        history_.load();
    }

    void store() {
        if (history_.stores.empty()) return;
        const auto fate = one_of(8);
        if (fate == 0) return history_.not_read();
        if (fate == 1) return history_.offload(one_of({error::request_refused, error::record_too_large}));
        if (fate <= 3) return history_.offload(one_of({error::timed_out, error::throttled}));
        const auto sequence = history_.stores.front().sequence;
        const auto payload = history_.payload();
        if (!payload.empty()) CHECK(is_of(sequence, payload)); // else it was cleared
        history_.offload("@" + std::to_string(sequence));
    }

    static bool is_of(std::uint64_t sequence, std::string_view data) {
        return data.starts_with(std::to_string(sequence) + ':');
    }

    void list() {
        if (history_.maps.empty()) return;
        // Who may never see the shards cannot know that keys are ignored.
        const auto failure = features_.ignored_keys ? error::timed_out : error::access_denied;
        if (one_of(3) == 0 && !well_) return history_.list_shards(failure);
        if (one_of(3) == 0 && !well_ && features_.stale_lists && kept_.size() > 0) return history_.list_shards(kept_);
        if (one_of(3) == 0 && !well_ && features_.gaps) return history_.list_shards(shards_.map(one_of(3)));
        kept_ = shards_.map();
        history_.list_shards(kept_);
    }

    void make_room() {
        if (one_of(8) == 0) {
            history_.clear();
        } else if (one_of(3) == 0) {
            history_.drop_oldest();
        }
    }

    void become_well() {
        well_ = true;
        history_.settles = true;
        history_.settle();
        history_.act();
        int in_vain = 0;
        for (int i = 0; !is_well(); ++i) {
            REQUIRE(i < 20'000);
            if (!history_.options.auto_flush && history_.delivery.unsettled() > 0) flush(1h);
            const auto before = history_.now.steady;
            if (work()) continue;
            REQUIRE(history_.sleep());
            in_vain = history_.now.steady == before && history_.sends.empty() ? in_vain + 1 : 0;
            REQUIRE(in_vain < 3);
        }
    }

    [[nodiscard]] bool is_well() const {
        return history_.delivery.unsettled() == 0 && history_.sends.empty() && history_.loads.empty() &&
               history_.stores.empty() && history_.flushed.size() == flushes_;
    }

    /// Everybody does what he is asked; false if nobody was asked.
    bool work() {
        bool worked = history_.bury() > 0;
        for (; !history_.loads.empty(); worked = true) history_.load();
        for (; !history_.stores.empty(); worked = true) {
            history_.offload("@" + std::to_string(history_.stores.front().sequence));
        }
        for (; !history_.maps.empty(); worked = true) list();
        for (; !history_.sends.empty(); worked = true) {
            const auto& order = history_.request();
            sluice::Answer answer;
            answer.entries.resize(order.entries());
            limit(order, answer);
            arrive(order, answer.entries);
            reply(order, name_shards(order, answer));
        }
        return worked;
    }

    /// Of each stream in turn: paused, perhaps for other reasons, and moving again.
    void check_notes() {
        std::map<std::string, error_code> reasons;
        for (const auto& note : history_.pauses) {
            CHECK(reasons[note.stream] != note.reason);
            reasons[note.stream] = note.reason;
        }
    }

    std::mt19937_64 dice_;
    Features features_;
    Batching batching_;
    Shards shards_;
    BasicHistory<Batching> history_;
    bool well_ = false;              ///< Nothing goes wrong any more.
    sluice::kinesis::ShardMap kept_; ///< The latest list.
    std::deque<std::string> ids_; ///< Of the shards in the latest answer.
    std::uint64_t flushes_ = 0;
    std::map<std::uint64_t, std::string> line_of_;
    std::map<std::string, std::uint64_t> last_of_line_;
    std::set<std::uint64_t> arrived_;
};

TEST_CASE_TEMPLATE("whatever happens, every record has one outcome in the end, and nobody overtakes in his lane", B,
                   sluice::Collect, sluice::Aggregate) {
    for (std::uint64_t seed = 1; seed <= 1'500; ++seed) {
        CAPTURE(seed);
        Life<B>(seed).live(80);
    }
}

TEST_CASE("the same with small aggregates, and with those of one key") {
    for (std::uint64_t seed = 1; seed <= 800; ++seed) {
        CAPTURE(seed);
        if (seed % 2 == 0) {
            Life<sluice::Aggregate>(seed, sluice::Aggregate(150)).live(80);
        } else {
            Life<sluice::Aggregate>(seed, sluice::Aggregate(sluice::Aggregate::Keys::same)).live(80);
        }
    }
}

/// Lives of all kinds of aggregates.
void live_with(Features features, std::uint64_t seeds) {
    using sluice::Aggregate;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        CAPTURE(seed);
        const auto batching = seed % 3 == 0   ? Aggregate(150)
                              : seed % 3 == 1 ? Aggregate()
                                              : Aggregate(Aggregate::Keys::same);
        Life<Aggregate>(seed, batching, features).live(80);
    }
}

TEST_CASE("the same with everything that a record may have") {
    Features features;
    features.headers = features.hash_keys = features.lookalikes = true;
    live_with(features, 400);
}

TEST_CASE("the same with lists of shards that are old, or have gaps") {
    Features features;
    features.stale_lists = true;
    live_with(features, 300);
    features.gaps = true;
    live_with(features, 400);
}

TEST_CASE("the same with entries that become too large") {
    Features features;
    features.headers = features.hash_keys = true;
    features.limit = 120;
    live_with(features, 400);
}

TEST_CASE("the same with a service that does not go by keys") {
    Features features;
    features.ignored_keys = true;
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        CAPTURE(seed);
        features.headers = features.lookalikes = seed % 2 == 0;
        features.hash_keys = seed % 3 == 0;
        Life<sluice::Aggregate>(seed, sluice::Aggregate(), features).live(80);
    }
}

TEST_CASE_TEMPLATE("the same with data that is put elsewhere first", B, sluice::Collect, sluice::Aggregate) {
    Features features;
    features.threshold = 25;
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        CAPTURE(seed);
        features.headers = seed % 2 == 0;
        Life<B>(seed, B(), features).live(80);
    }
}

TEST_CASE_TEMPLATE("a long life ends as well as a short one", B, sluice::Collect, sluice::Aggregate) {
    for (std::uint64_t seed = 10'001; seed <= 10'008; ++seed) {
        CAPTURE(seed);
        Life<B>(seed).live(3'000);
    }
}

} // namespace
