#pragma once

#include <sluice/error.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace sluice::detail {

/// A file that is read line by line.
class LinesOfFile {
public:
    explicit LinesOfFile(const std::filesystem::path& path) : file_(open(path)) {}

    [[nodiscard]] explicit operator bool() const noexcept { return file_ != nullptr; }
    [[nodiscard]] bool bad() const noexcept { return std::ferror(file_.get()) != 0; }

    /// Whether it is the one with that name now.
    [[nodiscard]] bool has_name(const std::filesystem::path& path) const {
        struct stat mine {};
        struct stat named {};
        return ::fstat(::fileno(file_.get()), &mine) == 0 && ::stat(path.c_str(), &named) == 0 &&
               mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
    }

    /// The next line, with its end; false after the last one.
    [[nodiscard]] bool next(std::string_view& line) {
        char* buffer = buffer_.release();
        const auto count = ::getline(&buffer, &capacity_, file_.get());
        buffer_.reset(buffer);
        if (count < 0) return false;
        line = std::string_view(buffer, static_cast<std::size_t>(count));
        return true;
    }

private:
    struct Close {
        void operator()(std::FILE* file) const noexcept { std::fclose(file); }
    };
    struct Free {
        void operator()(char* buffer) const noexcept { std::free(buffer); }
    };

    static std::FILE* open(const std::filesystem::path& path) {
        const int number = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (number < 0) return nullptr;
        auto* const file = ::fdopen(number, "rb");
        if (file == nullptr) ::close(number);
        return file;
    }

    std::unique_ptr<std::FILE, Close> file_;
    std::unique_ptr<char, Free> buffer_;
    std::size_t capacity_ = 0;
};

using LetterPaths = std::map<std::uint64_t, std::filesystem::path, std::greater<>>;

/// The files of dead letters at a path, by age, the oldest first.
[[nodiscard]] inline result<LetterPaths> letter_paths(const std::filesystem::path& path) {
    namespace fs = std::filesystem;
    std::error_code failure;
    const auto whole = fs::absolute(path, failure);
    LetterPaths by_age;
    const auto name = whole.filename().string();
    fs::directory_iterator entries(whole.parent_path(), failure);
    for (; !failure && entries != fs::directory_iterator(); entries.increment(failure)) {
        const auto other = entries->path().filename().string();
        if (other == name) by_age.emplace(0, entries->path());
        if (!other.starts_with(name + '.')) continue;
        std::uint64_t age = 0;
        const auto* const end = other.data() + other.size();
        const auto read = std::from_chars(other.data() + name.size() + 1, end, age);
        if (read.ec == std::errc() && read.ptr == end && age > 0) by_age.emplace(age, entries->path());
    }
    if (failure || by_age.empty()) return error::storage_unwritable;
    return by_age;
}

/// Opens all of them, as they were at one moment: if files have moved on meanwhile, it begins again. `opened()` is
/// called when they are open and nobody knows yet.
template <class Opened>
[[nodiscard]] result<std::vector<LinesOfFile>> open_letter_files(const std::filesystem::path& path, Opened opened) {
    for (int round = 0; round < 64; ++round) {
        const auto before = letter_paths(path);
        if (!before) return before.error();
        std::vector<LinesOfFile> files;
        bool all = true;
        for (const auto& [age, name] : *before) all = all && static_cast<bool>(files.emplace_back(name));
        opened();
        const auto after = letter_paths(path);
        bool same = after.has_value() && *after == *before;
        if (same && !all) return error::storage_failed; // they are there, and cannot be opened
        auto file = files.begin();
        for (const auto& [age, name] : *before) same = same && (file++)->has_name(name);
        if (same) return files;
    }
    return error::storage_locked;
}

} // namespace sluice::detail
