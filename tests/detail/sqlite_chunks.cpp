#include <sluice/detail/sqlite_chunks.hpp>

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace sluice;
using detail::SqliteChunks;
using detail::SqliteDatabase;

namespace {

constexpr auto everything = std::numeric_limits<std::size_t>::max();
constexpr auto last_sequence = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

StoreIdentity some_identity() {
    std::array<std::uint8_t, 16> bits{};
    for (std::size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<std::uint8_t>(i * 17); // a zero byte, too
    return {bits, 1};
}

SqliteDatabase empty_database() {
    auto database = SqliteDatabase::open(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "");
    REQUIRE(database.has_value());
    return std::move(*database);
}

/// The tables of a new store, in memory.
class Tables {
public:
    Tables() {
        REQUIRE(SqliteChunks::create(database, some_identity()).has_value());
        auto prepared = SqliteChunks::prepare(database);
        REQUIRE(prepared.has_value());
        chunks = std::make_unique<SqliteChunks>(std::move(*prepared));
    }

    void execute(const char* sql) { REQUIRE_MESSAGE(database.execute(sql).has_value(), database.message()); }

    error_code append(const Chunk& chunk) {
        const auto done = chunks->append(std::vector<Chunk>(1, chunk));
        return done ? error_code{} : done.error();
    }

    error_code settle(const Settlement& change) {
        const auto done = chunks->settle(std::vector<Settlement>(1, change));
        return done ? error_code{} : done.error();
    }

    std::vector<std::uint64_t> firsts(const std::string& stream, std::uint64_t after = 0,
                                      std::size_t max = everything) {
        const auto found = chunks->read(stream, after, max);
        REQUIRE(found.has_value());
        std::vector<std::uint64_t> firsts;
        for (const auto& chunk : *found) firsts.push_back(chunk.first);
        return firsts;
    }

    Chunk only(const std::string& stream) {
        auto found = chunks->read(stream, 0, everything);
        REQUIRE(found.has_value());
        REQUIRE(found->size() == 1);
        return found->front();
    }

    std::int64_t count(const char* table) {
        const auto rows = database.first_integer(std::string("SELECT count(*) FROM ") + table);
        REQUIRE(rows.has_value());
        return *rows;
    }

    SqliteDatabase database = empty_database();
    std::unique_ptr<SqliteChunks> chunks;
};

Chunk chunk(std::uint64_t first, std::uint32_t count = 1, std::string body = "body", std::string stream = "clicks") {
    Chunk made(std::move(stream), first, count, std::make_shared<const std::string>(std::move(body)));
    made.live_bytes = count * std::uint64_t{10};
    return made;
}

Settlement gone(const Chunk& chunk) {
    Settlement change(chunk);
    change.live = 0;
    return change;
}

} // namespace

TEST_CASE("tables are marked as ours, with the numbers that the file's header is judged by") {
    Tables tables;
    CHECK(tables.database.first_integer("PRAGMA application_id").value() == SqliteChunks::application_id);
    CHECK(tables.database.first_integer("PRAGMA user_version").value() == SqliteChunks::schema_version);
    CHECK(SqliteChunks::application_id == 0x736C7569);
}

TEST_CASE("a store knows the identity that it was made with, and where it goes on") {
    Tables tables;
    CHECK(tables.chunks->identity()->id == some_identity().id);
    CHECK(tables.chunks->identity()->next_sequence == 1);
    CHECK_FALSE(tables.append(chunk(5, 3)));
    CHECK(tables.chunks->identity()->next_sequence == 8);
    CHECK(tables.chunks->identity()->id == some_identity().id);
}

TEST_CASE("an identity that is missing or cannot be is damage") {
    for (const auto* damage : {"DELETE FROM store", "UPDATE store SET id = x'00'", "UPDATE store SET next_sequence = 0",
                               "UPDATE store SET next_sequence = -1", "UPDATE store SET id = zeroblob(17)"}) {
        CAPTURE(damage);
        Tables tables;
        tables.execute(damage);
        const auto identity = tables.chunks->identity();
        CHECK(identity.error() == error::storage_corrupt);
    }
}

TEST_CASE("tables that are not those of a store are damage") {
    auto empty = empty_database();
    const auto nothing = SqliteChunks::prepare(empty);
    CHECK(nothing.error() == error::storage_corrupt);
    for (const auto* damage : {"DROP TABLE store", "DROP TABLE chunks", "DROP TABLE bodies",
                               "ALTER TABLE chunks DROP COLUMN settled", "ALTER TABLE bodies DROP COLUMN checksum"}) {
        CAPTURE(damage);
        auto database = empty_database();
        REQUIRE(SqliteChunks::create(database, some_identity()).has_value());
        REQUIRE(database.execute(damage).has_value());
        const auto prepared = SqliteChunks::prepare(database);
        CHECK(prepared.error() == error::storage_corrupt);
    }
}

TEST_CASE("what was appended is read as it was, whatever is in it") {
    Tables tables;
    auto odd = chunk(7, 20, std::string("a\0b\xFF", 4));
    odd.live = 19;
    odd.live_bytes = std::uint64_t{1} << 40U;
    odd.oldest_put = wall_time(std::chrono::nanoseconds(-1)); // a wall clock may be anywhere
    odd.settled.set(3);
    odd.attempts.assign(20, 255);
    CHECK_FALSE(tables.append(odd));
    const auto read = tables.only("clicks");
    CHECK(read.stream == "clicks");
    CHECK(read.first == 7);
    CHECK(read.count == 20);
    CHECK(read.live == 19);
    CHECK(read.live_bytes == odd.live_bytes);
    CHECK(read.oldest_put == odd.oldest_put);
    CHECK(read.settled == odd.settled);
    CHECK(read.attempts == odd.attempts);
    CHECK(*read.body == *odd.body);
}

TEST_CASE("a chunk without a body, and one with an empty body, are read with an empty one") {
    Tables tables;
    CHECK_FALSE(tables.append(Chunk("none", 1, 1, nullptr)));
    CHECK_FALSE(tables.append(chunk(2, 1, "", "empty")));
    CHECK(tables.only("none").body->empty());
    CHECK(tables.only("empty").body->empty());
    CHECK(SqliteChunks::verify(tables.database).has_value());
}

TEST_CASE("a sequence is used once, even if its chunk is gone") {
    Tables tables;
    CHECK_FALSE(tables.append(chunk(10, 5)));
    for (const std::uint64_t used : {1U, 9U, 10U, 14U}) {
        CAPTURE(used);
        CHECK(tables.append(chunk(used)) == error::storage_failed);
    }
    CHECK_FALSE(tables.settle(gone(chunk(10))));
    CHECK(tables.append(chunk(14)) == error::storage_failed);
    CHECK_FALSE(tables.append(chunk(15)));
    CHECK(tables.chunks->clear().has_value());
    CHECK(tables.append(chunk(15)) == error::storage_failed);
    CHECK_FALSE(tables.append(chunk(16)));
}

TEST_CASE("sequences end where a file's integers end, and do not wrap") {
    Tables tables;
    CHECK(tables.append(chunk(last_sequence, 1)) == error::storage_failed);
    CHECK(tables.append(chunk(last_sequence + 1, 0)) == error::storage_failed);
    CHECK(tables.append(chunk(std::numeric_limits<std::uint64_t>::max(), 1)) == error::storage_failed);
    CHECK_FALSE(tables.append(chunk(last_sequence - 1, 1)));
    CHECK(tables.chunks->identity()->next_sequence == last_sequence);
    CHECK(tables.firsts("clicks") == std::vector{last_sequence - 1});
    CHECK(tables.firsts("clicks", last_sequence).empty());
    CHECK(tables.firsts("clicks", last_sequence + 1).empty());
    CHECK(tables.firsts("clicks", std::numeric_limits<std::uint64_t>::max()).empty());
}

TEST_CASE("a stream's chunks are read in their order, from where the reader is, and no other's") {
    Tables tables;
    for (const std::uint64_t first : {1U, 3U, 300U, 70'000U}) {
        CHECK_FALSE(tables.append(chunk(first)));
        CHECK_FALSE(tables.append(chunk(first + 1, 1, "other", "views")));
    }
    CHECK_FALSE(tables.append(chunk(80'000, 1, "third", "Clicks"))); // names differ by case
    CHECK(tables.firsts("clicks") == std::vector<std::uint64_t>{1, 3, 300, 70'000});
    CHECK(tables.firsts("clicks", 2) == std::vector<std::uint64_t>{3, 300, 70'000});
    CHECK(tables.firsts("clicks", 3) == std::vector<std::uint64_t>{300, 70'000});
    CHECK(tables.firsts("clicks", 70'000).empty());
    CHECK(tables.firsts("views") == std::vector<std::uint64_t>{2, 4, 301, 70'001});
    CHECK(tables.firsts("Clicks") == std::vector<std::uint64_t>{80'000});
    CHECK(tables.firsts("click").empty());
    CHECK(tables.firsts("").empty());
}

TEST_CASE("a reading ends before the bytes exceed its limit, but brings one chunk in any case") {
    Tables tables;
    for (const std::uint64_t first : {1U, 2U, 3U, 4U}) CHECK_FALSE(tables.append(chunk(first, 1, "0123456789")));
    CHECK(tables.firsts("clicks", 0, 0).size() == 1);
    CHECK(tables.firsts("clicks", 0, 9).size() == 1);
    CHECK(tables.firsts("clicks", 0, 10).size() == 1);
    CHECK(tables.firsts("clicks", 0, 19).size() == 1);
    CHECK(tables.firsts("clicks", 0, 20).size() == 2);
    CHECK(tables.firsts("clicks", 0, 39).size() == 3);
    CHECK(tables.firsts("clicks", 0, 40).size() == 4);
    CHECK(tables.firsts("clicks", 0, everything).size() == 4);
}

TEST_CASE("a settlement overwrites bits, attempts and what is live, and nothing else") {
    Tables tables;
    auto stored = chunk(1, 3);
    stored.oldest_put = wall_time(std::chrono::seconds(1'000));
    CHECK_FALSE(tables.append(stored));
    Settlement change(stored);
    change.live = 2;
    change.live_bytes = 20;
    change.settled.set(1);
    change.attempts.assign(3, 7);
    CHECK_FALSE(tables.settle(change));
    auto read = tables.only("clicks");
    CHECK(read.live == 2);
    CHECK(read.live_bytes == 20);
    CHECK(read.settled.test(1));
    CHECK_FALSE(read.settled.test(0));
    CHECK(read.attempts == change.attempts);
    CHECK(read.count == 3);
    CHECK(read.oldest_put == stored.oldest_put);
    CHECK(*read.body == *stored.body);
    change.attempts.clear();
    change.live = 1; // the last one keeps its chunk
    CHECK_FALSE(tables.settle(change));
    CHECK(tables.only("clicks").attempts.empty());
    CHECK(tables.chunks->removals() == 0);
}

TEST_CASE("a chunk without live records goes with its body, and leaves its neighbours") {
    Tables tables;
    CHECK_FALSE(tables.append(chunk(1)));
    CHECK_FALSE(tables.append(chunk(2)));
    CHECK_FALSE(tables.settle(gone(chunk(1))));
    CHECK(tables.chunks->removals() == 1);
    CHECK(tables.firsts("clicks") == std::vector<std::uint64_t>{2});
    CHECK(tables.count("chunks") == 1);
    CHECK(tables.count("bodies") == 1);
}

TEST_CASE("a settlement of what is not there is ignored") {
    Tables tables;
    CHECK_FALSE(tables.append(chunk(1)));
    CHECK_FALSE(tables.settle(gone(chunk(2))));
    CHECK_FALSE(tables.settle(gone(chunk(1, 1, "body", "views")))); // right place, another stream
    auto late = Settlement(chunk(9));
    late.live = 1;
    CHECK_FALSE(tables.settle(late));
    CHECK(tables.chunks->removals() == 0);
    CHECK(tables.count("chunks") == 1);
    CHECK(tables.count("bodies") == 1);
    CHECK(*tables.only("clicks").body == "body");
}

TEST_CASE("usage is the sum of what is live, and the time of the oldest") {
    Tables tables;
    CHECK(tables.chunks->usage()->records == 0);
    CHECK(tables.chunks->usage()->bytes == 0);
    CHECK(tables.chunks->usage()->oldest == wall_time::max());
    auto older = chunk(5, 4, "body", "views");
    older.live = 3;
    older.oldest_put = wall_time(std::chrono::seconds(-10));
    CHECK_FALSE(tables.append(chunk(1, 2)));
    CHECK_FALSE(tables.append(older));
    CHECK(tables.chunks->usage()->records == 5);
    CHECK(tables.chunks->usage()->bytes == 60);
    CHECK(tables.chunks->usage()->oldest == older.oldest_put);
    CHECK_FALSE(tables.settle(gone(older)));
    CHECK(tables.chunks->usage()->records == 2);
    CHECK(tables.chunks->usage()->oldest == wall_time());
}

TEST_CASE("the streams are those that have chunks, each once") {
    Tables tables;
    CHECK(tables.chunks->streams()->empty());
    CHECK(tables.chunks->empty().value());
    CHECK_FALSE(tables.append(chunk(1)));
    CHECK_FALSE(tables.append(chunk(2)));
    CHECK_FALSE(tables.append(chunk(3, 1, "body", "views")));
    CHECK(*tables.chunks->streams() == std::vector<std::string>{"clicks", "views"});
    CHECK_FALSE(tables.chunks->empty().value());
    CHECK_FALSE(tables.settle(gone(chunk(3, 1, "body", "views"))));
    CHECK(*tables.chunks->streams() == std::vector<std::string>{"clicks"});
}

TEST_CASE("clearing takes chunks and bodies, and neither identity nor sequences") {
    Tables tables;
    CHECK_FALSE(tables.append(chunk(1, 10)));
    CHECK_FALSE(tables.append(chunk(11, 1, "body", "views")));
    const auto before = tables.chunks->removals();
    CHECK(tables.chunks->clear().has_value());
    CHECK(tables.chunks->removals() > before);
    CHECK(tables.chunks->empty().value());
    CHECK(tables.count("bodies") == 0);
    CHECK(tables.chunks->usage()->oldest == wall_time::max());
    CHECK(tables.chunks->identity()->next_sequence == 12);
    CHECK(tables.chunks->identity()->id == some_identity().id);
}

TEST_CASE("a body that is not the one that was stored is found, by the check and by the reader") {
    for (const auto* damage :
         {"UPDATE bodies SET body = x'626F6479FF'", "UPDATE bodies SET body = x'626F6478'",
          "UPDATE bodies SET body = x''", "UPDATE bodies SET checksum = checksum + 1", "DELETE FROM bodies",
          "UPDATE chunks SET body_bytes = 3", "UPDATE chunks SET body_bytes = -1", "UPDATE chunks SET first = 2"}) {
        CAPTURE(damage);
        Tables tables;
        CHECK_FALSE(tables.append(chunk(1)));
        CHECK(SqliteChunks::verify(tables.database).has_value());
        tables.execute(damage);
        const auto verified = SqliteChunks::verify(tables.database);
        CHECK(verified.error() == error::storage_corrupt);
        const auto found = tables.chunks->read("clicks", 0, everything);
        CHECK(found.error() == error::storage_corrupt);
    }
}

TEST_CASE("damage behind the limit of a reading is none of its business") {
    Tables tables;
    CHECK_FALSE(tables.append(chunk(1)));
    CHECK_FALSE(tables.append(chunk(2)));
    tables.execute("DELETE FROM bodies WHERE first = 2");
    CHECK(tables.firsts("clicks", 0, 4) == std::vector<std::uint64_t>{1});
    const auto verified = SqliteChunks::verify(tables.database);
    CHECK(verified.error() == error::storage_corrupt);
}

TEST_CASE("every call may come again after one that failed half way") {
    Tables tables;
    const std::vector<Chunk> chunks{chunk(1), chunk(1)};
    const auto appended = tables.chunks->append(chunks);
    CHECK(appended.error() == error::storage_failed);
    tables.execute("DELETE FROM bodies");
    const auto found = tables.chunks->read("clicks", 0, everything);
    CHECK(found.error() == error::storage_corrupt);
    CHECK(tables.chunks->clear().has_value());
    CHECK_FALSE(tables.append(chunk(2)));
    CHECK(tables.firsts("clicks") == std::vector<std::uint64_t>{2});
}
