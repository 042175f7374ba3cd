#pragma once

#include <sluice/detail/sqlite_file.hpp>

#include <optional>

namespace sluice::detail {

/// When the write-ahead log, of so many pages, is worth copying into the database.
///
/// While a backlog only grows, each page would be written twice for nothing: 64 MiB may gather. When chunks come and
/// go, a short log keeps the file small: SQLite's own 1,000 pages.
[[nodiscard]] constexpr bool checkpoint_due(int log_pages, bool only_grew) noexcept {
    return log_pages >= (only_grew ? 4'096 : 1'000);
}

/// A storage file as `GroupCommit` drives it: opened by the first transaction, maintained between transactions.
///
/// Freed pages are used again. An emptied file of more than 256 MiB is shrunk: then that costs next to nothing, while
/// any other way would move pages that are about to be freed.
class SqliteStore {
public:
    explicit SqliteStore(SqlitePlace place) : place_(std::move(place)) {}

    SqliteStore(const SqliteStore&) = delete;
    SqliteStore& operator=(const SqliteStore&) = delete;

    /// Valid between `begin` and `commit`.
    [[nodiscard]] SqliteChunks& chunks() noexcept { return *chunks_; }

    [[nodiscard]] result<void> begin(wall_time now) {
        if (broken_) return broken_;
        if (!chunks_) {
            if (auto opened = open(now); !opened) return opened;
        }
        return database_->execute("BEGIN");
    }

    [[nodiscard]] result<void> commit() { return database_->execute("COMMIT"); }

    /// Undoes what was done since `begin`. Damage ends the use of the file.
    void rollback(error_code why, wall_time now) {
        if (!database_) return;
        if (why == error::storage_corrupt) return condemn(now);
        // SQLite may have rolled back on its own.
        if (sqlite3_get_autocommit(database_->handle()) == 0) (void)database_->execute("ROLLBACK");
        crowded_ = crowded_ || why == error::storage_full;
    }

    /// Copies the log into the database, and shrinks it, when that is due. Failures show at the next commit.
    void maintain() {
        if (!chunks_) return;
        const bool only_grew = chunks_->removals() == removals_;
        if (!only_grew) shrink();
        // On a full disk the log's own space is what a settlement needs.
        if (!crowded_ && !checkpoint_due(log_pages_, only_grew)) return;
        sqlite3_wal_checkpoint_v2(database_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
        removals_ = chunks_->removals();
        crowded_ = false;
        log_pages_ = 0;
    }

    /// What the log should say, once.
    [[nodiscard]] std::string take_remark() { return std::exchange(remark_, {}); }

private:
    result<void> open(wall_time now) {
        SqliteOpening opening(place_);
        auto database = opening.open(now);
        if (!database) return give_up(database.error(), opening.remark());
        database_ = std::move(*database);
        auto chunks = SqliteChunks::prepare(*database_);
        if (!chunks) {
            rollback(chunks.error(), now);
            return broken_ ? broken_ : give_up(chunks.error(), database_->message());
        }
        chunks_ = std::move(*chunks);
        sqlite3_wal_hook(database_->handle(), &SqliteStore::committed, this);
        return {};
    }

    static int committed(void* self, sqlite3*, const char*, int pages) {
        static_cast<SqliteStore*>(self)->log_pages_ = pages;
        return SQLITE_OK;
    }

    error_code give_up(error_code why, const std::string& words) {
        remark_ = "storage " + place_.path + ": " + words + ". " + why.message();
        return broken_ = why;
    }

    void condemn(wall_time now) {
        auto words = database_->message();
        sqlite3_db_config(database_->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
        if (place_.vfs.empty()) {
            const auto name = set_aside(place_.path, now);
            words += name.empty() ? "; it cannot be renamed" : "; renamed to " + name;
        }
        chunks_.reset();
        database_.reset();
        give_up(error::storage_corrupt, words);
    }

    void shrink() {
        const auto empty = chunks_->empty();
        if (!empty || !*empty) return;
        const auto pages = database_->first_integer("PRAGMA page_count");
        if (pages && *pages > place_.shrink_above) crowded_ = database_->execute("VACUUM").has_value();
    }

    SqlitePlace place_;
    std::optional<SqliteDatabase> database_;
    std::optional<SqliteChunks> chunks_;
    error_code broken_;
    std::string remark_;
    std::uint64_t removals_ = 0; ///< As of the last checkpoint.
    int log_pages_ = 0;
    bool crowded_ = false;
};

} // namespace sluice::detail
