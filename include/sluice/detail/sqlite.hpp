#pragma once

#include <sluice/error.hpp>

#include <sqlite3.h>

#include <cerrno>
#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::detail {

/// What a result code of SQLite means to the caller; `system` is the `errno` of the system call behind it.
inline error sqlite_error(int code, int system = 0) noexcept {
    switch (code & 0xFF) {
    case SQLITE_FULL: return error::storage_full;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return error::storage_corrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return error::storage_locked;
    case SQLITE_IOERR: return system == ENOSPC || system == EDQUOT ? error::storage_full : error::storage_failed;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY: return error::storage_unwritable;
    default: return error::storage_failed;
    }
}

/// Bytes to be bound as a blob; they are not copied and must outlive the query.
class SqliteBlob {
public:
    explicit SqliteBlob(std::string_view bytes) : data(bytes.data()), size(bytes.size()) {}
    explicit SqliteBlob(std::span<const std::uint8_t> bytes) : data(bytes.data()), size(bytes.size()) {}

    const void* data;
    std::size_t size;
};

/// One run of a prepared statement: bound by its constructor, reset by its destructor.
///
/// What `text`, `blob` and `bytes` give lives until the next `next`.
class SqliteQuery {
public:
    template <class... Values>
    explicit SqliteQuery(sqlite3_stmt* statement, const Values&... values) : statement_(statement) {
        int column = 0;
        ((code_ = code_ == SQLITE_OK ? bind(++column, values) : code_), ...);
    }

    /// As many values of some variant as there are.
    template <class... Kinds>
    SqliteQuery(sqlite3_stmt* statement, const std::vector<std::variant<Kinds...>>& values) : statement_(statement) {
        int column = 0;
        for (const auto& value : values) {
            ++column;
            if (code_ == SQLITE_OK) code_ = std::visit([&](const auto& its) { return bind(column, its); }, value);
        }
    }

    SqliteQuery(const SqliteQuery&) = delete;
    SqliteQuery& operator=(const SqliteQuery&) = delete;

    ~SqliteQuery() {
        sqlite3_reset(statement_);
        sqlite3_clear_bindings(statement_);
    }

    /// Whether there is another row.
    [[nodiscard]] result<bool> next() {
        if (code_ == SQLITE_OK) code_ = sqlite3_step(statement_);
        if (code_ == SQLITE_DONE) return false;
        if (code_ != SQLITE_ROW) return sqlite_error(code_, sqlite3_system_errno(database()));
        code_ = SQLITE_OK;
        return true;
    }

    /// Steps to the end; the number of rows that it inserted, updated or deleted.
    [[nodiscard]] result<std::int64_t> run() {
        for (;;) {
            const auto row = next();
            if (!row) return row.error();
            if (!*row) return sqlite3_changes64(database());
        }
    }

    [[nodiscard]] std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }

    [[nodiscard]] bool is_null(int column) const {
        return sqlite3_column_type(statement_, column) == SQLITE_NULL;
    }

    [[nodiscard]] std::string_view text(int column) const {
        const auto* characters = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
        return characters ? std::string_view(characters, size(column)) : std::string_view();
    }

    [[nodiscard]] std::span<const std::uint8_t> blob(int column) const {
        const auto* first = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
        return first ? std::span(first, size(column)) : std::span<const std::uint8_t>();
    }

    /// A blob as characters.
    [[nodiscard]] std::string_view bytes(int column) const {
        const auto* first = static_cast<const char*>(sqlite3_column_blob(statement_, column));
        return first ? std::string_view(first, size(column)) : std::string_view();
    }

private:
    int bind(int column, std::integral auto value) {
        return sqlite3_bind_int64(statement_, column, static_cast<sqlite3_int64>(value));
    }

    int bind(int column, double value) { return sqlite3_bind_double(statement_, column, value); }

    int bind(int column, std::string_view text) {
        const auto* characters = text.empty() ? "" : text.data();
        return sqlite3_bind_text64(statement_, column, characters, text.size(), SQLITE_STATIC, SQLITE_UTF8);
    }

    int bind(int column, const SqliteBlob& blob) {
        return blob.size == 0 ? sqlite3_bind_zeroblob(statement_, column, 0)
                              : sqlite3_bind_blob64(statement_, column, blob.data, blob.size, SQLITE_STATIC);
    }

    [[nodiscard]] std::size_t size(int column) const {
        return static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
    }

    [[nodiscard]] sqlite3* database() const { return sqlite3_db_handle(statement_); }

    sqlite3_stmt* statement_;
    int code_ = SQLITE_OK;
};

