#include <sluice/detail/sqlite_file.hpp>

#include "../storage/test_vfs.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

using namespace sluice;
using namespace sluice::detail;

namespace {

/// A database with something in it, and its file.
class Opened {
public:
    Opened() : database(open(vfs)), file(database, SQLITE_FCNTL_FILE_POINTER) {
        REQUIRE(database.execute("CREATE TABLE t (b); INSERT INTO t VALUES (1)"));
    }

    static SqliteDatabase open(TestVfs& vfs) {
        auto opened = SqliteDatabase::open("db", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs.name());
        REQUIRE(opened.has_value());
        return std::move(*opened);
    }

    [[nodiscard]] std::int64_t size() {
        std::int64_t bytes = -1;
        CHECK(file.size(bytes) == SQLITE_OK);
        CHECK(static_cast<std::size_t>(bytes) == vfs.bytes("db").size());
        return bytes;
    }

    TestVfs vfs;
    SqliteDatabase database;
    SqliteFile file;
};

TEST_CASE("a file grows by zeros to the byte, in however many blocks, and keeps what it has") {
    Opened opened;
    const auto before = opened.vfs.bytes("db");
    const auto end = opened.size();
    for (const std::int64_t more : {1, 65'535, 65'536, 65'537, 200'000}) {
        CHECK(opened.file.grow(end + more) == SQLITE_OK);
        CHECK(opened.size() == end + more);
        CHECK(opened.vfs.bytes("db") == before + std::string(static_cast<std::size_t>(more), '\0'));
        CHECK(opened.file.grow(end) == SQLITE_OK); // it never shrinks
        CHECK(opened.size() == end + more);
        CHECK(opened.file.cut(end) == SQLITE_OK);
        CHECK(opened.vfs.bytes("db") == before);
    }
    CHECK(opened.database.first_integer("SELECT b FROM t").value() == 1);
}

TEST_CASE("a file that cannot grow all the way does not grow at all") {
    Opened opened;
    const auto end = opened.size();
    opened.vfs.set_room(opened.vfs.used() + 100'000);
    CHECK(opened.file.grow(end + 200'000) == SQLITE_FULL);
    CHECK(opened.size() == end);
    CHECK(opened.file.grow(end + 100'000) == SQLITE_OK);
}

TEST_CASE("a cut never lengthens a file") {
    Opened opened;
    const auto end = opened.size();
    CHECK(opened.file.cut(end + 1) == SQLITE_OK);
    CHECK(opened.size() == end);
}

TEST_CASE("a database without a file has none to grow") {
    auto database = SqliteDatabase::open(":memory:", SQLITE_OPEN_READWRITE, "");
    REQUIRE(database.has_value());
    const SqliteFile file(*database, SQLITE_FCNTL_FILE_POINTER);
    std::int64_t bytes = -1;
    CHECK(file.size(bytes) != SQLITE_OK);
    CHECK(bytes == -1);
    CHECK(file.grow(10) != SQLITE_OK);
    CHECK(file.cut(0) != SQLITE_OK);
    CHECK(file.system_error() == 0);
}

} // namespace
