#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/detail/posix_files.hpp>
#include <sluice/detail/remark.hpp>
#include <sluice/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::detail {

/// What a system's error means to whoever stores something.
[[nodiscard]] inline error storage_error(error_code failure) noexcept {
    switch (failure.value()) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return error::storage_full;
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOENT:
    case EEXIST: // a link to nothing
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENXIO:
    case ENAMETOOLONG: return error::storage_unwritable;
    default: return error::storage_failed;
    }
}

/// Where lines go, and how many of them stay.
class RotatingPlace {
public:
    std::string path;          ///< Absolute.
    std::size_t file_bytes = 0; ///< What a file has at most; a longer line has a file of its own.
    std::size_t files = 0;     ///< With `path` itself: `path`, `path.1`, `path.2`, from the newest to the oldest.
};

/// A file of lines that grows, moves to `path.1` when it is full, and from there on to `path.2`, until it is the
/// oldest of too many and replaced. A store for `GroupCommit`.
///
/// The file is opened for each commit and locked as long, so that several may write to it, and whoever moves or
/// removes it meanwhile does no harm. A commit is on the disk, or not in the files, even if it fills several. Of a line
/// that a crash cut short, the rest stays, and the next line begins after it.
template <class Files = PosixFiles>
class RotatingFile {
public:
    explicit RotatingFile(RotatingPlace place, Files files = Files())
        : place_(std::move(place)), files_(std::move(files)) {}

    RotatingFile(const RotatingFile&) = delete;
    RotatingFile& operator=(const RotatingFile&) = delete;

    /// Whole lines, with their ends.
    void append(std::string_view lines) { pending_ += lines; }

    [[nodiscard]] result<void> begin(wall_time) {
        pending_.clear();
        return {};
    }

    /// `storage_locked` if somebody else holds the file for long, `storage_foreign` if it has other lines than objects.
    [[nodiscard]] result<void> commit() {
        std::deque<Opened> opened;
        if (const auto failure = write(opened)) {
            // What is taken back comes again; what cannot be is there twice.
            for (const auto& file : opened) {
                if (file.written) (void)files_.truncate(file.number, file.look.size);
            }
            return failure;
        }
        remark_.settle();
        return {};
    }

    void rollback(error_code, wall_time) { pending_.clear(); }
    [[nodiscard]] bool recover(bool, int) { return false; }
    void maintain() {}

    /// What the log should say: each failure once, until something was written again.
    [[nodiscard]] std::string take_remark() { return remark_.take(); }

private:
    /// A file that is closed, whatever happens.
    class Opened {
    public:
        explicit Opened(Files& files) : files_(files) {}
        Opened(const Opened&) = delete;
        Opened& operator=(const Opened&) = delete;
        ~Opened() {
            if (number >= 0) files_.close(number);
        }

        int number = -1;
        FileLook look;        ///< Before anything was written.
        bool named = false;   ///< The path is still its name.
        bool written = false; ///< A part of a line at least.

    private:
        Files& files_;
    };

    /// Opens and locks it, and looks what it is.
    error_code open(Opened& file) {
        const auto number = files_.open(place_.path);
        if (!number) return fail(number.error());
        file.number = *number;
        const auto kind = files_.look(file.number);
        if (!kind) return fail(kind.error());
        if (!kind->regular) return fail(error::storage_unwritable, "it is no file");
        if (!files_.lock(file.number)) return fail(error::storage_locked, "somebody else has it locked");
        const auto look = files_.look(file.number); // as long as it is now
        if (!look) return fail(look.error());
        file.look = *look;
        const auto named = files_.look(place_.path);
        file.named = named && named->same_file(file.look);
        if (!file.named || file.look.size == 0) return {};
        const auto first = files_.byte_at(file.number, 0);
        if (!first) return fail(first.error());
        // Zeros are what a power failure leaves.
        if (*first == '{' || *first == '\0') return {};
        return fail(error::storage_foreign, "it begins like no file of dead letters");
    }

