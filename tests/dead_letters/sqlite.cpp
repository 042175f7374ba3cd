#include "dead_letters/commit_count.hpp"
#include "dead_letters/letters.hpp"
#include "storage/temporary.hpp"

#include <sluice/dead_letters/letter_box.hpp>
#include <sluice/dead_letters/sqlite.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sqlite3.h>
#include <sys/resource.h>

namespace {

using namespace std::chrono_literals;
using sluice::DeadLetter;
using sluice::error;
using sluice::SqliteDeadLetters;
using sluice::asio::awaitable;
namespace fs = std::filesystem;

/// A disk that has room for few pages of the databases that are opened meanwhile.
class FewPages {
public:
    FewPages() { sqlite3_auto_extension(reinterpret_cast<void (*)()>(&FewPages::limit)); }
    FewPages(const FewPages&) = delete;
    FewPages& operator=(const FewPages&) = delete;
    ~FewPages() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&FewPages::limit)); }

private:
    static int limit(sqlite3* database, const char**, const void*) {
        return sqlite3_exec(database, "PRAGMA max_page_count = 12", nullptr, nullptr, nullptr);
    }
};

/// No file of this process grows beyond a size.
class SmallFiles {
public:
    explicit SmallFiles(rlim_t bytes) {
        REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
        auto limit = before_;
        limit.rlim_cur = bytes;
        handler_ = ::signal(SIGXFSZ, SIG_IGN);
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
    }

    SmallFiles(const SmallFiles&) = delete;
    SmallFiles& operator=(const SmallFiles&) = delete;

    ~SmallFiles() {
        (void)::setrlimit(RLIMIT_FSIZE, &before_);
        (void)::signal(SIGXFSZ, handler_);
    }

private:
    struct rlimit before_ {};
    void (*handler_)(int) = SIG_DFL;
};

/// What is in a file, the oldest first.
std::vector<sluice::BoxedLetter> letters_in(const fs::path& path) {
    std::vector<sluice::BoxedLetter> all;
    run([&](boost::asio::io_context& context) -> awaitable<void> {
        sluice::LetterBox box(context.get_executor(), path);
        for (;;) {
            const std::int64_t after = all.empty() ? 0 : all.back().number;
            auto page = co_await box.async_read(sluice::LetterFilter(), after);
            if (page.empty()) co_return;
            std::move(page.begin(), page.end(), std::back_inserter(all));
        }
    });
    return all;
}

/// As somebody else sees it, who knows nothing of sluice.
std::string ask(const fs::path& path, const char* sql) {
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &database) == SQLITE_OK);
    std::string answer;
    const auto row = [](void* into, int count, char** values, char**) {
        auto& text = *static_cast<std::string*>(into);
        for (int i = 0; i < count; ++i) text.append(values[i] ? values[i] : "NULL").append(";");
        return 0;
    };
    CHECK(sqlite3_exec(database, sql, row, &answer, nullptr) == SQLITE_OK);
    sqlite3_close(database);
    return answer;
}

bool has(const std::string& text, std::string_view words) { return text.find(words) != std::string::npos; }

} // namespace

TEST_CASE("a letter is in the database when it is taken, and anybody can look it up") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters.db";
    CHECK_FALSE(take(SqliteDeadLetters(path), {letter("one", 1), letter(std::string("\0\xFF", 2), 2)}));
    CHECK_FALSE(take(SqliteDeadLetters(path), {letter("three", 3, error::gave_up)})); // another life
    const auto found = letters_in(path);
    REQUIRE(found.size() == 3);
    CHECK(found[0].letter->record == letter("one").record);
    CHECK(found[1].letter->record.data == std::string("\0\xFF", 2));
    CHECK(found[2].letter->id.sequence == 3);
    CHECK(found[2].letter->reason == "gave_up");
    CHECK(std::chrono::abs(std::chrono::system_clock::now() - found[2].letter->time) < 1h);
    CHECK(ask(path, "SELECT stream, reason, letter ->> 'data' FROM letters WHERE number <> 2") ==
          "clicks;expired;one;clicks;gave_up;three;");
    CHECK(ask(path, "PRAGMA integrity_check") == "ok;");
    CHECK((fs::status(path).permissions() & fs::perms(0777)) == fs::perms(0600));
}

TEST_CASE("a letter that comes again takes the place of the first") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters.db";
    CHECK_FALSE(take(SqliteDeadLetters(path), {letter("one", 1), letter("two", 2), letter("one", 1)}));
    CHECK_FALSE(take(SqliteDeadLetters(path), {letter("two", 2, error::closed)}));
    const auto found = letters_in(path);
    REQUIRE(found.size() == 2);
    CHECK(found[0].letter->record.data == "one");
    CHECK(found[1].letter->reason == "closed");
}

