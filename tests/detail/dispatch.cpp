#include <sluice/detail/dispatch.hpp>

#include "chunks.hpp"

#include <sluice/batching/collect.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using chunks::start;
using sluice::Candidate;
using sluice::Collect;
using sluice::Entry;
using sluice::Horizon;
using sluice::error;
using sluice::Options;
using sluice::Plan;
using sluice::Record;
using sluice::RequestLimits;
using sluice::steady_time;
using sluice::detail::Dispatch;
using sluice::detail::Flights;
using sluice::detail::Pause;
using sluice::detail::Ref;
using sluice::detail::SendOrder;
using sluice::detail::StreamState;

/// Streams that are asked for their next request, without anybody who answers.
template <class Batching = Collect>
class Desk {
public:
    explicit Desk(std::size_t request_records = 10) : limits(request_records, 10U << 20U, 1U << 20U) {}

    StreamState& stream(const std::string& name, std::size_t lanes = 0) {
        auto& its = streams.emplace_back(name, lanes);
        dispatch.add(its);
        return its;
    }

    void put(StreamState& its, std::size_t count) { put(its, chunks::records(count)); }

    void put(StreamState& its, const std::vector<Record>& records) {
        auto chunk = chunks::make(its.name, next_sequence, records);
        next_sequence += chunk.count;
        its.queue.add(chunks::live(std::move(chunk)));
    }

    std::optional<SendOrder> next(bool all = false, steady_time now = start) { return dispatch.next(flights, all, now); }

    Options options{"s"};
    RequestLimits limits;
    std::deque<StreamState> streams;
    Flights flights;
    Dispatch<Batching> dispatch{options, limits, Batching{}};
    std::uint64_t next_sequence = 1;
};

/// Puts the oldest two candidates into one entry.
class Pairs {
public:
    using policy_kind = sluice::kind::batching;

