#include <sluice/detail/live_chunk.hpp>

#include "chunks.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using chunks::moment;
using sluice::Chunk;
using sluice::error;
using sluice::Record;
using sluice::steady_time;
using sluice::wall_time;
using sluice::detail::LiveChunk;
using sluice::detail::Moment;
using sluice::detail::Ref;

Record with_time_to_live(std::chrono::milliseconds time_to_live) {
    Record record("key", "data");
    record.time_to_live = time_to_live;
    return record;
}

/// Its error, or none.
sluice::error_code indexed(Chunk chunk) {
    LiveChunk live(std::move(chunk), moment());
    const auto done = live.index();
    return done ? sluice::error_code{} : done.error();
}

Chunk with_body(Chunk chunk, std::string body) {
    chunk.body = std::make_shared<const std::string>(std::move(body));
    return chunk;
}

TEST_CASE("an indexed chunk knows its records by number") {
    const auto live = chunks::live(chunks::make("s", 100, chunks::records(3)));
    REQUIRE(live);
    CHECK(live->frame(2).data == "data2");
    CHECK(live->candidate(1).partition_key == "r1");
    CHECK(live->candidate(1).data == "data1");
    CHECK(live->cost(0) == 5 + 2 + 32);
    CHECK(live->sequence(2) == 102);
    CHECK(live->first_expiry() == steady_time::max());
}

