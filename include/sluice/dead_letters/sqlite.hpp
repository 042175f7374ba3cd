#pragma once

#include <sluice/aws/timestamp.hpp>
#include <sluice/dead_letters/dead_letters.hpp>
#include <sluice/dead_letters/letter_line.hpp>
#include <sluice/dead_letters/letter_text.hpp>
#include <sluice/detail/error_word.hpp>
#include <sluice/detail/letters_in_file.hpp>
#include <sluice/detail/sqlite_letter_store.hpp>

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>

namespace sluice {
namespace detail {

class LetterRows : public SqliteLetterStore {
public:
    using SqliteLetterStore::SqliteLetterStore;

    [[nodiscard]] result<void> keep(const DeadLetter& letter, wall_time now) {
        LetterRow row;
        row.id = id_text(letter.id);
        row.time = aws::iso_date_in_full(now);
        row.stream = letter.record.stream;
        row.reason = error_word(letter.reason);
        row.text = letter_line(letter, now);
        row.text.pop_back(); // the end of the line
        return SqliteLetterStore::keep(row);
    }
};

} // namespace detail

/// What happens to a letter when the file of letters is full.
enum class LettersFull : std::uint8_t {
    refuse,      ///< It waits in the producer, as `error::storage_full`, until there is room: nothing is lost.
    drop_oldest, ///< The oldest letters make room, and the log says how many.
};

/// Keeps each record that cannot be delivered, and why, in an SQLite database of its own, from where `LetterBox` reads
/// it and `async_redrive` puts it again.
///
/// A letter is on the disk, power loss included, before its record is let go: one commit for as many as there are, up
/// to 256. One that comes again, as after a crash in between, takes the place of the first. The file is readable by its
/// owner only. Several producers, in several processes too, and readers may have it open at a time. A damaged file is
/// renamed to `<path>.corrupt-<UTC time>`, the log tells where, and the next letter starts with an empty one.
///
/// Table `letters`: `number` (in the order of arrival), `id`, `time`, `stream`, `reason` (a word), `letter` (JSON, as
/// `letter_line` makes it).
///
/// Errors, at the opening and for letters: `storage_unwritable`, `storage_full` (the disk, or the file's limit),
/// `storage_foreign`, `storage_corrupt`, `storage_locked` (others write for more than a second), `storage_failed`.
///
/// The calls block a thread of its own, unless an executor is given.
class SqliteDeadLetters : public detail::LettersInFile<SqliteDeadLetters, detail::LetterRows> {
public:
    static constexpr std::uint64_t least_bytes = std::uint64_t{64} << 20U;

    /// The directory must exist; the file is made if it does not. Letters fill at most `most_bytes` of it, at least
    /// `least_bytes`, so that any letter fits; its log beside it may have 64 MiB. Throws `std::invalid_argument` for a
    /// path that no file can have, and for less room.
    explicit SqliteDeadLetters(std::filesystem::path path, std::uint64_t most_bytes = std::uint64_t{1} << 30U,
                               LettersFull when_full = LettersFull::refuse)
        : LettersInFile(std::move(path), "SqliteDeadLetters"), most_bytes_(most_bytes), when_full_(when_full) {
        if (most_bytes_ < least_bytes) {
            throw std::invalid_argument("sluice: SqliteDeadLetters needs room for 64 MiB at least");
        }
    }

private:
    friend class detail::LettersInFile<SqliteDeadLetters, detail::LetterRows>;

    [[nodiscard]] detail::LetterPlace place(std::string path) const {
        detail::LetterPlace place;
        place.file.path = std::move(path);
        place.room.most_pages = static_cast<std::int64_t>(most_bytes_ >> 14U); // of 16 KiB
        place.room.drop_oldest = when_full_ == LettersFull::drop_oldest;
        return place;
    }

    std::uint64_t most_bytes_;
    LettersFull when_full_;
};

static_assert(DeadLetters<SqliteDeadLetters>);

} // namespace sluice
