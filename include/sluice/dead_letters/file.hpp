#pragma once

#include <sluice/dead_letters/dead_letters.hpp>
#include <sluice/dead_letters/letter_line.hpp>
#include <sluice/detail/letters_in_file.hpp>
#include <sluice/detail/rotating_file.hpp>

#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>

namespace sluice {
namespace detail {

class LetterLines : public RotatingFile<> {
public:
    using RotatingFile<>::RotatingFile;

    [[nodiscard]] result<void> keep(const DeadLetter& letter, wall_time now) {
        append(letter_line(letter, now));
        return {};
    }
};

} // namespace detail

/// Writes each record that cannot be delivered, and why, as a line of JSON to a file; `read_letters` reads it back.
///
/// A letter is on the disk before its record is let go: one `fdatasync` for as many as there are, up to 256. One whose
/// writing was cut short comes again, and may then be there twice, under one id. What a crash left of a line stays as a
/// line of its own.
///
/// When the file is full it becomes `<path>.1`, that one `<path>.2`, and so on; the oldest of too many is dropped, and
/// the log says so. Files are made readable by their owner only, for they hold the data. Several producers, in several
/// processes too, may share a path.
///
/// Errors, at the opening and for letters: `storage_unwritable`, `storage_full`, `storage_foreign` (the file does
/// not begin like one of letters), `storage_locked` (somebody holds it for more than a second), `storage_failed`.
/// Nothing of letters that failed stays in the files.
///
/// The calls block a thread of its own, unless an executor is given.
class FileDeadLetters : public detail::LettersInFile<FileDeadLetters, detail::LetterLines> {
public:
    /// A file has at most `file_bytes`, or one longer letter; there are at most `files` of them, at least 2. The
    /// directory must exist. Throws `std::invalid_argument` for a path that no file can have, and for less room.
    explicit FileDeadLetters(std::filesystem::path path, std::size_t file_bytes = std::size_t{64} << 20U,
                             std::size_t files = 8)
        : LettersInFile(std::move(path), "FileDeadLetters"), file_bytes_(file_bytes), files_(files) {
        if (file_bytes_ == 0 || files_ < 2) {
            throw std::invalid_argument("sluice: FileDeadLetters needs room in its files, and two of them at least");
        }
    }

private:
    friend class detail::LettersInFile<FileDeadLetters, detail::LetterLines>;

    [[nodiscard]] detail::RotatingPlace place(std::string path) const {
        detail::RotatingPlace place;
        place.path = std::move(path);
        place.file_bytes = file_bytes_;
        place.files = files_;
        return place;
    }

    std::size_t file_bytes_;
    std::size_t files_;
};

} // namespace sluice
