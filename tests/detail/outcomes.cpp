#include <sluice/detail/outcomes.hpp>

#include "chunks.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using chunks::start;
using sluice::error;
using sluice::Header;
using sluice::Record;
using sluice::steady_time;
using sluice::detail::Actions;
using sluice::detail::LiveChunk;
using sluice::detail::Outcomes;
using sluice::detail::Ref;
using sluice::detail::StreamState;

/// One stream, one chunk, and whatever becomes of its records.
class Court {
public:
    explicit Court(const std::vector<Record>& records) {
        auto made = chunks::make("s", 10, records);
        outcomes.expect(made.live, made.first + made.count);
        chunk = &state.queue.add(chunks::live(std::move(made)));
        outcomes.schedule_expiry(state, *chunk);
    }

    explicit Court(std::size_t count = 3) : Court(chunks::records(count)) {}

    [[nodiscard]] Ref ref(std::uint32_t index) const { return {*chunk, index}; }

    std::uint64_t deliver(std::uint32_t index) {
        ++chunk->references;
        const std::vector<Ref> members{ref(index)};
        return outcomes.deliver(state, members, {}, {}, actions);
    }

    void lose(std::uint32_t index, error reason) {
        outcomes.lose(state, ref(index), reason);
        outcomes.buried(chunk->chunk.first + index, actions);
    }

    StreamState state{"s", 0};
    LiveChunk* chunk = nullptr;
    Outcomes outcomes;
    Actions actions;
};

TEST_CASE("the first outcome counts, and only that") {
    Court court;
    CHECK(court.deliver(1) == 1);
    CHECK(court.deliver(1) == 0);
    court.lose(1, error::expired);
    CHECK(court.outcomes.unsettled() == 2);
    CHECK(court.state.stats.delivered == 1);
    CHECK(court.state.stats.expired == 0);
    REQUIRE(court.actions.tallies.size() == 1);
    CHECK(court.actions.tallies.front().records == 1);
    CHECK(court.chunk->chunk.live == 2);
}

TEST_CASE("tallies add up by stream and outcome") {
    Court court;
    CHECK(court.deliver(0) == 1);
    CHECK(court.deliver(1) == 1);
    court.lose(2, error::expired);
    REQUIRE(court.actions.tallies.size() == 2);
    CHECK(court.actions.tallies[0].records == 2);
    CHECK(court.actions.tallies[0].bytes == 2 * (5 + 2 + 32));
    CHECK(court.actions.tallies[1].outcome == error::expired);
}

TEST_CASE("records that were tried more often have a tally of their own") {
    Court court(6);
    for (const std::uint32_t index : {1U, 2U, 4U, 5U}) {
        court.chunk->depart(index);
        court.chunk->depart(index);
        court.chunk->reset(index, LiveChunk::flying);
    }
    std::vector<Ref> members;
    for (std::uint32_t index = 0; index < 5; ++index) members.push_back(court.ref(index));
    court.chunk->references += 5;
    CHECK(court.outcomes.deliver(court.state, members, {}, {}, court.actions) == 5);
    court.lose(5, error::expired);
    const auto& tallies = court.actions.tallies;
    REQUIRE(tallies.size() == 3);
    CHECK(tallies[0].retries == 0);
    CHECK(tallies[0].records == 2);
    CHECK(tallies[0].bytes == 2 * (5 + 2 + 32));
    CHECK(tallies[1].retries == 1);
    CHECK(tallies[1].records == 3);
    CHECK(tallies[1].bytes == 3 * (5 + 2 + 32));
    CHECK(tallies[2].retries == 1);
    CHECK(tallies[2].outcome == error::expired);
    CHECK(court.state.stats.delivered == 5);
}

TEST_CASE("a lost record has its outcome only when it is buried") {
    Court court;
    court.outcomes.ledger().watch(11);
    court.outcomes.lose(court.state, court.ref(1), error::gave_up);
    court.outcomes.lose(court.state, court.ref(1), error::expired);
    CHECK(court.outcomes.next_loss() == 11);
    CHECK(court.outcomes.unsettled() == 3);
    CHECK(court.actions.told.empty());
    court.outcomes.buried(11, court.actions);
    court.outcomes.buried(11, court.actions);
    CHECK(court.outcomes.next_loss() == 0);
    CHECK(court.outcomes.unsettled() == 2);
    REQUIRE(court.actions.told.size() == 1);
    CHECK(court.actions.told.front().outcome == error::gave_up);
    CHECK(court.state.stats.failed == 1);
}

TEST_CASE("lost records may be buried until each of them was refused alone") {
    Court court;
    CHECK_FALSE(court.outcomes.may_bury());
    court.outcomes.lose(court.state, court.ref(0), error::dropped);
    court.outcomes.lose(court.state, court.ref(1), error::dropped);
    CHECK(court.outcomes.may_bury());
    court.outcomes.refused(10);
    court.outcomes.refused(15); // is not lost
    CHECK(court.outcomes.may_bury());
    CHECK(court.outcomes.last_loss() == 11);
    court.outcomes.refused(11);
    CHECK_FALSE(court.outcomes.may_bury());
    court.outcomes.lose(court.state, court.ref(2), error::dropped);
    CHECK(court.outcomes.may_bury());
}

