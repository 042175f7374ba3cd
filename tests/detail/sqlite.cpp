#include <sluice/detail/sqlite.hpp>

#include <doctest/doctest.h>

#include <vector>

using namespace sluice;
using namespace sluice::detail;

namespace {

SqliteDatabase memory() {
    auto database = SqliteDatabase::open(":memory:", SQLITE_OPEN_READWRITE, "");
    REQUIRE(database.has_value());
    return std::move(*database);
}

} // namespace

TEST_CASE("every result code of SQLite is an error of sluice that names the remedy") {
    CHECK(sqlite_error(SQLITE_FULL) == error::storage_full);
    CHECK(sqlite_error(SQLITE_IOERR_WRITE) == error::storage_failed);
    CHECK(sqlite_error(SQLITE_IOERR_FSYNC, ENOSPC) == error::storage_full);
    CHECK(sqlite_error(SQLITE_IOERR_FSYNC, EDQUOT) == error::storage_full);
    CHECK(sqlite_error(SQLITE_CORRUPT_INDEX) == error::storage_corrupt);
    CHECK(sqlite_error(SQLITE_NOTADB) == error::storage_corrupt);
    CHECK(sqlite_error(SQLITE_BUSY_RECOVERY) == error::storage_locked);
    CHECK(sqlite_error(SQLITE_CANTOPEN_ISDIR) == error::storage_unwritable);
    CHECK(sqlite_error(SQLITE_READONLY_DIRECTORY) == error::storage_unwritable);
    CHECK(sqlite_error(SQLITE_NOMEM) == error::storage_failed);
    CHECK(sqlite_error(SQLITE_MISUSE) == error::storage_failed);
}

TEST_CASE("integers, text and blobs come back as they were bound, with every byte") {
    auto database = memory();
    REQUIRE(database.execute("CREATE TABLE t (i INTEGER, s TEXT NOT NULL, b BLOB NOT NULL) STRICT").has_value());
    auto insert = database.prepare("INSERT INTO t VALUES (?, ?, ?)");
    REQUIRE(insert.has_value());
    using namespace std::string_literals;
    const auto text = "it's; DROP TABLE t -- \0 \xE2\x82\xAC"s;
    const std::vector<std::uint8_t> bytes{0, 255, 0, 1};
    const std::vector<std::uint8_t> none;
    CHECK(insert->with(std::numeric_limits<std::int64_t>::min(), text, SqliteBlob(bytes)).run().value() == 1);
    CHECK(insert->with(std::uint64_t{7}, std::string_view(), SqliteBlob(none)).run().value() == 1);
    auto select = database.prepare("SELECT i, s, b FROM t ORDER BY i");
    REQUIRE(select.has_value());
    for (int round = 0; round < 2; ++round) {
        auto query = select->with();
        REQUIRE(query.next().value());
        CHECK(query.integer(0) == std::numeric_limits<std::int64_t>::min());
        CHECK(query.text(1) == text);
        CHECK(std::vector<std::uint8_t>(query.blob(2).begin(), query.blob(2).end()) == bytes);
        CHECK(query.bytes(2) == std::string_view("\0\xFF\0\x01", 4));
        REQUIRE(query.next().value());
        CHECK(query.text(1).empty());
        CHECK(query.blob(2).empty());
        CHECK(!query.next().value());
    }
}

TEST_CASE("a query that was left half way does not stand in the way of the next") {
    auto database = memory();
    REQUIRE(database.execute("CREATE TABLE t (i); INSERT INTO t VALUES (1), (2)").has_value());
    auto select = database.prepare("SELECT i FROM t WHERE i >= ?");
    REQUIRE(select.has_value());
    { CHECK(select->with(1).next().value()); }
    CHECK(database.execute("DROP TABLE t").has_value());
}

TEST_CASE("failures are errors, with SQLite's words") {
    auto database = memory();
    CHECK(!database.execute("nonsense").has_value());
    CHECK(database.message().find("nonsense") != std::string::npos);
    CHECK(database.prepare("SELECT * FROM missing").error() == error::storage_corrupt);
    REQUIRE(database.execute("CREATE TABLE t (i INTEGER PRIMARY KEY)").has_value());
    auto insert = database.prepare("INSERT INTO t VALUES (?)");
    CHECK(insert->with(1).run().has_value());
    CHECK(insert->with(1).run().error() == error::storage_failed);
    CHECK(insert->with(1, 2).run().error() == error::storage_failed);
    CHECK(insert->with(2).run().has_value());
    CHECK(database.first_integer("SELECT max(i) FROM t").value() == 2);
    CHECK(database.first_integer("SELECT i FROM t WHERE i > 5").value() == 0);
    CHECK(database.first_text("SELECT 'x'").value() == "x");
    CHECK(SqliteDatabase::open("/nowhere/at/all", SQLITE_OPEN_READWRITE, "").error() == error::storage_unwritable);
}
