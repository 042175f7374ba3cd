#include <sluice/detail/lot.hpp>

#include "chunks.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using sluice::Record;
using sluice::RecordView;
using sluice::detail::buffer_cost;
using sluice::detail::Lot;
using sluice::detail::PutOp;
using sluice::detail::read_frame;
using sluice::detail::withdraw;

std::shared_ptr<PutOp> some_op() { return std::make_shared<PutOp>(std::vector<RecordView>{}, PutOp::PutAll{}); }

Lot lot_of(std::size_t count) {
    Lot lot("stream");
    lot.oldest_put = chunks::today;
    for (std::size_t i = 0; i < count; ++i) lot.add(Record("key", "data"), "key", chunks::today, 0ms);
    return lot;
}

TEST_CASE("a sealed lot is a chunk with all its records live") {
    Lot lot("stream");
    CHECK(lot.empty());
    lot.oldest_put = chunks::today;
    lot.add(Record("a", "1"), "a", chunks::today, 0ms);
    lot.add(Record("bb", "22"), "bb", chunks::today + 1500us, 3s);
    CHECK_FALSE(lot.empty());
    const auto chunk = lot.seal(77);
    CHECK(chunk.stream == "stream");
    CHECK(chunk.first == 77);
    CHECK(chunk.count == 2);
    CHECK(chunk.live == 2);
    CHECK(chunk.live_bytes == buffer_cost(1, 1) + buffer_cost(2, 2));
    CHECK(chunk.oldest_put == chunks::today);
    CHECK_FALSE(chunk.settled.test(0));
    CHECK(chunk.attempts.empty());
    const auto first = read_frame(*chunk.body, 1);
    REQUIRE(first.has_value());
    const auto second = read_frame(*chunk.body, 1 + first->size);
    REQUIRE(second.has_value());
    CHECK(second->put_after == 1ms);
    CHECK(second->time_to_live == 3s);
    CHECK(1 + first->size + second->size == chunk.body->size());
}

TEST_CASE("a key that the partitioning chose is stored, and counts") {
    Lot lot("stream");
    lot.add(Record("data"), "chosen", {}, 0ms);
    const auto chunk = lot.seal(1);
    CHECK(read_frame(*chunk.body, 1)->partition_key == "chosen");
    CHECK(chunk.live_bytes == buffer_cost(4, 6));
}

TEST_CASE("a wall clock that steps between two puts cannot make the later one older") {
    Lot lot("stream");
    lot.oldest_put = chunks::today;
    lot.add(Record("a", ""), "a", chunks::today - 24h, 0ms);
    lot.add(Record("a", ""), "a", chunks::today + 24h * 365, 0ms);
    const auto chunk = lot.seal(1);
    const auto back = read_frame(*chunk.body, 1);
    CHECK(back->put_after == 0ms);
    CHECK(read_frame(*chunk.body, 1 + back->size)->put_after == 4'294'967'295ms);
}

TEST_CASE("an operation claims its consecutive records in one piece") {
    const auto op = some_op();
    const auto other = some_op();
    Lot lot("stream");
    const auto put = [&](const std::shared_ptr<PutOp>& whose, std::size_t place) {
        lot.add(Record("k", ""), "k", {}, 0ms);
        if (whose) lot.claim(whose, place);
    };
    put(nullptr, 0);
    put(op, 0);
    put(op, 1);
    put(other, 0);
    put(op, 2);
    put(nullptr, 0);
    put(op, 3);
    REQUIRE(lot.claims.size() == 4);
    CHECK(lot.claims[0].first == 1);
    CHECK(lot.claims[0].count == 2);
    CHECK(lot.claims[1].op == other);
    CHECK(lot.claims[2].first == 4);
    CHECK(lot.claims[3].first == 6);
    CHECK(lot.claims[3].place == 3);
}

TEST_CASE("a claim does not run over a place of the range that was refused") {
    const auto op = some_op();
    Lot lot("stream");
    for (const std::size_t place : {0U, 2U, 3U}) { // 1 was refused
        lot.add(Record("k", ""), "k", {}, 0ms);
        lot.claim(op, place);
    }
    REQUIRE(lot.claims.size() == 2);
    CHECK(lot.claims[0].place == 0);
    CHECK(lot.claims[0].count == 1);
    CHECK(lot.claims[1].place == 2);
    CHECK(lot.claims[1].count == 2);
}

TEST_CASE("withdrawing settles records once, and gives their cost back") {
    auto chunk = lot_of(5).seal(1);
    const auto each = buffer_cost(4, 3);
    CHECK(withdraw(chunk, 1, 2) == 2);
    CHECK(chunk.live == 3);
    CHECK(chunk.live_bytes == 3 * each);
    CHECK_FALSE(chunk.settled.test(0));
    CHECK(chunk.settled.test(1));
    CHECK(chunk.settled.test(2));
    CHECK(withdraw(chunk, 0, 3) == 1);
    CHECK(withdraw(chunk, 0, 3) == 0);
    CHECK(chunk.live == 2);
    CHECK(chunk.live_bytes == 2 * each);
}

TEST_CASE("withdrawing more than there is withdraws what there is") {
    auto chunk = lot_of(2).seal(1);
    CHECK(withdraw(chunk, 1, 9) == 1);
    CHECK(withdraw(chunk, 7, 1) == 0);
    CHECK(chunk.live == 1);
}

TEST_CASE("what operations put can be taken out of a lot again, and the rest stays as it was") {
    const auto op = some_op();
    Lot lot("stream");
    lot.oldest_put = chunks::today;
    for (std::size_t i = 0; i < 10; ++i) {
        lot.add(Record("k", "data" + std::to_string(i)), "k", chunks::today + 3ms, i == 4 ? 5s : 0ms);
        if (i == 1 || i == 2 || i == 9) lot.claim(op, i);
    }
    CHECK(lot.drop_claimed() == 3);
    CHECK(lot.claims.empty());
    CHECK(lot.count == 7);
    CHECK(lot.cost == 7 * buffer_cost(5, 1));
    const auto chunk = lot.seal(1);
    const auto live = chunks::live(chunk);
    REQUIRE(live);
    std::string found;
    for (std::uint32_t i = 0; i < chunk.count; ++i) found += live->frame(i).data.back();
    CHECK(found == "0345678");
    CHECK(live->frame(2).time_to_live == 5s);
    CHECK(live->frame(2).put_after == 3ms);
}

TEST_CASE("a lot of which everything was taken out is empty, and takes records again") {
    const auto op = some_op();
    Lot lot("stream");
    lot.add(Record("k", "1"), "k", {}, 0ms);
    lot.claim(op, 0);
    CHECK(lot.drop_claimed() == 1);
    CHECK(lot.empty());
    lot.add(Record("k", "2"), "k", {}, 0ms);
    const auto live = chunks::live(lot.seal(1));
    REQUIRE(live);
    CHECK(live->frame(0).data == "2");
}

TEST_CASE("headers count as data does, from the put to the last outcome") {
    Record record("key", "data");
    record.headers.emplace_back("name", std::string(1'000, 'v'));
    const auto cost = buffer_cost(record, "key");
    CHECK(cost > buffer_cost(1'000, 3));
    auto chunk = chunks::make("s", 1, {record, record});
    CHECK(chunk.live_bytes == 2 * cost);
    CHECK(chunks::live(chunk)->cost(1) == cost);
    CHECK(sluice::detail::withdraw(chunk, 0, 1) == 1);
    CHECK(chunk.live_bytes == cost);
}

} // namespace
