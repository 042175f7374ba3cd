#pragma once

#include <sluice/detail/sqlite_opening.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::detail {

/// A file with `Tables` that others may have open at the same time, one transaction after the other. Readers wait for
/// no writer, nor does a writer wait for them, unless the log has grown large.
///
/// Opened by the first transaction, and again by the next one after it failed, was moved, or was found damaged and set
/// aside.
template <class Tables>
class SqliteSharedFile {
public:
    /// `what` is what it holds, for whoever reads the log.
    SqliteSharedFile(SqlitePlace place, std::string_view what) : place_(std::move(place)), what_(what) {}

    SqliteSharedFile(const SqliteSharedFile&) = delete;
    SqliteSharedFile& operator=(const SqliteSharedFile&) = delete;

    /// Valid between `begin` or `begin_reading`, and `commit`.
    [[nodiscard]] Tables& tables() noexcept { return *tables_; }

    /// A transaction that writes: it waits for others that do.
    [[nodiscard]] result<void> begin(wall_time now) { return begin(now, true); }

    /// A transaction that only reads, what was committed when it first does: it waits for nobody who writes. It never
    /// becomes one that writes, which fails once somebody else has written: that is begun anew, after `undo`.
    [[nodiscard]] result<void> begin_reading(wall_time now) { return begin(now, false); }

    [[nodiscard]] result<void> commit() {
        if (auto committed = database_->execute("COMMIT"); !committed) return committed;
        if (writing_) told_.clear();
        told_reading_.clear();
        return {};
    }

    /// Before `commit`: all that others have committed is known.
    [[nodiscard]] result<void> note() {
        const auto version = database_->first_integer("PRAGMA data_version");
        if (!version) return version.error();
        noted_ = *version;
        return {};
    }

    /// Whether nobody else has committed anything since `note`, as far as can be told without a transaction: it takes
    /// no lock that writers need.
    [[nodiscard]] bool unchanged() {
        if (!noted_ || was_moved(*database_)) return false;
        const auto version = database_->first_integer("PRAGMA data_version");
        return version && *version == *noted_;
    }

    /// `words` say more than SQLite does, if they say something.
    void rollback(error_code why, wall_time now, const std::string& words = {}) {
        if (!database_) return;
        tell((words.empty() ? database_->diagnosis() : words) + ". " + why.message());
        undo();
        if (why == error::storage_corrupt) remark_ += " " + condemn(*database_, place_, now);
        if (why != error::storage_full && why != error::storage_locked) close();
    }

    /// Gives a transaction up for which nothing is wrong with the file.
    void undo() {
        noted_.reset();
        // SQLite may have rolled back on its own.
        const bool open = database_ && sqlite3_get_autocommit(database_->handle()) == 0;
        if (open) (void)database_->execute("ROLLBACK");
    }

    /// After a transaction that wrote: begins the write-ahead log anew if it has outgrown its limit, which SQLite never
    /// does while somebody reads. Who writes waits for those who read, a second at most; nobody who reads waits.
    void maintain() {
        const auto size = log_size();
        if (size <= log_limit_) return;
        const auto code = sqlite3_wal_checkpoint_v2(database_->handle(), nullptr, SQLITE_CHECKPOINT_RESTART, nullptr,
                                                    nullptr);
        // Whoever reads for longer is not waited for again until as much has been written once more.
        log_limit_ = code == SQLITE_OK ? largest_log : size + largest_log;
    }

    /// Has the log say something of this file.
    void tell(const std::string& words) { remark_ = what_ + ' ' + place_.path + ": " + words; }

    /// What the log should say: each failure once, until something of its kind was committed again.
    [[nodiscard]] std::string take_remark() {
        auto words = std::exchange(remark_, {});
        auto& told = writing_ ? told_ : told_reading_;
        if (words == told) return {};
        if (!words.empty()) told = words;
        return words;
    }

private:
    /// SQLite cuts a log that was begun anew back to this, in bytes.
    static constexpr std::int64_t largest_log = BasicSqliteOpening<Tables>::largest_log;

    [[nodiscard]] std::int64_t log_size() {
        if (!database_) return 0;
        sqlite3_file* log = nullptr;
        sqlite3_file_control(database_->handle(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
        sqlite3_int64 size = 0;
        const bool known = log && log->pMethods && log->pMethods->xFileSize(log, &size) == SQLITE_OK;
        return known ? size : 0;
    }

    result<void> begin(wall_time now, bool writing) {
        writing_ = writing;
        if (tables_ && was_moved(*database_)) close();
        if (!tables_) {
            if (auto opened = open(now); !opened) return opened;
        }
        return database_->execute(writing ? "BEGIN IMMEDIATE" : "BEGIN");
    }

    result<void> open(wall_time now) {
        BasicSqliteOpening<Tables> opening(place_);
        auto database = opening.open(now);
        if (!database) {
            tell(opening.remark() + ". " + database.error().message());
            return database.error();
        }
        database_ = std::move(*database);
        auto tables = Tables::prepare(*database_);
        if (!tables) return tables.error();
        tables_ = std::move(*tables);
        return {};
    }

    void close() {
        noted_.reset();
        tables_.reset();
        database_.reset();
    }

    SqlitePlace place_;
    std::string what_;
    std::optional<SqliteDatabase> database_;
    std::optional<Tables> tables_;
    std::optional<std::int64_t> noted_; ///< Of this connection: what SQLite calls its data version.
    std::int64_t log_limit_ = largest_log;
    bool writing_ = false; ///< The transaction that was begun last.
    std::string remark_;
    std::string told_;         ///< Of transactions that write.
    std::string told_reading_; ///< Of those that only read.
};

} // namespace sluice::detail
