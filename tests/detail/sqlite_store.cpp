#include <sluice/detail/sqlite_store.hpp>

#include "../storage/temporary.hpp"
#include "../storage/test_vfs.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace sluice;
using detail::SqliteChunks;
using detail::SqlitePlace;
using detail::SqliteStore;

namespace {

constexpr std::size_t page = 16'384;

SqlitePlace on(const TestVfs& vfs) {
    SqlitePlace place;
    place.path = "db";
    place.vfs = vfs.name();
    return place;
}

SqlitePlace at(const std::filesystem::path& path) {
    SqlitePlace place;
    place.path = path.string();
    return place;
}

std::vector<Chunk> one(std::uint64_t first, std::size_t size = 4) {
    return std::vector<Chunk>(1, Chunk("clicks", first, 1, std::make_shared<const std::string>(size, 'x')));
}

std::vector<Settlement> gone(std::uint64_t first) {
    std::vector<Settlement> changes(1);
    changes.front().stream = "clicks";
    changes.front().first = first;
    return changes;
}

/// Does one thing as `GroupCommit` does it; its error.
template <class Work>
error_code transact(SqliteStore& store, Work work) {
    const auto run = [&]() -> error_code {
        if (const auto begun = store.begin({}); !begun) return begun.error();
        if (const auto done = work(store.chunks()); !done) return done.error();
        const auto committed = store.commit();
        return committed ? error_code{} : committed.error();
    };
    const auto failure = run();
    if (failure) store.rollback(failure, {});
    store.maintain();
    return failure;
}

error_code append(SqliteStore& store, std::uint64_t first, std::size_t size = 4) {
    return transact(store, [&](SqliteChunks& chunks) { return chunks.append(one(first, size)); });
}

error_code settle(SqliteStore& store, std::uint64_t first) {
    return transact(store, [&](SqliteChunks& chunks) { return chunks.settle(gone(first)); });
}

std::size_t stored(SqliteStore& store) {
    std::size_t found = 0;
    const auto failure = transact(store, [&](SqliteChunks& chunks) {
        auto all = chunks.read("clicks", 0, std::size_t{1} << 40U);
        found = all ? all->size() : 0;
        return all;
    });
    CHECK_FALSE(failure);
    return found;
}

} // namespace

TEST_CASE("a store opens its file when it is first used, and lets it go at its end") {
    const TemporaryDirectory directory;
    const auto path = directory / "db";
    {
        SqliteStore store(at(path));
        store.maintain();
        store.rollback(error::storage_failed, {});
        CHECK_FALSE(std::filesystem::exists(path));
        CHECK_FALSE(append(store, 1));
        CHECK(std::filesystem::exists(path));
        SqliteStore second(at(path));
        CHECK(append(second, 2) == error::storage_locked);
    }
    SqliteStore third(at(path));
    CHECK(stored(third) == 1);
    CHECK(third.take_remark().empty());
}

TEST_CASE("what was rolled back was never there, and what follows is") {
    TestVfs vfs;
    SqliteStore store(on(vfs));
    REQUIRE(store.begin({}).has_value());
    REQUIRE(store.chunks().append(one(1)).has_value());
    store.rollback(error::storage_failed, {});
    store.rollback(error::storage_failed, {}); // SQLite did it on its own, sometimes
    CHECK(stored(store) == 0);
    CHECK_FALSE(append(store, 1));
    CHECK(stored(store) == 1);
}

TEST_CASE("an opening that failed is told once and remembered, whatever comes later") {
    const TemporaryDirectory directory;
    const auto path = directory / "db";
    SqliteStore store(at(path));
    {
        SqliteStore owner(at(path));
        CHECK_FALSE(append(owner, 1));
        CHECK(append(store, 2) == error::storage_locked);
    }
    const auto remark = store.take_remark();
    CHECK(remark.find(path.string()) != std::string::npos);
    CHECK(remark.find(make_error_code(error::storage_locked).message()) != std::string::npos);
    CHECK(append(store, 2) == error::storage_locked); // whoever wants it opens a new store
    CHECK(store.take_remark().empty());
    SqliteStore fresh(at(path));
    CHECK(stored(fresh) == 1);
}