    /// What is pending, into one file after the other; each stays locked until nothing can fail any more.
    error_code write(std::deque<Opened>& opened) {
        const auto all = std::exchange(pending_, {});
        std::string_view lines = all;
        for (int idle = 0; idle < 16; ++idle) {
            auto& file = opened.emplace_back(files_);
            if (const auto failure = open(file)) return failure;
            if (!file.named) { // somebody moved it just now
                opened.pop_back();
                continue;
            }
            const auto part = lines.substr(0, fitting(lines, file.look.size));
            if (const auto failure = write(file, part)) return failure;
            lines.remove_prefix(part.size());
            if (lines.empty()) return {};
            if (!part.empty()) idle = 0;
            if (const auto failure = rotate()) return failure;
            if (opened.size() >= place_.files) opened.pop_front(); // it was dropped to make room
        }
        return fail(error::storage_locked, "it is moved again and again");
    }

    /// How many bytes of these lines go into a file of so many bytes: whole lines, and into an empty one at least one.
    [[nodiscard]] std::size_t fitting(std::string_view lines, std::size_t used) const {
        const auto room = place_.file_bytes - std::min(place_.file_bytes, used);
        if (lines.size() <= room) return lines.size();
        const auto end = lines.substr(0, room).rfind('\n');
        if (end != std::string_view::npos) return end + 1;
        return used == 0 ? std::min(lines.find('\n'), lines.size() - 1) + 1 : 0;
    }

    error_code write(Opened& file, std::string_view lines) {
        error_code failure;
        if (!lines.empty()) {
            const auto last = last_byte(file);
            if (!last) failure = last.error();
            else if (*last != '\n') failure = write_all(file, "\n");
            if (!failure) failure = write_all(file, lines);
            if (!failure) failure = files_.sync(file.number);
        }
        // The name of an empty file may be new.
        if (!failure && file.look.size == 0) failure = files_.sync_directory(directory());
        return failure ? fail(failure) : failure;
    }

    result<char> last_byte(const Opened& file) {
        if (file.look.size == 0) return '\n';
        return files_.byte_at(file.number, file.look.size - 1);
    }

    error_code write_all(Opened& file, std::string_view bytes) {
        file.written = true;
        while (!bytes.empty()) {
            const auto count = files_.write(file.number, bytes);
            if (!count) return count.error();
            if (*count == 0) return {ENOSPC, boost::system::system_category()};
            bytes.remove_prefix(*count);
        }
        return {};
    }

    /// Each file moves on, but only those that have to: a gap, as a crash in the middle leaves, is filled first.
    error_code rotate() {
        std::size_t last = 1;
        while (last + 1 < place_.files && files_.look(name(last)).has_value()) ++last;
        const bool lost = files_.look(name(last)).has_value();
        for (auto i = last; i > 0; --i) {
            const auto failure = files_.rename(name(i - 1), name(i));
            // Whoever removed it meanwhile did no harm.
            if (failure && failure.value() != ENOENT) return fail(failure);
            if (lost && i == last) {
                remark_ = about("there are " + std::to_string(place_.files) +
                                " full files of dead letters: the oldest was dropped to make room");
            }
        }
        return {};
    }

    [[nodiscard]] std::string name(std::size_t age) const {
        return age == 0 ? place_.path : place_.path + '.' + std::to_string(age);
    }

    [[nodiscard]] std::string directory() const { return std::filesystem::path(place_.path).parent_path().string(); }

    [[nodiscard]] std::string about(const std::string& words) const { return "file " + place_.path + ": " + words; }

    error_code fail(error why, const std::string& words) {
        remark_ = about(words) + ". " + make_error_code(why).message();
        return why;
    }

    error_code fail(error_code failure) { return fail(storage_error(failure), failure.message()); }

    RotatingPlace place_;
    Files files_;
    std::string pending_;
    Remark remark_;
};

} // namespace sluice::detail
