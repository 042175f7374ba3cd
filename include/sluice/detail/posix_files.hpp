#pragma once

#include <sluice/error.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>

namespace sluice::detail {

/// What is known of a file.
class FileLook {
public:
    FileLook() = default;
    explicit FileLook(const struct stat& found)
        : regular(S_ISREG(found.st_mode)), size(static_cast<std::size_t>(found.st_size)), device(found.st_dev),
          number(found.st_ino) {}

    bool regular = false;
    std::size_t size = 0;
    dev_t device = 0;
    ino_t number = 0;

    [[nodiscard]] bool same_file(const FileLook& other) const noexcept {
        return device == other.device && number == other.number;
    }
};

/// The files of this machine, as far as whoever appends to one needs them; a test gives its own. Errors are the
/// system's. All of it blocks.
class PosixFiles {
public:
    /// Opens a file for reading and appending, or makes one of mode 0600. Never waits for a writer.
    [[nodiscard]] result<int> open(const std::string& path) {
        constexpr int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
        for (int round = 0; round < 16; ++round) {
            const int known = ::open(path.c_str(), flags);
            if (known >= 0) return known;
            if (errno != ENOENT) return last_error();
            const int made = ::open(path.c_str(), flags | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
            if (made >= 0) {
                (void)::fchmod(made, S_IRUSR | S_IWUSR); // A umask may have taken these, too.
                return made;
            }
            if (errno != EEXIST) return last_error();
        }
        return last_error();
    }

    void close(int file) { ::close(file); }

    /// Waits a second for whoever else has it; true also where there are no locks. Closing unlocks.
    [[nodiscard]] bool lock(int file) {
        for (int round = 0; round < 200; ++round) {
            if (::flock(file, LOCK_EX | LOCK_NB) == 0 || (errno != EWOULDBLOCK && errno != EINTR)) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return false;
    }

    [[nodiscard]] result<FileLook> look(int file) {
        struct stat found {};
        if (::fstat(file, &found) != 0) return last_error();
        return FileLook(found);
    }

    [[nodiscard]] result<FileLook> look(const std::string& path) {
        struct stat found {};
        if (::stat(path.c_str(), &found) != 0) return last_error();
        return FileLook(found);
    }

    [[nodiscard]] result<char> byte_at(int file, std::size_t at) {
        char byte = '\0';
        const auto count = ::pread(file, &byte, 1, static_cast<off_t>(at));
        if (count < 0) return last_error();
        return byte;
    }

    /// How many bytes were appended; fewer than asked only before an error.
    [[nodiscard]] result<std::size_t> write(int file, std::string_view bytes) {
        for (;;) {
            const auto count = ::write(file, bytes.data(), bytes.size());
            if (count >= 0) return static_cast<std::size_t>(count);
            if (errno != EINTR) return last_error();
        }
    }

    [[nodiscard]] error_code sync(int file) { return ::fdatasync(file) == 0 ? error_code() : last_error(); }

    [[nodiscard]] error_code truncate(int file, std::size_t size) {
        return ::ftruncate(file, static_cast<off_t>(size)) == 0 ? error_code() : last_error();
    }

    /// Makes sure of the names in a directory. One that may not be read, or cannot be synced, is as sure as it gets.
    [[nodiscard]] error_code sync_directory(const std::string& path) {
        const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (directory < 0) return errno == EACCES ? error_code() : last_error();
        const bool failed = ::fsync(directory) != 0 && errno != EINVAL && errno != ENOTSUP;
        const auto failure = failed ? last_error() : error_code();
        ::close(directory);
        return failure;
    }

    /// Replaces what has the new name.
    [[nodiscard]] error_code rename(const std::string& from, const std::string& to) {
        return ::rename(from.c_str(), to.c_str()) == 0 ? error_code() : last_error();
    }

private:
    [[nodiscard]] static error_code last_error() noexcept { return {errno, boost::system::system_category()}; }
};

} // namespace sluice::detail