TEST_CASE("damage that is met ends the use of the file, which is set aside at once") {
    const TemporaryDirectory directory;
    const auto path = directory / "db";
    SqliteStore store(at(path));
    CHECK_FALSE(append(store, 1));
    store.rollback(error::storage_corrupt, wall_time());
    CHECK_FALSE(std::filesystem::exists(path));
    CHECK(std::filesystem::exists(path.string() + ".corrupt-19700101T000000Z"));
    CHECK(std::filesystem::exists(path.string() + ".corrupt-19700101T000000Z-wal")); // nothing was written into it
    CHECK(store.take_remark().find("renamed to " + path.string() + ".corrupt-19700101T000000Z") != std::string::npos);
    CHECK(append(store, 2) == error::storage_corrupt);
    store.maintain();
    store.rollback(error::storage_corrupt, wall_time());
    CHECK(store.take_remark().empty());
    SqliteStore fresh(at(path));
    CHECK_FALSE(append(fresh, 1));
    // The records that were readable can be read from the file that was set aside, log and all.
    SqliteStore aside(at(path.string() + ".corrupt-19700101T000000Z"));
    CHECK(stored(aside) == 1);
}

TEST_CASE("tables that are not a store's are damage, and the file is free again") {
    TestVfs vfs;
    {
        SqliteStore store(on(vfs));
        CHECK_FALSE(append(store, 1));
    }
    const int flags = SQLITE_OPEN_READWRITE;
    auto database = detail::SqliteDatabase::open("db", flags, vfs.name());
    REQUIRE(database->execute("PRAGMA locking_mode = EXCLUSIVE; ALTER TABLE chunks DROP COLUMN attempts").has_value());
    *database = detail::SqliteDatabase::open(":memory:", flags, "").value();
    SqliteStore store(on(vfs));
    CHECK(append(store, 2) == error::storage_corrupt);
    CHECK(store.take_remark().find("storage db") == 0);
    // Nobody holds it any more.
    auto after = detail::SqliteDatabase::open("db", flags, vfs.name());
    CHECK(after->execute("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").has_value());
}

TEST_CASE("the log is copied when it is long: soon while chunks come and go, late while they only come") {
    for (const bool only_come : {true, false}) {
        CAPTURE(only_come);
        TestVfs vfs;
        SqliteStore store(on(vfs));
        const auto log_pages = [&] { return vfs.bytes("db-wal").size() / page; };
        CHECK_FALSE(append(store, 1, 10 * page));
        CHECK_FALSE(settle(store, 1));
        store.rollback(error::storage_full, {}); // has the log copied, and what went before forgotten
        store.maintain();
        for (std::uint64_t first = 2; first <= 5; ++first) CHECK_FALSE(append(store, first, 10 * page));
        std::size_t pages = 0;
        for (std::uint64_t first = 6; log_pages() > pages && first < 2'000; ++first) {
            pages = log_pages(); // which are used again from the first when they were copied
            CHECK_FALSE(append(store, first, 10 * page));
            if (!only_come) CHECK_FALSE(settle(store, first - 1));
        }
        // Each chunk takes eleven pages of its own and a few of the tables; a settlement some more.
        CHECK(pages >= (only_come ? 4'096 : 1'000));
        CHECK(pages < (only_come ? 4'200 : 1'100));
    }
}

TEST_CASE("after a full disk the log is copied at once, so that its space can be used again") {
    TestVfs vfs;
    SqliteStore store(on(vfs));
    for (std::uint64_t first = 1; first <= 5; ++first) CHECK_FALSE(append(store, first, 10 * page));
    CHECK(vfs.bytes("db-wal").size() > 5 * 10 * page);
    store.rollback(error::storage_full, {});
    store.maintain();
    CHECK(vfs.bytes("db-wal").size() < 20 * page);
    CHECK(stored(store) == 5);
    const auto copied = vfs.changes();
    store.maintain(); // once
    CHECK(vfs.changes() == copied);
}

