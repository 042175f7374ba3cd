#pragma once

#include <sluice/detail/remark.hpp>
#include <sluice/detail/sqlite_letters.hpp>
#include <sluice/detail/sqlite_opening.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace sluice::detail {

/// Where a file of letters is, and who looks at it.
class LetterPlace {
public:
    SqlitePlace file;
    LetterRoom room;
    bool create = true; ///< Else a file that is not there is `storage_unwritable`.
};

/// A file of dead letters as `GroupCommit` drives it. Others may have it open at the same time.
///
/// Opened by the first transaction, and again by the next one after it failed, was moved, or was found damaged and set
/// aside.
class SqliteLetterStore {
public:
    explicit SqliteLetterStore(LetterPlace place) : place_(std::move(place)) { place_.file.sync_commits = true; }

    SqliteLetterStore(const SqliteLetterStore&) = delete;
    SqliteLetterStore& operator=(const SqliteLetterStore&) = delete;

    /// Valid between `begin` and `commit`.
    [[nodiscard]] SqliteLetters& letters() noexcept { return *letters_; }

    [[nodiscard]] result<void> keep(const LetterRow& row) { return letters_->keep(row, place_.room); }

    [[nodiscard]] result<void> begin(wall_time now) {
        if (letters_ && was_moved(*database_)) close();
        if (!letters_) {
            if (auto opened = open(now); !opened) return opened;
        }
        return database_->execute("BEGIN IMMEDIATE");
    }

    [[nodiscard]] result<void> commit() {
        if (auto committed = database_->execute("COMMIT"); !committed) return committed;
        remark_.settle();
        if (const auto dropped = letters_->take_dropped(); dropped > 0) {
            remark_ = about(std::to_string(dropped) + " of the oldest letters were dropped to make room");
        }
        return {};
    }

    void rollback(error_code why, wall_time now) {
        if (!database_) return;
        const auto words = letters_ ? letters_->take_words() : std::string();
        remark_ = about(words.empty() ? database_->diagnosis() : words) + ". " + why.message();
        // SQLite may have rolled back on its own.
        if (sqlite3_get_autocommit(database_->handle()) == 0) (void)database_->execute("ROLLBACK");
        if (letters_) (void)letters_->take_dropped();
        if (why == error::storage_corrupt) remark_ += " " + condemn(*database_, place_.file, now);
        if (why != error::storage_full && why != error::storage_locked) close();
    }

    [[nodiscard]] bool recover(bool, int) { return false; }

    /// Copies the log into the file: whoever moves that, moves all letters.
    void maintain() {
        auto* const database = database_ ? database_->handle() : nullptr;
        if (database) (void)sqlite3_wal_checkpoint_v2(database, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    }

    /// What the log should say: each failure once, until something was committed again.
    [[nodiscard]] std::string take_remark() { return remark_.take(); }

private:
    result<void> open(wall_time now) {
        std::error_code failure;
        if (!place_.create && !std::filesystem::exists(place_.file.path, failure)) {
            remark_ = about("there is no such file");
            return error::storage_unwritable;
        }
        BasicSqliteOpening<SqliteLetters> opening(place_.file);
        auto database = opening.open(now);
        if (!database) {
            remark_ = about(opening.remark()) + ". " + database.error().message();
            return database.error();
        }
        database_ = std::move(*database);
        auto letters = SqliteLetters::prepare(*database_);
        if (!letters) return letters.error();
        letters_ = std::move(*letters);
        return {};
    }

    void close() {
        letters_.reset();
        database_.reset();
    }

    [[nodiscard]] std::string about(const std::string& words) const {
        return "dead letters " + place_.file.path + ": " + words;
    }

    LetterPlace place_;
    std::optional<SqliteDatabase> database_;
    std::optional<SqliteLetters> letters_;
    Remark remark_;
};

} // namespace sluice::detail
