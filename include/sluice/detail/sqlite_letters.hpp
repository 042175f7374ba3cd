#pragma once

#include <sluice/detail/sqlite.hpp>
#include <sluice/storage/chunk.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::detail {

/// One letter in a file of letters: its text, and what it is looked up by.
class LetterRow {
public:
    std::int64_t number = 0; ///< In the order in which letters were kept; given by the file.
    std::string id;          ///< Of the record.
    std::string time;        ///< When it was kept, as text whose order is that of time.
    std::string stream;
    std::string reason; ///< A word.
    std::string text;
};

/// Which letters are meant: those after `after`, up to `last`, of that stream and reason; empty is any.
class LetterRange {
public:
    std::int64_t after = 0;
    std::int64_t last = std::numeric_limits<std::int64_t>::max();
    std::string stream;
    std::string reason;
    std::size_t most = 0;       ///< So many letters at most.
    std::size_t most_bytes = 0; ///< Letters stop before their texts exceed it; one is given in any case.
};

/// How large a file of letters may grow, and what then.
class LetterRoom {
public:
    std::int64_t most_pages = std::numeric_limits<std::int64_t>::max();
    bool drop_oldest = false; ///< Else what does not fit is refused.
};

/// The table of a file of dead letters, and what is done to it, inside its caller's transaction.
class SqliteLetters {
public:
    /// "sldl", the `application_id` in the file's header.
    static constexpr std::int64_t application_id = 0x736C646C;

    /// The `user_version` in the file's header; a file with a greater one belongs to a newer sluice.
    static constexpr std::int64_t schema_version = 1;

    /// Whoever puts letters back reads them while others are written.
    static constexpr bool shared = true;

    [[nodiscard]] static result<void> create(SqliteDatabase& database) {
        return database.execute("CREATE TABLE letters (number INTEGER PRIMARY KEY AUTOINCREMENT,"
                                " id TEXT NOT NULL UNIQUE, time TEXT NOT NULL, stream TEXT NOT NULL,"
                                " reason TEXT NOT NULL, letter TEXT NOT NULL) STRICT;"
                                "PRAGMA application_id = 1936483436;"
                                "PRAGMA user_version = 1;");
    }

    /// What is no letter is found by whoever reads it.
    [[nodiscard]] static result<void> verify(SqliteDatabase&) { return {}; }

    /// Compiles the statements; fails if the table is not that of `create`.
    [[nodiscard]] static result<SqliteLetters> prepare(SqliteDatabase& database) {
        SqliteLetters letters;
        for (std::size_t i = 0; i < sql.size(); ++i) {
            auto statement = database.prepare(sql[i]);
            if (!statement) return statement.error();
            letters.statements_[i] = std::move(*statement);
        }
        const auto page = database.first_integer("PRAGMA page_size");
        if (!page) return page.error();
        letters.page_ = *page;
        return letters;
    }

    /// Keeps a letter in the place of one with the same id. `storage_full` if there is no room for it.
    [[nodiscard]] result<void> keep(const LetterRow& row, const LetterRoom& room) {
        const auto replaced = run_of(Sql::remove_id, std::string_view(row.id)).run();
        if (!replaced) return replaced.error();
        if (auto made = make_room(row, room); !made) return made;
        const auto kept = run_of(Sql::keep, std::string_view(row.id), std::string_view(row.time),
                                 std::string_view(row.stream), std::string_view(row.reason), std::string_view(row.text))
                              .run();
        return kept ? result<void>() : result<void>(kept.error());
    }

    /// The oldest first.
    [[nodiscard]] result<std::vector<LetterRow>> read(const LetterRange& range) {
        std::vector<LetterRow> found;
        auto query = run_of(Sql::read, range.after, range.last, std::string_view(range.stream),
                            std::string_view(range.reason), range.most);
        for (std::size_t bytes = 0;;) {
            const auto row = query.next();
            if (!row) return row.error();
            if (!*row) return found;
            bytes += query.text(5).size();
            if (!found.empty() && bytes > range.most_bytes) return found;
            auto& next = found.emplace_back();
            next.number = query.integer(0);
            next.id = query.text(1);
            next.time = query.text(2);
            next.stream = query.text(3);
            next.reason = query.text(4);
            next.text = query.text(5);
        }
    }

