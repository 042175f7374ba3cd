// What does durability cost? Records go through a database file that survives power loss, and out of it again.
//
//     spool [DIRECTORY]      where the files are made; this decides what a sync costs

#include "harness.hpp"
#include "null_destination.hpp"
#include "records.hpp"

#include <sluice/blocking_producer.hpp>
#include <sluice/credentials/static.hpp>
#include <sluice/storage/sqlite.hpp>

#include <sqlite3.h>

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr std::size_t piece = 1'000;
constexpr std::size_t pieces = 150;
constexpr auto record_count = piece * pieces;

/// A database file that is gone with this object.
class File {
public:
    explicit File(const std::filesystem::path& directory)
        : path(directory / ("sluice-spool-" + std::to_string(::getpid()) + ".db")) {
        remove();
    }
    ~File() { remove(); }

    File(const File&) = delete;
    File& operator=(const File&) = delete;

    std::filesystem::path path;

private:
    void remove() const {
        std::error_code ignored;
        for (const auto* end : {"", "-wal", "-shm", "-journal"}) std::filesystem::remove(path.string() + end, ignored);
    }
};

void through_producer(const std::filesystem::path& path, const std::vector<sluice::RecordView>& records) {
    sluice::BlockingProducer producer(sluice::Options("benchmark"), bench::NullDestination(),
                                      sluice::SqliteStorage(path, sluice::Durability::full),
                                      sluice::StaticCredentials("nobody", sluice::Secret("nothing")));
    for (std::size_t i = 0; i < pieces; ++i) {
        if (producer.put_all(records).accepted != piece) throw std::runtime_error("records were refused");
    }
    if (producer.close().left != 0) throw std::runtime_error("records were left");
}

/// The yardstick: each commit appends one row with a thousand records, and deletes one that was delivered.
class RawSpool {
public:
    explicit RawSpool(const std::filesystem::path& path) {
        require(sqlite3_open(path.c_str(), &database_));
        execute("PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = 16384; PRAGMA secure_delete = OFF;"
                "PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL;"
                "PRAGMA journal_size_limit = 67108864; PRAGMA journal_mode = WAL;"
                "CREATE TABLE spool (id INTEGER PRIMARY KEY, body BLOB NOT NULL)");
        require(sqlite3_prepare_v2(database_, "INSERT INTO spool (id, body) VALUES (?, ?)", -1, &insert_, nullptr));
        require(sqlite3_prepare_v2(database_, "DELETE FROM spool WHERE id <= ?", -1, &remove_, nullptr));
    }

    ~RawSpool() {
        sqlite3_finalize(insert_);
        sqlite3_finalize(remove_);
        sqlite3_close(database_);
    }

    RawSpool(const RawSpool&) = delete;
    RawSpool& operator=(const RawSpool&) = delete;

    void commit(const std::vector<sluice::RecordView>& records) {
        std::string body;
        body.reserve(records.size() * 256);
        for (const auto& record : records) {
            const auto size = static_cast<std::uint32_t>(record.data.size());
            body.append(reinterpret_cast<const char*>(&size), sizeof size);
            body.append(*record.partition_key).append(record.data);
        }
        execute("BEGIN IMMEDIATE");
        sqlite3_bind_int64(insert_, 1, ++last_);
        sqlite3_bind_blob64(insert_, 2, body.data(), body.size(), SQLITE_STATIC);
        run(insert_);
        sqlite3_bind_int64(remove_, 1, last_ - 1);
        run(remove_);
        execute("COMMIT");
    }

private:
    void execute(const char* sql) { require(sqlite3_exec(database_, sql, nullptr, nullptr, nullptr)); }

    void run(sqlite3_stmt* statement) {
        require(sqlite3_step(statement) == SQLITE_DONE ? SQLITE_OK : SQLITE_ERROR);
        sqlite3_reset(statement);
    }

    void require(int code) {
        if (code != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(database_));
    }

    sqlite3* database_ = nullptr;
    sqlite3_stmt* insert_ = nullptr;
    sqlite3_stmt* remove_ = nullptr;
    sqlite3_int64 last_ = 0;
};

void through_raw_loop(const std::filesystem::path& path, const std::vector<sluice::RecordView>& records) {
    RawSpool spool(path);
    for (std::size_t i = 0; i < pieces; ++i) spool.commit(records);
}

/// Microseconds for each record: of CPU in the whole process, and on the clock on the wall.
class Cost {
public:
    double cpu;
    double wall;
};

template <class Work>
Cost measure(const std::filesystem::path& directory, Work work) {
    const File file(directory);
    const bench::Stopwatch process(bench::Stopwatch::process);
    const bench::Stopwatch clock(bench::Stopwatch::wall);
    work(file.path);
    return {process.nanoseconds() / 1e3 / static_cast<double>(record_count),
            clock.nanoseconds() / 1e3 / static_cast<double>(record_count)};
}

} // namespace

int main(int count, char** arguments) {
    const std::filesystem::path directory = count > 1 ? arguments[1] : ".";
    const bench::Records generated(piece, 200);
    std::vector<sluice::RecordView> records;
    for (std::size_t i = 0; i < piece; ++i) records.push_back(generated[i]);

    bench::Series cpu, raw_cpu, wall, raw_wall;
    bench::repeat(9, [&](bool counts) {
        const auto its = measure(directory, [&](const auto& path) { through_producer(path, records); });
        const auto least = measure(directory, [&](const auto& path) { through_raw_loop(path, records); });
        if (!counts) return;
        cpu.add(its.cpu);
        raw_cpu.add(least.cpu);
        wall.add(its.wall);
        raw_wall.add(least.wall);
    });

    bench::Table table("A durable put, and its end",
                       "Records go into a database file in synchronous commits, and out again when they are delivered. "
                       "The yardstick writes the same bytes with SQLite alone, a thousand records a row.");
    table.row("durable put (full), 1,000 x 200 B: CPU a record", " us", cpu, raw_cpu, "ratio <= 2");
    table.row("the same, on the wall's clock", " us", wall, raw_wall, "ratio <= 2");
}
