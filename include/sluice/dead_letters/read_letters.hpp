#pragma once

#include <sluice/dead_letters/letter_line.hpp>
#include <sluice/detail/letter_files.hpp>
#include <sluice/error.hpp>

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <utility>

namespace sluice {

/// What `read_letters` found.
class LettersRead {
public:
    std::uint64_t letters = 0;
    std::uint64_t broken = 0; ///< Lines that are no letters: cut short by a crash, or somebody else's.
};

/// Gives `each(KeptLetter)` all letters that `FileDeadLetters` kept at a path, the oldest first; lines that are none
/// are counted and passed over.
///
/// It blocks. The files are those of one moment, though they move on meanwhile: letters that were there then come once;
/// those that are written later may be among them or not. One that a crash wrote twice has one id. Put them again with
/// `async_put_all`, and remove the files when that has completed, while no producer has them open: or else what it
/// wrote meanwhile goes, too. `storage_unwritable`: there is no such file; `storage_failed`: one cannot be read;
/// `storage_locked`: they move on again and again.
template <std::invocable<KeptLetter> Each>
[[nodiscard]] result<LettersRead> read_letters(const std::filesystem::path& path, Each each) {
    auto files = detail::open_letter_files(path, [] {});
    if (!files) return files.error();
    LettersRead found;
    for (auto& file : *files) {
        for (std::string_view line; file.next(line);) {
            auto letter = read_letter(line);
            ++(letter ? found.letters : found.broken);
            if (letter) each(std::move(*letter));
        }
        if (file.bad()) return error::storage_failed;
    }
    return found;
}

} // namespace sluice