TEST_CASE("damage that is found after a full disk ends the use of the file, and no recovery is tried") {
    TestVfs vfs;
    SqliteStore store(on(vfs));
    CHECK_FALSE(append(store, 1));
    store.rollback(error::storage_full, {});
    store.rollback(error::storage_corrupt, {});
    CHECK_FALSE(store.recover(true, 0));
    CHECK(append(store, 2) == error::storage_corrupt);
}

TEST_CASE("an emptied file is shrunk only if it had grown large, or its disk was full") {
    for (const auto& [above, crowded] : {std::pair(100, false), std::pair(10'000, false), std::pair(10'000, true)}) {
        CAPTURE(above);
        CAPTURE(crowded);
        TestVfs vfs;
        auto place = on(vfs);
        place.shrink_above = above;
        SqliteStore store(place);
        for (std::uint64_t first = 1; first <= 20; ++first) CHECK_FALSE(append(store, first, 10 * page));
        for (std::uint64_t first = 1; first <= 19; ++first) CHECK_FALSE(settle(store, first));
        if (crowded) store.rollback(error::storage_full, {});
        store.maintain();
        CHECK(vfs.bytes("db").size() > 200 * page);
        CHECK_FALSE(settle(store, 20));
        store.maintain();
        CHECK((vfs.bytes("db").size() < 20 * page) == (above == 100 || crowded));
        CHECK(stored(store) == 0);
        CHECK_FALSE(append(store, 21));
        CHECK(stored(store) == 1);
    }
}

TEST_CASE("a disk that is too full to shrink an emptied file is not too full to use it") {
    // However little room is left beside what a store was, what was delivered makes room for what comes.
    for (std::size_t pages = 20; pages < 60; ++pages) {
        CAPTURE(pages);
        TestVfs vfs;
        auto place = on(vfs);
        place.shrink_above = 100;
        {
            SqliteStore store(place);
            for (std::uint64_t first = 1; first <= 20; ++first) CHECK_FALSE(append(store, first, 10 * page));
        }
        SqliteStore store(place);
        vfs.set_room(vfs.used() + pages * (page + 24));
        for (std::uint64_t first = 1; first <= 20; ++first) {
            for (int tries = 0; tries < 3 && settle(store, first); ++tries) {}
        }
        CHECK(stored(store) == 0);
        for (int tries = 0; tries < 3 && append(store, 21, 10 * page); ++tries) {}
        CHECK(stored(store) == 1);
    }
}

TEST_CASE("a commit that fails changes nothing, and passes") {
    TestVfs vfs;
    auto place = on(vfs);
    place.sync_commits = true;
    SqliteStore store(place);
    CHECK_FALSE(append(store, 1));
    vfs.fail_syncs(true);
    CHECK(append(store, 2) == error::storage_failed);
    vfs.fail_syncs(false);
    CHECK(stored(store) == 1);
    CHECK_FALSE(append(store, 2));
    CHECK(stored(store) == 2);
}

TEST_CASE("the power may fail at any moment of a store's life: the next one has every commit that was synced") {
    for (std::uint64_t changes = 20; changes < 260; changes += 3) {
        CAPTURE(changes);
        TestVfs vfs(changes);
        auto place = on(vfs);
        place.sync_commits = true;
        place.shrink_above = 10;
        std::uint64_t taken = 0;
        std::uint64_t removed = 0;
        {
            SqliteStore store(place);
            vfs.cut_power_after(changes);
            for (std::uint64_t first = 1; first <= 12 && !append(store, first, 2 * page); ++first) taken = first;
            for (std::uint64_t first = 1; first <= taken && !vfs.powerless(); ++first) {
                if (!settle(store, first)) removed = first;
                store.rollback(error::storage_full, {});
                store.maintain();
            }
            vfs.crash(changes);
        }
        SqliteStore again(place);
        const auto left = stored(again);
        CHECK(left <= taken - removed + 1); // the last append may have arrived unanswered
        CHECK(left + 1 >= taken - removed); // so may the last settlement
    }
}
