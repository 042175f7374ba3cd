#pragma once

#include <sluice/detail/sqlite.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace sluice::detail {

/// A file that SQLite has open, past SQLite: how much of the disk it has. Each call gives a code of SQLite.
class SqliteFile {
public:
    /// `which`: `SQLITE_FCNTL_FILE_POINTER` for the database, `SQLITE_FCNTL_JOURNAL_POINTER` for its log.
    SqliteFile(const SqliteDatabase& database, int which) {
        sqlite3_file_control(database.handle(), "main", which, &file_);
    }

    [[nodiscard]] int size(std::int64_t& bytes) const {
        sqlite3_int64 found = 0;
        const auto code = file_ && file_->pMethods ? file_->pMethods->xFileSize(file_, &found) : SQLITE_IOERR_FSTAT;
        if (code == SQLITE_OK) bytes = found;
        return code;
    }

    /// Writes zeros behind the end: only what was written has its place on the disk for certain. If they do not fit,
    /// the file is as long as before.
    [[nodiscard]] int grow(std::int64_t to) const {
        std::int64_t end = 0;
        auto code = size(end);
        if (code != SQLITE_OK || end >= to) return code;
        const std::string zeros(static_cast<std::size_t>(std::min(to - end, block)), '\0');
        for (auto at = end; at < to && code == SQLITE_OK; at += block) {
            code = file_->pMethods->xWrite(file_, zeros.data(), static_cast<int>(std::min(to - at, block)), at);
        }
        if (code != SQLITE_OK) (void)cut(end);
        return code;
    }

    [[nodiscard]] int cut(std::int64_t to) const {
        std::int64_t end = 0;
        const auto code = size(end);
        return code == SQLITE_OK && end > to ? file_->pMethods->xTruncate(file_, to) : code;
    }

    /// The `errno` of the last call that failed, if the VFS knows it.
    [[nodiscard]] int system_error() const {
        int found = 0;
        if (file_ && file_->pMethods) (void)file_->pMethods->xFileControl(file_, SQLITE_FCNTL_LAST_ERRNO, &found);
        return found;
    }

private:
    static constexpr std::int64_t block = 65'536; ///< SQLite never writes more at once, and some VFS cannot.

    sqlite3_file* file_ = nullptr;
};

} // namespace sluice::detail
