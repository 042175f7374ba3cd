#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <unistd.h>

/// How far a file was read, kept in a file of its own: what lies before is never read again.
class Bookmark {
public:
    /// At the file's beginning, if there is no bookmark yet. Throws for one that is damaged or belongs to another file.
    Bookmark(std::string path, const std::string& file)
        : path_(std::move(path)), file_(std::filesystem::canonical(file).string()) {
        std::ifstream in(path_);
        if (!in && !std::filesystem::exists(path_)) return;
        if (!(in >> position_ >> lines_) || in.get() != ' ') {
            throw std::runtime_error(path_ + " is damaged; remove it to read " + file_ + " from its beginning again");
        }
        std::string name(std::istreambuf_iterator<char>(in), {});
        if (name.ends_with('\n')) name.pop_back();
        if (name != file_) {
            throw std::runtime_error(path_ + " tells how far " + name + " was read, not " + file_ +
                                     "; finish that one first, or remove the bookmark, or give another --buffer");
        }
    }

    [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
    [[nodiscard]] std::uint64_t lines() const noexcept { return lines_; }

    /// Throws if it cannot be written: then the old one is still there, as it may be after a power cut.
    void move(std::uint64_t position, std::uint64_t lines) {
        const auto fresh = path_ + ".new";
        const auto text = std::to_string(position) + " " + std::to_string(lines) + " " + file_ + "\n";
        const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::fopen(fresh.c_str(), "w"), &std::fclose);
        if (!out || std::fputs(text.c_str(), out.get()) < 0 || std::fflush(out.get()) != 0 ||
            fsync(fileno(out.get())) != 0 || std::rename(fresh.c_str(), path_.c_str()) != 0) {
            throw std::system_error(errno, std::generic_category(), fresh + " cannot be written");
        }
        position_ = position;
        lines_ = lines;
    }

    void remove() { std::filesystem::remove(path_); }

private:
    std::string path_;
    std::string file_;
    std::uint64_t position_ = 0;
    std::uint64_t lines_ = 0;
};
