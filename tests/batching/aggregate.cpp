#include <sluice/batching/aggregate.hpp>
#include <sluice/kinesis/deaggregate.hpp>

#include "kinesis/aggregates.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

static_assert(sluice::Batching<sluice::Aggregate>);
static_assert(!std::is_aggregate_v<sluice::Aggregate>);

namespace {

using sluice::Aggregate;
using sluice::Candidate;
using sluice::Entry;
using sluice::HeaderView;
using sluice::Plan;
using sluice::RequestLimits;
using sluice::kinesis::deaggregate;
using sluice::kinesis::UserRecord;

using Entries = std::vector<std::vector<std::uint32_t>>;

/// What is planned for candidates, which may have notes afterwards.
Plan planned(const Aggregate& batching, std::vector<Candidate>& all, const RequestLimits& limits) {
    return batching.plan(all, limits);
}

Plan planned(const Aggregate& batching, const std::vector<Candidate>& all, const RequestLimits& limits) {
    auto copy = all;
    return batching.plan(copy, limits);
}

Entries entries_of(const Plan& plan) {
    Entries entries;
    for (std::size_t i = 0; i < plan.entries(); ++i) {
        const auto members = plan.entry(i);
        entries.emplace_back(members.begin(), members.end());
    }
    return entries;
}

Candidate going_to(std::uint32_t group, std::string_view key, std::string_view data) {
    Candidate candidate(key, "", data);
    candidate.group = group;
    return candidate;
}

Candidate in_lane(std::uint32_t lane, Candidate candidate) {
    candidate.lane = lane;
    return candidate;
}

/// What is sent for a plan; the texts must live.
std::vector<Entry> assembled(const Aggregate& batching, const std::vector<Candidate>& candidates, const Plan& plan,
                             std::deque<std::string>& texts) {
    std::vector<std::vector<Candidate>> members;
    for (const auto& entry : entries_of(plan)) {
        auto& its = members.emplace_back();
        for (const auto candidate : entry) its.push_back(candidates[candidate]);
    }
    const std::vector<std::span<const Candidate>> views(members.begin(), members.end());
    return batching.assemble(views, texts);
}

Entry assembled(const Aggregate& batching, const std::vector<Candidate>& members, std::deque<std::string>& texts) {
    const std::vector<std::span<const Candidate>> views{members};
    return batching.assemble(views, texts).front();
}

const RequestLimits roomy;

/// User records as candidates that all go to one shard.
std::vector<Candidate> going_together(const std::vector<UserRecord>& records) {
    std::vector<Candidate> all;
    for (const auto& record : records) {
        auto& candidate = all.emplace_back(record.partition_key, record.explicit_hash_key, record.data);
        candidate.headers = record.headers;
        candidate.group = 1;
    }
    return all;
}

/// What a reader finds in an entry; one that goes raw has the keys that the service was told.
std::vector<UserRecord> read(const Entry& entry) {
    auto found = deaggregate(entry.data, entry.partition_key);
    if (!found.aggregated) found.records.front().explicit_hash_key = entry.explicit_hash_key;
    return found.records;
}

} // namespace

TEST_CASE("records that go to one shard share an entry, whatever their keys, and others do not") {
    const std::vector<Candidate> all{going_to(1, "a", "1"), going_to(2, "b", "2"), going_to(1, "c", "3"),
                                     going_to(2, "b", "4")};
    CHECK(entries_of(planned(Aggregate(), all, roomy)) == Entries{{0, 2}, {1, 3}});
}

TEST_CASE("where it is not known where they go, only records with the same keys share an entry") {
    std::vector<Candidate> all{Candidate("a", "", "1"), Candidate("b", "", "2"), Candidate("a", "", "3"),
                               Candidate("a", "7", "4"), Candidate("a", "7", "5")};
    CHECK(entries_of(planned(Aggregate(), all, roomy)) == Entries{{0, 2}, {1}, {3, 4}});
    for (auto& candidate : all) candidate.group = 1;
    CHECK(entries_of(planned(Aggregate(Aggregate::Keys::same), all, roomy)) == Entries{{0, 2}, {1}, {3, 4}});
}

