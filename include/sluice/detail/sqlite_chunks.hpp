#pragma once

#include <sluice/detail/checksum.hpp>
#include <sluice/detail/sqlite.hpp>
#include <sluice/storage/chunk.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <limits>
#include <optional>
#include <vector>

namespace sluice::detail {

/// The tables of a storage file, and what the calls of a storage do to them, inside their caller's transaction.
///
/// Headers and bodies lie apart: a settlement rewrites a header, and a row of SQLite is rewritten whole. Headers are
/// clustered by stream and sequence, so that `read` is one range scan; bodies are in the order of their arrival, so
/// that both ends of the queue touch few pages.
class SqliteChunks {
public:
    /// "slui", the `application_id` in the file's header.
    static constexpr std::int64_t application_id = 0x736C7569;

    /// The `user_version` in the file's header; a file with a greater one belongs to a newer sluice.
    static constexpr std::int64_t schema_version = 1;

    /// A store has one owner.
    static constexpr bool shared = false;

    /// Makes the tables in an empty database.
    [[nodiscard]] static result<void> create(SqliteDatabase& database, const StoreIdentity& identity) {
        // STRICT lets quick_check find values of the wrong type.
        auto made = database.execute("CREATE TABLE store (id BLOB NOT NULL, next_sequence INTEGER NOT NULL) STRICT;"
                                     "CREATE TABLE chunks (stream TEXT NOT NULL, first INTEGER NOT NULL,"
                                     " count INTEGER NOT NULL, live INTEGER NOT NULL, live_bytes INTEGER NOT NULL,"
                                     " oldest_put INTEGER NOT NULL, body_bytes INTEGER NOT NULL,"
                                     " settled BLOB NOT NULL, attempts BLOB NOT NULL, PRIMARY KEY (stream, first))"
                                     " STRICT, WITHOUT ROWID;"
                                     "CREATE TABLE bodies (first INTEGER PRIMARY KEY, checksum INTEGER NOT NULL,"
                                     " body BLOB NOT NULL) STRICT;"
                                     "PRAGMA application_id = 1936487785;"
                                     "PRAGMA user_version = 1;");
        if (!made) return made;
        auto insert = database.prepare("INSERT INTO store (id, next_sequence) VALUES (?, ?)");
        if (!insert) return insert.error();
        const auto inserted = insert->with(SqliteBlob(identity.id), identity.next_sequence).run();
        if (!inserted) return inserted.error();
        return {};
    }

    /// Reads every chunk through: `storage_corrupt` if a body is missing, or not the one that was stored.
    [[nodiscard]] static result<void> verify(SqliteDatabase& database) {
        auto statement =
            database.prepare("SELECT checksum, body, body_bytes FROM chunks LEFT JOIN bodies USING (first)");
        if (!statement) return statement.error();
        auto query = statement->with();
        for (;;) {
            const auto row = query.next();
            if (!row) return row.error();
            if (!*row) return {};
            if (!is_whole(query, static_cast<std::size_t>(query.integer(2)))) return error::storage_corrupt;
        }
    }

    /// Compiles the statements; fails if the tables are not those of `create`.
    [[nodiscard]] static result<SqliteChunks> prepare(SqliteDatabase& database) {
        SqliteChunks chunks;
        for (std::size_t i = 0; i < sql.size(); ++i) {
            auto statement = database.prepare(sql[i]);
            if (!statement) return statement.error();
            chunks.statements_[i] = std::move(*statement);
        }
        return chunks;
    }

    [[nodiscard]] result<StoreIdentity> identity() {
        auto query = run_of(Sql::identity);
        const auto row = query.next();
        if (!row) return row.error();
        StoreIdentity found;
        if (!*row || query.blob(0).size() != found.id.size() || query.integer(1) < 1) return error::storage_corrupt;
        std::copy_n(query.blob(0).begin(), found.id.size(), found.id.begin());
        found.next_sequence = static_cast<std::uint64_t>(query.integer(1));
        return found;
    }