    [[nodiscard]] Horizon horizon(const RequestLimits&, std::size_t) const { return {2, 1'000}; }

    [[nodiscard]] Plan plan(std::span<const Candidate> candidates, const RequestLimits&) const {
        Plan plan;
        // The younger one first: an order that nobody may rely on.
        if (candidates.size() >= 2) plan.add(1);
        plan.add(0);
        plan.close_entry();
        return plan;
    }

    [[nodiscard]] std::vector<Entry> assemble(std::span<const std::span<const Candidate>>,
                                              std::deque<std::string>&) const {
        return {};
    }

    [[nodiscard]] std::size_t entry_room(const RequestLimits&) const { return 100; }
    [[nodiscard]] bool goes_by_shard() const { return true; }
    [[nodiscard]] bool carries_headers() const { return false; }
};

static_assert(sluice::Batching<Pairs>);

/// Everything that it sees goes into one entry, which has three records at most, and goes by key.
class Threes : public Pairs {
public:
    [[nodiscard]] Horizon horizon(const RequestLimits&, std::size_t) const { return {100, 10'000}; }

    [[nodiscard]] Plan plan(std::span<const Candidate> candidates, const RequestLimits&) const {
        Plan plan;
        for (std::uint32_t i = 0; i < candidates.size() && i < 3; ++i) plan.add(i);
        plan.close_entry();
        return plan;
    }
    [[nodiscard]] bool goes_by_shard() const { return false; }
};

/// Sees nothing, and plans nothing.
class Idle : public Pairs {
public:
    [[nodiscard]] Horizon horizon(const RequestLimits&, std::size_t) const { return {0, 0}; }
    [[nodiscard]] Plan plan(std::span<const Candidate>, const RequestLimits&) const { return {}; }
};

/// Never ends an entry.
class Endless : public Pairs {
public:
    [[nodiscard]] Horizon horizon(const RequestLimits&, std::size_t) const { return {100, 10'000}; }
    [[nodiscard]] Plan plan(std::span<const Candidate> candidates, const RequestLimits&) const {
        Plan plan;
        for (std::uint32_t i = 0; i < candidates.size(); ++i) plan.add(i);
        return plan;
    }
};

TEST_CASE("without streams, and without records, there is no next request") {
    Desk desk;
    CHECK_FALSE(desk.next(true).has_value());
    desk.stream("a");
    CHECK_FALSE(desk.next(true).has_value());
    CHECK(desk.dispatch.streams().size() == 1);
}

TEST_CASE("what is not full waits for company until it has lingered, or nothing is to wait") {
    Desk desk;
    auto& a = desk.stream("a");
    desk.put(a, 3);
    CHECK_FALSE(desk.next().has_value());
    CHECK_FALSE(desk.next(false, start + 99ms).has_value());
    CHECK(desk.next(false, start + 100ms)->members.size() == 3);
    desk.put(a, 3);
    CHECK(desk.next(true)->members.size() == 3);
    desk.put(a, 10);
    CHECK(desk.next()->members.size() == 10);
}

TEST_CASE("streams take turns, and those that have nothing are passed over") {
    Desk desk(1);
    auto& a = desk.stream("a");
    desk.stream("b");
    auto& c = desk.stream("c");
    desk.put(a, 3);
    desk.put(c, 3);
    std::string turns;
    while (const auto order = desk.next()) turns += order->stream;
    CHECK(turns.size() == 6);
    CHECK((turns == "acacac" || turns == "cacaca"));
}

TEST_CASE("a paused stream has one request, when its time has come, and that is its probe") {
    Desk desk(1);
    auto& a = desk.stream("a");
    desk.put(a, 3);
    a.pause.emplace();
    a.pause->until = start + 1s;
    CHECK_FALSE(desk.next(true).has_value());
    const auto probe = desk.next(false, start + 1s);
    REQUIRE(probe.has_value());
    CHECK(a.pause->probe == probe->id);
    CHECK_FALSE(desk.next(true, start + 1h).has_value());
    a.pause->probe = 0;
    CHECK(desk.next(false, start + 1h).has_value());
}

TEST_CASE("a probe does not wait for company") {
    Desk desk;
    auto& a = desk.stream("a");
    desk.put(a, 1);
    a.pause.emplace();
    CHECK(desk.next().has_value());
}

TEST_CASE("suspects go first, together, and with no others") {
    Desk desk(5);
    auto& a = desk.stream("a");
    desk.put(a, 8);
    a.queue.fill({3, 1'000}, start);
    const auto refs = a.queue.take_ready();
    a.suspects.push_back({refs[0], refs[1]});
    a.suspects.push_back({refs[2]});
    CHECK(desk.next()->sequences == std::vector<std::uint64_t>{1, 2});
    CHECK(desk.next()->sequences == std::vector<std::uint64_t>{3});
    CHECK(desk.next()->sequences == std::vector<std::uint64_t>{4, 5, 6, 7, 8});
}

TEST_CASE("more suspects than a request takes go in several") {
    Desk desk(2);
    auto& a = desk.stream("a");
    desk.put(a, 3);
    a.queue.fill({3, 1'000}, start);
    a.suspects.push_back(a.queue.take_ready());
    CHECK(desk.next()->sequences == std::vector<std::uint64_t>{1, 2});
    CHECK(desk.next()->sequences == std::vector<std::uint64_t>{3});
    CHECK_FALSE(desk.next(true).has_value());
}

TEST_CASE("records that are decided while they stand ready are not sent, and let go") {
    Desk desk(4);
    auto& a = desk.stream("a");
    desk.put(a, 3);
    CHECK_FALSE(desk.next().has_value());
    REQUIRE(a.queue.ready().size() == 3);
    auto& chunk = *a.queue.ready().front().chunk;
    chunk.chunk.settled.set(0);
    chunk.chunk.settled.set(2);
    chunk.chunk.live = 1;
    CHECK(desk.next(true)->sequences == std::vector<std::uint64_t>{2});
    CHECK(chunk.references == 1);
    chunk.settle_all();
    a.suspects.push_back({});
    CHECK_FALSE(desk.next(true).has_value());
}

TEST_CASE("a batching that mixes the order and takes several records an entry gets what it planned") {
    Desk<Pairs> desk;
    auto& a = desk.stream("a");
    desk.put(a, 5);
    const auto first = desk.next();
    REQUIRE(first.has_value());
    CHECK(first->entries() == 1);
    CHECK(first->sequences == std::vector<std::uint64_t>{2, 1});
    CHECK(first->members.size() == 2);
    CHECK(desk.next()->sequences == std::vector<std::uint64_t>{4, 3});
    CHECK_FALSE(desk.next().has_value());
    CHECK(desk.next(true)->sequences == std::vector<std::uint64_t>{5});
}

TEST_CASE("a batching that goes by shard is told the shard of each record, where the shards are known") {
    Desk<Pairs> desk;
    auto& a = desk.stream("a");
    Record low("k", "1");
    low.explicit_hash_key = "7";
    Record high("k", "2");
    high.explicit_hash_key = "700";
    desk.put(a, {low, high});
    auto order = desk.next();
    REQUIRE(order.has_value());
    CHECK(order->members[0].group == 0);
    CHECK(order->members[0].alone);
    const auto last = sluice::kinesis::HashKey::max().to_string();
    const auto map = sluice::kinesis::ShardMap::from({{"low", "0", "99"}, {"high", "100", last}});
    a.shards.learn(*map, start);
    desk.put(a, {low, high});
    order = desk.next();
    CHECK(order->members[0].group == 2);
    CHECK(order->members[1].group == 1);
    CHECK_FALSE(order->members[0].alone);
    const auto flight = desk.flights.land(order->id);
    CHECK(flight->groups == std::vector<std::uint32_t>{0}); // two shards: each is judged by its own key
    CHECK(flight->map == *map);
    CHECK_FALSE(a.shards.judge(flight->map, flight->groups[0], flight->entry(0), false, "low", start));
    desk.put(a, {low, high});
    order = desk.next();
    CHECK(order->members[0].group == 0);
    CHECK(order->members[0].alone);
}

TEST_CASE("what waits in its lane travels with a record, and what the batching leaves of it stays in the lane") {
    Desk<Threes> desk;
    auto& a = desk.stream("a", 1'024);
    const std::vector<Record> same(7, Record("key", "data"));
    desk.put(a, same);
    auto order = desk.next(true);
    REQUIRE(order.has_value());
    CHECK(order->sequences == std::vector<std::uint64_t>{1, 2, 3});
    CHECK(order->members[0].lane != 0);
    CHECK(order->members[2].lane == order->members[0].lane);
    CHECK_FALSE(desk.next(true).has_value()); // the lane is busy
    const auto flight = desk.flights.land(order->id);
    for (const auto& ref : flight->members) {
        ref.chunk->chunk.settled.set(ref.index);
        ref.chunk->reset(ref.index, sluice::detail::LiveChunk::follower);
        a.queue.leave_lane(ref);
        a.queue.release(ref);
    }
    CHECK(desk.next(true)->sequences == std::vector<std::uint64_t>{4, 5, 6});
}

TEST_CASE("records of another key do not travel along where the shards are not known, though their lane is the same") {
    Desk<Threes> desk;
    auto& a = desk.stream("a", 1);
    desk.put(a, {Record("one", "1"), Record("two", "2"), Record("one", "3")});
    CHECK(desk.next(true)->sequences == std::vector<std::uint64_t>{1, 3});
}

TEST_CASE_TEMPLATE("where the batching plans nothing, records go one by one, in order", Batching, Idle, Endless) {
    Desk<Batching> desk;
    auto& a = desk.stream("a", 1);
    desk.put(a, 2);
    const auto first = desk.next(true);
    REQUIRE(first.has_value());
    CHECK(first->sequences == std::vector<std::uint64_t>{1});
    CHECK(first->entries() == 1);
    CHECK_FALSE(desk.next(true).has_value()); // the lane is busy
    REQUIRE(desk.flights.land(first->id).has_value());
    a.queue.drop(Ref(*a.queue.chunks().at(1), 0));
    const auto second = desk.next(true);
    REQUIRE(second.has_value());
    CHECK(second->sequences == std::vector<std::uint64_t>{2});
}

} // namespace
