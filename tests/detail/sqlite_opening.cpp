#include <sluice/detail/sqlite_opening.hpp>

#include "../storage/temporary.hpp"
#include "../storage/test_vfs.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace sluice;
using detail::SqliteDatabase;
using detail::SqliteOpening;
using detail::SqlitePlace;

namespace {

constexpr auto known_version = static_cast<std::uint32_t>(detail::SqliteChunks::schema_version);

const wall_time now = wall_time(std::chrono::seconds(1'795'243'551)); // 2026-11-21 06:45:51 UTC

SqlitePlace place_at(const std::filesystem::path& path, std::uint8_t id = 1) {
    SqlitePlace place;
    place.path = path.string();
    place.fresh.id.fill(id);
    return place;
}

/// An opening, its error and its remark.
class Opened {
public:
    explicit Opened(const SqlitePlace& place) {
        SqliteOpening opening(place);
        auto made = opening.open(now);
        remark = opening.remark();
        if (made) database.emplace(std::move(*made));
        else why = made.error();
    }

    std::string text(const char* sql) { return database->first_text(sql).value(); }
    std::int64_t integer(const char* sql) { return database->first_integer(sql).value(); }

    std::optional<SqliteDatabase> database;
    error_code why;
    std::string remark;
};

std::string slurp(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void spit(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// The names of a directory's files, and what is in them.
std::map<std::string, std::string> contents(const TemporaryDirectory& directory) {
    std::map<std::string, std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
        all[entry.path().filename().string()] = slurp(entry.path());
    }
    return all;
}

using Contents = std::map<std::string, std::string>;

bool foreign(const std::string& header) {
    return detail::is_foreign(std::span(reinterpret_cast<const unsigned char*>(header.data()), header.size()));
}

std::string header_of(std::string_view application, std::uint32_t version) {
    std::string header("SQLite format 3\0", 16);
    header.resize(100);
    header.replace(68, 4, application);
    boost::endian::store_big_u32(reinterpret_cast<unsigned char*>(header.data()) + 60, version);
    return header;
}

/// Tables in which damage is found, as soon as somebody else has put another file into the place of theirs.
class MovedMeanwhile : public detail::SqliteChunks {
public:
    static result<void> verify(SqliteDatabase& database) {
        const std::string path = sqlite3_db_filename(database.handle(), "main");
        std::filesystem::rename(path, path + "-away");
        spit(path, "sound");
        return error::storage_corrupt;
    }
};

} // namespace

TEST_CASE("a database is foreign unless it has our mark and a version that we know") {
    CHECK_FALSE(foreign(header_of("slui", 0)));
    CHECK_FALSE(foreign(header_of("slui", known_version)));
    CHECK(foreign(header_of("slui", known_version + 1)));
    CHECK(foreign(header_of("slui", 0xFFFFFFFF)));
    CHECK(foreign(header_of("iuls", 1)));
    CHECK(foreign(header_of(std::string(4, '\0'), 1)));
}

TEST_CASE("what is no database's header is not foreign") {
    CHECK_FALSE(foreign(""));
    CHECK_FALSE(foreign(std::string(100, '\0')));
    CHECK_FALSE(foreign(header_of("evil", 1).substr(0, 99)));
    auto damaged = header_of("evil", 1);
    damaged[15] = ' '; // the last byte of the magic is a zero
    CHECK_FALSE(foreign(damaged));
}

TEST_CASE("a time is written compactly, in UTC, without fractions") {
    using namespace std::chrono;
    CHECK(detail::compact_utc(now) == "20261121T064551Z");
    CHECK(detail::compact_utc(wall_time()) == "19700101T000000Z");
    CHECK(detail::compact_utc(wall_time(seconds(951'827'696) + milliseconds(999))) == "20000229T123456Z");
    CHECK(detail::compact_utc(wall_time(milliseconds(-1))) == "19691231T235959Z");
    CHECK(detail::compact_utc(wall_time::max()).size() == 16);
    CHECK(detail::compact_utc(wall_time::min()).size() == 16);
}

TEST_CASE("a database is set aside with what lies beside it, under the first name that is free") {
    const TemporaryDirectory directory;
    const auto path = (directory / "db").string();
    for (const auto* suffix : {"", "-wal", "-journal", "-shm"}) spit(path + suffix, std::string("first") + suffix);
    CHECK(detail::set_aside(path, now) == path + ".corrupt-20261121T064551Z");
    CHECK(contents(directory) == Contents{{"db.corrupt-20261121T064551Z", "first"},
                                          {"db.corrupt-20261121T064551Z-wal", "first-wal"},
                                          {"db.corrupt-20261121T064551Z-journal", "first-journal"},
                                          {"db.corrupt-20261121T064551Z-shm", "first-shm"}});
    spit(path, "second");
    CHECK(detail::set_aside(path, now) == path + ".corrupt-20261121T064551Z-2");
    spit(path, "third");
    CHECK(detail::set_aside(path, now) == path + ".corrupt-20261121T064551Z-3");
    CHECK(contents(directory).size() == 6);
    CHECK(contents(directory)["db.corrupt-20261121T064551Z"] == "first");
    CHECK(contents(directory)["db.corrupt-20261121T064551Z-2"] == "second");
}

TEST_CASE("what was set aside is never overwritten, not even its remains") {
    for (const auto* remains : {"", "-wal", "-journal", "-shm"}) {
        CAPTURE(remains);
        const TemporaryDirectory directory;
        const auto path = (directory / "db").string();
        spit(path + ".corrupt-20261121T064551Z" + remains, "precious");
        for (const auto* suffix : {"", "-wal", "-journal"}) spit(path + suffix, "damaged");
        CHECK(detail::set_aside(path, now) == path + ".corrupt-20261121T064551Z-2");
        CHECK(slurp(path + ".corrupt-20261121T064551Z" + remains) == "precious");
    }
}

TEST_CASE("what cannot be renamed is told") {
    const TemporaryDirectory directory;
    CHECK(detail::set_aside((directory / "nothing").string(), now).empty());
    CHECK(detail::set_aside((directory / "no" / "such" / "directory").string(), now).empty());
    CHECK(contents(directory).empty());
}

TEST_CASE("a new file is a store with the given identity, of its owner alone") {
    const TemporaryDirectory directory;
    const auto place = place_at(directory / "db", 42);
    Opened its(place);
    REQUIRE(its.database);
    CHECK(its.remark.empty());
    auto chunks = detail::SqliteChunks::prepare(*its.database);
    REQUIRE(chunks.has_value());
    CHECK(chunks->identity()->id == place.fresh.id);
    CHECK(chunks->empty().value());
    CHECK(its.text("PRAGMA journal_mode") == "wal");
    CHECK(its.text("PRAGMA locking_mode") == "exclusive");
    CHECK(its.integer("PRAGMA page_size") == 16'384);
    CHECK((std::filesystem::status(directory / "db").permissions() & std::filesystem::perms(0777)) ==
          std::filesystem::perms(0600));
}

TEST_CASE("commits are synced if the place says so, and only then") {
    const TemporaryDirectory directory;
    auto place = place_at(directory / "db");
    for (const bool each : {false, true, false}) {
        place.sync_commits = each;
        Opened its(place);
        REQUIRE(its.database);
        CHECK(its.integer("PRAGMA synchronous") == (each ? 2 : 1));
    }
}

TEST_CASE("a store that is there keeps its identity, whatever a new one would start with") {
    const TemporaryDirectory directory;
    CHECK(Opened(place_at(directory / "db", 1)).database.has_value());
    Opened again(place_at(directory / "db", 2));
    REQUIRE(again.database);
    CHECK(detail::SqliteChunks::prepare(*again.database)->identity()->id == place_at("db", 1).fresh.id);
}

TEST_CASE("a file that somebody else has open is locked, stays as it is, and is free afterwards") {
    const TemporaryDirectory directory;
    const auto place = place_at(directory / "db");
    {
        Opened first(place);
        REQUIRE(first.database);
        const auto before = contents(directory);
        Opened second(place);
        CHECK(second.why == error::storage_locked);
        CHECK_FALSE(second.remark.empty());
        CHECK(contents(directory) == before);
        CHECK(first.database->execute("UPDATE store SET next_sequence = 7").has_value());
    }
    Opened third(place);
    REQUIRE(third.database);
    CHECK(third.integer("SELECT next_sequence FROM store") == 7);
}

TEST_CASE("a database of another application, or of a newer sluice, stays as it is byte for byte") {
    for (const auto* sql : {"CREATE TABLE precious (x); PRAGMA application_id = 7",
                            "CREATE TABLE precious (x); PRAGMA application_id = 1936487785; PRAGMA user_version = 2"}) {
        CAPTURE(sql);
        const TemporaryDirectory directory;
        {
            const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
            auto database = SqliteDatabase::open((directory / "db").string(), flags, "");
            REQUIRE(database->execute(sql).has_value());
        }
        const auto before = contents(directory);
        Opened its(place_at(directory / "db"));
        CHECK(its.why == error::storage_foreign);
        CHECK(its.remark.find("another application's") != std::string::npos);
        CHECK(contents(directory) == before);
    }
}

TEST_CASE("a file that is no database is set aside whole, and the next opening starts with a new one") {
    for (const std::size_t size : {2U, 99U, 100U, 50'000U}) {
        CAPTURE(size);
        const TemporaryDirectory directory;
        const std::string bytes(size, 'x');
        spit(directory / "db", bytes);
        Opened its(place_at(directory / "db"));
        CHECK(its.why == error::storage_corrupt);
        CHECK(its.remark.find("renamed to " + (directory / "db").string() + ".corrupt-2026") != std::string::npos);
        CHECK(slurp(directory / "db.corrupt-20261121T064551Z") == bytes);
        CHECK(Opened(place_at(directory / "db")).database.has_value());
    }
}

TEST_CASE("what somebody else has set aside meanwhile is not set aside again") {
    const TemporaryDirectory directory;
    const auto path = (directory / "db").string();
    CHECK(Opened(place_at(path)).database.has_value());
    const auto place = place_at(path);
    detail::BasicSqliteOpening<MovedMeanwhile> opening(place);
    CHECK(opening.open(now).error() == error::storage_corrupt);
    CHECK(opening.remark().ends_with("It has lost its name already"));
    CHECK(slurp(path) == "sound");
}

TEST_CASE("our mark on tables that are not ours is damage") {
    for (const auto* sql : {"DROP TABLE bodies", "DELETE FROM bodies", "UPDATE bodies SET checksum = 0"}) {
        CAPTURE(sql);
        const TemporaryDirectory directory;
        {
            Opened its(place_at(directory / "db"));
            auto chunks = detail::SqliteChunks::prepare(*its.database);
            const auto body = std::make_shared<const std::string>("body");
            REQUIRE(chunks->append(std::vector<Chunk>(1, Chunk("clicks", 1, 1, body))).has_value());
        }
        {
            auto database = SqliteDatabase::open((directory / "db").string(), SQLITE_OPEN_READWRITE, "");
            REQUIRE(database->execute(sql).has_value());
        }
        Opened its(place_at(directory / "db"));
        CHECK(its.why == error::storage_corrupt);
        CHECK(its.remark.find("renamed to") != std::string::npos);
    }
}

TEST_CASE("paths that are no files are told, and nobody waits for them") {
    const TemporaryDirectory directory;
    CHECK(Opened(place_at(directory.path())).why == error::storage_unwritable);
    CHECK(Opened(place_at(directory / "no" / "db")).why == error::storage_unwritable);
    REQUIRE(mkfifo((directory / "pipe").c_str(), 0600) == 0);
    Opened pipe(place_at(directory / "pipe"));
    CHECK(pipe.why);
    CHECK(std::filesystem::is_fifo(directory / "pipe"));
    std::filesystem::create_symlink(directory / "nowhere", directory / "dangling");
    CHECK(Opened(place_at(directory / "dangling")).why == error::storage_unwritable);
    CHECK_FALSE(std::filesystem::exists(directory / "nowhere"));
    Opened remarked(place_at(directory / "no" / "db"));
    CHECK(remarked.remark.find("No such file") != std::string::npos);
}

TEST_CASE("a file is reached through a link, which stays one") {
    const TemporaryDirectory directory;
    CHECK(Opened(place_at(directory / "db", 5)).database.has_value());
    std::filesystem::create_symlink(directory / "db", directory / "link");
    Opened its(place_at(directory / "link"));
    REQUIRE(its.database);
    CHECK(detail::SqliteChunks::prepare(*its.database)->identity()->id == place_at("db", 5).fresh.id);
    CHECK(std::filesystem::is_symlink(directory / "link"));
}

TEST_CASE("the power may fail at any moment of the first opening: the next one finds a store, or makes it") {
    for (std::uint64_t changes = 0; changes < 60; ++changes) {
        CAPTURE(changes);
        TestVfs vfs(changes + 1);
        auto place = place_at("db");
        place.vfs = vfs.name();
        vfs.cut_power_after(changes);
        const bool opened = Opened(place).database.has_value();
        vfs.crash(changes + 1);
        Opened again(place);
        REQUIRE_MESSAGE(again.database, again.remark);
        CHECK(detail::SqliteChunks::prepare(*again.database)->empty().value());
        if (changes == 0) CHECK_FALSE(opened);
        if (changes == 59) CHECK(opened); // else the loop is too short
    }
}

TEST_CASE("on a file system of the user's nothing is renamed") {
    TestVfs vfs;
    auto place = place_at("db");
    place.vfs = vfs.name();
    CHECK(Opened(place).database.has_value());
    vfs.bytes("db").assign(50'000, 'x');
    Opened its(place);
    CHECK(its.why == error::storage_corrupt);
    CHECK(its.remark.find("renamed") == std::string::npos);
    CHECK(vfs.bytes("db") == std::string(50'000, 'x'));
}
