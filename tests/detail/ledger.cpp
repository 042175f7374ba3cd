#include <sluice/detail/ledger.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

namespace {

using sluice::Attempt;
using sluice::EntryAnswer;
using sluice::error;
using sluice::error_code;
using sluice::detail::Ledger;
using sluice::detail::Told;

Attempt attempt(int number) { return {{}, {}, error::record_failed, std::to_string(number)}; }

TEST_CASE("who waits is told once, with the receipt, and is forgotten") {
    Ledger ledger;
    ledger.watch(5);
    CHECK(ledger.watched(5));
    CHECK_FALSE(ledger.watched(6));
    ledger.note(5, attempt(1));
    EntryAnswer taken;
    taken.shard_id = "shard";
    taken.sequence_number = "49";
    const Attempt last;
    std::vector<Told> told;
    ledger.close(5, {}, &taken, &last, told);
    REQUIRE(told.size() == 1);
    CHECK(told.front().sequence == 5);
    CHECK(told.front().receipt.shard_id() == "shard");
    CHECK(told.front().receipt.sequence_number() == "49");
    CHECK(told.front().receipt.attempts().size() == 2);
    CHECK_FALSE(ledger.watched(5));
    ledger.close(5, {}, &taken, &last, told);
    CHECK(told.size() == 1);
}

TEST_CASE("who nobody waits for is not told, but what was tried is remembered until the end") {
    Ledger ledger;
    ledger.note(5, attempt(1));
    CHECK_FALSE(ledger.watched(5));
    CHECK(ledger.attempts(5).size() == 1);
    std::vector<Told> told;
    ledger.close(5, error::gave_up, nullptr, nullptr, told);
    CHECK(told.empty());
    CHECK(ledger.attempts(5).empty());
}

TEST_CASE("the latest sixteen attempts are kept, oldest first, the last one among them") {
    Ledger ledger;
    ledger.watch(1);
    for (int i = 0; i < 40; ++i) ledger.note(1, attempt(i));
    const auto kept = ledger.attempts(1);
    REQUIRE(kept.size() == Ledger::most_attempts);
    CHECK(kept.front().code == "24");
    CHECK(kept.back().code == "39");
    const auto last = attempt(40);
    std::vector<Told> told;
    ledger.close(1, error::gave_up, nullptr, &last, told);
    REQUIRE(told.front().receipt.attempts().size() == Ledger::most_attempts);
    CHECK(told.front().receipt.attempts().back().code == "40");
}

TEST_CASE("everybody who waits is told the same, and nobody twice") {
    Ledger ledger;
    ledger.watch(1);
    ledger.watch(2);
    ledger.note(3, attempt(1));
    std::vector<Told> told;
    ledger.tell_all(error::kept, told);
    REQUIRE(told.size() == 2);
    CHECK(told[0].outcome == error::kept);
    ledger.tell_all(error::closed, told);
    CHECK(told.size() == 2);
    CHECK(ledger.attempts(3).empty());
}

} // namespace