    [[nodiscard]] result<void> append(const std::vector<Chunk>& chunks) {
        for (const auto& chunk : chunks) {
            if (auto appended = append(chunk); !appended) return appended;
        }
        return {};
    }

    [[nodiscard]] result<std::vector<Chunk>> read(std::string_view stream, std::uint64_t after, std::size_t max) {
        std::vector<Chunk> found;
        if (after > largest_sequence) return found;
        auto query = run_of(Sql::read, stream, after);
        for (std::size_t bytes = 0;;) {
            const auto row = query.next();
            if (!row) return row.error();
            if (!*row) return found;
            const auto size = static_cast<std::size_t>(query.integer(5));
            if (!found.empty() && (size > max || bytes > max - size)) return found;
            bytes += size;
            auto chunk = header(query);
            chunk.stream = stream;
            auto body = read_body(chunk.first, size);
            if (!body) return body.error();
            chunk.body = std::move(*body);
            found.push_back(std::move(chunk));
        }
    }

    [[nodiscard]] result<void> settle(const std::vector<Settlement>& changes) {
        for (const auto& change : changes) {
            const auto settled = change.live > 0 ? update(change) : remove(change);
            if (!settled) return settled.error();
        }
        return {};
    }

    [[nodiscard]] result<std::vector<std::string>> streams() {
        std::vector<std::string> names;
        auto query = run_of(Sql::streams);
        for (;;) {
            const auto row = query.next();
            if (!row) return row.error();
            if (!*row) return names;
            names.emplace_back(query.text(0));
        }
    }

    [[nodiscard]] result<StoreUsage> usage() {
        auto query = run_of(Sql::usage);
        const auto row = query.next();
        if (!row) return row.error();
        StoreUsage all;
        if (!*row || query.integer(3) == 0) return all;
        all.records = static_cast<std::uint64_t>(query.integer(0));
        all.bytes = static_cast<std::uint64_t>(query.integer(1));
        all.oldest = to_wall_time(query.integer(2));
        return all;
    }

    [[nodiscard]] result<void> clear() {
        for (const auto which : {Sql::clear_chunks, Sql::clear_bodies}) {
            const auto cleared = run_of(which).run();
            if (!cleared) return cleared.error();
        }
        ++removals_;
        return {};
    }

    /// Grows whenever something is deleted.
    [[nodiscard]] std::uint64_t removals() const noexcept { return removals_; }

    /// Grows whenever something is appended.
    [[nodiscard]] std::uint64_t additions() const noexcept { return additions_; }

    /// Why a call failed, if it was not SQLite.
    [[nodiscard]] std::string take_words() { return std::exchange(words_, {}); }

    [[nodiscard]] result<bool> empty() {
        const auto row = run_of(Sql::any).next();
        if (!row) return row;
        return !*row;
    }

private:
    enum class Sql : std::size_t {
        identity, advance, insert_chunk, insert_body, read, read_body, update, remove_chunk, remove_body,
        streams, usage, clear_chunks, clear_bodies, any, count
    };

    static constexpr std::array<std::string_view, static_cast<std::size_t>(Sql::count)> sql{
        "SELECT id, next_sequence FROM store",
        "UPDATE store SET next_sequence = ?2 WHERE next_sequence <= ?1",
        "INSERT INTO chunks (stream, first, count, live, live_bytes, oldest_put, body_bytes, settled, attempts)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        "INSERT INTO bodies (first, checksum, body) VALUES (?, ?, ?)",
        "SELECT first, count, live, live_bytes, oldest_put, body_bytes, settled, attempts FROM chunks"
        " WHERE stream = ? AND first > ? ORDER BY first",
        "SELECT checksum, body FROM bodies WHERE first = ?",
        "UPDATE chunks SET live = ?, live_bytes = ?, settled = ?, attempts = ? WHERE stream = ? AND first = ?",
        "DELETE FROM chunks WHERE stream = ? AND first = ?",
        "DELETE FROM bodies WHERE first = ?",
        "SELECT DISTINCT stream FROM chunks",
        "SELECT sum(live), sum(live_bytes), min(oldest_put), count(*) FROM chunks",
        "DELETE FROM chunks",
        "DELETE FROM bodies",
        "SELECT 1 FROM chunks LIMIT 1",
    };