    /// How many there were; unknown numbers are ignored.
    [[nodiscard]] result<std::uint64_t> remove(const std::vector<std::int64_t>& numbers) {
        std::uint64_t removed = 0;
        for (const auto number : numbers) {
            const auto gone = run_of(Sql::remove_number, number).run();
            if (!gone) return gone.error();
            removed += static_cast<std::uint64_t>(*gone);
        }
        return removed;
    }

    /// The number of the youngest letter; zero: there is none.
    [[nodiscard]] result<std::int64_t> last() { return first_of(Sql::last); }

    [[nodiscard]] result<std::int64_t> count(const std::string& stream, const std::string& reason) {
        return first_of(Sql::count_some, std::string_view(stream), std::string_view(reason));
    }

    /// How many letters made room for others since this was last asked.
    [[nodiscard]] std::uint64_t take_dropped() { return std::exchange(dropped_, 0); }

    /// Why a call failed, if it was not SQLite.
    [[nodiscard]] std::string take_words() { return std::exchange(words_, {}); }

private:
    enum class Sql : std::size_t {
        keep, remove_id, remove_number, remove_oldest, read, last, count_some, pages, free_pages, count
    };

    static constexpr std::array<std::string_view, static_cast<std::size_t>(Sql::count)> sql{
        "INSERT INTO letters (id, time, stream, reason, letter) VALUES (?, ?, ?, ?, ?)",
        "DELETE FROM letters WHERE id = ?",
        "DELETE FROM letters WHERE number = ?",
        "DELETE FROM letters WHERE number = (SELECT min(number) FROM letters)",
        "SELECT number, id, time, stream, reason, letter FROM letters WHERE number > ?1 AND number <= ?2"
        " AND (?3 = '' OR stream = ?3) AND (?4 = '' OR reason = ?4) ORDER BY number LIMIT ?5",
        "SELECT coalesce(max(number), 0) FROM letters",
        "SELECT count(*) FROM letters WHERE (?1 = '' OR stream = ?1) AND (?2 = '' OR reason = ?2)",
        "PRAGMA page_count",
        "PRAGMA freelist_count",
    };

    SqliteLetters() = default;

    template <class... Values>
    [[nodiscard]] SqliteQuery run_of(Sql which, const Values&... values) {
        return statements_[static_cast<std::size_t>(which)].with(values...);
    }

    template <class... Values>
    [[nodiscard]] result<std::int64_t> first_of(Sql which, const Values&... values) {
        auto query = run_of(which, values...);
        const auto row = query.next();
        if (!row) return row.error();
        return *row ? query.integer(0) : 0;
    }

    [[nodiscard]] result<void> make_room(const LetterRow& row, const LetterRoom& room) {
        for (;;) {
            const auto used = used_pages();
            if (!used) return used.error();
            if (*used + pages_for(row) <= room.most_pages) return {};
            const auto gone = room.drop_oldest ? run_of(Sql::remove_oldest).run() : result<std::int64_t>(0);
            if (!gone) return gone.error();
            if (*gone == 0) {
                words_ = "it is as large as it may be: put letters back, or remove some";
                return error::storage_full;
            }
            ++dropped_;
        }
    }

    [[nodiscard]] result<std::int64_t> used_pages() {
        const auto pages = first_of(Sql::pages);
        if (!pages) return pages;
        const auto unused = first_of(Sql::free_pages);
        if (!unused) return unused;
        return *pages - *unused;
    }

    /// A long text has pages of its own; a table and an index may each have two pages divided, and one more on top.
    [[nodiscard]] std::int64_t pages_for(const LetterRow& row) const {
        return static_cast<std::int64_t>(row.text.size()) / (page_ - 4) + 6;
    }

    std::array<SqliteStatement, static_cast<std::size_t>(Sql::count)> statements_;
    std::string words_;
    std::int64_t page_ = 0;
    std::uint64_t dropped_ = 0;
};

} // namespace sluice::detail
