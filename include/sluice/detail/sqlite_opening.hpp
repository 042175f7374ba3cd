#pragma once

#include <sluice/detail/sqlite_chunks.hpp>

#include <boost/endian/conversion.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace sluice::detail {

/// Where a storage file is, how it is kept, and what a new one starts with.
class SqlitePlace {
public:
    std::string path; ///< Absolute, unless the VFS says otherwise.
    std::string vfs;  ///< Empty: SQLite's default, which means files of this machine.
    bool sync_commits = false;
    std::int64_t shrink_above = 16'384; ///< Pages of 16 KiB; an empty file that has more is shrunk.
    StoreIdentity fresh;
};

/// Whether the first bytes of a file are the header of a database that is not ours: another application's, or one that
/// a newer sluice wrote (SQLite, "Database File Format", 1.3). Empty and unreadable files are not foreign.
template <class Tables = SqliteChunks>
[[nodiscard]] bool is_foreign(std::span<const unsigned char> header) noexcept {
    constexpr std::string_view magic("SQLite format 3\0", 16);
    if (header.size() < 100 || std::memcmp(header.data(), magic.data(), magic.size()) != 0) return false;
    return boost::endian::load_big_u32(header.data() + 68) != Tables::application_id ||
           boost::endian::load_big_u32(header.data() + 60) > Tables::schema_version;
}

/// `20261121T064551Z`.
[[nodiscard]] inline std::string compact_utc(wall_time when) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(when);
    const auto day = std::chrono::floor<std::chrono::days>(seconds);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss<std::chrono::seconds> time(seconds - day);
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%04d%02u%02uT%02d%02d%02dZ", int{date.year()}, unsigned{date.month()},
                  unsigned{date.day()}, static_cast<int>(time.hours().count()),
                  static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
    return text.data();
}

/// Renames a damaged database, and what lies beside it, to the first free `<path>.corrupt-<UTC time>[-<number>]`; the
/// new name, or empty if it could not be renamed.
[[nodiscard]] inline std::string set_aside(const std::string& path, wall_time now) {
    const auto base = path + ".corrupt-" + compact_utc(now);
    for (int i = 1; i < 10'000; ++i) {
        const auto name = i == 1 ? base : base + '-' + std::to_string(i);
        std::error_code failure;
        const auto taken = [&](const char* suffix) { return std::filesystem::exists(name + suffix, failure); };
        if (taken("") || taken("-wal") || taken("-journal") || taken("-shm")) continue;
        if (failure) return {};
        // The log goes first: a log that is left without its database is deleted by whoever opens the path next. Its
        // index goes, too: whoever has the damaged file open still writes there.
        for (const auto* beside : {"-wal", "-journal", "-shm"}) {
            std::filesystem::rename(path + beside, name + beside, failure);
        }
        std::filesystem::rename(path, name, failure);
        return failure ? std::string() : name;
    }
    return {};
}

