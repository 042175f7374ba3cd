#include <sluice/storage/sqlite.hpp>

#include "run.hpp"
#include "storage/temporary.hpp"
#include "storage/test_vfs.hpp"
#include "world.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <fstream>
#include <set>

#include <csignal>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace sluice;

namespace {

/// Tests with a child process: no ThreadSanitizer for them, which loses count of the threads that a fork leaves behind.
const auto forks = doctest::test_suite("forks");

Chunk chunk(std::uint64_t first, std::uint32_t count = 1, std::string body = "body", std::string stream = "stream") {
    Chunk made(std::move(stream), first, count, std::make_shared<const std::string>(std::move(body)));
    made.live_bytes = count * std::uint64_t{10};
    return made;
}

std::vector<Chunk> one(Chunk chunk) {
    return std::vector<Chunk>(1, std::move(chunk));
}

std::vector<Settlement> gone(const Chunk& chunk) {
    std::vector<Settlement> changes(1, Settlement(chunk));
    changes.front().live = 0;
    return changes;
}

/// A world that remembers what was logged.
class LoggedWorld {
public:
    explicit LoggedWorld(const asio::any_io_executor& executor) : inner(executor, options()) {}

    World& operator*() { return inner.world; }

    bool logged(std::string_view text) const {
        return std::any_of(lines->begin(), lines->end(),
                           [&](const std::string& line) { return line.find(text) != std::string::npos; });
    }

    std::shared_ptr<std::vector<std::string>> lines = std::make_shared<std::vector<std::string>>();
    TestWorld inner;

private:
    Options options() const {
        Options made("stream");
        made.log = Log([lines = lines](LogLevel, std::string_view line) { lines->emplace_back(line); });
        return made;
    }
};

/// Runs `body(world, storage)` on a storage that must open.
template <class Body>
void with(const SqliteStorage& recipe, Body body) {
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        LoggedWorld world(context.get_executor());
        auto storage = co_await recipe.open(*world);
        for (const auto& line : *world.lines) MESSAGE(line);
        REQUIRE(storage.has_value());
        co_await body(*world, *storage);
    });
}

/// The error of an opening, and the lines of its log.
struct Refusal {
    error_code why;
    std::string log;
};

Refusal open(const SqliteStorage& recipe) {
    Refusal refusal;
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        LoggedWorld world(context.get_executor());
        const auto storage = co_await recipe.open(*world);
        if (!storage) refusal.why = storage.error();
        for (const auto& line : *world.lines) refusal.log += line + '\n';
    });
    return refusal;
}

/// Stores `count` chunks of one record with a body of `size` bytes.
void fill(const SqliteStorage& recipe, int count, std::size_t size = 20'000) {
    with(recipe, [&](World&, SqliteStorage::Running& storage) -> asio::awaitable<void> {
        auto next = storage.identity().next_sequence;
        for (int i = 0; i < count; ++i) {
            auto chunks = one(chunk(next++, 1, std::string(size, static_cast<char>('a' + i % 26))));
            const auto stored = co_await storage.append(std::move(chunks));
            REQUIRE(stored.has_value());
        }
    });
}

std::vector<Chunk> read_all(const SqliteStorage& recipe) {
    std::vector<Chunk> all;
    with(recipe, [&](World&, SqliteStorage::Running& storage) -> asio::awaitable<void> {
        auto found = co_await storage.read("stream", 0, std::size_t{1} << 30U);
        REQUIRE(found.has_value());
        all = std::move(*found);
    });
    return all;
}

