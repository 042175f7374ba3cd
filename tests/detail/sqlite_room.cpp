#include <sluice/detail/sqlite_room.hpp>

#include "../storage/test_vfs.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::detail;

namespace {

constexpr std::int64_t page = 4'096;
constexpr std::int64_t least_log = 32 + SqliteRoom::log_pages * (24 + page);

/// A database with a write-ahead log, on a file system of its own.
class Opened {
public:
    explicit Opened(TestVfs& its_vfs) : vfs(its_vfs), database(open(its_vfs)) {}

    static SqliteDatabase open(TestVfs& vfs) {
        auto opened = SqliteDatabase::open("db", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs.name());
        REQUIRE(opened.has_value());
        REQUIRE(opened->execute("PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = 4096;"
                                "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;"
                                "CREATE TABLE IF NOT EXISTS t (b); PRAGMA wal_checkpoint(TRUNCATE)"));
        return std::move(*opened);
    }

    /// Begins a transaction that needs a few pages more than so many bytes.
    void write(int bytes) {
        const auto sql = "BEGIN; INSERT INTO t VALUES (zeroblob(" + std::to_string(bytes) + "))";
        REQUIRE(database.execute(sql.c_str()));
    }

    std::int64_t size(const char* path) const { return static_cast<std::int64_t>(vfs.bytes(path).size()); }

    std::int64_t rows() { return database.first_integer("SELECT count(*) FROM t").value(); }

    TestVfs& vfs;
    SqliteDatabase database;
};

result<SqliteRoom> room_of(Opened& opened) {
    auto room = SqliteRoom::open(opened.database);
    REQUIRE(room.has_value());
    return room;
}

} // namespace

TEST_CASE("the log has its least size from the beginning, and whenever it was shrunk") {
    TestVfs vfs;
    Opened opened(vfs);
    auto room = room_of(opened);
    CHECK(opened.size("db-wal") == least_log);
    opened.write(500'000);
    REQUIRE(room->reserve(true));
    REQUIRE(opened.database.execute("COMMIT"));
    CHECK(opened.size("db-wal") > least_log);
    CHECK(room->shrink_log() == SQLITE_OK);
    CHECK(opened.size("db-wal") == least_log);
    CHECK(room->shrink_log() == SQLITE_OK);
    CHECK(opened.size("db-wal") == least_log);
    CHECK(opened.rows() == 1);
}

TEST_CASE("a log that is short enough is copied without being cut, so that nobody can take its place") {
    TestVfs vfs;
    Opened opened(vfs);
    auto room = room_of(opened);
    opened.write(20'000);
    REQUIRE(room->reserve(true));
    REQUIRE(opened.database.execute("COMMIT"));
    vfs.set_room(0);
    CHECK(room->shrink_log() == SQLITE_OK);
    CHECK(opened.size("db-wal") == least_log);
    opened.write(20'000); // into the pages that were free, in the log that is
    CHECK(room->reserve(false).error() == error::storage_full);
    CHECK(opened.database.execute("ROLLBACK"));
    REQUIRE(opened.database.execute("BEGIN; DELETE FROM t"));
    REQUIRE(room->reserve(false));
    CHECK(opened.database.execute("COMMIT"));
}

TEST_CASE("before a commit the database is as long as its pages, with some to spare if something was appended") {
    for (const bool appends : {false, true}) {
        TestVfs vfs;
        Opened opened(vfs);
        auto room = room_of(opened);
        opened.write(100'000);
        REQUIRE(room->reserve(appends));
        const auto pages = opened.database.first_integer("PRAGMA page_count").value();
        CHECK(pages > 24);
        CHECK(opened.size("db") == (pages + (appends ? SqliteRoom::spare_pages : 0)) * page);
        REQUIRE(opened.database.execute("COMMIT"));
        room->committed();
        room->undo(); // nothing is undone any more
        CHECK(opened.size("db") >= pages * page);
        vfs.set_room(vfs.used());
        CHECK(room->copy_log() == SQLITE_OK);
        CHECK(opened.size("db") == pages * page); // SQLite's doing
        opened.write(1);
        CHECK(room->reserve(true).error() == (appends ? error_code() : error_code(error::storage_full)));
    }
}

TEST_CASE("what a transaction took and did not get is given back, to the byte") {
    TestVfs vfs;
    Opened opened(vfs);
    auto room = room_of(opened);
    const auto before = opened.size("db");
    opened.write(100'000);
    REQUIRE(room->reserve(true));
    CHECK(opened.size("db") > before);
    REQUIRE(opened.database.execute("ROLLBACK"));
    room->undo();
    CHECK(opened.size("db") == before);

    opened.write(100'000);
    vfs.set_room(vfs.used() + 90'000); // more than one write of zeros, less than all
    CHECK(room->reserve(true).error() == error::storage_full);
    CHECK(opened.size("db") == before);
    CHECK(room->take_words().find("full (13)") != std::string::npos);
    CHECK(room->take_words().empty());
    REQUIRE(opened.database.execute("ROLLBACK"));
    room->undo();
    CHECK(opened.size("db") == before);
}

TEST_CASE("the log's place waits in the database while it is closed, for the next opening") {
    TestVfs vfs;
    std::int64_t size = 0;
    {
        Opened opened(vfs);
        auto room = room_of(opened);
        size = opened.size("db");
        room->keep();
        CHECK(opened.size("db") == size + least_log);
    }
    CHECK(!vfs.exists("db-wal"));
    CHECK(static_cast<std::int64_t>(vfs.bytes("db").size()) == size + least_log);
    vfs.set_room(vfs.used());
    Opened opened(vfs);
    auto room = room_of(opened);
    CHECK(opened.size("db") == size);
    CHECK(opened.size("db-wal") == least_log);
    REQUIRE(opened.database.execute("BEGIN; DELETE FROM t"));
    REQUIRE(room->reserve(false));
    CHECK(opened.database.execute("COMMIT"));
    CHECK(opened.database.first_text("PRAGMA integrity_check").value() == "ok");
}

TEST_CASE("without room for the log's least size a database opens, and takes nothing before there is some") {
    TestVfs vfs;
    Opened opened(vfs);
    vfs.set_room(vfs.used() + 5 * page);
    auto room = room_of(opened);
    CHECK(opened.size("db-wal") == 0);
    REQUIRE(opened.database.execute("BEGIN; DELETE FROM t"));
    CHECK(room->reserve(false));
    CHECK(room->reserve(true).error() == error::storage_full);
    vfs.set_room(1'000'000);
    CHECK(room->reserve(true));
    CHECK(opened.size("db-wal") == least_log);
}

TEST_CASE("a file whose size cannot be told is not written to") {
    TestVfs vfs;
    Opened opened(vfs);
    auto room = room_of(opened);
    const auto before = vfs.changes();
    vfs.kill();
    room->undo();
    room->keep();
    CHECK(room->shrink_log() != SQLITE_OK);
    CHECK(!room->reserve(true).has_value());
    CHECK(vfs.changes() == before);
}