TEST_CASE("opening makes the database, or tells why not, and leaves another's alone") {
    const TemporaryDirectory directory;
    CHECK_FALSE(take(SqliteDeadLetters(directory / "letters"), {}));
    CHECK(fs::exists(directory / "letters"));
    CHECK(take(SqliteDeadLetters(directory / "none/letters"), {}) == error::storage_unwritable);
    CHECK(take(SqliteDeadLetters(directory.path()), {}) == error::storage_unwritable);
    ask(directory / "other", "PRAGMA application_id = 7; CREATE TABLE letters (x); INSERT INTO letters VALUES (1)");
    std::string log;
    CHECK(take(SqliteDeadLetters(directory / "other"), {letter("one")}, &log) == error::storage_foreign);
    CHECK(has(log, (directory / "other").string()));
    CHECK(ask(directory / "other", "SELECT * FROM letters") == "1;");
}

TEST_CASE("what is no database is set aside with all that is in it, and the next letter has a new one") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    std::ofstream(path) << std::string(5'000, 'x');
    std::string log;
    CHECK(take(SqliteDeadLetters(path), {letter("one")}, &log) == error::storage_corrupt);
    CHECK(has(log, "renamed to " + path.string() + ".corrupt-"));
    CHECK_FALSE(take(SqliteDeadLetters(path), {letter("one")}));
    CHECK(letters_in(path).size() == 1);
    CHECK(std::distance(fs::directory_iterator(directory.path()), {}) == 2);
}

TEST_CASE("a recipe that can never work says so at once, and one that can touches nothing") {
    CHECK_THROWS_AS(SqliteDeadLetters(""), std::invalid_argument);
    CHECK_THROWS_AS(SqliteDeadLetters("directory/"), std::invalid_argument);
    CHECK_THROWS_AS(SqliteDeadLetters(std::string("a\0b", 3)), std::invalid_argument);
    CHECK_THROWS_AS(SqliteDeadLetters("letters", SqliteDeadLetters::least_bytes - 1), std::invalid_argument);
    const TemporaryDirectory directory;
    const SqliteDeadLetters recipe(directory / "letters", SqliteDeadLetters::least_bytes);
    CHECK(fs::is_empty(directory.path()));
}

TEST_CASE("a full file refuses letters until there is room, or drops the oldest, and says so") {
    const TemporaryDirectory directory;
    const auto most = SqliteDeadLetters::least_bytes;
    std::string log;
    std::vector<DeadLetter> many;
    for (std::uint64_t i = 1; i <= 7; ++i) many.push_back(letter(std::string(10 << 20U, 'x'), i));
    const auto refusing = directory / "refusing";
    CHECK(take(SqliteDeadLetters(refusing, most), many, &log) == error::storage_full);
    CHECK(has(log, "as large as it may be"));
    CHECK_FALSE(has(log, "xxx"));
    CHECK(letters_in(refusing).size() == 6);
    CHECK(fs::file_size(refusing) <= most);
    CHECK_FALSE(take(SqliteDeadLetters(refusing, most), {many[5]})); // one that is there has its room already
    CHECK(take(SqliteDeadLetters(refusing, most), {many[6]}) == error::storage_full);
    CHECK_FALSE(take(SqliteDeadLetters(refusing, 2 * most), {many[6]}));
    log.clear();
    many.push_back(many.back()); // when it is taken again, what is logged of the first time was logged
    const auto dropping = directory / "dropping";
    CHECK_FALSE(take(SqliteDeadLetters(dropping, most, sluice::LettersFull::drop_oldest), many, &log));
    CHECK(has(log, "1 of the oldest letters were dropped"));
    const auto found = letters_in(dropping);
    REQUIRE(found.size() == 6);
    CHECK(found.front().letter->id.sequence == 2);
    CHECK(found.back().letter->id.sequence == 7);
    CHECK(fs::file_size(dropping) <= most);
}

TEST_CASE("a file that somebody moved while it was open is made again, and both have their letters") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    run([&](boost::asio::io_context& context) -> awaitable<void> {
        TestWorld test(context.get_executor());
        const SqliteDeadLetters recipe(path);
        auto opened = co_await recipe.open(test.world);
        REQUIRE(opened.has_value());
        auto first = letter("one", 1);
        auto second = letter("two", 2);
        const auto one = co_await opened->take(std::move(first));
        CHECK(one.has_value());
        fs::rename(path, directory / "collected");
        const auto two = co_await opened->take(std::move(second));
        CHECK(two.has_value());
    });
    CHECK(letters_in(directory / "collected").size() == 1);
    const auto found = letters_in(path);
    REQUIRE(found.size() == 1);
    CHECK(found[0].letter->record.data == "two");
}

TEST_CASE("somebody who holds the database is waited for, and an error if that takes long") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    CHECK_FALSE(take(SqliteDeadLetters(path), {letter("one", 1)}));
    sqlite3* other = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &other) == SQLITE_OK);
    REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
    CHECK(take(SqliteDeadLetters(path), {letter("two", 2)}) == error::storage_locked);
    std::thread patient([&] { CHECK_FALSE(take(SqliteDeadLetters(path), {letter("two", 2)})); });
    std::this_thread::sleep_for(100ms);
    sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr);
    patient.join();
    sqlite3_close(other);
    CHECK(letters_in(path).size() == 2);
}

