#include <sluice/detail/flush_book.hpp>

#include "chunks.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <vector>

namespace {

using namespace std::chrono_literals;
using chunks::start;
using sluice::error;
using sluice::error_code;
using sluice::steady_time;
using sluice::detail::FlushBook;
using sluice::detail::FlushDone;

std::vector<FlushDone> ended(FlushBook& book, steady_time now = start, bool still = false, error_code why = {}) {
    std::vector<FlushDone> done;
    book.end(now, still, why, done);
    return done;
}

TEST_CASE("a flush ends when everything below its watermark has an outcome") {
    FlushBook book;
    CHECK_FALSE(book.active());
    book.begin(1, 10, 4, start + 1h, false);
    CHECK(book.active());
    CHECK(book.deadline() == start + 1h);
    book.settled(1, {});
    book.settled(2, error::expired);
    book.settled(3, error::gave_up);
    book.settled(10, {}); // not before the flush
    CHECK(ended(book).empty());
    book.settled(9, error::dropped);
    const auto done = ended(book);
    REQUIRE(done.size() == 1);
    CHECK(done.front().report.delivered == 1);
    CHECK(done.front().report.expired == 1);
    CHECK(done.front().report.failed == 2);
    CHECK(done.front().report.left == 0);
    CHECK_FALSE(book.active());
    CHECK(book.deadline() == steady_time::max());
    CHECK(ended(book).empty());
}

TEST_CASE("a flush whose time is over ends with what is left, and says why") {
    FlushBook book;
    book.begin(1, 10, 4, start + 1s, false);
    CHECK(ended(book, start + 1s - 1ns, true).empty());
    const auto done = ended(book, start + 1s, false, error::timed_out);
    REQUIRE(done.size() == 1);
    CHECK(done.front().report.left == 4);
    CHECK(done.front().report.paused_by == error::timed_out);
}

TEST_CASE("a flush that is done does not tell of a pause") {
    FlushBook book;
    book.begin(1, 10, 0, start + 1s, false);
    CHECK_FALSE(ended(book, start, false, error::timed_out).at(0).report.paused_by);
}

TEST_CASE("a single try ends when all is still, or when its time is over") {
    FlushBook book;
    book.begin(1, 10, 4, start + 1s, true);
    CHECK(ended(book).empty());
    CHECK(ended(book, start, true).size() == 1);
    book.begin(2, 10, 4, start + 1s, true);
    CHECK(ended(book, start + 1s, false).size() == 1);
}

TEST_CASE("cleared records are neither delivered nor failed") {
    FlushBook book;
    book.begin(1, 10, 2, start + 1h, false);
    book.settled(1, error::cleared);
    book.forgotten(0, 5);
    const auto done = ended(book);
    REQUIRE(done.size() == 1);
    CHECK(done.front().report.delivered + done.front().report.failed + done.front().report.expired == 0);
}

TEST_CASE("what is forgotten counts for the flushes that began after it was put") {
    FlushBook book;
    book.begin(1, 10, 2, start + 1h, false);
    book.begin(2, 20, 4, start + 1h, false);
    book.forgotten(15, 2);
    CHECK(ended(book).empty());
    book.forgotten(5, 2);
    CHECK(ended(book).size() == 2);
}

TEST_CASE("one flush after the other tells each outcome once, also of what got it in between") {
    FlushBook book;
    book.settled(1, {});
    book.settled(2, error::expired);
    CHECK(book.unreported().delivered == 1);
    book.begin(1, 5, 1, start + 1h, false);
    CHECK(book.unreported().delivered == 0);
    book.settled(5, {}); // put after the flush began
    book.settled(3, {});
    auto report = ended(book).at(0).report;
    CHECK(report.delivered == 2);
    CHECK(report.expired == 1);
    book.settled(6, error::gave_up);
    book.begin(2, 8, 0, start + 1h, false);
    report = ended(book).at(0).report;
    CHECK(report.delivered == 1);
    CHECK(report.failed == 1);
    CHECK(report.expired == 0);
}

TEST_CASE("flushes at one time may tell the same outcome, and none is lost") {
    FlushBook book;
    book.settled(1, {});
    book.begin(1, 10, 1, start + 1h, false);
    book.begin(2, 20, 2, start + 1h, false);
    book.settled(5, {});
    book.settled(15, {});
    const auto done = ended(book);
    REQUIRE(done.size() == 2);
    CHECK(done[0].report.delivered == 2);
    CHECK(done[1].report.delivered == 2);
    CHECK(book.unreported().delivered == 0);
}

TEST_CASE("each flush ends by itself, and the first deadline is told") {
    FlushBook book;
    book.begin(1, 10, 1, start + 3s, false);
    book.begin(2, 20, 2, start + 2s, false);
    CHECK(book.deadline() == start + 2s);
    book.settled(5, {});
    auto done = ended(book);
    REQUIRE(done.size() == 1);
    CHECK(done.front().id == 1);
    done = ended(book, start + 2s);
    REQUIRE(done.size() == 1);
    CHECK(done.front().report.delivered == 1);
    CHECK(done.front().report.left == 1);
}

} // namespace
