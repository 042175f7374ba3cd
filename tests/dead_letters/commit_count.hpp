#pragma once

#include <sqlite3.h>

#include <atomic>

/// Counts the commits of every database that this process opens meanwhile, or has each of them fail. Opening a file of
/// letters is one, too.
class CommitCount {
public:
    CommitCount() {
        restart(false);
        sqlite3_auto_extension(reinterpret_cast<void (*)()>(&CommitCount::listen));
    }

    CommitCount(const CommitCount&) = delete;
    CommitCount& operator=(const CommitCount&) = delete;
    ~CommitCount() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&CommitCount::listen)); }

    void restart(bool failing) {
        commits() = 0;
        fails() = failing;
    }

    [[nodiscard]] int count() const { return commits(); }

private:
    static int listen(sqlite3* database, const char**, const void*) {
        const auto count = [](void*) {
            ++commits();
            return fails() ? 1 : 0;
        };
        sqlite3_commit_hook(database, count, nullptr);
        return SQLITE_OK;
    }

    static std::atomic<int>& commits() {
        static std::atomic<int> number;
        return number;
    }

    static std::atomic<bool>& fails() {
        static std::atomic<bool> wanted;
        return wanted;
    }
};