TEST_CASE("a record that may not share an entry has its own, and others share without it") {
    std::vector<Candidate> all{going_to(1, "a", "1"), going_to(1, "a", "2"), going_to(1, "a", "3")};
    all[1].alone = true;
    CHECK(entries_of(planned(Aggregate(), all, roomy)) == Entries{{0, 2}, {1}});
}

TEST_CASE("no aggregate is larger than was asked for, and it is as large as that allows") {
    const std::string data(100, 'x');
    const std::vector<Candidate> all(1'000, going_to(1, "key", data));
    const Aggregate batching(1'000);
    std::deque<std::string> texts;
    const auto entries = assembled(batching, all, planned(batching, all, roomy), texts);
    REQUIRE(entries.size() > 10);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        CHECK(entries[i].data.size() <= 1'000);
        if (i + 1 < entries.size()) CHECK(entries[i].data.size() > 1'000 - 110);
    }
    // Nor than the service takes, with its key.
    const RequestLimits tight(500, 10U << 20U, 500);
    texts.clear();
    for (const auto& entry : assembled(Aggregate(), all, planned(Aggregate(), all, tight), texts)) {
        CHECK(entry.data.size() + entry.partition_key.size() <= 500);
    }
}

TEST_CASE("aggregates are full to the byte, as the format's description has them, and hold all that was put") {
    for (unsigned seed = 2'000; seed < 2'150; ++seed) {
        const aggregates::Records random(seed);
        const auto& records = random.records;
        for (const std::size_t most : {60U, 500U, 5'000U, 51'200U}) {
            CAPTURE(seed);
            CAPTURE(most);
            std::deque<std::string> texts;
            auto candidates = going_together(records);
            const Aggregate batching(most);
            const auto plan = planned(batching, candidates, {100'000, 1U << 30U, 10U << 20U});
            bool within = true, greedy = true, exact = true;
            std::size_t taken = 0;
            const auto entries = assembled(batching, candidates, plan, texts);
            for (std::size_t i = 0; i < entries.size(); ++i) {
                std::vector<UserRecord> members;
                for (const auto member : plan.entry(i)) members.push_back(records[member]);
                taken += members.size();
                exact = exact && read(entries[i]) == members;
                if (members.size() < 2) continue;
                exact = exact && entries[i].data == aggregates::aggregate(members);
                within = within && entries[i].data.size() <= most;
                // What the next entry begins with, if it might be in an aggregate at all, had no place in this one.
                if (i + 1 == entries.size()) continue;
                const auto& next = records[plan.entry(i + 1).front()];
                members.push_back(next);
                const bool lone = aggregates::aggregate({next}).size() > most;
                greedy = greedy && (lone || aggregates::aggregate(members).size() > most);
            }
            CHECK(within);
            CHECK(greedy);
            CHECK(exact);
            CHECK(taken == records.size());
        }
    }
}

TEST_CASE("a record larger than an aggregate goes alone, as it is, and ends none") {
    const std::string large(2'000, 'x');
    const std::vector<Candidate> all{going_to(1, "a", "1"), going_to(1, "b", large), going_to(1, "c", "3")};
    const Aggregate batching(1'000);
    const auto plan = planned(batching, all, roomy);
    CHECK(entries_of(plan) == Entries{{0, 2}, {1}});
    std::deque<std::string> texts;
    CHECK(assembled(batching, all, plan, texts)[1].data.data() == large.data());
}

TEST_CASE("a request holds as many entries and bytes as allowed, and one record in any case") {
    const std::string data(100, 'x');
    std::vector<Candidate> all;
    for (std::uint32_t i = 1; i <= 10; ++i) all.push_back(going_to(i, "key", data));
    CHECK(entries_of(planned(Aggregate(), all, {3, 10U << 20U, 1U << 20U})).size() == 3);
    CHECK(entries_of(planned(Aggregate(), all, {500, 300, 1U << 20U})).size() == 2);
    CHECK(entries_of(planned(Aggregate(), all, {500, 1, 1U << 20U})).size() == 1);
    CHECK(entries_of(planned(Aggregate(), {}, roomy)).empty());
    for (auto& candidate : all) candidate.group = 1;
    const auto plan = planned(Aggregate(), all, {500, 600, 1U << 20U});
    std::deque<std::string> texts;
    std::size_t bytes = 0;
    for (const auto& entry : assembled(Aggregate(), all, plan, texts)) {
        bytes += entry.data.size() + entry.partition_key.size();
    }
    CHECK(bytes <= 600);
    CHECK(bytes > 400);
}

TEST_CASE("records of one lane go into one entry, in order, and what it does not take waits") {
    const std::string data(100, 'x');
    const std::vector<Candidate> all{in_lane(1, going_to(1, "a", data)), in_lane(1, going_to(1, "a", data)),
                                     in_lane(1, going_to(1, "a", data)), in_lane(2, going_to(1, "b", data))};
    CHECK(entries_of(planned(Aggregate(300), all, roomy)) == Entries{{0, 1}, {3}});
    CHECK(entries_of(planned(Aggregate(), all, roomy)) == Entries{{0, 1, 2, 3}});
    // Nor does one overtake those of its lane that go elsewhere.
    const std::vector<Candidate> mixed{in_lane(1, going_to(1, "a", "1")), in_lane(1, going_to(2, "b", "2")),
                                       in_lane(1, going_to(1, "a", "3"))};
    CHECK(entries_of(planned(Aggregate(), mixed, roomy)) == Entries{{0}});
    // One that joins what others began binds its lane as well.
    const std::vector<Candidate> joined{in_lane(1, going_to(1, "a", data)), in_lane(2, going_to(1, "b", data)),
                                        in_lane(2, going_to(1, "b", data)), in_lane(2, going_to(1, "b", data))};
    CHECK(entries_of(planned(Aggregate(300), joined, roomy)) == Entries{{0, 1}});
}

TEST_CASE("an aggregate has the container's key, and goes by the hash of its first record") {
    std::deque<std::string> texts;
    const auto entry = assembled(Aggregate(), {Candidate("user-123", "", "1"), Candidate("b", "", "2")}, texts);
    CHECK(entry.partition_key == "a");
    CHECK(entry.explicit_hash_key == "250018372642977770877286195909578633128"); // facts of the KPL's tests
    const auto found = deaggregate(entry.data, entry.partition_key);
    REQUIRE(found.aggregated);
    REQUIRE(found.records.size() == 2);
    CHECK(found.records[0].partition_key == "user-123");
    CHECK(found.records[1].data == "2");
    const auto chosen = assembled(Aggregate(), {Candidate("x", "7", "1"), Candidate("b", "", "2")}, texts);
    CHECK(chosen.explicit_hash_key == "7");
}

TEST_CASE("an aggregate of one key has that key where only those share one") {
    std::deque<std::string> texts;
    const Aggregate batching(Aggregate::Keys::same);
    const auto entry = assembled(batching, {Candidate("k", "7", "1"), Candidate("k", "7", "2")}, texts);
    CHECK(entry.partition_key == "k");
    CHECK(entry.explicit_hash_key == "7");
    CHECK(deaggregate(entry.data, "k").records.size() == 2);
}

TEST_CASE("a record alone goes as it is, with its own keys") {
    const std::string data = "data";
    std::deque<std::string> texts;
    const auto entry = assembled(Aggregate(), {Candidate("key", "7", data)}, texts);
    CHECK(entry.partition_key == "key");
    CHECK(entry.explicit_hash_key == "7");
    CHECK(entry.data.data() == data.data());
}

TEST_CASE("a record alone is framed if it has headers, or looks like an aggregate") {
    std::deque<std::string> texts;
    const std::vector<HeaderView> headers{{"name", "value"}};
    Candidate with_headers("key", "", "data");
    with_headers.headers = headers;
    const auto framed = assembled(Aggregate(), {with_headers}, texts);
    CHECK(framed.partition_key == "key");
    auto found = deaggregate(framed.data, "key");
    REQUIRE(found.aggregated);
    CHECK(found.records.front().headers == headers);
    const Candidate lookalike("key", "", framed.data);
    const auto escaped = assembled(Aggregate(), {lookalike}, texts);
    found = deaggregate(escaped.data, "key");
    REQUIRE(found.aggregated);
    REQUIRE(found.records.size() == 1);
    CHECK(found.records.front().data == framed.data);
    CHECK(found.records.front().headers.empty());
}

TEST_CASE("whatever is planned, every record is in one entry at most, in order, and comes out as it went in") {
    std::mt19937_64 dice(7);
    for (int round = 0; round < 300; ++round) {
        CAPTURE(round);
        std::deque<std::string> kept;
        std::vector<Candidate> all;
        for (auto count = dice() % 200; count > 0; --count) {
            const auto& key = kept.emplace_back("key" + std::to_string(dice() % 9));
            const auto& data = kept.emplace_back(dice() % 300, static_cast<char>(dice()));
            all.push_back(going_to(static_cast<std::uint32_t>(dice() % 4), key, data));
            all.back().alone = dice() % 20 == 0;
            if (round % 2 == 0) all.back().lane = static_cast<std::uint32_t>(dice() % 5);
        }
        const Aggregate batching(64 + dice() % 5'000, dice() % 2 == 0 ? Aggregate::Keys::any : Aggregate::Keys::same);
        const RequestLimits limits(dice() % 20 + 1, dice() % 20'000 + 1, 1U << 20U);
        const auto plan = planned(batching, all, limits);
        CHECK(plan.empty() == all.empty());
        CHECK(plan.entries() <= limits.entries);
        std::deque<std::string> texts;
        const auto entries = assembled(batching, all, plan, texts);
        std::vector<bool> used(all.size());
        std::map<std::uint32_t, std::size_t> entry_of_lane;
        for (std::size_t i = 0; i < plan.entries(); ++i) {
            const auto members = plan.entry(i);
            const auto found = deaggregate(entries[i].data, entries[i].partition_key);
            REQUIRE(found.records.size() == members.size());
            for (std::size_t m = 0; m < members.size(); ++m) {
                CHECK_FALSE(used[members[m]]);
                used[members[m]] = true;
                if (m > 0) CHECK(members[m - 1] < members[m]);
                CHECK(found.records[m].data == all[members[m]].data);
                CHECK(found.records[m].partition_key == all[members[m]].partition_key);
                if (members.size() > 1) CHECK_FALSE(all[members[m]].alone);
                const auto lane = all[members[m]].lane;
                if (lane != 0) CHECK(entry_of_lane.emplace(lane, i).first->second == i);
            }
        }
        std::map<std::uint32_t, bool> passed_over;
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (all[i].lane == 0) continue;
            if (used[i]) CHECK_FALSE(passed_over[all[i].lane]);
            passed_over[all[i].lane] = passed_over[all[i].lane] || !used[i];
        }
    }
}

TEST_CASE("it wants to see a few aggregates for every shard, and without shards what a few requests hold") {
    const Aggregate batching;
    CHECK(batching.horizon(roomy, 1).bytes == 1U << 20U);
    CHECK(batching.horizon(roomy, 16).bytes == 4U << 20U);
    CHECK(batching.horizon(roomy, 1'000).bytes == roomy.bytes);
    CHECK(batching.horizon(roomy, 0).records == 4 * roomy.entries);
    CHECK(Aggregate(Aggregate::Keys::same).horizon(roomy, 4).records == 4 * roomy.entries);
    CHECK(batching.entry_room(roomy) == 51'200);
    CHECK(Aggregate(10U << 20U).entry_room(roomy) == roomy.entry_bytes);
    CHECK(batching.goes_by_shard());
    CHECK_FALSE(Aggregate(Aggregate::Keys::same).goes_by_shard());
    CHECK(batching.carries_headers());
}

TEST_CASE("sizes that can never work are refused") {
    CHECK_THROWS_AS(Aggregate(0), std::invalid_argument);
    CHECK_THROWS_AS(Aggregate((10U << 20U) + 1), std::invalid_argument);
    CHECK_NOTHROW(Aggregate(1));
    CHECK_NOTHROW(Aggregate(10U << 20U));
}