std::string slurp(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void spit(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::vector<std::string> corrupt_files(const std::filesystem::path& directory) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
        const auto name = entry.path().string();
        const bool beside = name.ends_with("-wal") || name.ends_with("-shm");
        if (name.find(".corrupt-") != std::string::npos && !beside) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

/// Runs `body` in a child process, as an ordinary user if this one is the superuser; its result is the exit status.
template <class Body>
int in_child(Body body, bool drop_privileges = false) {
    const auto child = fork();
    if (child == 0) {
        if (drop_privileges && geteuid() == 0 && (setgid(65'534) != 0 || setuid(65'534) != 0)) _exit(99);
        int status = 98;
        try {
            status = body();
        } catch (...) {
        }
        _exit(status);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

unsigned mode(const std::filesystem::path& path) {
    struct stat found {};
    return stat(path.c_str(), &found) == 0 ? found.st_mode & 0777U : 0U;
}

/// Whether another process has a lock on a file.
bool is_locked(const std::filesystem::path& path) {
    const int file = ::open(path.c_str(), O_RDWR);
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    const bool asked = fcntl(file, F_GETLK, &lock) == 0;
    ::close(file);
    return asked && lock.l_type != F_UNLCK;
}

void execute(const std::filesystem::path& path, const char* sql) {
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &database) == SQLITE_OK);
    CHECK(sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(database);
}

} // namespace

TEST_CASE("a reopened file has the same id, order, bits, attempts and next sequence") {
    TemporaryDirectory directory;
    const SqliteStorage recipe(directory / "db");
    auto odd = chunk(7, 20, std::string("a\0b", 3));
    odd.settled.set(3);
    odd.attempts.assign(20, 2);
    odd.live = 19;
    StoreIdentity before;
    with(recipe, [&](World&, SqliteStorage::Running& storage) -> asio::awaitable<void> {
        before = storage.identity();
        CHECK(before.next_sequence == 1);
        std::vector<Chunk> all{chunk(1, 5), odd, chunk(100, 3)};
        const auto stored = co_await storage.append(std::move(all));
        CHECK(stored.has_value());
        const auto settled = co_await storage.settle(gone(chunk(100)));
        CHECK(settled.has_value());
    });
    with(recipe, [&](World&, SqliteStorage::Running& storage) -> asio::awaitable<void> {
        CHECK(storage.identity().id == before.id);
        CHECK(storage.identity().next_sequence == 103);
        const auto found = co_await storage.read("stream", 0, 1'000);
        REQUIRE(found.has_value());
        REQUIRE(found->size() == 2);
        CHECK((*found)[0].first == 1);
        CHECK((*found)[1].first == 7);
        CHECK(*(*found)[1].body == *odd.body);
        CHECK((*found)[1].settled == odd.settled);
        CHECK((*found)[1].attempts == odd.attempts);
        CHECK((*found)[1].live == 19);
    });
}

TEST_CASE("a sequence that was used is refused, and nothing of that append is stored") {
    TemporaryDirectory directory;
    with(SqliteStorage(directory / "db"), [&](World&, SqliteStorage::Running& storage) -> asio::awaitable<void> {
        auto stored = co_await storage.append(one(chunk(10, 5)));
        CHECK(stored.has_value());
        std::vector<Chunk> overlapping{chunk(15), chunk(15)};
        stored = co_await storage.append(std::move(overlapping));
        CHECK(stored.error() == error::storage_failed);
        stored = co_await storage.append(one(chunk(12)));
        CHECK(stored.error() == error::storage_failed);
        stored = co_await storage.append(one(chunk(15)));
        CHECK(stored.has_value());
        const auto settled = co_await storage.settle(gone(chunk(15)));
        CHECK(settled.has_value());
        stored = co_await storage.append(one(chunk(15)));
        CHECK(stored.error() == error::storage_failed);
        stored = co_await storage.append(one(chunk(std::numeric_limits<std::uint64_t>::max())));
        CHECK(stored.error() == error::storage_failed);
        const auto all = co_await storage.usage();
        REQUIRE(all.has_value());
        CHECK(all->records == 5);
        const auto beyond = co_await storage.read("stream", std::numeric_limits<std::uint64_t>::max(), 1);
        CHECK((beyond && beyond->empty()));
    });
}

TEST_CASE("a body beyond max_chunk_bytes is refused alone") {
    TemporaryDirectory directory;
    with(SqliteStorage(directory / "db"), [&](World&, SqliteStorage::Running& storage) -> asio::awaitable<void> {
        auto chunks = one(chunk(1, 1, std::string(storage.max_chunk_bytes() + 1, 'x')));
        const auto stored = co_await storage.append(std::move(chunks));
        CHECK(stored.error() == error::record_too_large);
        const auto smaller = co_await storage.append(one(chunk(1)));
        CHECK(smaller.has_value());
    });
}

TEST_CASE("kill -9 in the middle of appends loses nothing that was acknowledged" * forks) {
    TemporaryDirectory directory;
    const SqliteStorage recipe(directory / "db");
    std::uint64_t acknowledged = 0;
    for (int round = 0; round < 3; ++round) {
        int ends[2];
        REQUIRE(pipe(ends) == 0);
        const auto child = fork();
        if (child == 0) {
            ::close(ends[0]);
            with(recipe, [&](World&, SqliteStorage::Running& storage) -> asio::awaitable<void> {
                for (auto next = storage.identity().next_sequence;; ++next) {
                    auto chunks = one(chunk(next, 1, std::string(5'000, 'x')));
                    const auto stored = co_await storage.append(std::move(chunks));
                    if (!stored || write(ends[1], &next, sizeof next) != sizeof next) _exit(1);
                }
            });
            _exit(2);
        }
        ::close(ends[1]);
        std::uint64_t sequence = 0;
        for (int i = 0; i < 150 && read(ends[0], &sequence, sizeof sequence) == sizeof sequence; ++i) {
            acknowledged = sequence;
        }
        kill(child, SIGKILL);
        while (read(ends[0], &sequence, sizeof sequence) == sizeof sequence) acknowledged = sequence;
        ::close(ends[0]);
        int status = 0;
        waitpid(child, &status, 0);
        CHECK(WIFSIGNALED(status));
        const auto found = read_all(recipe);
        CHECK(acknowledged >= static_cast<std::uint64_t>(150 * (round + 1)));
        CHECK(found.size() >= acknowledged);
        for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i].first == i + 1);
    }
}

TEST_CASE("power loss at any moment loses nothing that Durability::full acknowledged, and damages nothing") {
    for (const auto durability : {Durability::full, Durability::normal}) {
        for (std::uint64_t seed = 0; seed < 60; ++seed) {
            CAPTURE(seed);
            CAPTURE(durability == Durability::full);
            TestVfs vfs(seed);
            const auto recipe = SqliteStorage("db", durability).vfs(vfs.name());
            std::set<std::uint64_t> acknowledged, settled, ended;
            std::uint64_t greatest = 0;
            run([&](asio::io_context& context) -> asio::awaitable<void> {
                TestWorld world(context.get_executor());
                const auto on_strand = recipe.on(context.get_executor());
                vfs.cut_power_after(seed * 7 + 1);
                auto storage = co_await on_strand.open(world.world);
                for (std::uint64_t i = 1; storage && i < 200; ++i) {
                    auto chunks = one(chunk(i, 1, std::string(10'000 + i, 'x')));
                    const auto stored = co_await storage->append(std::move(chunks));
                    greatest = i;
                    if (!stored) break;
                    acknowledged.insert(i);
                    if (i % 3 != 0) continue;
                    settled.insert(i - 1);
                    const auto done = co_await storage->settle(gone(chunk(i - 1)));
                    if (!done) break;
                    ended.insert(i - 1);
                }
                vfs.crash(seed);
            });
            run([&](asio::io_context& context) -> asio::awaitable<void> {
                TestWorld world(context.get_executor());
                auto storage = co_await recipe.open(world.world);
                REQUIRE(storage.has_value());
                const auto found = co_await storage->read("stream", 0, std::size_t{1} << 30U);
                REQUIRE(found.has_value());
                std::set<std::uint64_t> there;
                for (const auto& known : *found) there.insert(known.first);
                for (const auto sequence : there) CHECK(sequence <= greatest);
                if (durability == Durability::normal) co_return;
                for (const auto sequence : acknowledged) {
                    CHECK((there.contains(sequence) || settled.contains(sequence)));
                }
                for (const auto sequence : ended) CHECK(!there.contains(sequence));
                if (!acknowledged.empty()) CHECK(storage->identity().next_sequence > *acknowledged.rbegin());
            });
        }
    }
}

TEST_CASE("power loss takes what Durability::normal acknowledged: the test file system does forget") {
    TestVfs vfs;
    const auto recipe = SqliteStorage("db").vfs(vfs.name());
    with(recipe, [&](World&, SqliteStorage::Running& storage) -> asio::awaitable<void> {
        const auto stored = co_await storage.append(one(chunk(1)));
        CHECK(stored.has_value());
        vfs.crash();
    });
    CHECK(read_all(recipe).empty());
}

TEST_CASE("a second opener gets storage_locked at once, in this process and in another" * forks) {
    TemporaryDirectory directory;
    const auto path = directory / "db";
    const SqliteStorage recipe(path);
    int ready[2];
    int leave[2];
    REQUIRE(pipe(ready) == 0);
    REQUIRE(pipe(leave) == 0);
    const auto child = fork();
    if (child == 0) {
        char byte = 0;
        with(recipe, [&](World&, SqliteStorage::Running&) -> asio::awaitable<void> {
            if (write(ready[1], "x", 1) != 1 || ::read(leave[0], &byte, 1) != 1) _exit(1);
            co_return;
        });
        _exit(0);
    }
    char byte = 0;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    auto refusal = open(recipe);
    CHECK(refusal.why == error::storage_locked);
    CHECK(refusal.log.find(path.string()) != std::string::npos);
    REQUIRE(write(leave[1], "x", 1) == 1);
    int status = 1;
    waitpid(child, &status, 0);
    CHECK(status == 0);
    for (const auto end : {ready[0], ready[1], leave[0], leave[1]}) ::close(end);

    with(recipe, [&](World& world, SqliteStorage::Running& storage) -> asio::awaitable<void> {
        const auto second = co_await recipe.open(world);
        CHECK(second.error() == error::storage_locked);
        const SqliteStorage elsewhere(directory.path() / "." / "db");
        const auto third = co_await elsewhere.open(world);
        CHECK(third.error() == error::storage_locked);
        const auto stored = co_await storage.append(one(chunk(1)));
        CHECK(stored.has_value());
        // A refused opener in this process must not take the lock with it when it closes the file.
        CHECK(in_child([&] { return is_locked(path) ? 7 : 8; }) == 7);
    });
    CHECK(corrupt_files(directory.path()).empty());
    CHECK(read_all(recipe).size() == 1);
}

TEST_CASE("another application's database is left as it is, byte for byte" * forks) {
    TemporaryDirectory directory;
    const auto path = directory / "db";
    execute(path, "PRAGMA journal_mode = WAL; CREATE TABLE precious (x); INSERT INTO precious VALUES (1)");
    auto before = slurp(path);
    auto refusal = open(SqliteStorage(path));
    CHECK(refusal.why == error::storage_foreign);
    CHECK(refusal.log.find(path.string()) != std::string::npos);
    CHECK(slurp(path) == before);

    // Left behind by a process that was killed: with a log, and in the middle of a transaction.
    for (const auto* sql : {"PRAGMA journal_mode = WAL; CREATE TABLE precious (x); INSERT INTO precious VALUES (1)",
                            "CREATE TABLE precious (x); INSERT INTO precious VALUES (zeroblob(100000));"
                            "PRAGMA cache_size = 1; BEGIN; UPDATE precious SET x = randomblob(100000)"}) {
        const auto hot = directory / "hot";
        in_child([&] {
            sqlite3* database = nullptr;
            sqlite3_open(hot.c_str(), &database);
            return sqlite3_exec(database, sql, nullptr, nullptr, nullptr);
        });
        const auto files = [&] { return slurp(hot) + slurp(hot.string() + "-wal") + slurp(hot.string() + "-journal"); };
        before = files();
        CHECK(before.size() > std::filesystem::file_size(hot));
        CHECK(open(SqliteStorage(hot)).why == error::storage_foreign);
        CHECK(files() == before);
        for (const auto* suffix : {"", "-wal", "-journal", "-shm"}) std::filesystem::remove(hot.string() + suffix);
    }
    CHECK(corrupt_files(directory.path()).empty());
}

TEST_CASE("a file of a newer sluice is left as it is") {
    TemporaryDirectory directory;
    const auto path = directory / "db";
    fill(SqliteStorage(path), 3);
    execute(path, "PRAGMA user_version = 2");
    const auto before = slurp(path);
    CHECK(open(SqliteStorage(path)).why == error::storage_foreign);
    CHECK(slurp(path) == before);
    CHECK(corrupt_files(directory.path()).empty());
}

TEST_CASE("a damaged file is set aside under a new name, and the next opening starts empty") {
    TemporaryDirectory directory;
    const auto path = directory / "db";
    const SqliteStorage recipe(path);
    fill(recipe, 40);
    const auto whole = slurp(path);
    REQUIRE(whole.size() > 16'384 * 20);
    auto damaged = whole;
    SUBCASE("cut off") { damaged.resize(whole.size() / 2 + 100); }
    SUBCASE("cut off in the first page") { damaged.resize(1'000); }
    SUBCASE("fifty bytes left") { damaged.resize(50); }
    SUBCASE("two bytes left") { damaged.resize(2); }
    SUBCASE("garbage") {
        for (std::size_t i = 0; i < damaged.size(); ++i) damaged[i] = static_cast<char>(i * 31 + i / 7);
    }
    SUBCASE("text") { damaged = "this is no database\n"; }
    SUBCASE("a page in the middle overwritten") { damaged.replace(16'384 * 17, 16'384, std::string(16'384, '\xEE')); }
    SUBCASE("one byte changed") { damaged[16'384 * 17 + 5'000] ^= 1; }
    SUBCASE("a page in the middle zeroed") { damaged.replace(16'384 * 17, 16'384, std::string(16'384, '\0')); }
    SUBCASE("all pages but the first zeroed") {
        damaged.replace(16'384, damaged.size() - 16'384, std::string(damaged.size() - 16'384, '\0'));
    }
    SUBCASE("the schema overwritten") { damaged.replace(100, 16'000, std::string(16'000, '\x7F')); }
    SUBCASE("the list of free pages overwritten") {
        execute(path, "DELETE FROM bodies WHERE first > 20; DELETE FROM chunks WHERE first > 20");
        damaged = slurp(path);
        const auto page = boost::endian::load_big_u32(reinterpret_cast<const unsigned char*>(damaged.data() + 32));
        REQUIRE(page > 0);
        damaged.replace(16'384 * (page - 1), 16'384, std::string(16'384, '\x5A'));
    }
    SUBCASE("a table lost") {
        execute(path, "DROP TABLE bodies");
        damaged = slurp(path);
    }
    SUBCASE("another table in its place") {
        execute(path, "DROP TABLE chunks; CREATE TABLE chunks (a)");
        damaged = slurp(path);
    }
    SUBCASE("no identity") {
        execute(path, "DELETE FROM store");
        damaged = slurp(path);
    }
    spit(path, damaged);
    const auto refusal = open(recipe);
    CHECK(refusal.why == error::storage_corrupt);
    const auto aside = corrupt_files(directory.path());
    REQUIRE(aside.size() == 1);
    CHECK(slurp(aside.front()) == damaged);
    CHECK(refusal.log.find(aside.front()) != std::string::npos);
    CHECK(!std::filesystem::exists(path));
    CHECK(read_all(recipe).empty());
    CHECK(corrupt_files(directory.path()) == aside);
}

TEST_CASE("a flipped bit in a body is found by the opening, and when it is read later" * forks) {
    TemporaryDirectory directory;
    const auto path = directory / "db";
    const SqliteStorage recipe(path);
    fill(recipe, 300);
    const auto at = slurp(path).find(std::string(10'000, 'c'));
    REQUIRE(at != std::string::npos);
    // In a process of its own: closing the file in this one would give up the lock.
    const auto flip = [&] {
        return in_child([&] {
            std::fstream(path, std::ios::binary | std::ios::in | std::ios::out)
                .seekp(static_cast<std::streamoff>(at + 100))
                .put('x');
            return 0;
        });
    };
    SUBCASE("before the opening") {
        CHECK(flip() == 0);
        CHECK(open(recipe).why == error::storage_corrupt);
    }
    SUBCASE("after the opening") {
        run([&](asio::io_context& context) -> asio::awaitable<void> {
            LoggedWorld world(context.get_executor());
            auto storage = co_await recipe.open(*world);
            REQUIRE(storage.has_value());
            CHECK(flip() == 0);
            const auto good = co_await storage->read("stream", 200, std::size_t{1} << 30U);
            CHECK((good && good->size() == 100));
            const auto bad = co_await storage->read("stream", 0, std::size_t{1} << 30U);
            CHECK(bad.error() == error::storage_corrupt);
            const auto later = co_await storage->append(one(chunk(1'000)));
            CHECK(later.error() == error::storage_corrupt);
            const auto aside = corrupt_files(directory.path());
            REQUIRE(aside.size() == 1);
            CHECK(world.logged(aside.front()));
            const auto fresh = co_await recipe.open(*world);
            CHECK(fresh.has_value());
        });
    }
    CHECK(corrupt_files(directory.path()).size() == 1);
    CHECK(read_all(recipe).empty());
}

TEST_CASE("an emptied database beside a full log is damage, not a new database" * forks) {
    TemporaryDirectory directory;
    const auto path = directory / "db";
    CHECK(in_child([&] {
              with(SqliteStorage(path), [&](World&, SqliteStorage::Running& storage) -> asio::awaitable<void> {
                  const auto stored = co_await storage.append(one(chunk(1)));
                  _exit(stored ? 5 : 6);
              });
              return 0;
          }) == 5);
    const auto log = slurp(path.string() + "-wal");
    REQUIRE(!log.empty());
    spit(path, "");
    CHECK(open(SqliteStorage(path)).why == error::storage_corrupt);
    const auto aside = corrupt_files(directory.path());
    REQUIRE(aside.size() == 1);
    CHECK(slurp(aside.front() + "-wal") == log);
    CHECK(read_all(SqliteStorage(path)).empty());
}

TEST_CASE("files that were set aside are never overwritten") {
    TemporaryDirectory directory;
    const auto path = (directory / "db").string();
    const auto now = wall_time(std::chrono::seconds(1'700'000'000));
    for (const auto* text : {"one", "two", "three"}) {
        spit(path, text);
        CHECK(!detail::set_aside(path, now).empty());
    }
    CHECK(slurp(path + ".corrupt-20231114T221320Z") == "one");
    CHECK(slurp(path + ".corrupt-20231114T221320Z-2") == "two");
    CHECK(slurp(path + ".corrupt-20231114T221320Z-3") == "three");
    CHECK(detail::set_aside(path, now).empty());
    CHECK(detail::set_aside((directory / std::string(250, 'x')).string(), now).empty());
}

TEST_CASE("only the owner can read the files, whatever the umask is") {
    for (const auto mask : {0000U, 0022U, 0777U}) {
        TemporaryDirectory directory;
        const auto path = directory / "db";
        SUBCASE("new") {}
        SUBCASE("an empty file was there") {
            spit(path, "");
            ::chmod(path.c_str(), 0666);
        }
        const auto before = umask(mask);
        with(SqliteStorage(path, Durability::full),
             [&](World&, SqliteStorage::Running& storage) -> asio::awaitable<void> {
                 CHECK(mode(path) == 0600);
                 const auto stored = co_await storage.append(one(chunk(1)));
                 CHECK(stored.has_value());
                 int files = 0;
                 for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
                     CHECK(mode(entry.path()) == 0600);
                     ++files;
                 }
                 CHECK(files == 2);
             });
        umask(before);
        CHECK(mode(path) == 0600);
    }
}

TEST_CASE("a path that cannot be written is storage_unwritable, and the log says why") {
    TemporaryDirectory directory;
    auto refusal = open(SqliteStorage(directory.path() / "missing" / "db"));
    CHECK(refusal.why == error::storage_unwritable);
    CHECK(refusal.log.find("missing/db") != std::string::npos);
    CHECK(refusal.log.find("No such file") != std::string::npos);
    CHECK(open(SqliteStorage(directory.path())).why == error::storage_unwritable);
    CHECK(open(SqliteStorage(directory / std::string(300, 'x'))).why == error::storage_unwritable);
    CHECK(corrupt_files(directory.path()).empty());
}

TEST_CASE("a directory or a file without write permission is storage_unwritable and keeps what it has" * forks) {
    TemporaryDirectory directory;
    const auto path = directory / "db";
    fill(SqliteStorage(path), 3);
    const auto before = slurp(path);
    ::chmod(directory.path().c_str(), 0755);
    const auto refused = [&](const std::filesystem::path& file) {
        return in_child([&] { return open(SqliteStorage(file)).why == error::storage_unwritable ? 7 : 8; }, true);
    };
    if (geteuid() != 0) ::chmod(directory.path().c_str(), 0555);
    ::chmod(path.c_str(), 0666);
    CHECK(refused(path) == 7);
    CHECK(refused(directory / "new") == 7);
    ::chmod(directory.path().c_str(), 0777);
    ::chmod(path.c_str(), 0444);
    CHECK(refused(path) == 7);
    ::chmod(path.c_str(), 0000);
    CHECK(refused(path) == 7);
    ::chmod(path.c_str(), 0600);
    CHECK(slurp(path) == before);
    CHECK(read_all(SqliteStorage(path)).size() == 3);
}

TEST_CASE("paths are plain file names, relative ones too") {
    TemporaryDirectory directory;
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(directory.path());
    for (const auto* name : {"relative.db", ":memory:", "file:x?mode=memory", "sp ace's \"and\" %41;.db"}) {
        with(SqliteStorage(name), [&](World&, SqliteStorage::Running& storage) -> asio::awaitable<void> {
            std::filesystem::current_path(before);
            const auto stored = co_await storage.append(one(chunk(1)));
            CHECK(stored.has_value());
            std::filesystem::current_path(directory.path());
        });
        CHECK(std::filesystem::file_size(directory / name) > 0);
        CHECK(read_all(SqliteStorage(directory / name)).size() == 1);
    }
    std::filesystem::current_path(before);
    CHECK_THROWS_AS(SqliteStorage(""), std::invalid_argument);
    CHECK_THROWS_AS(SqliteStorage(std::string("a\0b", 3)), std::invalid_argument);
}

TEST_CASE("an unknown VFS is a typed error") {
    CHECK(open(SqliteStorage("db").vfs("no-such-vfs")).why == error::storage_failed);
}

TEST_CASE("a full disk refuses what does not fit, keeps the rest, and goes on when there is room") {
    TestVfs vfs;
    const auto recipe = SqliteStorage("db", Durability::full).vfs(vfs.name());
    std::uint64_t stored_count = 0;
    with(recipe, [&](World&, SqliteStorage::Running& storage) -> asio::awaitable<void> {
        vfs.set_room(2'000'000);
        std::uint64_t next = 1;
        for (; next < 1'000; ++next) {
            auto chunks = one(chunk(next, 1, std::string(30'000, 'x')));
            const auto stored = co_await storage.append(std::move(chunks));
            if (stored) continue;
            CHECK(stored.error() == error::storage_full);
            break;
        }
        stored_count = next - 1;
        CHECK(stored_count > 10);
        CHECK(stored_count < 100);
        const auto found = co_await storage.read("stream", 0, std::size_t{1} << 30U);
        REQUIRE(found.has_value());
        CHECK(found->size() == stored_count);
        vfs.set_room(10'000'000);
        auto chunks = one(chunk(next, 1, std::string(30'000, 'x')));
        const auto stored = co_await storage.append(std::move(chunks));
        CHECK(stored.has_value());
    });
    CHECK(read_all(recipe).size() == stored_count + 1);
}

TEST_CASE("on a full disk, the space of what was delivered is used again") {
    TestVfs vfs;
    const auto recipe = SqliteStorage("db").vfs(vfs.name());
    fill(recipe, 100, 30'000);
    with(recipe, [&](World&, SqliteStorage::Running& storage) -> asio::awaitable<void> {
        std::vector<Settlement> changes;
        for (std::uint64_t i = 1; i <= 80; ++i) changes.push_back(gone(chunk(i)).front());
        const auto settled = co_await storage.settle(std::move(changes));
        CHECK(settled.has_value());
    });
    with(recipe, [&](World&, SqliteStorage::Running& storage) -> asio::awaitable<void> {
        vfs.set_room(vfs.used() + 300'000);
        int refused = 0;
        auto next = storage.identity().next_sequence;
        for (int i = 0; i < 60; ++i) {
            auto chunks = one(chunk(next, 1, std::string(30'000, 'x')));
            const auto stored = co_await storage.append(std::move(chunks));
            next += stored ? 1U : 0U;
            refused += stored ? 0 : 1;
        }
        // The log fills the room a few times over, and is copied into the free pages each time.
        CHECK(refused == 0);
        const auto settled = co_await storage.settle(gone(chunk(90)));
        CHECK(settled.has_value());
    });
    CHECK(read_all(recipe).size() > 55);
}

TEST_CASE("a small volume that was full takes records again when some were delivered, without a reopening") {
    // However the last bytes fall.
    for (std::size_t room = 800'000; room < 1'300'000; room += 27'000) {
        CAPTURE(room);
        TestVfs vfs;
        vfs.set_room(room);
        const auto recipe = SqliteStorage("db").vfs(vfs.name());
        with(recipe, [&](World&, SqliteStorage::Running& storage) -> asio::awaitable<void> {
            std::vector<std::uint64_t> live;
            std::uint64_t next = 1;
            for (int round = 0; round < 20; ++round) {
                const auto before = live.size();
                for (;;) {
                    auto chunks = one(chunk(next, 100, std::string(100'000, 'x')));
                    const auto stored = co_await storage.append(std::move(chunks));
                    CHECK((stored || stored.error() == error::storage_full));
                    if (!stored) break;
                    live.push_back(next);
                    next += 100;
                }
                CHECK(live.size() > before);
                const auto found = co_await storage.read("stream", 0, std::size_t{1} << 30U);
                REQUIRE(found.has_value());
                CHECK(found->size() == live.size());
                // Attempts that were not there, then the end of the first chunk, or of all.
                for (const auto first : live) {
                    std::vector<Settlement> changes(1, Settlement(chunk(first, 100)));
                    changes.front().attempts.assign(100, static_cast<std::uint8_t>(round + 1));
                    const auto settled = co_await storage.settle(std::move(changes));
                    CHECK(settled.has_value());
                }
                do {
                    const auto settled = co_await storage.settle(gone(chunk(live.front())));
                    REQUIRE(settled.has_value());
                    live.erase(live.begin());
                } while (round % 3 == 2 && !live.empty());
            }
        });
    }
}

TEST_CASE("what others leave of a disk is enough to settle, in an open file and in a reopened one") {
    for (const bool reopened : {false, true}) {
        for (const bool killed : {false, true}) {
            CAPTURE(reopened);
            CAPTURE(killed);
            TestVfs vfs;
            const auto recipe = SqliteStorage("db").vfs(vfs.name());
            auto drain = [&](World&, SqliteStorage::Running& storage) -> asio::awaitable<void> {
                for (std::uint64_t first = 1; first <= 10; ++first) {
                    const auto settled = co_await storage.settle(gone(chunk(first)));
                    CHECK(settled.has_value());
                }
                const auto all = co_await storage.usage();
                CHECK((all && all->records == 0));
                auto chunks = one(chunk(storage.identity().next_sequence + 100, 1, std::string(30'000, 'x')));
                const auto stored = co_await storage.append(std::move(chunks));
                CHECK(stored.has_value());
            };
            with(recipe, [&](World& world, SqliteStorage::Running& storage) -> asio::awaitable<void> {
                for (std::uint64_t first = 1; first <= 10; ++first) {
                    auto chunks = one(chunk(first, 1, std::string(30'000, 'x')));
                    const auto stored = co_await storage.append(std::move(chunks));
                    REQUIRE(stored.has_value());
                }
                if (!reopened) {
                    vfs.set_room(vfs.used());
                    co_await drain(world, storage);
                }
                if (killed) vfs.kill();
            });
            if (!reopened) continue;
            vfs.set_room(vfs.used());
            with(recipe, drain);
        }
    }
}

TEST_CASE("outcomes that do not fit into the log of a full disk together are stored one after the other") {
    TestVfs vfs;
    const auto recipe = SqliteStorage("db").vfs(vfs.name());
    fill(recipe, 200);
    with(recipe, [&](World&, SqliteStorage::Running& storage) -> asio::awaitable<void> {
        vfs.set_room(vfs.used());
        const auto before = vfs.used();
        std::vector<Settlement> changes;
        for (std::uint64_t first = 1; first <= 200; first += 2) changes.push_back(gone(chunk(first)).front());
        const auto settled = co_await storage.settle(std::move(changes));
        CHECK(settled.has_value());
        CHECK(vfs.used() == before);
    });
    CHECK(read_all(recipe).size() == 100);
}

TEST_CASE("what SQLite says of a failure is in the log, once, and again when something was stored in between") {
    TestVfs vfs;
    const auto recipe = SqliteStorage("db", Durability::full).vfs(vfs.name());
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        LoggedWorld world(context.get_executor());
        auto storage = co_await recipe.open(*world);
        REQUIRE(storage.has_value());
        auto stored = co_await storage->append(one(chunk(1)));
        CHECK(stored.has_value());
        CHECK(world.lines->empty());
        for (std::size_t i = 1; i <= 2; ++i) {
            for (int tries = 0; tries < 3; ++tries) {
                vfs.fail_syncs(true);
                stored = co_await storage->append(one(chunk(i + 1, 1, "secret body")));
                CHECK(stored.error() == error::storage_failed);
                vfs.fail_syncs(false);
                const auto read = co_await storage->usage();
                CHECK(read.has_value());
            }
            REQUIRE(world.lines->size() == i);
            const auto& line = world.lines->back();
            CHECK(line.find("storage db: disk I/O error (" + std::to_string(SQLITE_IOERR_FSYNC) + ")") == 0);
            CHECK(line.find("secret") == std::string::npos);
            stored = co_await storage->append(one(chunk(i + 1)));
            CHECK(stored.has_value());
        }
        vfs.set_room(vfs.used());
        for (int tries = 0; tries < 3; ++tries) {
            stored = co_await storage->append(one(chunk(4, 1, std::string(400'000, 'x'))));
            CHECK(stored.error() == error::storage_full);
            const auto settled = co_await storage->settle(gone(chunk(50)));
            CHECK(settled.has_value());
        }
        REQUIRE(world.lines->size() == 3);
        CHECK(world.lines->back().find("storage db: database or disk is full (13)") == 0);
        // A buffer that is never empty tells of the next time, too.
        vfs.set_room(vfs.used() + 1'000'000);
        stored = co_await storage->append(one(chunk(4)));
        CHECK(stored.has_value());
        vfs.set_room(vfs.used());
        stored = co_await storage->append(one(chunk(5, 1, std::string(1'000'000, 'x'))));
        CHECK(stored.error() == error::storage_full);
        const auto read = co_await storage->usage();
        CHECK(read.has_value());
        CHECK(world.lines->size() == 4);
        stored = co_await storage->append(one(chunk(1)));
        CHECK(stored.error() == error::storage_failed);
        CHECK(world.logged("the sequence of a chunk was used before"));
    });
}

TEST_CASE("an I/O error is storage_failed, changes nothing, and passes") {
    TestVfs vfs;
    const auto recipe = SqliteStorage("db", Durability::full).vfs(vfs.name());
    with(recipe, [&](World&, SqliteStorage::Running& storage) -> asio::awaitable<void> {
        auto stored = co_await storage.append(one(chunk(1)));
        CHECK(stored.has_value());
        for (const auto fail : {&TestVfs::fail_writes, &TestVfs::fail_syncs}) {
            (vfs.*fail)(true);
            stored = co_await storage.append(one(chunk(2)));
            CHECK(stored.error() == error::storage_failed);
            const auto settled = co_await storage.settle(gone(chunk(1)));
            CHECK(settled.error() == error::storage_failed);
            (vfs.*fail)(false);
            const auto found = co_await storage.read("stream", 0, 1'000);
            REQUIRE(found.has_value());
            CHECK(found->size() == 1);
        }
        stored = co_await storage.append(one(chunk(2)));
        CHECK(stored.has_value());
    });
    vfs.fail_reads(true);
    CHECK(open(recipe).why == error::storage_failed);
    vfs.fail_reads(false);
    vfs.shorten_reads(true);
    CHECK(open(recipe).why);
    vfs.shorten_reads(false);
    CHECK(read_all(recipe).size() == 2);
}

TEST_CASE("a hundred concurrent appends cost a handful of syncs") {
    TestVfs vfs;
    const auto recipe = SqliteStorage("db", Durability::full).vfs(vfs.name());
    int ended = 0;
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        TestWorld world(context.get_executor());
        auto storage = co_await recipe.on(context.get_executor()).open(world.world);
        REQUIRE(storage.has_value());
        auto stored = co_await storage->append(one(chunk(1)));
        CHECK(stored.has_value());
        const auto before = vfs.syncs();
        for (std::uint64_t i = 2; i <= 101; ++i) {
            asio::co_spawn(context, storage->append(one(chunk(i))), [&](std::exception_ptr, result<void> outcome) {
                CHECK(outcome.has_value());
                ++ended;
            });
        }
        asio::co_spawn(context, storage->settle(gone(chunk(1))), [&](std::exception_ptr, result<void>) { ++ended; });
        const auto all = co_await storage->usage();
        CHECK((all && all->records == 100));
        while (ended < 101) co_await asio::post(asio::use_awaitable);
        CHECK(vfs.syncs() - before <= 3);
    });
    CHECK(ended == 101);
}

TEST_CASE("one bad call does not fail its neighbours in the commit") {
    TestVfs vfs;
    const auto recipe = SqliteStorage("db").vfs(vfs.name());
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        TestWorld world(context.get_executor());
        auto storage = co_await recipe.on(context.get_executor()).open(world.world);
        REQUIRE(storage.has_value());
        std::vector<error_code> outcomes(6, error::malformed);
        int ended = 0;
        std::uint64_t next = 1;
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
            const auto first = i % 3 == 1 ? 1 : next++;
            asio::co_spawn(context, storage->append(one(chunk(first))),
                           [&, i](std::exception_ptr, result<void> outcome) {
                               outcomes[i] = outcome ? error_code() : outcome.error();
                               ++ended;
                           });
        }
        while (ended < 6) co_await asio::post(asio::use_awaitable);
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
            CHECK(outcomes[i] == (i % 3 == 1 ? error_code(error::storage_failed) : error_code()));
        }
        const auto all = co_await storage->usage();
        CHECK((all && all->records == 4));
    });
}

TEST_CASE("cancelling a waiter detaches it, and the append goes on") {
    TemporaryDirectory directory;
    const SqliteStorage recipe(directory / "db");
    with(recipe, [&](World& world, SqliteStorage::Running& storage) -> asio::awaitable<void> {
        asio::cancellation_signal signal;
        error_code outcome;
        bool ended = false;
        auto wait = [&]() -> asio::awaitable<void> {
            co_await asio::this_coro::throw_if_cancelled(false);
            const auto stored = co_await storage.append(one(chunk(1)));
            outcome = stored ? error_code() : stored.error();
        };
        auto done = [&](std::exception_ptr) { ended = true; };
        asio::co_spawn(world.executor(), wait(), asio::bind_cancellation_slot(signal.slot(), done));
        while (!outcome && !ended) {
            co_await asio::post(asio::use_awaitable);
            signal.emit(asio::cancellation_type::terminal);
        }
        CHECK(outcome == asio::error::operation_aborted);
        const auto all = co_await storage.usage();
        CHECK((all && all->records == 1));
    });
    CHECK(read_all(recipe).size() == 1);
}

TEST_CASE("a storage that is destroyed finishes what was queued") {
    TemporaryDirectory directory;
    const SqliteStorage recipe(directory / "db");
    int succeeded = 0;
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        TestWorld world(context.get_executor());
        {
            auto storage = co_await recipe.open(world.world);
            REQUIRE(storage.has_value());
            for (std::uint64_t i = 1; i <= 50; ++i) {
                asio::co_spawn(context, storage->append(one(chunk(i))), [&](std::exception_ptr, result<void> outcome) {
                    succeeded += outcome ? 1 : 0;
                });
            }
            co_await asio::post(asio::use_awaitable);
            co_await asio::post(asio::use_awaitable);
        }
        auto again = co_await recipe.open(world.world);
        REQUIRE(again.has_value());
        const auto all = co_await again->usage();
        REQUIRE(all.has_value());
        CHECK(all->records == 50);
    });
    CHECK(succeeded == 50);
}

TEST_CASE("a context may end while calls are under way") {
    TemporaryDirectory directory;
    for (int round = 0; round < 30; ++round) {
        const SqliteStorage recipe(directory / std::to_string(round));
        asio::io_context context;
        TestWorld world(context.get_executor());
        const auto on_strand = recipe.on(context.get_executor());
        auto work = [&]() -> asio::awaitable<void> {
            auto storage = co_await (round % 2 == 0 ? recipe : on_strand).open(world.world);
            for (std::uint64_t i = 1; storage; ++i) {
                const auto stored = co_await storage->append(one(chunk(i)));
                if (!stored) break;
            }
        };
        asio::co_spawn(context, work(), [](std::exception_ptr) {});
        context.run_for(std::chrono::microseconds(round * 300));
    }
    CHECK(corrupt_files(directory.path()).empty());
}

TEST_CASE("many calls from a strand on four threads each complete once, on the strand") {
    TemporaryDirectory directory;
    asio::thread_pool pool(4);
    const auto strand = asio::make_strand(pool.get_executor());
    TestWorld world(strand);
    std::atomic<int> completed = 0;
    std::atomic<bool> off_strand = false;
    std::optional<SqliteStorage::Running> storage;
    const SqliteStorage recipe(directory / "db");
    auto writer = [&]() -> asio::awaitable<void> {
        auto opened = co_await recipe.open(world.world);
        if (!opened) co_return;
        storage.emplace(std::move(*opened));
        for (std::uint64_t i = 1; i <= 300; ++i) {
            auto done = [&](std::exception_ptr thrown, result<void> outcome) {
                off_strand = off_strand || !strand.running_in_this_thread();
                if (!thrown && outcome) ++completed;
            };
            asio::co_spawn(strand, storage->append(one(chunk(i))), done);
            if (i % 10 == 0) asio::co_spawn(strand, storage->settle(gone(chunk(i - 5))), done);
            if (i % 50 == 0) co_await asio::post(strand, asio::use_awaitable);
        }
        const auto all = co_await storage->usage();
        if (all && all->records == 270) ++completed;
    };
    asio::co_spawn(strand, writer(), [](std::exception_ptr) {});
    pool.join();
    storage.reset();
    CHECK(completed == 331);
    CHECK(!off_strand);
}

TEST_CASE("a queue that comes and goes uses its space again") {
    TestVfs vfs;
    with(SqliteStorage("db").vfs(vfs.name()), [&](World&, SqliteStorage::Running& storage) -> asio::awaitable<void> {
        const std::string body(200'000, 'x');
        for (std::uint64_t i = 1; i <= 300; ++i) {
            const auto stored = co_await storage.append(one(chunk(i, 1, body)));
            CHECK(stored.has_value());
            if (i <= 5) continue;
            const auto settled = co_await storage.settle(gone(chunk(i - 5)));
            CHECK(settled.has_value());
        }
        // Six chunks live; the log is copied at 16 MB.
        CHECK(vfs.bytes("db").size() < 4'000'000);
        CHECK(vfs.used() < 24'000'000);
    });
}

TEST_CASE("an emptied file that had grown large is shrunk") {
    TestVfs vfs;
    detail::SqlitePlace place;
    place.path = "db";
    place.vfs = vfs.name();
    place.shrink_above = 100;
    const auto transact = [](detail::SqliteStore& store, auto work) {
        REQUIRE(store.begin({}).has_value());
        work(store.chunks());
        REQUIRE(store.commit().has_value());
        store.maintain();
    };
    {
        detail::SqliteStore store(place);
        for (std::uint64_t i = 1; i <= 20; ++i) {
            transact(store, [&](detail::SqliteChunks& chunks) {
                REQUIRE(chunks.append(one(chunk(i, 1, std::string(200'000, 'x')))).has_value());
            });
        }
    }
    detail::SqliteStore store(place);
    for (std::uint64_t i = 1; i <= 20; ++i) {
        CHECK(vfs.bytes("db").size() > 4'000'000);
        transact(store, [&](detail::SqliteChunks& chunks) { REQUIRE(chunks.settle(gone(chunk(i))).has_value()); });
    }
    CHECK(vfs.bytes("db").size() < 200'000);
    transact(store, [&](detail::SqliteChunks& chunks) {
        CHECK(chunks.identity()->next_sequence == 21);
        CHECK(chunks.append(one(chunk(21))).has_value());
    });
}

TEST_CASE("the log is copied early while chunks come and go, late while they only come") {
    CHECK(!detail::checkpoint_due(999, false));
    CHECK(detail::checkpoint_due(1'000, false));
    CHECK(!detail::checkpoint_due(4'095, true));
    CHECK(detail::checkpoint_due(4'096, true));
}

TEST_CASE("a header is foreign if it is a database's, and not one of ours that we can read") {
    std::string header("SQLite format 3\0", 16);
    header.resize(100);
    const auto foreign = [&] {
        return detail::is_foreign(std::span(reinterpret_cast<const unsigned char*>(header.data()), header.size()));
    };
    CHECK(foreign());
    header.replace(68, 4, "slui");
    CHECK(!foreign());
    header[63] = 1;
    CHECK(!foreign());
    header[63] = 2;
    CHECK(foreign());
    header[0] = 's';
    CHECK(!foreign());
    header.resize(99);
    CHECK(!foreign());
}
