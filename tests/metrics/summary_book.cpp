#include <sluice/metrics/summary_book.hpp>

#include <detail/clock.hpp>

#include <boost/asio/error.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

using namespace std::chrono_literals;
using sluice::detail::SummaryBook;
using sluice::detail::SummaryEntry;
using sluice::detail::SummaryMinute;
using sluice::detail::SummaryTypes;

namespace {

using Counts = std::map<std::string, std::uint64_t>;

Counts counts_of(const SummaryTypes& types) {
    Counts counts;
    types.each([&](const std::string& type, std::uint64_t records) { counts[type] += records; });
    return counts;
}

std::uint64_t events_in(const SummaryBook& book) {
    std::uint64_t events = 0;
    book.each([&](const SummaryMinute& minute) { events += minute.events; });
    return events;
}

} // namespace

TEST_CASE("types are counted by name, also those that look alike") {
    SummaryTypes types;
    // Same length, same first and last character.
    for (const char* const type : {"a-b", "acb", "a-b", "adb", "acb", "a-b"}) types.add(type, 1, 10);
    types.add("", 2, 10);
    CHECK(counts_of(types) == Counts{{"", 2}, {"a-b", 3}, {"acb", 2}, {"adb", 1}});
    CHECK(types.named() == 4);
}

TEST_CASE("what is taken is gone, and the names are not") {
    SummaryTypes types;
    types.add("view", 2, 10);
    types.add("buy", 1, 10);
    Counts taken;
    types.take([&](const std::string& type, std::uint64_t records) { taken[type] += records; });
    CHECK(taken == Counts{{"buy", 1}, {"view", 2}});
    CHECK(counts_of(types).empty());
    CHECK(types.named() == 2);
    types.add("view", 5, 10);
    CHECK(counts_of(types) == Counts{{"view", 5}});
}

TEST_CASE("types that are moved take their guesses with them") {
    SummaryTypes first;
    for (int i = 0; i < 100; ++i) first.add("type" + std::to_string(i), 1, 1'000);
    SummaryTypes second(std::move(first));
    for (int i = 0; i < 100; ++i) second.add("type" + std::to_string(i), 1, 1'000);
    first = SummaryTypes();
    first.add("type7", 9, 1'000);
    const auto counts = counts_of(second);
    CHECK(counts.size() == 100);
    for (const auto& [type, records] : counts) CHECK(records == 2);
    CHECK(counts_of(first) == Counts{{"type7", 9}});
}

TEST_CASE("without room for a name everything is other") {
    SummaryTypes types;
    types.add("view", 1, 0);
    types.add("buy", 1, 0);
    types.add("other", 1, 0);
    CHECK(counts_of(types) == Counts{{"other", 3}});
    CHECK(types.named() == 0);
}

TEST_CASE("a book is read by the clock of those who are there, and by when the last one left") {
    HandClock early;
    HandClock late;
    late.advance(30min);
    const auto book = std::make_shared<SummaryBook>(4);
    {
        SummaryEntry first(book, early);
        first.accepted(1, 10);
        {
            SummaryEntry second(book, late);
            second.accepted(2, 20);
            CHECK(events_in(*book) == 3);
            late.advance(40min);
            CHECK(events_in(*book) == 2);
        }
        CHECK(events_in(*book) == 3);
        early.advance(30min);
    }
    early.advance(24h);
    CHECK(events_in(*book) == 3);
}

TEST_CASE("the own end of a request is not counted, and expired records are told apart") {
    HandClock clock;
    const auto book = std::make_shared<SummaryBook>(4);
    SummaryEntry entry(book, clock);
    const sluice::Answer own_end(boost::asio::error::operation_aborted, "", "");
    entry.exchanged(sluice::Exchange(own_end));
    entry.settled({}, 1);
    entry.settled(sluice::error::expired, 2);
    entry.settled(sluice::error::dropped, 4);
    entry.settled(boost::asio::error::operation_aborted, 8);
    int minutes = 0;
    book->each([&](const SummaryMinute& minute) {
        ++minutes;
        CHECK(minute.requests == 0);
        CHECK(minute.succeeded == 1);
        CHECK(minute.expired == 2);
        CHECK(minute.failed == 12);
    });
    CHECK(minutes == 1);
}
