#include "../run.hpp"
#include "../storage/temporary.hpp"
#include "../world.hpp"

#include <sluice/dead_letters/letter_box.hpp>
#include <sluice/dead_letters/sqlite.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <sqlite3.h>

namespace {

using sluice::error;
using sluice::LetterBox;
using sluice::LetterFilter;
using sluice::asio::awaitable;

/// Ten letters: of clicks and orders in turn, the first five expired, the others refused, a kilobyte each or more.
awaitable<void> fill(boost::asio::io_context& context, const std::filesystem::path& path, std::size_t bytes = 1'000) {
    TestWorld test(context.get_executor());
    const sluice::SqliteDeadLetters recipe(path);
    auto opened = co_await recipe.open(test.world);
    REQUIRE(opened.has_value());
    for (std::uint64_t i = 0; i < 10; ++i) {
        sluice::Record record("key", std::string(bytes, static_cast<char>('0' + i)));
        record.stream = i % 2 == 0 ? "clicks" : "orders";
        sluice::DeadLetter letter(sluice::RecordId({}, i), std::move(record),
                                  i < 5 ? error::expired : error::request_refused);
        const auto taken = co_await opened->take(std::move(letter));
        CHECK(taken.has_value());
    }
}

} // namespace

TEST_CASE("letters are counted and read by stream and reason, page by page") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    run([&](boost::asio::io_context& context) -> awaitable<void> {
        co_await fill(context, path);
        LetterBox box(context.get_executor(), path);
        const auto all = co_await box.count();
        CHECK(all.value() == 10);
        const LetterFilter clicks("clicks");
        const auto of_clicks = co_await box.count(clicks);
        CHECK(of_clicks.value() == 5);
        const LetterFilter expired_clicks("clicks", "expired");
        const auto both = co_await box.count(expired_clicks);
        CHECK(both.value() == 3);
        const LetterFilter nothing("nothing' OR 1 = 1 --");
        const auto none = co_await box.read(nothing);
        CHECK(none.value().empty());
        LetterFilter refused;
        refused.code = "request_refused";
        refused.most = 2;
        auto page = co_await box.read(refused);
        REQUIRE(page.value().size() == 2);
        CHECK((*page)[0].letter->id.sequence == 5);
        CHECK((*page)[1].letter->reason == make_error_code(error::request_refused).message());
        const auto after = (*page)[1].number;
        page = co_await box.read(refused, after);
        REQUIRE(page.value().size() == 2);
        CHECK((*page)[0].letter->id.sequence == 7);
    });
}

TEST_CASE("a page is bounded in bytes, and has one letter at least") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    run([&](boost::asio::io_context& context) -> awaitable<void> {
        co_await fill(context, path, 5U << 20U);
        LetterBox box(context.get_executor(), path);
        std::int64_t after = 0;
        for (int i = 0; i < 10; ++i) {
            const auto page = co_await box.read(LetterFilter(), after);
            REQUIRE(page.value().size() == 1);
            after = page->front().number;
        }
        const auto end = co_await box.read(LetterFilter(), after);
        CHECK(end.value().empty());
    });
}

TEST_CASE("letters are taken out by number, and what is not there is no error") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    run([&](boost::asio::io_context& context) -> awaitable<void> {
        co_await fill(context, path);
        LetterBox box(context.get_executor(), path);
        const auto found = co_await box.read(LetterFilter());
        REQUIRE(found.value().size() == 10);
        std::vector<std::int64_t> some{(*found)[3].number, (*found)[4].number, -1, 999};
        const auto removed = co_await box.remove(std::move(some));
        CHECK(removed.value() == 2);
        const auto left = co_await box.count();
        CHECK(left.value() == 8);
        const auto last = co_await box.last();
        CHECK(last.value() == found->back().number);
        const auto nothing = co_await box.remove(std::vector<std::int64_t>());
        CHECK(nothing.value() == 0);
    });
}

TEST_CASE("numbers are not given twice, so that nobody takes out another's letter") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    run([&](boost::asio::io_context& context) -> awaitable<void> {
        co_await fill(context, path);
        LetterBox box(context.get_executor(), path);
        const auto last = co_await box.last();
        std::vector<std::int64_t> youngest(1, last.value());
        const auto removed = co_await box.remove(std::move(youngest));
        CHECK(removed.value() == 1);
        co_await fill(context, path);
        const auto found = co_await box.read(LetterFilter());
        REQUIRE(found.value().size() == 10);
        CHECK(found->front().number > last.value());
    });
}

TEST_CASE("what is no box tells why, in the log too, and stays as it is") {
    const TemporaryDirectory directory;
    std::string said;
    const sluice::Log log([&said](sluice::LogLevel, std::string_view line) { said += line; });
    run([&](boost::asio::io_context& context) -> awaitable<void> {
        LetterBox nowhere(context.get_executor(), directory / "nowhere", log);
        const auto missing = co_await nowhere.count();
        CHECK(missing.error() == error::storage_unwritable);
        CHECK(said.find("there is no such file") != std::string::npos);
        CHECK(std::filesystem::is_empty(directory.path()));
        sqlite3* other = nullptr;
        REQUIRE(sqlite3_open((directory / "other").c_str(), &other) == SQLITE_OK);
        CHECK(sqlite3_exec(other, "CREATE TABLE letters (x)", nullptr, nullptr, nullptr) == SQLITE_OK);
        sqlite3_close(other);
        LetterBox foreign(context.get_executor(), directory / "other");
        const auto refused = co_await foreign.read(LetterFilter());
        CHECK(refused.error() == error::storage_foreign);
        const auto again = co_await foreign.last();
        CHECK(again.error() == error::storage_foreign);
    });
}
