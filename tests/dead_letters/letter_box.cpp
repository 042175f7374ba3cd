#include "../run.hpp"
#include "../storage/temporary.hpp"
#include "../world.hpp"

#include <sluice/dead_letters/letter_box.hpp>
#include <sluice/dead_letters/sqlite.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/thread_pool.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <sqlite3.h>

namespace {

using sluice::error;
using sluice::LetterBox;
using sluice::LetterFilter;
using sluice::asio::awaitable;

constexpr auto quietly = boost::asio::as_tuple(boost::asio::deferred);

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
        const auto all = co_await box.async_count();
        CHECK(all == 10);
        const LetterFilter clicks("clicks");
        const auto of_clicks = co_await box.async_count(clicks);
        CHECK(of_clicks == 5);
        const LetterFilter expired_clicks("clicks", "expired");
        const auto both = co_await box.async_count(expired_clicks);
        CHECK(both == 3);
        const LetterFilter nothing("nothing' OR 1 = 1 --");
        const auto none = co_await box.async_read(nothing);
        CHECK(none.empty());
        LetterFilter refused;
        refused.reason = "request_refused";
        refused.most = 2;
        auto page = co_await box.async_read(refused);
        REQUIRE(page.size() == 2);
        CHECK(page[0].letter->id.sequence == 5);
        CHECK(page[1].letter->message == make_error_code(error::request_refused).message());
        const auto after = page[1].number;
        page = co_await box.async_read(refused, after);
        REQUIRE(page.size() == 2);
        CHECK(page[0].letter->id.sequence == 7);
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
            const auto page = co_await box.async_read(LetterFilter(), after);
            REQUIRE(page.size() == 1);
            after = page.front().number;
        }
        const auto end = co_await box.async_read(LetterFilter(), after);
        CHECK(end.empty());
    });
}

TEST_CASE("letters are taken out by number, and what is not there is no error") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    run([&](boost::asio::io_context& context) -> awaitable<void> {
        co_await fill(context, path);
        LetterBox box(context.get_executor(), path);
        const auto found = co_await box.async_read(LetterFilter());
        REQUIRE(found.size() == 10);
        std::vector<std::int64_t> some{found[3].number, found[4].number, -1, 999};
        const auto removed = co_await box.async_remove(std::move(some));
        CHECK(removed == 2);
        const auto left = co_await box.async_count();
        CHECK(left == 8);
        const auto last = co_await box.async_last();
        CHECK(last == found.back().number);
        const auto nothing = co_await box.async_remove(std::vector<std::int64_t>());
        CHECK(nothing == 0);
    });
}

TEST_CASE("numbers are not given twice, so that nobody takes out another's letter") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    run([&](boost::asio::io_context& context) -> awaitable<void> {
        co_await fill(context, path);
        LetterBox box(context.get_executor(), path);
        const auto last = co_await box.async_last();
        std::vector<std::int64_t> youngest(1, last);
        const auto removed = co_await box.async_remove(std::move(youngest));
        CHECK(removed == 1);
        co_await fill(context, path);
        const auto found = co_await box.async_read(LetterFilter());
        REQUIRE(found.size() == 10);
        CHECK(found.front().number > last);
    });
}

TEST_CASE("what is no box tells why, in the log too, and stays as it is") {
    const TemporaryDirectory directory;
    std::string said;
    const sluice::Log log([&said](sluice::LogLevel, std::string_view line) { said += line; });
    run([&](boost::asio::io_context& context) -> awaitable<void> {
        LetterBox nowhere(context.get_executor(), directory / "nowhere", log);
        const auto missing = co_await nowhere.async_count(quietly);
        CHECK(std::get<0>(missing) == error::storage_unwritable);
        CHECK(said.find("there is no such file") != std::string::npos);
        CHECK(std::filesystem::is_empty(directory.path()));
        sqlite3* other = nullptr;
        REQUIRE(sqlite3_open((directory / "other").c_str(), &other) == SQLITE_OK);
        CHECK(sqlite3_exec(other, "CREATE TABLE letters (x)", nullptr, nullptr, nullptr) == SQLITE_OK);
        sqlite3_close(other);
        LetterBox foreign(context.get_executor(), directory / "other");
        const auto refused = co_await foreign.async_read(LetterFilter(), quietly);
        CHECK(std::get<0>(refused) == error::storage_foreign);
        const auto again = co_await foreign.async_last(quietly);
        CHECK(std::get<0>(again) == error::storage_foreign);
    });
}

TEST_CASE("a callback is told by its executor, and the box works on any") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    run([&](boost::asio::io_context& context) -> awaitable<void> { co_await fill(context, path); });
    boost::asio::thread_pool pool(2);
    boost::asio::io_context home;
    LetterBox box(pool.get_executor(), path);
    std::int64_t found = -1;
    std::thread::id where;
    box.async_count(boost::asio::bind_executor(home, [&](sluice::error_code failure, std::int64_t count) {
        CHECK_FALSE(failure);
        found = count;
        where = std::this_thread::get_id();
    }));
    home.run();
    CHECK(found == 10);
    CHECK(where == std::this_thread::get_id());
    pool.join();
}

TEST_CASE("cancellation ends the waiting") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    run([&](boost::asio::io_context& context) -> awaitable<void> { co_await fill(context, path); });
    boost::asio::io_context context;
    LetterBox box(context.get_executor(), path);
    boost::asio::cancellation_signal signal;
    std::optional<sluice::error_code> told;
    box.async_count(boost::asio::bind_cancellation_slot(
        signal.slot(), [&](sluice::error_code failure, std::int64_t) { told = failure; }));
    signal.emit(boost::asio::cancellation_type::terminal);
    context.run();
    REQUIRE(told.has_value());
    CHECK((!*told || *told == boost::asio::error::operation_aborted));
}