TEST_CASE("losses are told in order, so many and so many bytes of them, and one at least") {
    Court court(5);
    CHECK(court.outcomes.losses(0, 100, 1'000).empty());
    court.outcomes.lose_chunk(court.state, *court.chunk, error::dropped);
    using Sequences = std::vector<std::uint64_t>;
    CHECK(court.outcomes.losses(0, 100, 1'000) == Sequences{10, 11, 12, 13, 14});
    CHECK(court.outcomes.losses(11, 2, 1'000) == Sequences{12, 13});
    CHECK(court.outcomes.losses(14, 2, 1'000).empty());
    const auto cost = court.chunk->cost(0);
    CHECK(court.outcomes.losses(0, 100, 2 * cost) == Sequences{10, 11});
    CHECK(court.outcomes.losses(0, 100, 2 * cost - 1) == Sequences{10});
    CHECK(court.outcomes.losses(0, 100, 0) == Sequences{10});
    court.outcomes.buried(10, court.actions);
    CHECK(court.outcomes.losses(0, 1, 0) == Sequences{11});
}

TEST_CASE("a record in flight cannot be lost") {
    Court court;
    court.chunk->set(0, LiveChunk::flying);
    court.outcomes.lose(court.state, court.ref(0), error::dropped);
    CHECK(court.outcomes.next_loss() == 0);
    court.outcomes.lose_chunk(court.state, *court.chunk, error::dropped);
    CHECK(court.outcomes.next_loss() == 11);
}

TEST_CASE("a letter has all of its record, the reason and the attempts") {
    Record record("key", "data");
    record.explicit_hash_key = "42";
    record.time_to_live = 5s;
    record.headers.emplace_back("name", "value");
    Court court({record});
    court.outcomes.ledger().note(10, sluice::Attempt({}, {}, error::record_failed, "InternalFailure", "Sorry."));
    court.outcomes.lose(court.state, court.ref(0), error::gave_up);
    const sluice::StoreIdentity store({1, 2, 3}, 99);
    const auto letter = court.outcomes.letter(10, store, sluice::StoreIdentity());
    CHECK(letter.id == sluice::RecordId({1, 2, 3}, 10));
    record.stream = "s";
    CHECK(letter.record == record);
    CHECK(letter.reason == error::gave_up);
    REQUIRE(letter.attempts.size() == 1);
    CHECK(letter.attempts.front().message == "Sorry.");
}

TEST_CASE("a record that the storage never took has no id of the storage: its sequence may be given again") {
    Court court;
    court.chunk->stored = false;
    court.outcomes.lose(court.state, court.ref(0), error::storage_full);
    const sluice::StoreIdentity store({1, 2, 3}, 99);
    const sluice::StoreIdentity strays({4, 5, 6}, 1);
    CHECK(court.outcomes.letter(10, store, strays).id == sluice::RecordId({4, 5, 6}, 10));
}

TEST_CASE("each settlement is given once, and dirt that comes later gives another") {
    Court court;
    CHECK_FALSE(court.outcomes.has_settlements());
    CHECK(court.deliver(0) == 1);
    CHECK(court.deliver(1) == 1);
    CHECK(court.outcomes.take_settlements().size() == 1);
    CHECK_FALSE(court.outcomes.has_settlements());
    court.chunk->fail(2);
    court.outcomes.soil(court.state, *court.chunk);
    const auto changes = court.outcomes.take_settlements();
    REQUIRE(changes.size() == 1);
    CHECK(changes.front().live == 1);
    CHECK(changes.front().attempts == std::vector<std::uint8_t>{0, 0, 1});
}

TEST_CASE("records expire in the order of their times, and the next time is told") {
    std::vector<Record> records = chunks::records(3);
    records[0].time_to_live = 3s;
    records[2].time_to_live = 1s;
    Court court(records);
    CHECK(court.outcomes.wakes_at() == start + 1s);
    court.outcomes.expire(start + 999ms);
    CHECK(court.outcomes.next_loss() == 0);
    court.outcomes.expire(start + 1s);
    CHECK(court.outcomes.next_loss() == 12);
    CHECK(court.outcomes.wakes_at() == start + 3s);
    court.outcomes.buried(12, court.actions);
    court.outcomes.expire(start + 1h);
    CHECK(court.outcomes.next_loss() == 10);
    CHECK(court.outcomes.wakes_at() == steady_time::max());
}

TEST_CASE("a clear forgets losses, tells who waits, and gives the number of all") {
    Court court;
    court.outcomes.ledger().watch(10);
    court.outcomes.lose(court.state, court.ref(2), error::gave_up);
    court.chunk->settle_all();
    CHECK(court.outcomes.clear(court.actions) == 3);
    CHECK(court.outcomes.unsettled() == 0);
    CHECK(court.outcomes.next_loss() == 0);
    REQUIRE(court.actions.told.size() == 1);
    CHECK(court.actions.told.front().outcome == error::cleared);
    CHECK(court.outcomes.clear(court.actions) == 0);
}

TEST_CASE("what the storage keeps is on its way to the dead letters no more, and has no outcome") {
    Court court;
    court.outcomes.lose(court.state, court.ref(0), error::gave_up);
    court.chunk->stored = false;
    court.outcomes.leave_to_storage();
    CHECK(court.outcomes.next_loss() == 10);
    CHECK(court.chunk->in_flight == 1);
    court.chunk->stored = true;
    court.outcomes.leave_to_storage();
    CHECK(court.outcomes.next_loss() == 0);
    CHECK(court.chunk->in_flight == 0);
    CHECK(court.outcomes.unsettled() == 3);
    court.outcomes.buried(10, court.actions); // comes too late
    CHECK(court.outcomes.unsettled() == 3);
    CHECK_FALSE(court.outcomes.has_settlements());
}

TEST_CASE("what is written off is not expected any more") {
    Court court;
    court.outcomes.flush(1, start + 1h, false);
    court.outcomes.write_off(10, 2);
    CHECK(court.outcomes.unsettled() == 1);
    court.outcomes.write_off(10, 5);
    CHECK(court.outcomes.unsettled() == 0);
    std::vector<sluice::detail::FlushDone> done;
    court.outcomes.flushes().end(start, false, {}, done);
    CHECK(done.size() == 1);
}

} // namespace
