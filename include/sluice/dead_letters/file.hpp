#pragma once

#include <sluice/dead_letters/dead_letters.hpp>
#include <sluice/dead_letters/letter_line.hpp>
#include <sluice/detail/group_commit.hpp>
#include <sluice/detail/rotating_file.hpp>
#include <sluice/log.hpp>
#include <sluice/world.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace sluice {

/// Writes each record that cannot be delivered, and why, as a line of JSON to a file; `read_letters` reads it back.
///
/// A letter is on the disk (one `fdatasync` each) before its record is let go; one whose writing was cut short comes
/// again, and may then be there twice, under one id. What a crash left of a line stays as a line of its own.
///
/// When the file is full it becomes `<path>.1`, that one `<path>.2`, and so on; the oldest of too many is dropped, and
/// the log says so. Files are made readable by their owner only, for they hold the data. Several producers, in several
/// processes too, may share a path.
///
/// Errors, at the opening and for each letter: `storage_unwritable`, `storage_full`, `storage_foreign` (the file does
/// not begin like one of letters), `storage_locked` (somebody holds it for more than a second), `storage_failed`.
/// Nothing of a failed letter stays in the file.
///
/// The calls block a thread of its own, unless an executor is given.
class FileDeadLetters {
public:
    using policy_kind = kind::dead_letters;

    class Running {
    public:
        template <class...>
        [[nodiscard]] asio::awaitable<result<void>> take(DeadLetter letter) {
            const auto now = clock_->wall();
            auto append = [letter = std::move(letter), now](File& file) -> result<void> {
                file.append(letter_line(letter, now));
                return {};
            };
            return commits_.template perform<void>(now, std::move(append));
        }

    private:
        friend class FileDeadLetters;

        using File = detail::RotatingFile<>;

        Running(World& world, const asio::any_io_executor& blocking, detail::RotatingPlace place)
            : clock_(&world.clock()), log_(std::make_shared<const Log>(world.log())),
              commits_(world.executor(), blocking, log_, std::move(place)) {}

        /// Whether there is a file, or one could be made.
        template <class...>
        [[nodiscard]] asio::awaitable<result<void>> look() {
            auto nothing = [](File&) { return result<void>(); };
            return commits_.template perform<void>(clock_->wall(), std::move(nothing));
        }

        AnyClock* clock_;
        std::shared_ptr<const Log> log_;
        detail::GroupCommit<File> commits_;
    };

    /// A file has at most `file_bytes`, or one longer letter; there are at most `files` of them, at least 2. The
    /// directory must exist. Throws `std::invalid_argument` for a path that no file can have, and for less room.
    explicit FileDeadLetters(std::filesystem::path path, std::size_t file_bytes = std::size_t{64} << 20U,
                             std::size_t files = 8)
        : path_(std::move(path)), file_bytes_(file_bytes), files_(files) {
        if (!path_.has_filename() || path_.native().find('\0') != std::string::npos) {
            throw std::invalid_argument("sluice: FileDeadLetters needs the path of a file");
        }
        if (file_bytes_ == 0 || files_ < 2) {
            throw std::invalid_argument("sluice: FileDeadLetters needs room in its files, and two of them at least");
        }
    }

    /// The same dead letters, which block `executor` instead of a thread of their own; one call runs at a time.
    [[nodiscard]] FileDeadLetters on(asio::any_io_executor executor) const {
        auto changed = *this;
        changed.blocking_ = std::move(executor);
        return changed;
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) const { return open_file(*this, world); }

private:
    template <class...>
    static asio::awaitable<result<Running>> open_file(FileDeadLetters recipe, World& world) {
        detail::RotatingPlace place;
        std::error_code failure;
        place.path = std::filesystem::absolute(recipe.path_, failure).string();
        place.file_bytes = recipe.file_bytes_;
        place.files = recipe.files_;
        if (failure) co_return error::storage_unwritable;
        Running running(world, recipe.blocking_, std::move(place));
        const auto looked = co_await running.look();
        if (!looked) co_return looked.error();
        co_return std::move(running);
    }

    std::filesystem::path path_;
    std::size_t file_bytes_;
    std::size_t files_;
    asio::any_io_executor blocking_;
};

} // namespace sluice