    static constexpr auto largest_sequence = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

    SqliteChunks() = default;

    template <class... Values>
    [[nodiscard]] SqliteQuery run_of(Sql which, const Values&... values) {
        return statements_[static_cast<std::size_t>(which)].with(values...);
    }

    [[nodiscard]] result<void> append(const Chunk& chunk) {
        ++additions_;
        if (chunk.first > largest_sequence - chunk.count) return refuse("there are no more sequences");
        const auto advanced = run_of(Sql::advance, chunk.first, chunk.first + chunk.count).run();
        if (!advanced) return advanced.error();
        if (*advanced == 0) return refuse("the sequence of a chunk was used before");
        const auto body = chunk.body ? std::string_view(*chunk.body) : std::string_view();
        const auto inserted =
            run_of(Sql::insert_chunk, chunk.stream, chunk.first, chunk.count, chunk.live, chunk.live_bytes,
                   from_wall_time(chunk.oldest_put), body.size(), SqliteBlob(chunk.settled.bytes()),
                   SqliteBlob(chunk.attempts))
                .run();
        if (!inserted) return inserted.error();
        const auto stored = run_of(Sql::insert_body, chunk.first, checksum(body), SqliteBlob(body)).run();
        if (!stored) return stored.error();
        return {};
    }

    error_code refuse(std::string_view words) {
        words_ = words;
        return error::storage_failed;
    }

    [[nodiscard]] static Chunk header(const SqliteQuery& row) {
        Chunk chunk;
        chunk.first = static_cast<std::uint64_t>(row.integer(0));
        chunk.count = static_cast<std::uint32_t>(row.integer(1));
        chunk.live = static_cast<std::uint32_t>(row.integer(2));
        chunk.live_bytes = static_cast<std::uint64_t>(row.integer(3));
        chunk.oldest_put = to_wall_time(row.integer(4));
        const auto settled = row.blob(6);
        chunk.settled = SettledBits(std::vector<std::uint8_t>(settled.begin(), settled.end()));
        const auto attempts = row.blob(7);
        chunk.attempts.assign(attempts.begin(), attempts.end());
        return chunk;
    }

    [[nodiscard]] result<SharedBytes> read_body(std::uint64_t first, std::size_t size) {
        auto query = run_of(Sql::read_body, first);
        const auto row = query.next();
        if (!row) return row.error();
        if (!*row || !is_whole(query, size)) return error::storage_corrupt;
        return SharedBytes(std::make_shared<const std::string>(query.bytes(1)));
    }

    /// Whether a row's checksum and body, its first columns, fit each other and the size.
    [[nodiscard]] static bool is_whole(const SqliteQuery& row, std::size_t size) {
        const auto body = row.bytes(1);
        return body.size() == size && static_cast<std::uint64_t>(row.integer(0)) == checksum(body);
    }

    [[nodiscard]] result<std::int64_t> update(const Settlement& change) {
        return run_of(Sql::update, change.live, change.live_bytes, SqliteBlob(change.settled.bytes()),
                      SqliteBlob(change.attempts), change.stream, change.first)
            .run();
    }

    [[nodiscard]] result<std::int64_t> remove(const Settlement& change) {
        const auto removed = run_of(Sql::remove_chunk, change.stream, change.first).run();
        if (!removed || *removed == 0) return removed;
        ++removals_;
        return run_of(Sql::remove_body, change.first).run();
    }

    [[nodiscard]] static std::int64_t from_wall_time(wall_time when) {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch()).count();
    }

    [[nodiscard]] static wall_time to_wall_time(std::int64_t nanoseconds) {
        return wall_time(std::chrono::duration_cast<wall_time::duration>(std::chrono::nanoseconds(nanoseconds)));
    }

    std::array<SqliteStatement, static_cast<std::size_t>(Sql::count)> statements_;
    std::string words_;
    std::uint64_t removals_ = 0;
    std::uint64_t additions_ = 0;
};

} // namespace sluice::detail
