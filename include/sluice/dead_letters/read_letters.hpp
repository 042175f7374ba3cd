#pragma once

#include <sluice/aws/integer.hpp>
#include <sluice/dead_letters/letter_line.hpp>
#include <sluice/error.hpp>

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace sluice {

/// What `read_letters` found.
class LettersRead {
public:
    std::uint64_t letters = 0;
    std::uint64_t broken = 0; ///< Lines that are no letters: cut short by a crash, or somebody else's.
};

namespace detail {

/// The files of dead letters at a path, the oldest first.
[[nodiscard]] inline result<std::vector<std::filesystem::path>> letter_files(const std::filesystem::path& path) {
    namespace fs = std::filesystem;
    std::error_code failure;
    const auto whole = fs::absolute(path, failure);
    std::map<std::uint64_t, fs::path, std::greater<>> by_age;
    const auto name = whole.filename().string();
    fs::directory_iterator entries(whole.parent_path(), failure);
    for (; !failure && entries != fs::directory_iterator(); entries.increment(failure)) {
        const auto other = entries->path().filename().string();
        if (other == name) by_age.emplace(0, entries->path());
        if (!other.starts_with(name + '.')) continue;
        const auto age = aws::parse_integer<std::uint64_t>(std::string_view(other).substr(name.size() + 1));
        if (age && *age > 0) by_age.emplace(*age, entries->path());
    }
    if (failure || by_age.empty()) return error::storage_unwritable;
    std::vector<fs::path> files;
    for (auto& [age, file] : by_age) files.push_back(std::move(file));
    return files;
}

} // namespace detail

/// Gives `each(KeptLetter)` all letters that `FileDeadLetters` kept at a path, the oldest first; lines that are none
/// are counted and passed over.
///
/// It blocks. Letters that are written meanwhile may be among them or not; one may come twice, which its id tells. Put
/// them again with `async_put_all`, and remove the files when that has completed, while no producer has them open: or
/// else what it wrote meanwhile goes, too. `storage_unwritable`: there is no such file; `storage_failed`: one cannot be
/// read.
template <std::invocable<KeptLetter> Each>
[[nodiscard]] result<LettersRead> read_letters(const std::filesystem::path& path, Each each) {
    const auto files = detail::letter_files(path);
    if (!files) return files.error();
    // All are opened before any is read, the youngest first: what moves on meanwhile is met twice and not missed.
    std::vector<std::ifstream> streams;
    for (auto file = files->rbegin(); file != files->rend(); ++file) streams.emplace_back(*file, std::ios::binary);
    LettersRead found;
    for (auto stream = streams.rbegin(); stream != streams.rend(); ++stream) {
        if (!*stream) return error::storage_failed;
        for (std::string line; std::getline(*stream, line);) {
            auto letter = read_letter(line);
            ++(letter ? found.letters : found.broken);
            if (letter) each(std::move(*letter));
        }
        if (stream->bad()) return error::storage_failed;
    }
    return found;
}

} // namespace sluice