TEST_CASE("a record has the headers that it was put with, as long as its chunk lives") {
    auto records = chunks::records(3);
    records[1].headers = {{"name", "value"}, {"", std::string(1'000, 'x')}};
    const auto live = chunks::live(chunks::make("s", 1, records));
    REQUIRE(live);
    CHECK(live->headers(0).empty());
    REQUIRE(live->headers(1).size() == 2);
    CHECK(live->headers(1)[0] == sluice::HeaderView("name", "value"));
    CHECK(live->candidate(1).headers.data() == live->headers(1).data());
    CHECK(live->candidate(2).headers.empty());
    CHECK(live->size(0) == live->size(2));
    CHECK(live->size(1) > live->size(0) + 1'000);
}

TEST_CASE("a chunk with damaged headers is corrupt") {
    auto chunk = chunks::make("s", 10, {Record("key", "data")});
    auto body = *chunk.body;
    body[8] = 2; // headers follow: their size is read from the key and what comes after it
    body.insert(13, std::string("\x02\x00\x00\x00xy", 6));
    CHECK(indexed(with_body(std::move(chunk), std::move(body))) == error::storage_corrupt);
}

TEST_CASE("a chunk whose body does not hold what the header says is corrupt") {
    const auto whole = chunks::make("s", 1, chunks::records(3));
    CHECK_FALSE(indexed(whole));
    auto more = whole;
    more.count = more.live = 4;
    CHECK(indexed(more) == error::storage_corrupt);
    auto fewer = whole;
    fewer.count = fewer.live = 2;
    CHECK(indexed(fewer) == error::storage_corrupt);
    CHECK(indexed(with_body(whole, *whole.body + "x")) == error::storage_corrupt);
    CHECK(indexed(with_body(whole, {})) == error::storage_corrupt);
    for (std::size_t size = 0; size < whole.body->size(); ++size) {
        CHECK(indexed(with_body(whole, whole.body->substr(0, size))) == error::storage_corrupt);
    }
    auto bodiless = whole;
    bodiless.body = nullptr;
    CHECK(indexed(bodiless) == error::storage_corrupt);
}

TEST_CASE("a header that promises billions of records costs no memory") {
    auto chunk = chunks::make("s", 1, chunks::records(3));
    chunk.count = chunk.live = 0xFFFFFFFF;
    CHECK(indexed(chunk) == error::storage_corrupt);
}

TEST_CASE("a header whose live count does not fit its settled bits is corrupt") {
    auto chunk = chunks::make("s", 1, chunks::records(3));
    chunk.live = 2;
    CHECK(indexed(chunk) == error::storage_corrupt);
    chunk.settled.set(1);
    CHECK_FALSE(indexed(chunk));
    chunk.live = 3;
    CHECK(indexed(chunk) == error::storage_corrupt);
}

TEST_CASE("a header with attempts of fewer records than it has is corrupt") {
    auto chunk = chunks::make("s", 1, chunks::records(3));
    chunk.attempts = {1, 2};
    CHECK(indexed(chunk) == error::storage_corrupt);
    chunk.attempts = {1, 2, 3};
    CHECK_FALSE(indexed(chunk));
}

TEST_CASE("random damage is found, or leaves records that can be read") {
    const auto whole = chunks::make("s", 1, chunks::records(20));
    std::mt19937_64 dice(11);
    for (int i = 0; i < 5'000; ++i) {
        auto body = *whole.body;
        for (auto changes = dice() % 3; changes < 3; ++changes) body[dice() % body.size()] = static_cast<char>(dice());
        LiveChunk live(with_body(whole, std::move(body)), moment());
        if (!live.index()) continue;
        for (std::uint32_t r = 0; r < 20; ++r) {
            (void)live.candidate(r);
            (void)live.expiry(r);
            (void)Ref(live, r).hash_key();
        }
    }
}

TEST_CASE("a time-to-live runs from the put") {
    const auto chunk = chunks::make("s", 1, {with_time_to_live(10s), Record("k", "d"), with_time_to_live(3s)});
    const auto fresh = chunks::live(chunk, moment());
    CHECK(fresh->expiry(0) == chunks::start + 10s);
    CHECK(fresh->expiry(1) == steady_time::max());
    CHECK(fresh->first_expiry() == chunks::start + 3s);
    const auto later = chunks::live(chunk, moment(4s));
    CHECK(later->expiry(0) == chunks::start + 10s);
    CHECK(later->first_expiry() == chunks::start + 3s);
}

TEST_CASE("runs of equal keys, with explicit ones among them, lie where each record alone would") {
    std::mt19937 dice(4);
    for (int round = 0; round < 50; ++round) {
        std::vector<Record> records;
        for (auto count = 1 + dice() % 60; count > 0; --count) {
            auto& record = records.emplace_back(std::string(1, static_cast<char>('a' + dice() % 3)), "data");
            if (dice() % 4 == 0) record.explicit_hash_key = std::to_string(dice());
        }
        const auto live = chunks::live(chunks::make("s", 1, records));
        bool right = true;
        for (std::uint32_t i = 0; i < records.size(); ++i) {
            const auto& own = records[i].explicit_hash_key;
            const auto expected = own.empty() ? sluice::kinesis::hash_of(*records[i].partition_key)
                                              : sluice::kinesis::HashKey::parse(own).value();
            right = right && live->hash_key(i) == expected;
        }
        CHECK(right);
    }
}

TEST_CASE("a wall clock that stepped back never expires a record early") {
    const auto chunk = chunks::make("s", 1, {with_time_to_live(10s)});
    for (const auto step : {1s, 3600s, 86'400s * 365}) {
        const auto live = chunks::live(chunk, Moment(chunks::start, chunks::today - step));
        CHECK(live->expiry(0) == chunks::start + 10s);
    }
}

TEST_CASE("a wall clock that stepped forward ages what lies in the storage") {
    const auto chunk = chunks::make("s", 1, {with_time_to_live(10s)});
    const auto live = chunks::live(chunk, Moment(chunks::start, chunks::today + 11s));
    CHECK(live->expiry(0) < chunks::start);
}

TEST_CASE("put times and times-to-live beyond all reason do not overflow") {
    using std::chrono::milliseconds;
    auto chunk = chunks::make("s", 1, {with_time_to_live(milliseconds::max()), with_time_to_live(milliseconds(1))});
    for (const auto when : {wall_time::min(), wall_time{}, chunks::today, wall_time::max()}) {
        chunk.oldest_put = when;
        for (const auto now : {wall_time{}, chunks::today}) {
            const auto live = chunks::live(chunk, Moment(chunks::start, now));
            REQUIRE(live);
            CHECK(live->put <= chunks::start);
            CHECK(live->expiry(0) > chunks::start + 24h * 365);
            CHECK(live->expiry(1) <= chunks::start + 1ms);
        }
    }
}

TEST_CASE("a record is open until it flies, is being lost, or has its outcome") {
    const auto live = chunks::live(chunks::make("s", 1, chunks::records(2)));
    CHECK(live->open(0));
    live->set(0, LiveChunk::in_lane);
    CHECK(live->open(0));
    live->set(0, LiveChunk::flying);
    CHECK_FALSE(live->open(0));
    live->reset(0, LiveChunk::flying);
    CHECK(live->open(0));
    CHECK(live->has(0, LiveChunk::in_lane));
    live->set(0, LiveChunk::losing);
    CHECK_FALSE(live->open(0));
    CHECK(live->open(1));
    live->settle_all();
    CHECK_FALSE(live->open(1));
    CHECK(live->chunk.live == 0);
    CHECK(live->chunk.live_bytes == 0);
}

TEST_CASE("the first expiry is that of a record that has no outcome, also of one in flight") {
    const auto live =
        chunks::live(chunks::make("s", 1, {with_time_to_live(1s), with_time_to_live(2s), with_time_to_live(3s)}));
    live->chunk.settled.set(0);
    live->set(1, LiveChunk::flying);
    CHECK(live->first_expiry() == chunks::start + 2s);
    CHECK(live->first_expiry(chunks::start + 2s) == chunks::start + 3s);
    CHECK(live->first_expiry(chunks::start + 3s) == steady_time::max());
    live->set(1, LiveChunk::losing);
    CHECK(live->first_expiry() == chunks::start + 3s);
}

TEST_CASE("failures are counted for good and throttlings for now, both up to 255") {
    const auto live = chunks::live(chunks::make("s", 1, chunks::records(2)));
    CHECK(live->chunk.attempts.empty());
    for (unsigned i = 1; i <= 300; ++i) {
        CHECK(live->fail(1) == std::min(i, 255U));
        CHECK(live->throttle(0) == std::min(i, 255U));
    }
    CHECK(live->chunk.attempts == std::vector<std::uint8_t>{0, 255});
}

TEST_CASE("a record's departures beyond the first are counted, as far as there is room for") {
    const auto live = chunks::live(chunks::make("s", 1, chunks::records(2)));
    CHECK(live->retries(0) == 0);
    live->depart(0);
    CHECK(live->has(0, LiveChunk::flying));
    CHECK(live->retries(0) == 0);
    live->depart(0);
    live->depart(0);
    CHECK(live->retries(0) == 2);
    for (int i = 0; i < 70'000; ++i) live->depart(0);
    CHECK(live->retries(0) == 65'534);
    CHECK(live->retries(1) == 0);
}

TEST_CASE("an explicit hash key decides, and nonsense in its place does not") {
    Record explicitly("key", "data");
    explicitly.explicit_hash_key = "42";
    Record nonsense("key", "data");
    nonsense.explicit_hash_key = "forty-two";
    const auto live = chunks::live(chunks::make("s", 1, {explicitly, nonsense, Record("key", "data")}));
    CHECK(Ref(*live, 0).hash_key() == sluice::kinesis::HashKey(0, 42));
    CHECK(Ref(*live, 1).hash_key() == sluice::kinesis::hash_of("key"));
    CHECK(Ref(*live, 2).hash_key() == sluice::kinesis::hash_of("key"));
}

TEST_CASE("data over a threshold is large until it is elsewhere, and then a pointer is sent for it") {
    const std::vector<Record> records{Record("key", "tiny"), Record("key", std::string(50, 'x'))};
    const auto live = chunks::live(chunks::make("s", 1, records));
    REQUIRE(live);
    live->mark_large(50);
    CHECK_FALSE(Ref(*live, 1).large());
    live->mark_large(49);
    CHECK(Ref(*live, 1).large());
    CHECK_FALSE(Ref(*live, 0).large());
    const auto size = Ref(*live, 1).size();
    const auto cost = live->cost(1);
    live->point(1, "@pointer");
    CHECK_FALSE(Ref(*live, 1).large());
    CHECK(live->data(1) == "@pointer");
    CHECK(live->candidate(1).data == "@pointer");
    CHECK(live->frame(1).data == std::string(50, 'x'));
    CHECK(Ref(*live, 1).size() == size - 42);
    CHECK(live->cost(1) == cost);
    CHECK(live->candidate(0).data == "tiny");
}

TEST_CASE("what a chunk lets go of is missing in memory, and nothing else") {
    std::vector<Record> records;
    for (int i = 0; i < 6; ++i) records.emplace_back("key" + std::to_string(i), std::string(i % 2 == 0 ? 5 : 500, 'd'));
    records[1].explicit_hash_key = "7";
    records[3].time_to_live = 5s;
    records[3].headers = {{"name", "value"}};
    records[4].headers = {{"other", "one"}};
    auto chunk = chunks::make("s", 100, records);
    const auto body = chunk.body;
    sluice::detail::withdraw(chunk, 5, 1);
    const auto whole = chunks::live(chunk);
    auto live = chunks::live(std::move(chunk));
    REQUIRE(live);
    CHECK_FALSE(live->mark_large(500));
    CHECK_FALSE(live->holds_large());
    CHECK(live->mark_large(499));
    CHECK(live->holds_large());
    CHECK_FALSE(live->whereabouts(1));
    live->let_go_large();
    CHECK_FALSE(live->holds_large());
    CHECK(live->chunk.body->size() == body->size() - 3 * 500);
    for (std::uint32_t i = 0; i < 5; ++i) {
        CAPTURE(i);
        const bool large = i % 2 == 1;
        CHECK(live->has(i, LiveChunk::large) == large);
        CHECK(live->cost(i) == whole->cost(i));
        CHECK(live->expiry(i) == whole->expiry(i));
        CHECK(live->hash_key(i) == whole->hash_key(i));
        CHECK(live->size(i) == whole->size(i) - (large ? 500 : 0));
        CHECK(live->frame(i).partition_key == records[i].partition_key);
        CHECK(live->frame(i).explicit_hash_key == records[i].explicit_hash_key);
        CHECK(live->frame(i).data == (large ? "" : records[i].data));
        CHECK(live->headers(i).size() == records[i].headers.size());
        CHECK(live->whereabouts(i).has_value() == large);
    }
    CHECK(live->headers(3)[0] == sluice::HeaderView("name", "value"));
    CHECK(live->headers(4)[0] == sluice::HeaderView("other", "one"));
    CHECK(live->whereabouts(3)->data_in(whole->chunk).value() == records[3].data);
    live->point(3, "pointer");
    CHECK(live->candidate(3).data == "pointer");
    CHECK(live->size_to_send(3) == live->size(3) + 7);
    CHECK(live->cost(3) == whole->cost(3));
}

TEST_CASE("a chunk of one plain large record shrinks to its key") {
    const auto live = chunks::live(chunks::make("s", 1, {Record("key", std::string(100'000, 'd'))}));
    const auto cost = live->cost(0);
    live->mark_large(10);
    live->let_go_large();
    CHECK(live->chunk.body->size() < 20);
    CHECK(live->cost(0) == cost);
    CHECK(live->frame(0).partition_key == "key");
}

} // namespace
