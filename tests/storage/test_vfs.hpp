#pragma once

#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

/// A file system for SQLite in memory, which can lose its power and fail on demand.
///
/// What was written is durable when its file was synced; `crash` forgets the rest, or keeps any part of it. It has no
/// shared memory, so that a write-ahead log works with exclusive locking only. Everything is deterministic; a mutex
/// makes it usable from several threads. It must outlive every database on it.
class TestVfs {
public:
    explicit TestVfs(std::uint64_t seed = 1) : name_("test-vfs-" + std::to_string(++made())), random_(seed) {
        vfs_.iVersion = 2;
        vfs_.szOsFile = sizeof(Handle);
        vfs_.mxPathname = 512;
        vfs_.zName = name_.c_str();
        vfs_.pAppData = this;
        vfs_.xOpen = &TestVfs::open;
        vfs_.xDelete = &TestVfs::remove;
        vfs_.xAccess = &TestVfs::access;
        vfs_.xFullPathname = &TestVfs::full_path;
        vfs_.xRandomness = &TestVfs::randomness;
        vfs_.xSleep = [](sqlite3_vfs*, int microseconds) { return microseconds; };
        vfs_.xCurrentTime = [](sqlite3_vfs*, double* days) {
            *days = 2'461'000.5;
            return SQLITE_OK;
        };
        vfs_.xCurrentTimeInt64 = [](sqlite3_vfs*, sqlite3_int64* milliseconds) {
            *milliseconds = sqlite3_int64{2'461'000} * 86'400'000;
            return SQLITE_OK;
        };
        vfs_.xGetLastError = [](sqlite3_vfs*, int, char*) { return 0; };
        sqlite3_vfs_register(&vfs_, 0);
    }

    TestVfs(const TestVfs&) = delete;
    TestVfs& operator=(const TestVfs&) = delete;
    ~TestVfs() { sqlite3_vfs_unregister(&vfs_); }

    [[nodiscard]] const std::string& name() const { return name_; }

    /// Loses the power and comes back: files are as they were last synced, open handles are dead.
    void crash() { crash([] { return false; }); }

    /// The same, but each write, growth, creation or deletion that was not synced may have reached the disk or not.
    void crash(std::uint64_t seed) {
        std::mt19937_64 dice(seed);
        crash([&] { return (dice() & 1U) != 0; });
    }

    /// Ends the process: what was written is there, open handles are dead.
    void kill() {
        const std::lock_guard lock(mutex_);
        ++life_;
        changes_left_.reset();
        for (auto& [path, file] : files_) file->locks.clear();
    }

    /// Stops everything after so many more changes (writes, syncs, truncations, deletions), until the next `crash` or
    /// `kill`.
    void cut_power_after(std::uint64_t changes) { with_lock([&] { changes_left_ = changes; }); }

    /// Whether that moment has come.
    [[nodiscard]] bool powerless() const { return locked(changes_left_) == std::uint64_t{0}; }

    /// How many bytes all files may have together.
    void set_room(std::size_t bytes) { with_lock([&] { room_ = bytes; }); }

    void fail_reads(bool failing) { with_lock([&] { failing_reads_ = failing; }); }
    void fail_writes(bool failing) { with_lock([&] { failing_writes_ = failing; }); }
    void fail_syncs(bool failing) { with_lock([&] { failing_syncs_ = failing; }); }

    /// Reads give half of what is there.
    void shorten_reads(bool shortened) { with_lock([&] { short_reads_ = shortened; }); }

    [[nodiscard]] std::uint64_t syncs() const { return locked(syncs_); }
    [[nodiscard]] std::uint64_t changes() const { return locked(changes_); }

    /// The bytes of all files.
    [[nodiscard]] std::size_t used() const {
        const std::lock_guard lock(mutex_);
        std::size_t all = 0;
        for (const auto& [path, file] : files_) all += file->bytes.size();
        return all;
    }

    [[nodiscard]] bool exists(const std::string& path) const {
        const std::lock_guard lock(mutex_);
        return files_.contains(path);
    }

    /// What a file holds; to be damaged while nobody has it open.
    [[nodiscard]] std::string& bytes(const std::string& path) { return files_.at(path)->bytes; }

private:
    struct Change {
        std::size_t offset = 0;
        std::string bytes;
        bool truncates = false;
    };

    struct File {
        std::string bytes;
        std::string synced;
        bool created_durably = false;
        std::vector<Change> unsynced;
        std::map<const void*, int> locks;
    };

    struct Handle : sqlite3_file {
        TestVfs* vfs = nullptr;
        std::shared_ptr<File> file;
        std::string path;
        std::uint64_t life = 0;
        bool remove_on_close = false;
    };

    static int& made() {
        static int count = 0;
        return count;
    }

    template <class Action>
    void with_lock(Action action) {
        const std::lock_guard lock(mutex_);
        action();
    }

