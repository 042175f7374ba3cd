#include <sluice/detail/flights.hpp>

#include "chunks.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace {

using sluice::Candidate;
using sluice::Plan;
using sluice::detail::Flights;
using sluice::detail::LiveChunk;
using sluice::detail::Ref;
using sluice::detail::StreamState;

/// A request whose first entry has the candidates 2 and 0, and whose second has 3.
Plan some_plan() {
    Plan plan;
    plan.add(2);
    plan.add(0);
    plan.close_entry();
    plan.add(3);
    plan.close_entry();
    return plan;
}

class Runway {
public:
    Runway() {
        live = chunks::live(chunks::make("s", 10, chunks::records(4)));
        for (std::uint32_t i = 0; i < 4; ++i) {
            refs.emplace_back(*live, i);
            candidates.push_back(live->candidate(i));
        }
    }

    StreamState state{"s", 0};
    std::unique_ptr<LiveChunk> live;
    std::vector<Ref> refs;
    std::vector<Candidate> candidates;
    Flights flights;
};

TEST_CASE("a request has what was planned, in that order, and leaves the rest") {
    Runway runway;
    const auto order = runway.flights.depart(runway.state, runway.refs, runway.candidates, some_plan());
    CHECK(order.stream == "s");
    CHECK(order.sequences == std::vector<std::uint64_t>{12, 10, 13});
    REQUIRE(order.entries() == 2);
    CHECK(order.cuts.end_of(1) == 3);
    CHECK(order.members[0].data == "data2");
    CHECK(order.members[order.cuts.begin_of(1)].data == "data3");
    REQUIRE(runway.refs.size() == 1);
    CHECK(runway.refs.front().index == 1);
    CHECK(runway.live->in_flight == 3);
    CHECK(runway.live->has(0, LiveChunk::flying));
    CHECK_FALSE(runway.live->has(1, LiveChunk::flying));
    CHECK(runway.flights.size() == 1);
}

TEST_CASE("a request lands once, with its members by entry") {
    Runway runway;
    const auto order = runway.flights.depart(runway.state, runway.refs, runway.candidates, some_plan());
    CHECK_FALSE(runway.flights.land(order.id + 1).has_value());
    const auto flight = runway.flights.land(order.id);
    REQUIRE(flight.has_value());
    CHECK(flight->stream == &runway.state);
    CHECK(flight->entry(0).size() == 2);
    CHECK(flight->entry(1).size() == 1);
    CHECK(flight->members[2].index == 3);
    CHECK(runway.live->in_flight == 0);
    CHECK_FALSE(runway.live->has(0, LiveChunk::flying));
    CHECK(runway.state.stats.requests == 1);
    CHECK(runway.flights.empty());
    CHECK_FALSE(runway.flights.land(order.id).has_value());
}

TEST_CASE("no two requests have the same id, and none has zero") {
    std::set<std::uint64_t> ids{0};
    Runway runway;
    for (int i = 0; i < 100; ++i) {
        std::vector<Ref> refs{Ref(*runway.live, 1)};
        Plan plan;
        plan.add(0);
        plan.close_entry();
        const auto order = runway.flights.depart(runway.state, refs, runway.candidates, plan);
        CHECK(ids.insert(order.id).second);
        if (i % 2 == 0) CHECK(runway.flights.land(order.id).has_value());
    }
}

TEST_CASE("the request of a paused stream is its probe") {
    Runway runway;
    runway.state.pause.emplace();
    const auto order = runway.flights.depart(runway.state, runway.refs, runway.candidates, some_plan());
    CHECK(runway.state.pause->probe == order.id);
}

} // namespace