/// A statement that is compiled once and run many times.
class SqliteStatement {
public:
    SqliteStatement() = default;
    explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}

    /// Integers, text and `SqliteBlob`s for the statement's parameters in their order; text and blobs are not copied.
    template <class... Values>
    [[nodiscard]] SqliteQuery with(const Values&... values) {
        return SqliteQuery(statement_.get(), values...);
    }

private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
    };

    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// A connection to a database file, for one thread at a time.
class SqliteDatabase {
public:
    /// Opens lazily: neither reads nor locks. An empty `vfs` is the default one.
    [[nodiscard]] static result<SqliteDatabase> open(const std::string& path, int flags, const std::string& vfs) {
        sqlite3* opened = nullptr;
        const auto code = sqlite3_open_v2(path.c_str(), &opened, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                                          vfs.empty() ? nullptr : vfs.c_str());
        SqliteDatabase database(opened);
        if (code == SQLITE_OK) return database;
        return sqlite_error(code, opened ? sqlite3_system_errno(opened) : 0);
    }

    [[nodiscard]] result<void> execute(const char* sql) {
        const auto code = sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr);
        if (code == SQLITE_OK) return {};
        return sqlite_error(code, sqlite3_system_errno(handle()));
    }

    /// For statements that are constants: if one is wrong, it is the tables that are not what they were.
    [[nodiscard]] result<SqliteStatement> prepare(std::string_view sql) {
        auto statement = prepare_any(sql);
        if (!statement && statement.error() == error::query_invalid) return error::storage_corrupt;
        return statement;
    }

    /// For statements that somebody wished for; `error::query_invalid` if this is none, or is too much for SQLite.
    [[nodiscard]] result<SqliteStatement> prepare_any(std::string_view sql) {
        sqlite3_stmt* statement = nullptr;
        const auto code = sqlite3_prepare_v3(handle(), sql.data(), static_cast<int>(sql.size()),
                                             SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
        if (code == SQLITE_OK) return SqliteStatement(statement);
        if ((code & 0xFF) == SQLITE_ERROR || (code & 0xFF) == SQLITE_TOOBIG) return error::query_invalid;
        return sqlite_error(code, sqlite3_system_errno(handle()));
    }

    /// The first column of the first row, as text; empty if there is no row.
    [[nodiscard]] result<std::string> first_text(std::string_view sql) {
        auto statement = prepare(sql);
        if (!statement) return statement.error();
        auto query = statement->with();
        const auto row = query.next();
        if (!row) return row.error();
        return *row ? std::string(query.text(0)) : std::string();
    }

    /// The first column of the first row, as an integer; zero if there is no row.
    [[nodiscard]] result<std::int64_t> first_integer(std::string_view sql) {
        auto statement = prepare(sql);
        if (!statement) return statement.error();
        auto query = statement->with();
        const auto row = query.next();
        if (!row) return row.error();
        return *row ? query.integer(0) : 0;
    }

    /// SQLite's own words about the last failure.
    [[nodiscard]] std::string message() const { return sqlite3_errmsg(handle()); }

    /// The same with its extended code and, of a system call, the system's words; empty if the last call did not fail.
    [[nodiscard]] std::string diagnosis() const {
        const auto code = sqlite3_extended_errcode(handle());
        if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return {};
        const auto system = sqlite3_system_errno(handle());
        const bool by_system = (code & 0xFF) == SQLITE_IOERR || (code & 0xFF) == SQLITE_CANTOPEN;
        return message() + " (" + std::to_string(code) + ")" +
               (by_system && system != 0 ? ": " + std::generic_category().message(system) : std::string());
    }

    [[nodiscard]] sqlite3* handle() const noexcept { return database_.get(); }

private:
    struct Close {
        void operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }
    };

    explicit SqliteDatabase(sqlite3* database) : database_(database) {}

    std::unique_ptr<sqlite3, Close> database_;
};

} // namespace sluice::detail