    template <class T>
    T locked(const T& value) const {
        const std::lock_guard lock(mutex_);
        return value;
    }

    static void apply(std::string& bytes, const Change& change) {
        if (change.truncates) return bytes.resize(change.offset);
        bytes.resize(std::max(bytes.size(), change.offset + change.bytes.size()));
        bytes.replace(change.offset, change.bytes.size(), change.bytes);
    }

    template <class Survives>
    void crash(Survives survives) {
        const std::lock_guard lock(mutex_);
        ++life_;
        changes_left_.reset();
        for (auto& [path, file] : deleted_) {
            if (!files_.contains(path) && survives()) files_[path] = file;
        }
        deleted_.clear();
        for (auto at = files_.begin(); at != files_.end();) {
            auto& file = *at->second;
            if (!file.created_durably && !survives()) {
                at = files_.erase(at);
                continue;
            }
            for (const auto& change : file.unsynced) {
                if (survives()) apply(file.synced, change);
            }
            file.created_durably = true;
            file.unsynced.clear();
            file.bytes = file.synced;
            file.locks.clear();
            ++at;
        }
    }

    /// Counts a change; false if the power is gone.
    bool change() {
        if (changes_left_ && *changes_left_ == 0) return false;
        if (changes_left_) --*changes_left_;
        ++changes_;
        return true;
    }

    static Handle& handle(sqlite3_file* file) { return *static_cast<Handle*>(file); }

    /// Runs `action(handle, its file, its file system)` unless the handle is from before a crash.
    template <class Action>
    static int on(sqlite3_file* opened, Action action) {
        auto& self = handle(opened);
        const std::lock_guard lock(self.vfs->mutex_);
        if (self.life != self.vfs->life_) return SQLITE_IOERR;
        return action(self, *self.file, *self.vfs);
    }

