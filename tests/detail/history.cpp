#include "history.hpp"

#include <sluice/kinesis/hash_key.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using sluice::error;
using sluice::error_code;
using sluice::Options;
using sluice::Ordering;
using sluice::Record;

/// A life of a delivery in which anything happens at any time, and after which everything becomes well: then every
/// record must have its outcome, whoever only wakes when the delivery wants to be woken.
class Life {
public:
    explicit Life(std::uint64_t seed) : dice_(seed), history_(some_options(), seed) {
        if (one_of(3) == 0) history_.delivery.set_window(one_of(2) == 0 ? 1 : 600);
    }

    void live(int moves) {
        for (int i = 0; i < moves; ++i) move();
        become_well();
        CHECK(flushes_ == history_.flushed.size());
        check_notes();
        // Without auto_flush the queues look at what came back from requests only during the next flush.
        history_.check_end(history_.options.auto_flush);
    }

private:
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
        switch (one_of(16)) {
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
        default: return make_room();
        }
    }

    void put() {
        std::vector<Record> records;
        for (auto count = one_of(7) + 1; count > 0; --count) {
            records.emplace_back("k" + std::to_string(one_of(5)), std::string(one_of(60), 'd'));
            if (one_of(5) == 0) records.back().time_to_live = std::chrono::milliseconds(one_of(400) + 1);
        }
        const auto stream = one_of<std::string>({"a", "b", "c"});
        const auto first = history_.put(stream, records, one_of(2) == 0);
        for (std::size_t i = 0; i < records.size(); ++i) lane_of_[first + i] = stream + lane(*records[i].partition_key);
    }

    std::string lane(const std::string& key) {
        return std::to_string(sluice::kinesis::hash_of(key).lane(history_.options.lanes));
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
        arrive(order, answer.entries);
        reply(order, answer);
    }

    void reply(const History::SendOrder& order, const sluice::Answer& answer) {
        const auto id = order.id;
        history_.reply(id, answer);
    }

    void arrive(const History::SendOrder& order, const std::vector<sluice::EntryAnswer>& entries) {
        for (std::size_t i = 0; i < order.sequences.size(); ++i) {
            if (!entries.empty() && entries[i].error) continue;
            const auto sequence = order.sequences[i];
            if (!arrived_.insert(sequence).second || history_.options.ordering == Ordering::none) continue;
            auto& last = last_of_lane_[lane_of_.at(sequence)];
            CHECK_MESSAGE(last < sequence, "record ", sequence, " arrived first after ", last);
            last = sequence;
        }
    }

    void flush(std::chrono::milliseconds timeout) { history_.flush(++flushes_, timeout); }

    void read() {
        if (history_.loads.empty()) return;
        if (one_of(4) == 0) return history_.loaded(error::storage_failed);
        history_.load();
    }

    void list() {
        if (history_.maps.empty()) return;
        if (one_of(3) == 0) return history_.list_shards(error::access_denied);
        const auto middle = std::to_string(one_of(1'000'000)) + "00000000000000000000000000000000";
        const auto key = *sluice::kinesis::HashKey::parse(middle.substr(middle.find_first_not_of('0')));
        history_.list_shards(sluice::kinesis::ShardMap::from(
            {sluice::ShardRange("low", "0", key.to_string()),
             sluice::ShardRange("high", after(key).to_string(), sluice::kinesis::HashKey::max().to_string())}));
    }

    void make_room() {
        if (one_of(8) == 0) {
            history_.clear();
        } else if (one_of(3) == 0) {
            history_.drop_oldest();
        }
    }

    void become_well() {
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
               history_.flushed.size() == flushes_;
    }

    /// Everybody does what he is asked; false if nobody was asked.
    bool work() {
        bool worked = history_.bury() > 0;
        for (; !history_.loads.empty(); worked = true) history_.load();
        for (; !history_.maps.empty(); worked = true) list();
        for (; !history_.sends.empty(); worked = true) {
            arrive(history_.request(), {});
            history_.take();
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
    History history_;
    std::uint64_t flushes_ = 0;
    std::map<std::uint64_t, std::string> lane_of_;
    std::map<std::string, std::uint64_t> last_of_lane_;
    std::set<std::uint64_t> arrived_;
};

TEST_CASE("whatever happens, every record has one outcome in the end, and nobody overtakes in his lane") {
    for (std::uint64_t seed = 1; seed <= 3'000; ++seed) {
        CAPTURE(seed);
        Life(seed).live(80);
    }
}

TEST_CASE("a long life ends as well as a short one") {
    for (std::uint64_t seed = 10'001; seed <= 10'020; ++seed) {
        CAPTURE(seed);
        Life(seed).live(3'000);
    }
}

} // namespace
