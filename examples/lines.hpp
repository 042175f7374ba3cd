#pragma once

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

class Line {
public:
    std::string text;      ///< Without its end. Of one that is longer than wanted, a part that is too long as well.
    std::uint64_t end = 0; ///< How many bytes of the input lie before the next line.
};

/// The lines of a file, a pipe or a terminal. Every failure to read is thrown: it is not the end.
class Lines {
public:
    /// `-` is standard input. Waiting ends when `stopped` is set.
    Lines(const std::string& path, std::size_t longest, const std::atomic<bool>& stopped)
        : name_(path == "-" ? "standard input" : path), longest_(longest), stopped_(stopped) {
        if (path != "-") file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        struct stat about {};
        if (file_ < 0 || fstat(file_, &about) != 0) fail();
        lasting_ = path != "-" && S_ISREG(about.st_mode);
        if (lasting_) size_ = static_cast<std::uint64_t>(about.st_size);
    }

    Lines(const Lines&) = delete;
    Lines& operator=(const Lines&) = delete;
    ~Lines() {
        if (file_ > STDIN_FILENO) ::close(file_);
    }

    /// Whether it is a file, given by its name, that can be read again from any place.
    [[nodiscard]] bool lasting() const noexcept { return lasting_; }

    /// Bytes; 0 of what does not last.
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

    /// Goes on where a line ended before.
    void skip_to(std::uint64_t position) {
        char before = '\n';
        if (position > 0 && pread(file_, &before, 1, static_cast<off_t>(position - 1)) < 0) fail();
        if (position > size_ || (before != '\n' && position != size_)) {
            throw std::runtime_error(name_ + " is not what was read before: no line begins at byte " +
                                     std::to_string(position));
        }
        if (lseek(file_, static_cast<off_t>(position), SEEK_SET) < 0) fail();
        position_ = begin_ = position;
    }

    /// The lines that end in the next piece of the input, at least one; none at the end, and when it was stopped.
    [[nodiscard]] std::vector<Line> next() {
        std::vector<Line> lines;
        while (lines.empty() && !ended_ && wait()) {
            const auto count = ::read(file_, piece_.data(), piece_.size());
            if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
            if (count < 0) fail();
            split({piece_.data(), static_cast<std::size_t>(count)}, lines);
            ended_ = count == 0;
            if (ended_ && position_ > begin_) finish(lines);
        }
        return lines;
    }

private:
    [[noreturn]] void fail() const {
        throw std::system_error(errno, std::generic_category(), name_ + " cannot be read");
    }

    /// Until there is something to read; false if it was stopped before.
    bool wait() {
        pollfd input{file_, POLLIN, 0};
        while (!stopped_) {
            const int ready = poll(&input, 1, 200);
            if (ready > 0) return true;
            if (ready < 0 && errno != EINTR) fail();
        }
        return false;
    }

    void split(std::string_view piece, std::vector<Line>& lines) {
        while (!piece.empty()) {
            const auto end = piece.find('\n');
            const auto part = piece.substr(0, end);
            if (begun_.size() <= longest_) begun_ += part;
            position_ += part.size();
            if (end == std::string_view::npos) return;
            ++position_;
            finish(lines);
            piece.remove_prefix(end + 1);
        }
    }

    void finish(std::vector<Line>& lines) {
        lines.push_back({std::exchange(begun_, {}), position_});
        begin_ = position_;
    }

    std::string name_;
    std::size_t longest_;
    const std::atomic<bool>& stopped_;
    int file_ = STDIN_FILENO;
    bool lasting_ = false;
    bool ended_ = false;
    std::uint64_t size_ = 0;
    std::uint64_t begin_ = 0;    ///< Of the line that has begun.
    std::uint64_t position_ = 0; ///< What was read.
    std::string begun_;
    std::string piece_ = std::string(std::size_t{256} << 10U, '\0');
};
