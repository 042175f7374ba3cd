#include "dead_letters/letters.hpp"
#include "storage/temporary.hpp"

#include <sluice/dead_letters/blocking_letter_box.hpp>
#include <sluice/dead_letters/sqlite.hpp>

#include <boost/system/system_error.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

using sluice::BlockingLetterBox;
using sluice::error;
using sluice::LetterFilter;
using sluice::SqliteDeadLetters;

TEST_CASE("without a coroutine, letters are counted, read and taken out") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    CHECK_FALSE(take_all(SqliteDeadLetters(path), numbered(1, 10)));
    CHECK_FALSE(take(SqliteDeadLetters(path), {letter("refused", 11, error::request_refused)}));
    BlockingLetterBox box(path);
    CHECK(box.count() == 11);
    CHECK(box.count(LetterFilter("clicks", "expired")) == 10);
    CHECK(box.last() == 11);
    const auto all = box.read();
    REQUIRE(all.size() == 11);
    CHECK(all[0].letter->record.data == "1");
    CHECK(all[10].letter->reason == "request_refused");
    CHECK(box.read(LetterFilter(), all[8].number).size() == 2);
    CHECK(box.remove({all[0].number, all[1].number, 999}) == 2);
    CHECK(box.count() == 9);
}

TEST_CASE("what fails is thrown, or told where that is wanted, in the log too") {
    const TemporaryDirectory directory;
    std::string said;
    BlockingLetterBox box(directory / "nowhere", sluice::Log([&](sluice::LogLevel, std::string_view line) {
                              said += line;
                          }));
    CHECK_THROWS_AS(box.count(), boost::system::system_error);
    CHECK(said.find("there is no such file") != std::string::npos);
    sluice::error_code failure;
    CHECK(box.read(LetterFilter(), 0, failure).empty());
    CHECK(failure == error::storage_unwritable);
    CHECK(box.remove({1}, failure) == 0);
    CHECK(failure == error::storage_unwritable);
    CHECK_FALSE(take(SqliteDeadLetters(directory / "nowhere"), {letter("one")}));
    CHECK(box.count(LetterFilter(), failure) == 1);
    CHECK_FALSE(failure);
    CHECK(box.last(failure) == 1);
}