    static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* opened, int flags, int* out_flags) {
        auto& self = *static_cast<TestVfs*>(vfs->pAppData);
        const std::lock_guard lock(self.mutex_);
        opened->pMethods = nullptr;
        const std::string name = path ? path : "temporary-" + std::to_string(++self.temporaries_);
        auto found = self.files_.find(name);
        if (found == self.files_.end()) {
            if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
            if (!self.change()) return SQLITE_IOERR;
            found = self.files_.emplace(name, std::make_shared<File>()).first;
        }
        auto* made = new (opened) Handle;
        made->pMethods = methods();
        made->vfs = &self;
        made->file = found->second;
        made->path = name;
        made->life = self.life_;
        made->remove_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
        if (out_flags) *out_flags = flags;
        return SQLITE_OK;
    }

    static int remove(sqlite3_vfs* vfs, const char* path, int sync_directory) {
        auto& self = *static_cast<TestVfs*>(vfs->pAppData);
        const std::lock_guard lock(self.mutex_);
        const auto found = self.files_.find(path);
        if (found == self.files_.end()) return SQLITE_IOERR_DELETE_NOENT;
        if (!self.change()) return SQLITE_IOERR;
        if (sync_directory == 0 && found->second->created_durably) self.deleted_[path] = found->second;
        self.files_.erase(found);
        return SQLITE_OK;
    }

    static int access(sqlite3_vfs* vfs, const char* path, int, int* result) {
        *result = static_cast<TestVfs*>(vfs->pAppData)->exists(path) ? 1 : 0;
        return SQLITE_OK;
    }

    static int full_path(sqlite3_vfs*, const char* path, int size, char* out) {
        sqlite3_snprintf(size, out, "%s", path);
        return SQLITE_OK;
    }

    static int randomness(sqlite3_vfs* vfs, int size, char* out) {
        auto& self = *static_cast<TestVfs*>(vfs->pAppData);
        const std::lock_guard lock(self.mutex_);
        for (int i = 0; i < size; ++i) out[i] = static_cast<char>(self.random_());
        return size;
    }

    static int close(sqlite3_file* opened) {
        auto& self = handle(opened);
        {
            const std::lock_guard lock(self.vfs->mutex_);
            self.file->locks.erase(opened);
            if (self.remove_on_close) self.vfs->files_.erase(self.path);
        }
        self.~Handle();
        return SQLITE_OK;
    }

    static int read(sqlite3_file* opened, void* out, int size, sqlite3_int64 offset) {
        return on(opened, [&](Handle&, File& file, TestVfs& vfs) {
            if (vfs.failing_reads_) return SQLITE_IOERR_READ;
            const auto wanted = static_cast<std::size_t>(size);
            const auto from = std::min(static_cast<std::size_t>(offset), file.bytes.size());
            auto available = std::min(wanted, file.bytes.size() - from);
            if (vfs.short_reads_) available /= 2;
            std::memset(out, 0, wanted);
            std::memcpy(out, file.bytes.data() + from, available);
            return available == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
        });
    }

    static int write(sqlite3_file* opened, const void* data, int size, sqlite3_int64 offset) {
        return on(opened, [&](Handle&, File& file, TestVfs& vfs) {
            if (vfs.failing_writes_ || !vfs.change()) return SQLITE_IOERR_WRITE;
            Change made;
            made.offset = static_cast<std::size_t>(offset);
            made.bytes.assign(static_cast<const char*>(data), static_cast<std::size_t>(size));
            const auto end = made.offset + made.bytes.size();
            std::size_t all = 0;
            for (const auto& [path, other] : vfs.files_) all += other->bytes.size();
            if (end > file.bytes.size() && all + end - file.bytes.size() > vfs.room_) return SQLITE_FULL;
            apply(file.bytes, made);
            file.unsynced.push_back(std::move(made));
            return SQLITE_OK;
        });
    }

    static int truncate(sqlite3_file* opened, sqlite3_int64 size) {
        return on(opened, [&](Handle&, File& file, TestVfs& vfs) {
            if (vfs.failing_writes_ || !vfs.change()) return SQLITE_IOERR_TRUNCATE;
            Change made;
            made.offset = static_cast<std::size_t>(size);
            made.truncates = true;
            apply(file.bytes, made);
            file.unsynced.push_back(std::move(made));
            return SQLITE_OK;
        });
    }

    static int sync(sqlite3_file* opened, int) {
        return on(opened, [&](Handle&, File& file, TestVfs& vfs) {
            if (vfs.failing_syncs_ || !vfs.change()) return SQLITE_IOERR_FSYNC;
            ++vfs.syncs_;
            for (const auto& made : file.unsynced) apply(file.synced, made);
            file.unsynced.clear();
            file.created_durably = true;
            // A journalling file system writes earlier changes of the directory with it.
            vfs.deleted_.clear();
            return SQLITE_OK;
        });
    }

    static int file_size(sqlite3_file* opened, sqlite3_int64* size) {
        return on(opened, [&](Handle&, File& file, TestVfs&) {
            *size = static_cast<sqlite3_int64>(file.bytes.size());
            return SQLITE_OK;
        });
    }

    static int lock(sqlite3_file* opened, int level) {
        return on(opened, [&](Handle&, File& file, TestVfs&) {
            for (const auto& [other, held] : file.locks) {
                if (other == opened) continue;
                const auto limit = level == SQLITE_LOCK_SHARED      ? SQLITE_LOCK_PENDING
                                   : level == SQLITE_LOCK_EXCLUSIVE ? SQLITE_LOCK_SHARED
                                                                    : SQLITE_LOCK_RESERVED;
                if (held >= limit) return SQLITE_BUSY;
            }
            file.locks[opened] = std::max(file.locks[opened], level);
            return SQLITE_OK;
        });
    }

    static int unlock(sqlite3_file* opened, int level) {
        return on(opened, [&](Handle&, File& file, TestVfs&) {
            if (level == SQLITE_LOCK_NONE) file.locks.erase(opened);
            else file.locks[opened] = level;
            return SQLITE_OK;
        });
    }

    static int check_reserved(sqlite3_file* opened, int* result) {
        return on(opened, [&](Handle&, File& file, TestVfs&) {
            *result = 0;
            for (const auto& [owner, held] : file.locks) *result |= held >= SQLITE_LOCK_RESERVED ? 1 : 0;
            return SQLITE_OK;
        });
    }

    static const sqlite3_io_methods* methods() {
        static const sqlite3_io_methods table = [] {
            sqlite3_io_methods made{};
            made.iVersion = 1;
            made.xClose = &TestVfs::close;
            made.xRead = &TestVfs::read;
            made.xWrite = &TestVfs::write;
            made.xTruncate = &TestVfs::truncate;
            made.xSync = &TestVfs::sync;
            made.xFileSize = &TestVfs::file_size;
            made.xLock = &TestVfs::lock;
            made.xUnlock = &TestVfs::unlock;
            made.xCheckReservedLock = &TestVfs::check_reserved;
            made.xFileControl = [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; };
            made.xSectorSize = [](sqlite3_file*) { return 4'096; };
            made.xDeviceCharacteristics = [](sqlite3_file*) { return 0; };
            return made;
        }();
        return &table;
    }

    mutable std::mutex mutex_;
    std::string name_;
    sqlite3_vfs vfs_{};
    std::mt19937_64 random_;
    std::map<std::string, std::shared_ptr<File>> files_;
    std::map<std::string, std::shared_ptr<File>> deleted_; ///< Their deletion may be undone by a crash.
    std::optional<std::uint64_t> changes_left_;
    std::size_t room_ = std::numeric_limits<std::size_t>::max();
    std::uint64_t life_ = 0;
    std::uint64_t changes_ = 0;
    std::uint64_t syncs_ = 0;
    int temporaries_ = 0;
    bool failing_reads_ = false;
    bool failing_writes_ = false;
    bool failing_syncs_ = false;
    bool short_reads_ = false;
};
