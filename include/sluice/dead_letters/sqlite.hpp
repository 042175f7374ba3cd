#pragma once

#include <sluice/dead_letters/dead_letters.hpp>
#include <sluice/dead_letters/letter_line.hpp>
#include <sluice/detail/error_word.hpp>
#include <sluice/detail/group_commit.hpp>
#include <sluice/detail/sqlite_letter_store.hpp>
#include <sluice/log.hpp>
#include <sluice/world.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace sluice {

/// What happens to a letter when the file of letters is full.
enum class LettersFull : std::uint8_t {
    refuse,      ///< It waits in the producer, as `error::storage_full`, until there is room: nothing is lost.
    drop_oldest, ///< The oldest letters make room, and the log says how many.
};

/// Keeps each record that cannot be delivered, and why, in an SQLite database of its own, from where `LetterBox` reads
/// it and `redrive` puts it again.
///
/// A letter is on the disk, power loss included, before its record is let go; one that comes again, as after a crash in
/// between, takes the place of the first. The file is readable by its owner only. Several producers, in several
/// processes too, and readers may have it open at a time. A damaged file is renamed to `<path>.corrupt-<UTC time>`, the
/// log tells where, and the next letter starts with an empty one.
///
/// Table `letters`: `number` (in the order of arrival), `id`, `time`, `stream`, `reason` (a word), `letter` (JSON, as
/// `letter_line` makes it).
///
/// Errors, at the opening and for each letter: `storage_unwritable`, `storage_full` (the disk, or the file's limit),
/// `storage_foreign`, `storage_corrupt`, `storage_locked` (others write for more than a second), `storage_failed`.
///
/// The calls block a thread of its own, unless an executor is given.
class SqliteDeadLetters {
public:
    using policy_kind = kind::dead_letters;

    class Running {
    public:
        template <class...>
        [[nodiscard]] asio::awaitable<result<void>> take(DeadLetter letter) {
            const auto now = clock_->wall();
            auto keep = [letter = std::move(letter), now](detail::SqliteLetterStore& store) {
                return store.keep(row_of(letter, now));
            };
            return commits_.template perform<void>(now, std::move(keep));
        }

    private:
        friend class SqliteDeadLetters;

        Running(World& world, const asio::any_io_executor& blocking, detail::LetterPlace place)
            : clock_(&world.clock()), log_(std::make_shared<const Log>(world.log())),
              commits_(world.executor(), blocking, log_, std::move(place)) {}

        static detail::LetterRow row_of(const DeadLetter& letter, wall_time now) {
            detail::LetterRow row;
            row.id = detail::id_text(letter.id);
            row.time = aws::iso_date_in_full(now);
            row.stream = letter.record.stream;
            row.reason = detail::error_word(letter.reason);
            row.text = letter_line(letter, now);
            row.text.pop_back(); // the end of the line
            return row;
        }

        /// Whether there is a file, or one could be made.
        template <class...>
        [[nodiscard]] asio::awaitable<result<void>> look() {
            auto nothing = [](detail::SqliteLetterStore&) { return result<void>(); };
            return commits_.template perform<void>(clock_->wall(), std::move(nothing));
        }

        AnyClock* clock_;
        std::shared_ptr<const Log> log_;
        detail::GroupCommit<detail::SqliteLetterStore> commits_;
    };

    static constexpr std::uint64_t least_bytes = std::uint64_t{64} << 20U;

    /// The directory must exist; the file is made if it does not. Letters fill at most `most_bytes` of it, at least
    /// `least_bytes`, so that any letter fits; its log beside it may have 64 MiB. Throws `std::invalid_argument` for a
    /// path that no file can have, and for less room.
    explicit SqliteDeadLetters(std::filesystem::path path, std::uint64_t most_bytes = std::uint64_t{1} << 30U,
                               LettersFull when_full = LettersFull::refuse)
        : path_(std::move(path)), most_bytes_(most_bytes), when_full_(when_full) {
        if (!path_.has_filename() || path_.native().find('\0') != std::string::npos) {
            throw std::invalid_argument("sluice: SqliteDeadLetters needs the path of a file");
        }
        if (most_bytes_ < least_bytes) {
            throw std::invalid_argument("sluice: SqliteDeadLetters needs room for 64 MiB at least");
        }
    }

    /// The same dead letters, which block `executor` instead of a thread of their own; one call runs at a time.
    [[nodiscard]] SqliteDeadLetters on(asio::any_io_executor executor) const {
        auto changed = *this;
        changed.blocking_ = std::move(executor);
        return changed;
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) const {
        return open_file(*this, world);
    }

private:
    template <class...>
    static asio::awaitable<result<Running>> open_file(SqliteDeadLetters recipe, World& world) {
        detail::LetterPlace place;
        std::error_code failure;
        place.file.path = std::filesystem::absolute(recipe.path_, failure).string();
        place.room.most_pages = static_cast<std::int64_t>(recipe.most_bytes_ >> 14U); // of 16 KiB
        place.room.drop_oldest = recipe.when_full_ == LettersFull::drop_oldest;
        if (failure) co_return error::storage_unwritable;
        Running running(world, recipe.blocking_, std::move(place));
        const auto looked = co_await running.look();
        if (!looked) co_return looked.error();
        co_return std::move(running);
    }

    std::filesystem::path path_;
    std::uint64_t most_bytes_;
    LettersFull when_full_;
    asio::any_io_executor blocking_;
};

static_assert(DeadLetters<SqliteDeadLetters>);

} // namespace sluice
