#pragma once

#include <sluice/batching/batching.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

namespace detail {

/// Candidates as a producer may give them, and what they view.
class BatchingCase {
public:
    /// Whether the batching asks for groups, carries headers, and has entries of several records.
    BatchingCase(std::uint64_t seed, bool grouped, bool headers, bool shares) : dice_(seed) {
        limits = RequestLimits(one_in(3) ? 500 : 1 + below(20), one_in(3) ? 10U << 20U : 1 + below(20'000),
                               one_in(3) ? 1U << 20U : 1 + below(5'000));
        groups_ = grouped && !one_in(4) ? 3 : 0;
        lanes_ = one_in(2) ? 0 : 1 + static_cast<std::uint32_t>(below(6));
        const auto keys = 1 + below(12);
        std::vector<bool> busy(lanes_ + 1);
        for (auto count = 1 + below(60); count > 0; --count) {
            auto& one = candidates.emplace_back(any(below(keys)));
            if (headers && one_in(6)) one.headers = headers_;
            if (!shares && one.lane != 0 && busy[one.lane]) candidates.pop_back();
            else busy[one.lane] = true;
        }
    }
    BatchingCase(const BatchingCase&) = delete;
    BatchingCase& operator=(const BatchingCase&) = delete;

    RequestLimits limits;
    std::vector<Candidate> candidates;

private:
    [[nodiscard]] std::size_t below(std::size_t end) { return dice_() % end; }
    [[nodiscard]] bool one_in(std::size_t many) { return below(many) == 0; }

    [[nodiscard]] Candidate any(std::size_t key) {
        const auto hash_key = key % 4 == 3 ? below(3) : 0;
        const auto& name = texts_.emplace_back(std::string(key % 5 == 4 ? 250 : 1, 'k') + std::to_string(key));
        const auto& decimal = texts_.emplace_back(hash_key > 0 ? std::to_string(hash_key) : std::string());
        const auto& data = texts_.emplace_back(below(one_in(30) ? 10'000 : 300), static_cast<char>(dice_()));
        Candidate one(name, decimal, data);
        // Where it goes, and in which lane, is up to these keys.
        const auto place = static_cast<std::uint32_t>(hash_key > 0 ? hash_key : key);
        one.group = groups_ == 0 ? 0 : 1 + place % groups_;
        one.lane = lanes_ == 0 ? 0 : 1 + place / 2 % lanes_;
        one.alone = one_in(20);
        return one;
    }

    std::mt19937_64 dice_;
    std::uint32_t groups_ = 0; ///< 0: none is known.
    std::uint32_t lanes_ = 0;  ///< 0: there is no order.
    std::deque<std::string> texts_;
    std::vector<HeaderView> headers_{{"name", "value"}, {"", ""}};
};

} // namespace detail

/// The rules of `Batching`, one member or more each, and which of them a batching broke. See `check_batching`.
template <Batching B>
class BatchingConformance {
public:
    explicit BatchingConformance(const B& batching) : batching_(batching), other_(batching) {}

    [[nodiscard]] std::vector<std::string> check() {
        looks_ahead();
        makes_nothing_of_nothing();
        fills_its_room();
        sends_data();
        sends_headers();
        for (std::uint64_t seed = 0; seed < 60; ++seed) sends_all(seed);
        return std::move(violations_);
    }

private:
    using Lists = std::vector<std::vector<Candidate>>;

    void expect(bool kept, const char* rule) {
        if (!kept && std::ranges::find(violations_, rule) == violations_.end()) violations_.emplace_back(rule);
    }

    // --- single rules ------------------------------------------------------------------------------------------

    void looks_ahead() {
        for (const auto& limits : {RequestLimits(), RequestLimits(1, 1, 1), RequestLimits(3, 1'000, 100)}) {
            for (const auto shards : {0U, 1U, 7U, 10'000U}) {
                const auto horizon = batching_.horizon(limits, shards);
                expect(horizon.records > 0 && horizon.bytes > 0, "`horizon` is at least one record and one byte.");
            }
            expect(batching_.entry_room(limits) <= limits.entry_bytes, "`entry_room` is at most `entry_bytes`.");
        }
    }

    void makes_nothing_of_nothing() {
        const auto plan = batching_.plan(std::span<Candidate>(), RequestLimits());
        expect(plan.empty(), "Without candidates nothing is planned.");
        std::deque<std::string> texts;
        expect(other_.assemble({}, texts).empty(), "Without lists of candidates nothing is assembled.");
    }

    /// Records of one lane that have room together leave together, or a lane would be slower than it need be.
    void fills_its_room() {
        const RequestLimits limits;
        const auto room = batching_.entry_room(limits);
        if (room < 2'000) return; // what frames them may be as large
        const std::string data(100, 'x');
        Candidate one("key", "", data);
        one.group = batching_.goes_by_shard() ? 1 : 0;
        one.lane = 1;
        std::vector<Candidate> lane(room / 4 / data.size(), one);
        const auto plan = batching_.plan(lane, limits);
        expect(plan.entries() == 1 && plan.entry(0).size() == lane.size(),
               "Records of one lane share an entry, up to about `entry_room` bytes.");
    }

    void sends_data() {
        const Candidate one("key", "", "data");
        const Candidate other("key", "", "more");
        expect(tells_apart({one}, {other}), "What is sent of a record has its data.");
        if (batching_.entry_room(RequestLimits()) == 0) return;
        const bool all = tells_apart({one, one}, {one, other}) && tells_apart({one, one}, {other, one});
        expect(all, "What is sent of several records has the data of each.");
    }

    void sends_headers() {
        if (!batching_.carries_headers()) return;
        const std::vector<HeaderView> headers{{"name", "value"}};
        const Candidate one("key", "", "data");
        auto other = one;
        other.headers = headers;
        expect(tells_apart({one}, {other}), "What is sent of a record has its headers.");
    }

    /// Whether two lists become entries that differ in their data.
    [[nodiscard]] bool tells_apart(const std::vector<Candidate>& one, const std::vector<Candidate>& other) const {
        std::deque<std::string> texts;
        const auto entries = assemble(other_, {one, other}, texts);
        return entries.size() != 2 || entries[0].data != entries[1].data; // how many there are is another rule
    }

    // --- all that is put is sent -------------------------------------------------------------------------------

    void sends_all(std::uint64_t seed) {
        const bool shares = batching_.entry_room(RequestLimits()) > 0;
        const detail::BatchingCase its(seed, batching_.goes_by_shard(), batching_.carries_headers(), shares);
        for (auto left = its.candidates; !left.empty();) {
            const auto before = left;
            const auto plan = batching_.plan(left, its.limits);
            expect(same(before, left), "`plan` changes nothing but notes.");
            expect(!plan.empty(), "Where there are candidates, something is planned.");
            std::vector<bool> used(left.size());
            if (plan.empty() || !use(plan, used)) return;
            check_order(plan);
            check_sharing(plan, left);
            check_lanes(plan, left, used);
            expect(plan.entries() <= its.limits.entries, "A request has at most `entries`.");
            check_assembled(lists_of(plan, left), its.limits);
            std::vector<Candidate> rest;
            for (std::size_t i = 0; i < left.size(); ++i) {
                if (!used[i]) rest.push_back(before[i]);
            }
            left = std::move(rest);
        }
    }

    [[nodiscard]] static bool same(const std::vector<Candidate>& all, const std::vector<Candidate>& others) {
        const auto same_bytes = [](std::string_view a, std::string_view b) {
            return a.data() == b.data() && a.size() == b.size();
        };
        return std::ranges::equal(all, others, [&](const Candidate& a, const Candidate& b) {
            return same_bytes(a.partition_key, b.partition_key) &&
                   same_bytes(a.explicit_hash_key, b.explicit_hash_key) && same_bytes(a.data, b.data) &&
                   a.headers.data() == b.headers.data() && a.headers.size() == b.headers.size() &&
                   a.group == b.group && a.lane == b.lane && a.alone == b.alone;
        });
    }

    /// Whether the candidates that a plan names are there, each once; else there is no going on.
    [[nodiscard]] bool use(const Plan& plan, std::vector<bool>& used) {
        for (std::size_t i = 0; i < plan.entries(); ++i) {
            for (const auto member : plan.entry(i)) {
                const bool there = member < used.size();
                expect(there, "What is planned are candidates.");
                expect(!there || !used[member], "A candidate is planned once at most.");
                if (!there || used[member]) return false;
                used[member] = true;
            }
        }
        return true;
    }

    void check_order(const Plan& plan) {
        expect(plan.entry(0).front() == 0, "The oldest candidate is in the first entry.");
        for (std::size_t i = 0; i < plan.entries(); ++i) {
            expect(std::ranges::is_sorted(plan.entry(i)), "The candidates of an entry stand in their order.");
            if (i == 0) continue;
            expect(plan.entry(i - 1).front() < plan.entry(i).front(), "Entries stand in the order of their oldest.");
        }
    }

    void check_sharing(const Plan& plan, const std::vector<Candidate>& all) {
        for (std::size_t i = 0; i < plan.entries(); ++i) {
            const auto members = plan.entry(i);
            if (members.size() == 1) continue;
            expect(batching_.entry_room(RequestLimits()) > 0, "Without `entry_room` an entry is one record.");
            const auto& first = all[members.front()];
            for (const auto member : members) {
                const auto& one = all[member];
                expect(!one.alone, "What is `alone` has an entry of its own.");
                if (!batching_.goes_by_shard()) continue;
                expect(one.group == first.group, "Where entries go by shard, each is of one group.");
                const bool one_key = !one.explicit_hash_key.empty() || one.partition_key == first.partition_key;
                expect(one.group != 0 || (one_key && one.explicit_hash_key == first.explicit_hash_key),
                       "Where entries go by shard, and a group is not known, each is of one key.");
            }
        }
    }

    void check_lanes(const Plan& plan, const std::vector<Candidate>& all, const std::vector<bool>& used) {
        std::map<std::uint32_t, std::size_t> entry_of;
        for (std::size_t i = 0; i < plan.entries(); ++i) {
            for (const auto member : plan.entry(i)) {
                const auto lane = all[member].lane;
                if (lane == 0) continue;
                expect(entry_of.emplace(lane, i).first->second == i, "What is planned of a lane is in one entry.");
            }
        }
        std::map<std::uint32_t, bool> passed_over;
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (all[i].lane == 0) continue;
            auto& waits = passed_over[all[i].lane];
            expect(!used[i] || !waits, "No candidate overtakes one of its lane.");
            waits = waits || !used[i];
        }
    }

    // --- what is sent ------------------------------------------------------------------------------------------

    [[nodiscard]] static Lists lists_of(const Plan& plan, const std::vector<Candidate>& all) {
        Lists lists(plan.entries());
        for (std::size_t i = 0; i < lists.size(); ++i) {
            for (const auto member : plan.entry(i)) lists[i].push_back(all[member]);
        }
        return lists;
    }

    [[nodiscard]] static std::vector<Entry> assemble(const B& batching, const Lists& lists,
                                                     std::deque<std::string>& texts) {
        const std::vector<std::span<const Candidate>> views(lists.begin(), lists.end());
        return batching.assemble(views, texts);
    }

    void check_assembled(Lists lists, const RequestLimits& limits) {
        std::deque<std::string> texts(2, "of others");
        const auto entries = assemble(other_, lists, texts);
        check_entries(lists, entries, texts);
        if (entries.size() != lists.size()) return;
        std::size_t sum = 0;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            const auto size = entries[i].data.size() + entries[i].partition_key.size();
            const bool several = lists[i].size() > 1;
            expect(!several || size <= limits.entry_bytes, "An entry of several has at most `entry_bytes`.");
            sum += size;
        }
        expect(entries.size() == 1 || sum <= limits.bytes, "A request of several entries has at most `bytes`.");
        const std::string larger(700, 'x');
        for (auto& list : lists) {
            for (auto& one : list) one.data = one.data.size() % 2 == 0 ? std::string_view(larger) : one.data.substr(1);
        }
        std::deque<std::string> more_texts(2, "of others");
        const auto changed = assemble(other_, lists, more_texts);
        check_entries(lists, changed, more_texts);
    }

    /// Whether each list became an entry, the same as without the others.
    void check_entries(const Lists& lists, const std::vector<Entry>& entries, const std::deque<std::string>& texts) {
        expect(entries.size() == lists.size(), "Each list of candidates becomes one entry.");
        const bool kept = texts.size() >= 2 && texts[0] == "of others" && texts[1] == "of others";
        expect(kept, "`assemble` adds texts at the end, and leaves others as they are.");
        if (entries.size() != lists.size()) return;
        for (std::size_t i = 0; i < lists.size(); ++i) {
            std::deque<std::string> own_texts;
            const auto own = assemble(other_, Lists(1, lists[i]), own_texts);
            expect(own.size() == 1 && own.front().partition_key == entries[i].partition_key &&
                       own.front().explicit_hash_key == entries[i].explicit_hash_key &&
                       own.front().data == entries[i].data,
                   "Entries stand in the order of their lists, and have nothing of one another.");
        }
    }

    B batching_;
    B other_; ///< Plans and assembling share nothing but notes.
    std::vector<std::string> violations_;
};

/// Holds a batching against every rule of `Batching`: which it breaks, as sentences; none if it conforms.
///
/// It is given candidates as a producer would, many hundreds of them, of all kinds; what is planned is assembled, and
/// the rest planned again, until nothing is left.
template <Batching B>
[[nodiscard]] std::vector<std::string> check_batching(const B& batching) {
    return BatchingConformance<B>(batching).check();
}

} // namespace sluice
