#include <sluice/batching/aggregate.hpp>
#include <sluice/batching/collect.hpp>
#include <sluice/batching/conformance.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace sluice;

/// What a batching can do wrong; each must be noticed.
enum class Fault {
    sees_no_records,
    sees_no_bytes,
    plans_nothing,
    plans_for_nothing,
    plans_twice,
    plans_strangers,
    plans_the_youngest_first,
    turns_entries_round,
    begins_with_the_second,
    shares_what_is_alone,
    mixes_shards,
    mixes_keys,
    splits_lanes,
    overtakes,
    overtakes_while_alone,
    too_many_entries,
    too_many_bytes,
    too_large_entries,
    writes_lanes,
    writes_data,
    room_for_nothing,
    room_for_too_much,
    keeps_lanes_short,
    assembles_fewer,
    assembles_more,
    assembles_nothing_into_something,
    assembles_backwards,
    assembles_for_others,
    spoils_texts,
    forgets_data,
    forgets_the_last,
    forgets_headers,
    count, ///< Nothing wrong.
};

/// Aggregate, with a fault.
class Broken {
public:
    using policy_kind = kind::batching;

    explicit Broken(Fault fault) : fault_(fault) {}

    [[nodiscard]] Horizon horizon(const RequestLimits& limits, std::size_t shards) const {
        auto horizon = good_.horizon(limits, shards);
        if (is(Fault::sees_no_records) && shards == 7) horizon.records = 0;
        if (is(Fault::sees_no_bytes) && limits.bytes == 1) horizon.bytes = 0;
        return horizon;
    }

    [[nodiscard]] Plan plan(std::span<Candidate> candidates, const RequestLimits& limits) const {
        auto entries = entries_of(candidates, limits);
        if (is(Fault::plans_nothing) && candidates.size() == 3) entries.clear();
        if (is(Fault::plans_for_nothing) && candidates.empty()) entries = {{0}};
        if (is(Fault::plans_twice) && !entries.empty()) entries.back().push_back(entries.back().back());
        if (is(Fault::plans_strangers) && !entries.empty()) {
            entries.back().push_back(static_cast<std::uint32_t>(candidates.size()));
        }
        if (is(Fault::plans_the_youngest_first)) std::reverse(entries.begin(), entries.end());
        if (is(Fault::begins_with_the_second) && entries.size() > 1) entries.erase(entries.begin());
        for (auto& entry : entries) {
            if (is(Fault::turns_entries_round)) std::reverse(entry.begin(), entry.end());
            if (is(Fault::overtakes) && entry.size() > 2) entry.erase(entry.begin() + 1);
            if (is(Fault::keeps_lanes_short) && entry.size() > 5) entry.resize(5);
        }
        if (is(Fault::writes_lanes) && !candidates.empty()) candidates.back().lane = 77;
        if (is(Fault::writes_data) && !candidates.empty()) candidates.back().data = "mine";
        Plan plan;
        for (const auto& entry : entries) {
            for (const auto member : entry) plan.add(member);
            plan.close_entry();
        }
        return plan;
    }

    [[nodiscard]] std::vector<Entry> assemble(std::span<const std::span<const Candidate>> entries,
                                              std::deque<std::string>& texts) const {
        if (is(Fault::spoils_texts) && !texts.empty()) texts.front() += "!";
        std::vector<std::vector<Candidate>> lists;
        for (const auto& members : entries) lists.emplace_back(members.begin(), members.end());
        for (auto& list : lists) {
            if (is(Fault::forgets_the_last) && list.size() > 1) list.pop_back();
            for (auto& one : list) {
                if (is(Fault::forgets_data)) one.data = {};
                if (is(Fault::forgets_headers)) one.headers = {};
            }
        }
        const std::vector<std::span<const Candidate>> views(lists.begin(), lists.end());
        auto all = good_.assemble(views, texts);
        if (is(Fault::assembles_fewer) && all.size() > 1) all.pop_back();
        if (is(Fault::assembles_more) && !all.empty()) all.push_back(all.back());
        if (is(Fault::assembles_nothing_into_something) && all.empty()) all.emplace_back("key", "", "data");
        if (is(Fault::assembles_backwards)) std::reverse(all.begin(), all.end());
        if (is(Fault::assembles_for_others) && all.size() > 1) all.front().partition_key = all.back().partition_key;
        return all;
    }

    [[nodiscard]] std::size_t entry_room(const RequestLimits& limits) const {
        if (is(Fault::room_for_nothing)) return 0;
        return is(Fault::room_for_too_much) ? most : good_.entry_room(limits);
    }
    [[nodiscard]] bool goes_by_shard() const { return good_.goes_by_shard(); }
    [[nodiscard]] bool carries_headers() const { return good_.carries_headers(); }

private:
    static constexpr std::size_t most = 4'000;

