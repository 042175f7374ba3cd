#include <sluice/detail/sqlite_letters.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using sluice::error;
using sluice::detail::LetterRange;
using sluice::detail::LetterRoom;
using sluice::detail::LetterRow;
using sluice::detail::SqliteDatabase;
using sluice::detail::SqliteLetters;

namespace {

SqliteDatabase in_memory() {
    auto opened = SqliteDatabase::open(":memory:", SQLITE_OPEN_READWRITE, "");
    REQUIRE(opened.has_value());
    return std::move(*opened);
}

/// Tables in memory.
class Fixture {
public:
    Fixture() {
        REQUIRE(database.execute("PRAGMA page_size = 16384").has_value());
        REQUIRE(SqliteLetters::create(database).has_value());
        auto prepared = SqliteLetters::prepare(database);
        REQUIRE(prepared.has_value());
        letters = std::move(*prepared);
    }

    static LetterRow row(const std::string& id, std::size_t bytes = 10) {
        LetterRow made;
        made.id = id;
        made.time = "2026-11-22T12:00:00Z";
        made.stream = "clicks";
        made.reason = "expired";
        made.text = std::string(bytes, 'x');
        return made;
    }

    sluice::error_code keep(const LetterRow& made) {
        const auto kept = letters->keep(made, room);
        return kept ? sluice::error_code() : kept.error();
    }

    std::string ids() {
        LetterRange all;
        all.most = 10'000;
        all.most_bytes = std::numeric_limits<std::size_t>::max();
        const auto found = letters->read(all);
        REQUIRE(found.has_value());
        std::string text;
        for (const auto& one : *found) text += one.id + ' ';
        return text;
    }

    [[nodiscard]] std::int64_t pages() { return database.first_integer("PRAGMA page_count").value(); }

    SqliteDatabase database = in_memory();
    std::optional<SqliteLetters> letters;
    LetterRoom room;
};

} // namespace

TEST_CASE("an id has one letter, its latest") {
    Fixture test;
    for (const auto* id : {"a", "b", "a", "c", "b", "b"}) CHECK_FALSE(test.keep(Fixture::row(id)));
    CHECK(test.ids() == "a c b ");
    CHECK(test.letters->last().value() == 6);
    CHECK(test.letters->count("", "").value() == 3);
}

TEST_CASE("text of any bytes comes back") {
    Fixture test;
    auto odd = Fixture::row("it's; -- \"");
    odd.stream = std::string("a\0b", 3);
    odd.text = "\xFF\xFE'";
    CHECK_FALSE(test.keep(odd));
    LetterRange range;
    range.stream = odd.stream;
    range.most = 1;
    const auto found = test.letters->read(range);
    REQUIRE(found.value().size() == 1);
    CHECK(found->front().text == odd.text);
    CHECK(found->front().stream == odd.stream);
}

TEST_CASE("a file never outgrows its limit, whatever the letters are like") {
    for (const bool drop : {false, true}) {
        for (const std::size_t bytes : {10U, 3'000U, 16'380U, 50'000U, 200'000U}) {
            CAPTURE(bytes);
            Fixture test;
            test.room.most_pages = 40;
            test.room.drop_oldest = drop;
            std::size_t refused = 0;
            for (int i = 0; i < 300; ++i) {
                if (test.keep(Fixture::row(std::to_string(i), bytes))) ++refused;
                REQUIRE(test.pages() <= 40);
            }
            const bool filled = bytes > 1'000;
            CHECK((refused > 0) == (filled && !drop));
            CHECK((test.letters->take_dropped() > 0) == (filled && drop));
            const auto ids = test.ids();
            CHECK(ids.starts_with("0 ") == (!filled || !drop));
            CHECK(ids.ends_with(" 299 ") == (!filled || drop));
        }
    }
}

TEST_CASE("a letter for which there can be no room is refused, with words") {
    Fixture test;
    test.room.most_pages = 20;
    test.room.drop_oldest = true;
    CHECK_FALSE(test.keep(Fixture::row("small")));
    CHECK(test.keep(Fixture::row("large", 20 * 16'384)) == error::storage_full);
    CHECK_FALSE(test.letters->take_words().empty());
    CHECK(test.letters->take_words().empty());
}

TEST_CASE("tables that are not ours are corrupt") {
    auto database = in_memory();
    CHECK(SqliteLetters::prepare(database).error() == error::storage_corrupt);
    REQUIRE(database.execute("CREATE TABLE letters (number, id, time)").has_value());
    CHECK(SqliteLetters::prepare(database).error() == error::storage_corrupt);
}