/// Whether the file of a database has lost its name, so that nobody would find what is written into it.
[[nodiscard]] inline bool was_moved(const SqliteDatabase& database) {
    int moved = 0;
    sqlite3_file_control(database.handle(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return moved != 0;
}

/// From now on, closing a database writes nothing into its file.
inline void leave_alone(const SqliteDatabase& database) {
    sqlite3_db_config(database.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

/// Sets a damaged database aside before it is closed, unless somebody else did: under its name there may be a sound one
/// by now. What became of it, as a sentence without its full stop.
[[nodiscard]] inline std::string condemn(const SqliteDatabase& database, const SqlitePlace& place, wall_time now) {
    leave_alone(database);
    if (!place.vfs.empty()) return "It stays where it is";
    if (was_moved(database)) return "It has lost its name already";
    const auto name = set_aside(place.path, now);
    return name.empty() ? "It could not be renamed" : "It was renamed to " + name;
}

/// Opens a file with `Tables`, or makes it; unless `Tables::shared`, nobody else can open it until the database is
/// closed.
template <class Tables>
class BasicSqliteOpening {
public:
    /// Larger files are not read through at the opening; damage in them shows when it is read.
    static constexpr std::int64_t largest_check = std::int64_t{256} << 20U;

    /// A write-ahead log that is begun anew is cut back to this.
    static constexpr std::int64_t largest_log = std::int64_t{64} << 20U;

    explicit BasicSqliteOpening(const SqlitePlace& place) : place_(place) {}

    /// `storage_foreign` and `storage_locked` leave the file as it is, byte for byte.
    [[nodiscard]] result<SqliteDatabase> open(wall_time now) {
        if (on_disk()) {
            if (const auto ready = make_private(); !ready) return refuse(ready.error(), now);
        }
        const int flags = SQLITE_OPEN_READWRITE | (on_disk() ? 0 : SQLITE_OPEN_CREATE);
        auto database = SqliteDatabase::open(place_.path, flags, place_.vfs);
        if (!database) {
            remark_ = "it cannot be opened";
            return refuse(database.error(), now);
        }
        using Self = BasicSqliteOpening;
        using Step = result<void> (Self::*)(SqliteDatabase&);
        for (const Step step :
             {&Self::look_first, &Self::configure, &Self::lock, &Self::make_tables, &Self::start_log, &Self::check}) {
            const auto done = (this->*step)(*database);
            if (done) continue;
            if (remark_.empty()) remark_ = database->message();
            leave_alone(*database);
            if (done.error() == error::storage_corrupt) remark_ += ". " + condemn(*database, place_, now);
            return done.error();
        }
        return database;
    }

    /// What went wrong, in SQLite's or the system's words, and where the file is now.
    [[nodiscard]] const std::string& remark() const noexcept { return remark_; }

private:
    [[nodiscard]] bool on_disk() const noexcept { return place_.vfs.empty(); }

    error_code refuse(error_code why, wall_time now) {
        if (why != error::storage_corrupt || !on_disk()) return why;
        const auto name = set_aside(place_.path, now);
        remark_ += name.empty() ? ". It could not be renamed" : ". It was renamed to " + name;
        return why;
    }

    result<void> make_private() {
        const int file = ::open(place_.path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
        if (file >= 0) {
            const auto changed = ::fchmod(file, S_IRUSR | S_IWUSR); // A umask may have taken these, too.
            ::close(file);
            return changed == 0 ? result<void>() : system_failure();
        }
        if (errno != EEXIST) return system_failure();
        std::error_code failure;
        if (std::filesystem::file_size(place_.path, failure) != 0) return {};
        std::filesystem::permissions(place_.path, std::filesystem::perms(0600), failure);
        if (std::filesystem::file_size(place_.path + "-wal", failure) == 0 || failure) return {};
        if (std::filesystem::file_size(place_.path, failure) != 0) return {}; // somebody else made it just now
        remark_ = "the database is empty, but its write-ahead log is not";
        return error::storage_corrupt;
    }

    result<void> system_failure() {
        const std::error_code failure(errno, std::generic_category());
        remark_ = failure.message();
        const auto full = failure == std::errc::no_space_on_device || failure.value() == EDQUOT;
        return full ? error::storage_full : error::storage_unwritable;
    }

    /// Looks past SQLite, which would roll back or check-point another application's journal before it lets us look.
    result<void> look_first(SqliteDatabase& database) {
        sqlite3_file* file = nullptr;
        sqlite3_file_control(database.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
        if (!file || !file->pMethods) return error::storage_unwritable;
        if (sqlite3_db_readonly(database.handle(), "main") == 1) {
            remark_ = "it is read-only";
            return error::storage_unwritable;
        }
        std::array<unsigned char, 100> header{};
        const auto code = file->pMethods->xRead(file, header.data(), static_cast<int>(header.size()), 0);
        if (code == SQLITE_IOERR_SHORT_READ) return {};
        if (code != SQLITE_OK) return sqlite_error(code);
        if (!is_foreign<Tables>(header)) return {};
        remark_ = "it is another application's database, or a newer sluice's";
        return error::storage_foreign;
    }

    result<void> configure(SqliteDatabase& database) {
        for (const auto setting : {SQLITE_DBCONFIG_DEFENSIVE, SQLITE_DBCONFIG_ENABLE_TRIGGER,
                                   SQLITE_DBCONFIG_ENABLE_VIEW, SQLITE_DBCONFIG_TRUSTED_SCHEMA}) {
            sqlite3_db_config(database.handle(), setting, setting == SQLITE_DBCONFIG_DEFENSIVE ? 1 : 0, nullptr);
        }
        // Who shares a file waits a second for the others.
        const auto company =
            database.execute(Tables::shared ? "PRAGMA busy_timeout = 1000" : "PRAGMA locking_mode = EXCLUSIVE");
        if (!company) return company;
        // 16 KiB pages suit chunks of hundreds of kilobytes. Freed pages are used again, not overwritten with zeros.
        const auto settings = "PRAGMA page_size = 16384; PRAGMA secure_delete = OFF; PRAGMA temp_store = MEMORY;"
                              "PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL;"
                              "PRAGMA journal_size_limit = " + std::to_string(largest_log) + ';';
        return database.execute(settings.c_str());
    }

    /// Who shares a file that has its tables already waits for nobody who writes.
    result<void> lock(SqliteDatabase& database) {
        if constexpr (Tables::shared) {
            const auto schema = database.first_integer("PRAGMA schema_version");
            if (!schema) return schema.error();
            if (*schema != 0) return database.execute("BEGIN");
        }
        return database.execute("BEGIN EXCLUSIVE");
    }

    /// The mark and the tables come in one transaction with a rollback journal, so that the header of a file that has
    /// anything in it says whose it is.
    result<void> make_tables(SqliteDatabase& database) {
        const auto schema = database.first_integer("PRAGMA schema_version");
        if (!schema) return schema.error();
        if (*schema == 0) {
            if (auto made = create_tables(database); !made) return made;
        }
        return database.execute("COMMIT");
    }

    /// Some have to know who they are.
    result<void> create_tables(SqliteDatabase& database) {
        if constexpr (requires { Tables::create(database); }) return Tables::create(database);
        else return Tables::create(database, place_.fresh);
    }

    result<void> start_log(SqliteDatabase& database) {
        const auto mode = database.first_text("PRAGMA journal_mode = WAL");
        if (!mode) return mode.error();
        if (*mode == "wal") return database.execute(place_.sync_commits ? "" : "PRAGMA synchronous = NORMAL");
        remark_ = "it cannot have a write-ahead log";
        return error::storage_unwritable;
    }

    result<void> check(SqliteDatabase& database) {
        const auto application = database.first_integer("PRAGMA application_id");
        const auto version = database.first_integer("PRAGMA user_version");
        if (!application || !version) return application ? version.error() : application.error();
        if (*application != Tables::application_id || *version > Tables::schema_version) {
            return error::storage_foreign;
        }
        const auto size = database.first_integer("SELECT page_count * page_size FROM pragma_page_count,"
                                                 " pragma_page_size");
        if (!size) return size.error();
        if (*size > largest_check) return {};
        const auto verdict = database.first_text("PRAGMA quick_check(1)");
        if (!verdict) return verdict.error();
        if (*verdict == "ok") return Tables::verify(database);
        remark_ = *verdict;
        return error::storage_corrupt;
    }

    const SqlitePlace& place_;
    std::string remark_;
};

/// Opens a storage file, or makes it.
using SqliteOpening = BasicSqliteOpening<SqliteChunks>;

} // namespace sluice::detail
