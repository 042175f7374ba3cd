#pragma once

#include <sluice/detail/remark.hpp>
#include <sluice/detail/sqlite_opening.hpp>
#include <sluice/detail/sqlite_room.hpp>

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
/// any other way would move pages that are about to be freed. So is one whose disk was full.
class SqliteStore {
public:
    explicit SqliteStore(SqlitePlace place) : place_(std::move(place)) {}

    SqliteStore(const SqliteStore&) = delete;
    SqliteStore& operator=(const SqliteStore&) = delete;

    ~SqliteStore() {
        if (!chunks_) return;
        const auto empty = chunks_->empty();
        if (empty && !*empty) room_->keep();
    }

    /// Valid between `begin` and `commit`.
    [[nodiscard]] SqliteChunks& chunks() noexcept { return *chunks_; }

    [[nodiscard]] result<void> begin(wall_time now) {
        if (broken_) return broken_;
        if (!chunks_) {
            if (auto opened = open(now); !opened) return opened;
        }
        return database_->execute("BEGIN");
    }

    /// Settles in the transaction that was begun; on a disk that proved too full for that, in one for each change.
    [[nodiscard]] result<void> settle(const std::vector<Settlement>& changes) {
        if (!std::exchange(piecemeal_, false)) return chunks_->settle(changes);
        for (const auto& change : changes) {
            if (auto settled = chunks_->settle({change}); !settled) return settled;
            // What is settled may be stored early, so that the log can be copied and used again.
            if (auto stored = commit(); !stored) return stored;
            copied(room_->copy_log());
            if (auto begun = database_->execute("BEGIN"); !begun) return begun;
        }
        return {};
    }

    [[nodiscard]] result<void> commit() {
        const auto additions = chunks_->additions();
        const bool appends = std::exchange(additions_, additions) != additions;
        if (sqlite3_txn_state(database_->handle(), "main") == SQLITE_TXN_WRITE) {
            if (auto reserved = room_->reserve(appends); !reserved) return reserved;
        }
        if (auto committed = database_->execute("COMMIT"); !committed) return committed;
        room_->committed();
        piecemeal_ = false;
        if (appends) remark_.settle();
        return {};
    }

    /// Undoes what was done since `begin`. Damage ends the use of the file.
    void rollback(error_code why, wall_time now) {
        full_ = why == error::storage_full && chunks_;
        if (!database_) return;
        if (why == error::storage_corrupt) return give_up_file(now);
        remark_ = words_about(why);
        // SQLite may have rolled back on its own.
        if (sqlite3_get_autocommit(database_->handle()) == 0) (void)database_->execute("ROLLBACK");
        piecemeal_ = false;
        if (!chunks_) return;
        room_->undo();
        additions_ = chunks_->additions();
        crowded_ = crowded_ || full_;
    }

    /// After a rollback: whether the work should be tried again, now that there is more room. `alone`: it is one call;
    /// `round`: so many times it was tried again.
    [[nodiscard]] bool recover(bool alone, int round) {
        if (!full_ || (round > 0 && shrunk_)) return false;
        full_ = false;
        // What the log has can be used again; what it has too much of, the database may need.
        shrunk_ = round > 0 || log_pages_ == 0;
        if (!copied(shrunk_ ? room_->shrink_log() : room_->copy_log())) return false;
        piecemeal_ = shrunk_ && alone;
        remark_.drop();
        return true;
    }

    /// Copies the log into the database, and shrinks it, when that is due.
    void maintain() {
        if (!chunks_) return;
        const bool only_grew = chunks_->removals() == removals_;
        if (!only_grew) shrink();
        if (std::exchange(full_, false)) copied(room_->shrink_log());
        else if (checkpoint_due(log_pages_, only_grew)) copied(room_->copy_log());
    }

    /// What the log should say: each failure once, until something was appended again.
    [[nodiscard]] std::string take_remark() { return remark_.take(); }

private:
    result<void> open(wall_time now) {
        SqliteOpening opening(place_);
        auto database = opening.open(now);
        if (!database) return give_up(database.error(), opening.remark());
        database_ = std::move(*database);
        const auto prepared = prepare();
        if (!prepared) {
            const auto words = database_->message();
            rollback(prepared.error(), now);
            return broken_ ? broken_ : give_up(prepared.error(), words);
        }
        sqlite3_wal_hook(database_->handle(), &SqliteStore::committed, this);
        return {};
    }

    result<void> prepare() {
        auto chunks = SqliteChunks::prepare(*database_);
        if (!chunks) return chunks.error();
        // Nothing is changed in a file that is not a store.
        if (const auto identity = chunks->identity(); !identity) return identity.error();
        auto room = SqliteRoom::open(*database_);
        if (!room) return room.error();
        room_ = std::move(*room);
        chunks_ = std::move(*chunks);
        return {};
    }

    static int committed(void* self, sqlite3*, const char*, int pages) {
        static_cast<SqliteStore*>(self)->log_pages_ = pages;
        return SQLITE_OK;
    }

    [[nodiscard]] std::string about(const std::string& words) const { return "storage " + place_.path + ": " + words; }

    error_code give_up(error_code why, const std::string& words) {
        remark_ = about(words) + ". " + why.message();
        return broken_ = why;
    }

    /// SQLite's words, or those of whoever failed before it was asked.
    [[nodiscard]] std::string words_about(error_code why) {
        auto words = chunks_ ? chunks_->take_words() : std::string();
        if (words.empty() && room_) words = room_->take_words();
        if (words.empty()) words = database_->diagnosis();
        return words.empty() ? std::string() : about(words) + ". " + why.message();
    }

    void give_up_file(wall_time now) {
        const auto words = database_->message() + ". " + condemn(*database_, place_, now);
        chunks_.reset();
        room_.reset();
        database_.reset();
        give_up(error::storage_corrupt, words);
    }

    /// Takes notes of a checkpoint; false if it failed.
    bool copied(int code) {
        removals_ = chunks_->removals();
        log_pages_ = 0;
        if (code != SQLITE_OK) remark_ = about("its log could not be copied: ") + database_->diagnosis();
        return code == SQLITE_OK;
    }

    void shrink() {
        const auto empty = chunks_->empty();
        if (!empty || !*empty) return;
        const auto pages = database_->first_integer("PRAGMA page_count");
        if (!pages || (!crowded_ && *pages <= place_.shrink_above)) return;
        if (crowded_) copied(room_->copy_log());
        if (!database_->execute("VACUUM")) return;
        crowded_ = false;
        copied(room_->shrink_log());
    }

    SqlitePlace place_;
    std::optional<SqliteDatabase> database_;
    std::optional<SqliteRoom> room_;
    std::optional<SqliteChunks> chunks_;
    error_code broken_;
    Remark remark_;
    std::uint64_t removals_ = 0;  ///< As of the last checkpoint.
    std::uint64_t additions_ = 0; ///< As of the last commit.
    int log_pages_ = 1; ///< That are not copied; after an opening nobody knows.
    bool full_ = false;      ///< The last transaction found no room, and nothing was done about it yet.
    bool shrunk_ = false;    ///< The log has its least size, as of the last `recover`.
    bool crowded_ = false;   ///< One found none since the file was last empty.
    bool piecemeal_ = false; ///< The call under way is alone, and failed as a whole.
};

} // namespace sluice::detail