    [[nodiscard]] bool is(Fault fault) const { return fault_ == fault; }

    [[nodiscard]] std::vector<std::vector<std::uint32_t>> entries_of(std::span<Candidate> candidates,
                                                                     RequestLimits limits) const {
        if (is(Fault::too_many_entries)) limits.entries += 1;
        if (is(Fault::too_many_bytes)) limits.bytes += 100;
        if (is(Fault::too_large_entries)) limits.entry_bytes += 100;
        std::vector<Candidate> seen(candidates.begin(), candidates.end());
        for (auto& one : seen) {
            if (is(Fault::shares_what_is_alone)) one.alone = false;
            if (is(Fault::mixes_shards) && one.group != 0) one.group = 1;
            if (is(Fault::mixes_keys) && one.group == 0) one.group = 1;
            if (is(Fault::splits_lanes)) one.lane = 0;
            if (is(Fault::overtakes_while_alone) && one.alone) one.lane = 0;
        }
        const auto plan = good_.plan(seen, limits);
        std::vector<std::vector<std::uint32_t>> entries;
        for (std::size_t i = 0; i < plan.entries(); ++i) {
            const auto members = plan.entry(i);
            entries.emplace_back(members.begin(), members.end());
        }
        return entries;
    }

    Fault fault_;
    Aggregate good_{most};
};

/// A user's own: two neighbours that share nothing but time travel in one entry, as lines.
class Pairs {
public:
    using policy_kind = kind::batching;

    [[nodiscard]] Horizon horizon(const RequestLimits& limits, std::size_t) const {
        return {2 * limits.entries, limits.bytes};
    }

    [[nodiscard]] Plan plan(std::span<const Candidate> candidates, const RequestLimits& limits) const {
        Plan plan;
        std::size_t bytes = 0;
        for (std::uint32_t i = 0; i < candidates.size() && plan.entries() < limits.entries;) {
            const auto& one = candidates[i];
            bool pair = i + 1 < candidates.size() && one.lane == 0 && candidates[i + 1].lane == 0;
            pair = pair && !one.alone && !candidates[i + 1].alone;
            auto size = size_of(one);
            if (pair && size + size_of(candidates[i + 1]) <= limits.entry_bytes) size += size_of(candidates[i + 1]);
            else pair = false;
            if (bytes > 0 && bytes + size > limits.bytes) break;
            bytes += size;
            // Of a lane there may be more: they wait until this one has its answer.
            const auto same_lane = [&](const Candidate& other) { return other.lane != 0 && other.lane == one.lane; };
            const auto before = candidates.first(i);
            if (std::none_of(before.begin(), before.end(), same_lane)) plan.add(i);
            if (pair) plan.add(i + 1);
            plan.close_entry();
            i += pair ? 2 : 1;
        }
        return plan;
    }

    [[nodiscard]] std::vector<Entry> assemble(std::span<const std::span<const Candidate>> entries,
                                              std::deque<std::string>& texts) const {
        std::vector<Entry> all;
        for (const auto& members : entries) {
            auto& text = texts.emplace_back();
            for (const auto& one : members) (text += one.data) += '\n';
            all.emplace_back(members.front().partition_key, "", text);
        }
        return all;
    }

    [[nodiscard]] std::size_t entry_room(const RequestLimits&) const { return 1; }
    [[nodiscard]] bool goes_by_shard() const { return false; }
    [[nodiscard]] bool carries_headers() const { return false; }

private:
    [[nodiscard]] static std::size_t size_of(const Candidate& one) {
        return one.partition_key.size() + one.data.size() + 1;
    }
};

template <Batching B>
void conforms(const B& batching) {
    const auto violations = check_batching(batching);
    for (const auto& rule : violations) FAIL_CHECK(rule);
    CHECK(violations.empty());
}

} // namespace

TEST_CASE("a batching keeps every rule of its concept") {
    conforms(Collect());
    for (const std::size_t bytes : {std::size_t{1}, std::size_t{300}, std::size_t{51'200}, std::size_t{10} << 20U}) {
        CAPTURE(bytes);
        conforms(Aggregate(bytes));
        conforms(Aggregate(bytes, Aggregate::Keys::same));
    }
}

TEST_CASE("so does a simple one that somebody wrote") { conforms(Pairs()); }

TEST_CASE("the conformance suite notices every batching that is broken") {
    for (int fault = 0; fault < static_cast<int>(Fault::count); ++fault) {
        CAPTURE(fault);
        CHECK(!check_batching(Broken(static_cast<Fault>(fault))).empty());
    }
    conforms(Broken(Fault::count));
}
