#pragma once

#include <sluice/detail/sqlite.hpp>
#include <sluice/detail/sqlite_file.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace sluice::detail {

/// The place of a database and its write-ahead log on the disk, which a commit takes before it needs it: what was
/// accepted can be settled when the disk is full.
///
/// A commit writes into the log only, and the log's space can be used again only when all of it was copied. So that
/// copying never needs another byte, the database is as long as its pages before a commit adds some; so that a
/// settlement finds its place in a log that was copied, the log has a least size. SQLite heeds neither a database that
/// is longer than its header says, nor zeros behind the log's last frame.
class SqliteRoom {
public:
    static constexpr std::int64_t log_pages = 16;  ///< A chunk's deletion takes about five.
    static constexpr std::int64_t spare_pages = 4; ///< For settlements: attempts may outgrow their row.

    /// `database` has its log, wrote nothing into it yet, and must outlive this.
    [[nodiscard]] static result<SqliteRoom> open(SqliteDatabase& database) {
        SqliteRoom room(database);
        const auto page = database.first_integer("PRAGMA page_size");
        if (!page) return page.error();
        room.page_ = *page;
        auto count = database.prepare("PRAGMA page_count");
        if (!count) return count.error();
        room.count_ = std::move(*count);
        // What `keep` left is the log's now. With a log of some size, a crash came before `keep`.
        std::int64_t log_bytes = 0;
        const auto pages = room.page_count();
        if (pages && room.log().size(log_bytes) == SQLITE_OK && log_bytes == 0) {
            (void)room.file().cut(*pages * room.page_);
        }
        (void)room.grow_log(); // On a full disk there is still much to read.
        return room;
    }

    /// Takes the place that the transaction needs, before it is committed; `storage_full` if the disk has it not.
    [[nodiscard]] result<void> reserve(bool appends) {
        const auto pages = page_count();
        if (!pages) return pages.error();
        const auto needed = (*pages + (appends ? spare_pages : 0)) * page_;
        if (needed > bytes_) {
            if (const auto code = grow(needed); code != SQLITE_OK) return refuse(code, file());
        }
        if (!appends || log_grown_) return {};
        const auto code = grow_log();
        return code == SQLITE_OK ? result<void>() : refuse(code, log());
    }

    void committed() noexcept { grown_from_ = -1; }

    /// The transaction was rolled back: gives back what it took.
    void undo() {
        if (grown_from_ >= 0) (void)file().cut(std::exchange(grown_from_, -1));
        bytes_ = 0;
    }

    /// Copies the log into the database, and leaves the log's place to it.
    [[nodiscard]] int copy_log() { return checkpoint(SQLITE_CHECKPOINT_PASSIVE); }

    /// Copies the log, and leaves it no more than its least size.
    [[nodiscard]] int shrink_log() {
        std::int64_t bytes = 0;
        auto code = log().size(bytes);
        if (code != SQLITE_OK) return code;
        // A log that is no longer is not cut: others might take its place.
        code = checkpoint(bytes > least_log() ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE);
        if (code != SQLITE_OK) return code;
        (void)grow_log();
        return SQLITE_OK;
    }

    /// Before the database is closed, which deletes the log: keeps the log's place for the next opening.
    void keep() {
        std::int64_t bytes = 0;
        if (checkpoint(SQLITE_CHECKPOINT_TRUNCATE) != SQLITE_OK || file().size(bytes) != SQLITE_OK) return;
        (void)file().grow(bytes + least_log());
    }

    /// Why `reserve` refused, if it was not SQLite.
    [[nodiscard]] std::string take_words() { return std::exchange(words_, {}); }

private:
    explicit SqliteRoom(SqliteDatabase& database) : database_(&database) {}

    [[nodiscard]] SqliteFile file() const { return SqliteFile(*database_, SQLITE_FCNTL_FILE_POINTER); }
    [[nodiscard]] SqliteFile log() const { return SqliteFile(*database_, SQLITE_FCNTL_JOURNAL_POINTER); }

    [[nodiscard]] result<std::int64_t> page_count() {
        auto query = count_.with();
        const auto row = query.next();
        if (!row) return row.error();
        return query.integer(0);
    }

    /// SQLite cuts the database to its pages.
    int checkpoint(int mode) {
        bytes_ = 0;
        return sqlite3_wal_checkpoint_v2(database_->handle(), nullptr, mode, nullptr, nullptr);
    }

    int grow(std::int64_t needed) {
        std::int64_t before = 0;
        auto code = file().size(before);
        if (code == SQLITE_OK && before < needed) {
            code = file().grow(needed);
            if (code == SQLITE_OK) grown_from_ = before;
        }
        if (code == SQLITE_OK) bytes_ = std::max(before, needed);
        return code;
    }

    int grow_log() {
        const auto code = log().grow(least_log());
        log_grown_ = code == SQLITE_OK;
        return code;
    }

    /// SQLite, "Database File Format", 4.1: a header, and one for each page.
    [[nodiscard]] std::int64_t least_log() const { return 32 + log_pages * (24 + page_); }

    error_code refuse(int code, const SqliteFile& file) {
        words_ = sqlite3_errstr(code);
        words_ += " (" + std::to_string(code) + "), before the commit";
        return sqlite_error(code, file.system_error());
    }

    SqliteDatabase* database_;
    SqliteStatement count_;
    std::string words_;
    std::int64_t page_ = 0;
    std::int64_t bytes_ = 0;       ///< The database file has at least so many.
    std::int64_t grown_from_ = -1; ///< The transaction under way found so many; negative: it took no more.
    bool log_grown_ = false;
};

} // namespace sluice::detail
