#include <sluice/detail/sqlite_letter_store.hpp>

#include "../storage/temporary.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

using namespace sluice;
using detail::LetterPlace;
using detail::LetterRow;
using detail::SqliteLetterStore;

namespace {

const wall_time now = wall_time(std::chrono::seconds(1'795'243'551)); // 2026-11-21 06:45:51 UTC

LetterPlace at(const std::filesystem::path& path) {
    LetterPlace place;
    place.file.path = path.string();
    return place;
}

LetterRow row(const std::string& id, std::size_t bytes = 10) {
    LetterRow made;
    made.id = id;
    made.stream = "clicks";
    made.text = std::string(bytes, 'x');
    return made;
}

/// Does one thing as `GroupCommit` does it; its error.
template <class Work>
error_code transact(SqliteLetterStore& store, Work work) {
    const auto attempt = [&]() -> error_code {
        if (const auto begun = store.begin(now); !begun) return begun.error();
        if (const auto done = work(store); !done) return done.error();
        const auto committed = store.commit();
        return committed ? error_code() : committed.error();
    };
    const auto failure = attempt();
    if (failure) store.rollback(failure, now);
    store.maintain();
    return failure;
}

error_code keep(SqliteLetterStore& store, const LetterRow& made) {
    return transact(store, [&](SqliteLetterStore& its) { return its.keep(made); });
}

std::int64_t count(SqliteLetterStore& store) {
    std::int64_t found = -1;
    CHECK_FALSE(transact(store, [&](SqliteLetterStore& its) {
        const auto counted = its.letters().count("", "");
        if (counted) found = *counted;
        return counted;
    }));
    return found;
}

bool has(const std::string& text, std::string_view words) { return text.find(words) != std::string::npos; }

} // namespace

TEST_CASE("what is committed is in the file itself, for whoever moves or copies that alone") {
    const TemporaryDirectory directory;
    SqliteLetterStore store(at(directory / "letters"));
    for (const auto* id : {"a", "b"}) CHECK_FALSE(keep(store, row(id)));
    std::filesystem::copy_file(directory / "letters", directory / "copy");
    SqliteLetterStore copy(at(directory / "copy"));
    CHECK(count(copy) == 2);
}

TEST_CASE("what fails is undone, and what comes after it works") {
    const TemporaryDirectory directory;
    SqliteLetterStore store(at(directory / "letters"));
    for (const auto why : {error::storage_full, error::storage_failed, error::storage_locked}) {
        const auto failure = transact(store, [&](SqliteLetterStore& its) -> result<void> {
            CHECK(its.keep(row("a")).has_value());
            return why;
        });
        CHECK(failure == why);
        CHECK(has(store.take_remark(), (directory / "letters").string()));
        CHECK(count(store) == 0);
    }
    CHECK_FALSE(keep(store, row("a")));
    CHECK(count(store) == 1);
}

TEST_CASE("each failure is told once, until something works") {
    const TemporaryDirectory directory;
    SqliteLetterStore store(at(directory / "none/letters"));
    CHECK(keep(store, row("a")) == error::storage_unwritable);
    CHECK_FALSE(store.take_remark().empty());
    CHECK(keep(store, row("a")) == error::storage_unwritable);
    CHECK(store.take_remark().empty());
    std::filesystem::create_directory(directory / "none");
    CHECK_FALSE(keep(store, row("a")));
    CHECK(store.take_remark().empty());
    std::filesystem::remove_all(directory / "none");
    CHECK(keep(store, row("b")) == error::storage_unwritable);
    CHECK_FALSE(store.take_remark().empty());
}

TEST_CASE("a file that is damaged while it is open is set aside, and letters go on in a new one") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    SqliteLetterStore store(at(path));
    for (int i = 0; i < 50; ++i) REQUIRE_FALSE(keep(store, row(std::to_string(i), 5'000)));
    {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(16'384);
        file << std::string(16'384 * 3, '\x55');
    }
    SqliteLetterStore other(at(path)); // without the pages in the memory of the first
    auto failure = keep(other, row("new"));
    CHECK(failure == error::storage_corrupt);
    CHECK(has(other.take_remark(), "renamed to " + path.string() + ".corrupt-20261121T064551Z"));
    CHECK_FALSE(keep(other, row("new")));
    CHECK(count(other) == 1);
    // Who had it open notices that it has lost its name.
    CHECK_FALSE(keep(store, row("newer")));
    CHECK(count(store) == 2);
}

TEST_CASE("what another process has set aside is not set aside again") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    SqliteLetterStore first(at(path)), second(at(path)), third(at(path));
    REQUIRE_FALSE(keep(first, row("a")));
    REQUIRE(second.begin(wall_time()).has_value());
    first.rollback(error::storage_corrupt, wall_time());
    REQUIRE_FALSE(keep(third, row("b")));
    second.rollback(error::storage_corrupt, wall_time());
    CHECK(has(second.take_remark(), "It has lost its name already"));
    CHECK(count(second) == 1);
}

TEST_CASE("a table that somebody dropped is corruption, too") {
    const TemporaryDirectory directory;
    const auto path = directory / "letters";
    SqliteLetterStore store(at(path));
    CHECK_FALSE(keep(store, row("a")));
    {
        auto other = detail::SqliteDatabase::open(path.string(), SQLITE_OPEN_READWRITE, "");
        REQUIRE(other.has_value());
        REQUIRE(other->execute("DROP TABLE letters").has_value());
    }
    CHECK(keep(store, row("b")) == error::storage_failed); // it opens the file anew, and sees
    CHECK(keep(store, row("b")) == error::storage_corrupt);
    CHECK(has(store.take_remark(), "renamed"));
    CHECK_FALSE(keep(store, row("b")));
    CHECK(count(store) == 1);
}

TEST_CASE("the limit counts what the file has, and its letters leave room for others") {
    const TemporaryDirectory directory;
    auto place = at(directory / "letters");
    place.room.most_pages = 30;
    SqliteLetterStore store(place);
    int kept = 0;
    while (!keep(store, row(std::to_string(kept), 30'000))) REQUIRE(++kept < 100);
    CHECK(kept > 5);
    CHECK(has(store.take_remark(), "as large as it may be"));
    CHECK(std::filesystem::file_size(directory / "letters") <= 30 * 16'384);
    CHECK_FALSE(transact(store, [](SqliteLetterStore& its) { return its.letters().remove({1, 2}); }));
    CHECK_FALSE(keep(store, row("more", 30'000)));
}

TEST_CASE("who only looks makes no file") {
    const TemporaryDirectory directory;
    auto place = at(directory / "letters");
    place.create = false;
    SqliteLetterStore store(place);
    CHECK(keep(store, row("a")) == error::storage_unwritable);
    CHECK(std::filesystem::is_empty(directory.path()));
}