TEST_CASE("several producers share a file, and no letter is lost") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    const auto write = [&](std::uint64_t from) {
        for (int round = 0; round < 4; ++round, from += 5) {
            std::vector<DeadLetter> some;
            for (std::uint64_t i = 0; i < 5; ++i) some.push_back(letter("data", from + i));
            while (take(SqliteDeadLetters(path), some)) {} // a busy machine may keep one waiting for more than a second
        }
    };
    std::thread a(write, 100);
    std::thread b(write, 200);
    write(300);
    a.join();
    b.join();
    CHECK(letters_in(path).size() == 60);
}

TEST_CASE("a letter that is not waited for any more is kept all the same") {
    const TemporaryDirectory directory;
    leave_behind(SqliteDeadLetters(directory / "letters"), letter("left behind"));
    CHECK(letters_in(directory / "letters").size() == 1);
}

TEST_CASE("letters that come together are one commit, and come back in their order") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    CHECK_FALSE(take(SqliteDeadLetters(path), {letter("one", 300, error::closed)}));
    CommitCount commits;
    auto work = [&](auto& running) -> awaitable<sluice::error_code> {
        commits.restart(false); // the opening is behind us
        const auto taken = co_await running.take_all(numbered(1, 300));
        co_return taken ? sluice::error_code() : taken.error();
    };
    CHECK_FALSE(with(SqliteDeadLetters(path), work));
    CHECK(commits.count() == 1);
    const auto found = letters_in(path);
    REQUIRE(found.size() == 300);
    for (std::uint64_t i = 1; i <= 300; ++i) CHECK(found[i - 1].letter->record.data == std::to_string(i));
}

TEST_CASE("of letters that come together all are kept or none") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    CHECK_FALSE(take(SqliteDeadLetters(path), {letter("one", 1)}));
    CommitCount commits;
    auto fail = [&](auto& running) -> awaitable<sluice::error_code> {
        commits.restart(true);
        const auto taken = co_await running.take_all(numbered(1, 300));
        co_return taken ? sluice::error_code() : taken.error();
    };
    CHECK(with(SqliteDeadLetters(path), fail) == error::storage_failed);
    CHECK(commits.count() == 1);
    commits.restart(false);
    CHECK(letters_in(path).size() == 1);
    std::vector<DeadLetter> large;
    for (std::uint64_t i = 1; i <= 9; ++i) large.push_back(letter(std::string(9 << 20U, 'x'), i));
    CHECK(take_all(SqliteDeadLetters(path, SqliteDeadLetters::least_bytes), large) == error::storage_full);
    const auto found = letters_in(path);
    REQUIRE(found.size() == 1);
    CHECK(found[0].letter->record.data == "one");
    CHECK_FALSE(take_all(SqliteDeadLetters(path, SqliteDeadLetters::least_bytes, sluice::LettersFull::drop_oldest), large));
    CHECK(letters_in(path).size() < 9);
    CHECK(letters_in(path).back().letter->id.sequence == 9);
}

TEST_CASE("a full disk refuses letters, keeps those it has, and takes them when there is room") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    const auto large = letter(std::string(1 << 20U, 'x'), 2);
    CHECK_FALSE(take(SqliteDeadLetters(path), {letter("one", 1)}));
    std::string log;
    {
        const FewPages pages;
        CHECK(take(SqliteDeadLetters(path), {large}, &log) == error::storage_full);
        CHECK(take_all(SqliteDeadLetters(path), {letter("small", 3), large}) == error::storage_full);
        CHECK(letters_in(path).size() == 1);
        auto again = [&](auto& running) -> awaitable<sluice::error_code> {
            auto one = large;
            const auto refused = co_await running.take(std::move(one));
            CHECK(refused.error() == error::storage_full);
            auto other = letter("small", 3);
            const auto taken = co_await running.take(std::move(other));
            co_return taken ? sluice::error_code() : taken.error();
        };
        CHECK_FALSE(with(SqliteDeadLetters(path), again));
    }
    CHECK(has(log, path.string()));
    CHECK(has(log, "disk is full"));
    CHECK_FALSE(has(log, "xxx"));
    CHECK_FALSE(take(SqliteDeadLetters(path), {large}));
    CHECK(letters_in(path).size() == 3);
    CHECK(ask(path, "PRAGMA integrity_check") == "ok;");
}

TEST_CASE("a file that the system does not let grow loses no letter that it has") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    const auto large = letter(std::string(1 << 20U, 'x'), 2);
    CHECK_FALSE(take(SqliteDeadLetters(path), {letter("one", 1)}));
    {
        const SmallFiles limit(256 << 10U);
        CHECK(take(SqliteDeadLetters(path), {large}) == error::storage_failed);
        CHECK(take_all(SqliteDeadLetters(path), {letter("small", 3), large}) == error::storage_failed);
        CHECK(letters_in(path).size() == 1);
        CHECK_FALSE(take(SqliteDeadLetters(path), {letter("small", 3)}));
    }
    CHECK_FALSE(take(SqliteDeadLetters(path), {large}));
    CHECK(letters_in(path).size() == 3);
    CHECK(ask(path, "PRAGMA integrity_check") == "ok;");
}
