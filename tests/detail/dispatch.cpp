#include <sluice/detail/dispatch.hpp>

#include "chunks.hpp"

#include <sluice/batching/collect.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using chunks::start;
using sluice::Candidate;
using sluice::Collect;
using sluice::Entry;
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

    StreamState& stream(const std::string& name) {
        auto& its = streams.emplace_back(name, 0);
        dispatch.add(its);
        return its;
    }

    void put(StreamState& its, std::size_t count) {
        auto chunk = chunks::make(its.name, next_sequence, chunks::records(count));
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

/// Puts the oldest two candidates into one entry, and leaves a single one waiting.
class Pairs {
public:
    using policy_kind = sluice::kind::batching;

    [[nodiscard]] Plan plan(std::span<const Candidate> candidates, const RequestLimits&, bool all) const {
        Plan plan;
        if (candidates.size() < 2 && !all) return plan;
        // The younger one first: an order that nobody may rely on.
        if (candidates.size() >= 2) plan.add(1);
        plan.add(0);
        plan.close_entry();
        return plan;
    }

    [[nodiscard]] Entry assemble(std::span<const Candidate> members, std::string&) const {
        return {members.front().partition_key, {}, members.front().data};
    }

    [[nodiscard]] std::size_t horizon(const RequestLimits&) const { return 3; }
    [[nodiscard]] bool carries_headers() const { return false; }
};

static_assert(sluice::Batching<Pairs>);

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
    a.queue.fill(3, start);
    std::vector<Ref> refs(a.queue.ready().begin(), a.queue.ready().end());
    a.queue.ready().clear();
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
    a.queue.fill(3, start);
    a.suspects.emplace_back(a.queue.ready().begin(), a.queue.ready().end());
    a.queue.ready().clear();
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

} // namespace
