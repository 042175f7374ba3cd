#include <sluice/clock/system.hpp>
#include <sluice/repository/conformance.hpp>
#include <sluice/repository/sqlite.hpp>

#include "storage/temporary.hpp"
#include "world.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json/object.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using boost::json::object;
using sluice::error;
using sluice::Identified;
using Objects = sluice::SqliteRepository<object>;

/// Tests with a child process: no ThreadSanitizer for them, which loses count of the threads that a fork leaves behind.
const auto forks = doctest::test_suite("forks");

/// A repository on a thread of its own, as in another process.
class Process {
public:
    explicit Process(Objects recipe, sluice::LogSink sink = {}) : world_(context_.get_executor(), logging(std::move(sink))) {
        auto opened = run(recipe.open(world_.world));
        failure = opened ? sluice::error_code() : opened.error();
        if (opened) items.emplace(*std::move(opened));
    }

    ~Process() {
        asio::post(context_, [this] { items.reset(); });
        work_.reset();
        thread_.join();
    }

    /// Lets the repository go, on its thread.
    void forget() {
        asio::post(context_, asio::use_future([this] { items.reset(); })).get();
    }

    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    template <class T>
    T run(asio::awaitable<T> work) {
        std::optional<T> got;
        asio::co_spawn(context_, keep(std::move(work), got), asio::use_future).get();
        return *std::move(got);
    }

    sluice::error_code add(const std::string& id, object value) {
        const auto added = run(items->add(Identified<object>(id, std::move(value))));
        return added ? sluice::error_code() : added.error();
    }

    sluice::error_code failure;

private:
    /// What cannot be made without a value cannot be given by `co_spawn`.
    template <class T>
    static asio::awaitable<void> keep(asio::awaitable<T> work, std::optional<T>& got) {
        got.emplace(co_await std::move(work));
    }

    static sluice::Options logging(sluice::LogSink sink) {
        sluice::Options options("stream");
        options.log = sluice::Log(std::move(sink));
        return options;
    }

    asio::io_context context_;
    TestWorld world_;
    asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
    std::thread thread_{[this] { context_.run(); }};

public:
    std::optional<Objects::Running> items;
};

/// The disk of this machine, which can be full: then no file of a database grows.
class Disk {
public:
    Disk() {
        real_ = sqlite3_vfs_find(nullptr);
        vfs_ = *real_;
        vfs_.zName = "full-disk";
        vfs_.xOpen = &Disk::open;
        sqlite3_vfs_register(&vfs_, 1);
    }

    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;

    ~Disk() {
        sqlite3_vfs_unregister(&vfs_);
        full_ = false;
    }

    void fill(bool full) { full_ = full; }

private:
    static int open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* out_flags) {
        const auto code = real_->xOpen(real_, path, file, flags, out_flags);
        if (!file->pMethods) return code;
        // SQLite locks the database itself, and not what lies beside it.
        auto& methods = methods_[(flags & SQLITE_OPEN_MAIN_DB) != 0 ? 0 : 1];
        real_write_ = file->pMethods->xWrite;
        methods = *file->pMethods;
        methods.xWrite = &Disk::write;
        file->pMethods = &methods;
        return code;
    }

    static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
        sqlite3_int64 end = 0;
        file->pMethods->xFileSize(file, &end);
        return full_ && offset + size > end ? SQLITE_FULL : real_write_(file, data, size, offset);
    }

    static inline sqlite3_vfs* real_ = nullptr;
    static inline int (*real_write_)(sqlite3_file*, const void*, int, sqlite3_int64) = nullptr;
    static inline std::array<sqlite3_io_methods, 2> methods_{};
    static inline std::atomic<bool> full_ = false;
    sqlite3_vfs vfs_{};
};

/// Adds items by the pair and counts them, until it is killed; tells of each pair that was kept.
[[noreturn]] void write_until_killed(const Objects& recipe, int first, int told) {
    Process writing(recipe);
    if (writing.failure) _exit(1);
    for (int i = first;; ++i) {
        std::vector<Identified<object>> pair;
        pair.emplace_back("a" + std::to_string(i), object{{"data", std::string(3'000, 'x')}});
        pair.emplace_back("b" + std::to_string(i), object{{"n", i}});
        const auto count = [i](object) { return object{{"n", i}}; };
        const bool kept = writing.run(writing.items->add_all(pair)) &&
                          writing.run(writing.items->update("count", count)) &&
                          (i % 3 != 0 || writing.run(writing.items->remove("a" + std::to_string(i))));
        if (!kept || write(told, &i, sizeof i) != sizeof i) _exit(2);
    }
}

} // namespace

TEST_CASE("a repository in a file keeps every rule") {
    const TemporaryDirectory directory;
    asio::io_context context;
    TestWorld world(context.get_executor());
    int files = 0;
    const auto make = [&] { return Objects(directory.path() / (std::to_string(++files) + ".db"), "objects"); };
    auto check = asio::co_spawn(context, sluice::check_repository(make, world.world), asio::use_future);
    context.run();
    for (const auto& broken : check.get()) FAIL_CHECK(broken);
}

TEST_CASE("what was kept is there again, and each collection is its own") {
    const TemporaryDirectory directory;
    const Objects apples(directory.path() / "shop.db", "apples");
    const Objects pears(directory.path() / "shop.db", "'; DROP TABLE items; --");
    {
        Process one(apples);
        CHECK_FALSE(one.add("a", {{"red", true}}));
        Process two(pears);
        CHECK_FALSE(two.add("a", {{"red", false}}));
    }
    Process one(apples);
    CHECK(one.run(one.items->get("a")).value() == object{{"red", true}});
    Process two(pears);
    CHECK(two.run(two.items->get("a")).value() == object{{"red", false}});
    CHECK(two.run(two.items->query()).value().items.size() == 1);
    const auto mode = std::filesystem::status(directory.path() / "shop.db").permissions();
    CHECK((mode & std::filesystem::perms::mask) == std::filesystem::perms(0600));
}

TEST_CASE("several at a time lose no update") {
    const TemporaryDirectory directory;
    const Objects recipe(directory.path() / "shop.db", "sums");
    Process first(recipe), second(recipe);
    REQUIRE_FALSE(first.add("sum", {{"n", 0}}));
    const auto one_more = [](object value) {
        value["n"] = value.at("n").as_int64() + 1;
        return value;
    };
    const auto work = [&](Process& process) {
        for (int i = 0; i < 50; ++i) CHECK(process.run(process.items->update("sum", one_more)).has_value());
    };
    std::thread beside([&] { work(second); });
    work(first);
    beside.join();
    CHECK(first.run(first.items->get("sum")).value() == object{{"n", 100}});
}

TEST_CASE("what others change is live, too") {
    const TemporaryDirectory directory;
    const auto recipe = Objects(directory.path() / "shop.db", "items").look_every(2ms);
    Process watching(recipe), writing(recipe);
    REQUIRE_FALSE(writing.add("a", {{"n", 0}}));
    auto item = watching.run(watching.items->live("a"));
    REQUIRE(item.has_value());
    auto all = watching.run(watching.items->live(sluice::Query()));
    REQUIRE(all.has_value());
    CHECK((*watching.run(item->next()))->value == object{{"n", 0}});
    CHECK((*watching.run(all->next()))->value.size() == 1);
    for (int i = 1; i <= 5; ++i) {
        const auto change = [i](object) { return object{{"n", i}}; };
        REQUIRE(writing.run(writing.items->update("a", change)).has_value());
        CHECK((*watching.run(item->next()))->value == object{{"n", i}});
    }
    REQUIRE(writing.run(writing.items->remove("a")).has_value());
    CHECK_FALSE(watching.run(item->next())->has_value());
}

TEST_CASE("reads do not wait for somebody who writes, and find what was there before; writes wait") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "shop.db";
    const Objects recipe(path, "items");
    Process items(recipe);
    for (const std::string id : {"a", "b", "c"}) REQUIRE_FALSE(items.add(id, {{"n", 1}}));
    sqlite3* other = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &other) == SQLITE_OK);
    REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE; UPDATE items SET body='{\"n\":2}'", nullptr, nullptr, nullptr) ==
            SQLITE_OK);
    CHECK(items.run(items.items->get("a")).value() == object{{"n", 1}});
    const sluice::Query ones(sluice::Field("n") == 1);
    CHECK(items.run(items.items->query(ones)).value().items.size() == 3);
    const auto page = items.run(items.items->query(sluice::Query(ones).limit(2))).value();
    CHECK(page.items.size() == 2);
    CHECK(items.run(items.items->query(sluice::Query(ones).limit(2).after(page.next))).value().items.size() == 1);
    auto live = items.run(items.items->live("b"));
    REQUIRE(live.has_value());
    CHECK((*items.run(live->next()))->value == object{{"n", 1}});
    Process late(recipe); // who only now opens the file
    REQUIRE_FALSE(late.failure);
    CHECK(late.run(late.items->get("c")).value() == object{{"n", 1}});

    CHECK(items.add("d", {}) == error::storage_locked);
    CHECK(late.run(late.items->get("a")).value() == object{{"n", 1}});
    auto waiting = std::async(std::launch::async, [&] { return items.add("d", {}); });
    CHECK(waiting.wait_for(100ms) == std::future_status::timeout);
    sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr);
    sqlite3_close(other);
    CHECK_FALSE(waiting.get());
    CHECK(items.run(items.items->get("a")).value() == object{{"n", 2}});
}

TEST_CASE("looks for what others change keep to the clock of the world") {
    /// For whom each time that is waited for has come.
    class HastyClock : public sluice::SystemClock {
    public:
        asio::awaitable<sluice::error_code> async_wait_until(sluice::steady_time) {
            return sluice::SystemClock::async_wait_until(steady() + 1ms);
        }
    };
    const TemporaryDirectory directory;
    const auto recipe = Objects(directory.path() / "shop.db", "items").look_every(1h);
    Process writing(recipe);
    REQUIRE_FALSE(writing.add("a", {{"n", 0}}));
    asio::io_context context;
    const sluice::Options options("stream");
    sluice::ClockBox<HastyClock> clock{HastyClock()};
    sluice::World world(context.get_executor(), clock, options);
    const auto watch = [&]() -> asio::awaitable<void> {
        auto items = (co_await recipe.open(world)).value();
        auto item = (co_await items.live("a")).value();
        const auto before = (co_await item.next()).value();
        CHECK(before->value.at("n") == 0);
        const auto change = [](object) { return object{{"n", 1}}; };
        CHECK(writing.run(writing.items->update("a", change)).has_value());
        const auto after = (co_await item.next()).value();
        CHECK(after->value.at("n") == 1);
    };
    auto watched = asio::co_spawn(context, watch, asio::use_future);
    context.run();
    watched.get();
}

TEST_CASE("nobody waits for a look of what is gone") {
    const TemporaryDirectory directory;
    const auto recipe = Objects(directory.path() / "shop.db", "items").look_every(1h);
    asio::io_context context;
    TestWorld world(context.get_executor());
    const auto watch = [&]() -> asio::awaitable<void> {
        auto items = (co_await recipe.open(world.world)).value();
        const auto all = co_await items.live(sluice::Query());
        CHECK(all.has_value());
    };
    auto watched = asio::co_spawn(context, watch, asio::use_future);
    CHECK(context.run_for(1min) > 0);
    CHECK(context.stopped()); // there is nothing left to do
    watched.get();
}

TEST_CASE("who falls behind what is remembered is told so") {
    const TemporaryDirectory directory;
    const auto recipe = Objects(directory.path() / "shop.db", "items").look_every(1h);
    Process watching(recipe), writing(recipe);
    REQUIRE_FALSE(watching.add("a", {}));
    auto item = watching.run(watching.items->live("a"));
    REQUIRE(item.has_value());
    CHECK((*watching.run(item->next()))->value == object{});
    auto database = sluice::detail::SqliteDatabase::open((directory.path() / "shop.db").string(),
                                                         SQLITE_OPEN_READWRITE, "");
    REQUIRE(database.has_value());
    REQUIRE(database->execute("UPDATE counters SET value=1000 WHERE name='forgotten'").has_value());
    REQUIRE_FALSE(watching.add("b", {}));
    CHECK(watching.run(item->next()).error() == error::iterator_expired);
}

TEST_CASE("the changes of other collections neither end nor slow what is live") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "shop.db";
    Process watching(Objects(path, "quiet")), others(Objects(path, "busy"));
    REQUIRE_FALSE(watching.add("a", {}));
    auto item = watching.run(watching.items->live("a"));
    REQUIRE(item.has_value());
    CHECK((*watching.run(item->next()))->value == object{});
    REQUIRE_FALSE(others.add("x", {}));
    CHECK(watching.run(watching.items->get("a")).has_value()); // a look
    auto database = sluice::detail::SqliteDatabase::open(path.string(), SQLITE_OPEN_READWRITE, "");
    REQUIRE(database->execute("UPDATE counters SET value=2 WHERE name='forgotten'").has_value());
    const auto change = [](object) { return object{{"n", 1}}; };
    REQUIRE(watching.run(watching.items->update("a", change)).has_value());
    CHECK((*watching.run(item->next()))->value == object{{"n", 1}});
}

TEST_CASE("an item that cannot be read ends what is live, and nothing else") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "shop.db";
    Process items(Objects(path, "items").look_every(1h));
    REQUIRE_FALSE(items.add("a", {}));
    auto all = items.run(items.items->live(sluice::Query()));
    REQUIRE(all.has_value());
    CHECK((*items.run(all->next()))->value.size() == 1);
    auto database = sluice::detail::SqliteDatabase::open(path.string(), SQLITE_OPEN_READWRITE, "");
    REQUIRE(database->execute("UPDATE items SET body='{', version=100; UPDATE counters SET value=100 WHERE name='version'").has_value());
    REQUIRE_FALSE(items.add("b", {}));
    CHECK(items.run(all->next()).error() == error::item_invalid);
    REQUIRE_FALSE(items.add("c", {}));
    CHECK(items.run(items.items->get("b")).has_value());
}

TEST_CASE("what is live knows when its file is another") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "shop.db";
    Process items(Objects(path, "items").look_every(1h));
    for (int i = 0; i < 10; ++i) REQUIRE_FALSE(items.add(std::to_string(i), {}));
    auto item = items.run(items.items->live("1"));
    REQUIRE(item.has_value());
    CHECK((*items.run(item->next())).has_value());
    std::filesystem::rename(path, directory.path() / "away.db");
    REQUIRE_FALSE(items.add("1", {{"other", true}}));
    CHECK(items.run(item->next()).error() == error::iterator_expired);
}

TEST_CASE("what is live outlives the repository that it came from") {
    const TemporaryDirectory directory;
    const auto recipe = Objects(directory.path() / "shop.db", "items").look_every(2ms);
    Process watching(recipe), writing(recipe);
    REQUIRE_FALSE(writing.add("a", {}));
    auto item = watching.run(watching.items->live("a"));
    REQUIRE(item.has_value());
    watching.forget();
    CHECK((*watching.run(item->next()))->value == object{});
    const auto change = [](object) { return object{{"n", 1}}; };
    REQUIRE(writing.run(writing.items->update("a", change)).has_value());
    CHECK((*watching.run(item->next()))->value == object{{"n", 1}});
}

TEST_CASE("a question that is too much for SQLite is answered all the same") {
    const TemporaryDirectory directory;
    Process items(Objects(directory.path() / "shop.db", "items"));
    for (int i = 0; i < 10; ++i) REQUIRE_FALSE(items.add(std::to_string(i), {{"n", i}}));
    const sluice::Field n("n");
    auto wide = n == -1;
    for (int i = 5; i < 3'000; ++i) wide = std::move(wide) || n == i;
    const auto found = items.run(items.items->query(sluice::Query(wide)));
    REQUIRE(found.has_value());
    CHECK(found->items.size() == 5);
    auto deep = n == 3;
    for (int i = 0; i < 30; ++i) deep = n < 100 && (n == -1 || std::move(deep));
    const auto one = items.run(items.items->query(sluice::Query(deep)));
    REQUIRE(one.has_value());
    CHECK(one->items.size() == 1);
    CHECK_FALSE(items.add("more", {}));
}

TEST_CASE("removals are forgotten in the end, whatever is done in between") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "shop.db";
    Process items(Objects(path, "items"));
    REQUIRE_FALSE(items.add("a", {}));
    REQUIRE(items.run(items.items->remove("a")).has_value());
    auto database = sluice::detail::SqliteDatabase::open(path.string(), SQLITE_OPEN_READWRITE, "");
    const auto removals = [&] { return *database->first_integer("SELECT count(*) FROM items WHERE body IS NULL"); };
    CHECK(removals() == 1);
    REQUIRE(database->execute("UPDATE counters SET value=100999 WHERE name='version'").has_value());
    REQUIRE_FALSE(items.add("b", {}));
    CHECK(removals() == 0);
    CHECK(*database->first_integer("SELECT value FROM counters WHERE name='forgotten'") == 1'000);
}

TEST_CASE("another application's file is left alone, and a damaged one is set aside") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "other.db";
    {
        const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
        auto database = sluice::detail::SqliteDatabase::open(path.string(), flags, "");
        REQUIRE(database->execute("CREATE TABLE items (mine TEXT)").has_value());
    }
    CHECK(Process(Objects(path, "items")).failure == error::storage_foreign);
    const auto damaged = directory.path() / "damaged.db";
    {
        Process first(Objects(damaged, "items"));
        for (int i = 0; i < 200; ++i) REQUIRE_FALSE(first.add(std::to_string(i), {{"data", std::string(500, 'x')}}));
    }
    std::fstream file(damaged, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(20'000);
    file << std::string(60'000, '?');
    file.close();
    CHECK(Process(Objects(damaged, "items")).failure == error::storage_corrupt);
    const auto aside = [&] {
        const std::filesystem::directory_iterator files(directory.path());
        return std::count_if(begin(files), end(files), [](const auto& entry) {
            const auto name = entry.path().filename().string();
            return name.starts_with("damaged.db.corrupt-") && name.ends_with("Z");
        });
    };
    CHECK(aside() == 1);
    Process fresh(Objects(damaged, "items"));
    CHECK_FALSE(fresh.failure);
    CHECK_FALSE(fresh.add("a", {}));
}

TEST_CASE("a text that is no document is damage, and others are still read") {
    const TemporaryDirectory directory;
    Process items(Objects(directory.path() / "shop.db", "items"));
    REQUIRE_FALSE(items.add("good", {{"n", 1}}));
    REQUIRE_FALSE(items.add("bad", {{"n", 2}}));
    auto database = sluice::detail::SqliteDatabase::open((directory.path() / "shop.db").string(),
                                                         SQLITE_OPEN_READWRITE, "");
    REQUIRE(database->execute("UPDATE items SET body='{\"n\":2' WHERE id='bad'").has_value());
    CHECK(items.run(items.items->get("bad")).error() == error::item_invalid);
    CHECK(items.run(items.items->get("good")).has_value());
    CHECK(items.run(items.items->query()).error() == error::item_invalid);
    const sluice::Query some(sluice::Field("n") == 7);
    CHECK(items.run(items.items->query(some)).error() == error::item_invalid);
    CHECK(items.run(items.items->get("good")).has_value());
}

TEST_CASE("the log says which item cannot be read, once each time that it was written, and nothing of what is in it") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "shop.db";
    std::vector<std::string> lines; // of the process's thread, which is done with it when a later call completes
    Process items(Objects(path, "items").look_every(1h),
                  [&](sluice::LogLevel, std::string_view line) { lines.emplace_back(line); });
    REQUIRE_FALSE(items.add("good", {}));
    REQUIRE_FALSE(items.add("bad\n", {}));
    auto database = sluice::detail::SqliteDatabase::open(path.string(), SQLITE_OPEN_READWRITE, "");
    REQUIRE(database->execute("UPDATE items SET body='secret' WHERE id LIKE 'bad%'").has_value());
    const auto look = [&] {
        for (int i = 0; i < 2; ++i) {
            CHECK(items.run(items.items->query()).error() == error::item_invalid);
            CHECK(items.run(items.items->get("bad\n")).error() == error::item_invalid);
            CHECK(items.run(items.items->get("good")).has_value());
        }
    };
    look();
    const auto line = "repository " + path.string() + ": the item ";
    REQUIRE(lines.size() == 1);
    CHECK(lines[0] == line + R"("bad\n", version 2 in the collection "items", is no JSON object)");
    REQUIRE(items.run(items.items->remove("bad\n")).has_value());
    REQUIRE(items.run(items.items->query()).has_value());

    auto live = items.run(items.items->live("good"));
    REQUIRE(live.has_value());
    REQUIRE(database->execute("INSERT INTO items VALUES ('items', '', 100, 0, '[\"secret\"]');"
                              "UPDATE counters SET value=100 WHERE name='version'").has_value());
    CHECK(items.run(items.items->get("good")).has_value()); // a look, and what it saw is told after it
    CHECK(items.run(items.items->get("good")).has_value());
    REQUIRE(lines.size() == 2);
    CHECK(lines[1] == line + R"(whose id cannot be one, version 100 in the collection "items", is no JSON object)");
}

TEST_CASE("paths and names that can never work are refused at once") {
    CHECK_THROWS_AS(Objects("", "items"), std::invalid_argument);
    CHECK_THROWS_AS(Objects("directory/", "items"), std::invalid_argument);
    CHECK_THROWS_AS(Objects("shop.db", ""), std::invalid_argument);
    CHECK_THROWS_AS(static_cast<void>(Objects("shop.db", "items").look_every(0s)), std::invalid_argument);
    CHECK(Process(Objects("/nowhere/shop.db", "items")).failure == error::storage_unwritable);
}

TEST_CASE("kill -9 takes nothing that has completed, leaves nothing half done, and does not stop others" * forks) {
    const TemporaryDirectory directory;
    const auto recipe = Objects(directory.path() / "shop.db", "items").look_every(2ms);
    CHECK_FALSE(Process(recipe).add("count", {{"n", 0}}));
    int done = 0;
    for (int round = 0; round < 3; ++round) {
        int ends[2];
        REQUIRE(pipe(ends) == 0);
        const auto child = fork();
        if (child == 0) write_until_killed(recipe, done + 1, ends[1]);
        ::close(ends[1]);
        Process watching(recipe);
        auto counts = watching.run(watching.items->live("count"));
        REQUIRE(counts.has_value());
        const auto enough = done + 30;
        while (done < enough && read(ends[0], &done, sizeof done) == sizeof done) {}
        kill(child, SIGKILL);
        while (read(ends[0], &done, sizeof done) == sizeof done) {}
        ::close(ends[0]);
        int status = 0;
        waitpid(child, &status, 0);
        CHECK(WIFSIGNALED(status));
        CHECK(done >= enough);

        for (std::int64_t counted = 0; counted < done;) {
            const auto told = watching.run(counts->next());
            REQUIRE((told && *told));
            counted = (*told)->value.at("n").as_int64();
        }
        Process after(recipe);
        for (int i = 1; i <= done + 1; ++i) {
            const auto a = after.run(after.items->get("a" + std::to_string(i)));
            const auto b = after.run(after.items->get("b" + std::to_string(i)));
            if (i <= done) CHECK((b && *b == object{{"n", i}}));
            if (i <= done) CHECK(a.has_value() == (i % 3 != 0));
            if (i > done && i % 3 != 0) CHECK(a.has_value() == b.has_value()); // the pair that it was at
        }
        const auto begun = after.run(after.items->get("b" + std::to_string(done + 1))).has_value();
        CHECK(after.run(after.items->get("b" + std::to_string(done + 2))).error() == error::not_found);
        if (begun) ++done;
        CHECK_FALSE(watching.add("after " + std::to_string(round), {}));
    }
    const auto path = (directory.path() / "shop.db").string();
    auto database = sluice::detail::SqliteDatabase::open(path, SQLITE_OPEN_READWRITE, "");
    CHECK(database->first_text("PRAGMA integrity_check").value() == "ok");
}

TEST_CASE("the log of a file stays small though somebody always reads") {
    const TemporaryDirectory directory;
    const auto path = directory / "items.db";
    Process writer(Objects(path, "items"));
    REQUIRE_FALSE(writer.failure);
    REQUIRE_FALSE(writer.add("big", object()));
    std::atomic<bool> done = false;
    std::thread readers([&] { // the next one begins before the last one has ended
        std::array<sqlite3*, 2> each{};
        for (auto& reader : each) sqlite3_open(path.c_str(), &reader);
        for (std::size_t turn = 0; !done; turn = 1 - turn) {
            sqlite3_exec(each[turn], "BEGIN; SELECT count(*) FROM items", nullptr, nullptr, nullptr);
            std::this_thread::sleep_for(1ms);
            sqlite3_exec(each[1 - turn], "COMMIT", nullptr, nullptr, nullptr);
        }
        for (auto* const reader : each) sqlite3_close(reader);
    });
    std::uintmax_t most = 0;
    for (int i = 0; i < 60; ++i) { // 4 MB each
        std::vector<Identified<object>> items;
        items.emplace_back("big", object{{"text", std::string(std::size_t{4} << 20U, static_cast<char>('a' + i % 26))}});
        CHECK(writer.run(writer.items->update_all(std::move(items))).has_value());
        most = std::max(most, std::filesystem::file_size(path.string() + "-wal"));
    }
    done = true;
    readers.join();
    CHECK(most < (std::uintmax_t{80} << 20U));
}

TEST_CASE("a full disk refuses what does not fit, changes nothing, and takes it when there is room") {
    Disk disk;
    const TemporaryDirectory directory;
    const auto recipe = Objects(directory.path() / "shop.db", "items").look_every(1h);
    Process items(recipe);
    REQUIRE_FALSE(items.failure);
    REQUIRE_FALSE(items.add("a", {{"n", 1}}));
    auto live = items.run(items.items->live(sluice::Query()));
    REQUIRE(live.has_value());
    CHECK((*items.run(live->next()))->value.size() == 1);
    const object large{{"data", std::string(300'000, 'x')}};
    const auto grow = [&](object) { return large; };
    std::vector<Identified<object>> many;
    for (int i = 0; i < 50; ++i) many.emplace_back("many" + std::to_string(i), large);

    disk.fill(true);
    CHECK(items.add("large", large) == error::storage_full);
    CHECK(items.run(items.items->update("a", grow)).error() == error::storage_full);
    CHECK(items.run(items.items->add_all(many)).error() == error::storage_full);
    CHECK(items.run(items.items->get("large")).error() == error::not_found);
    CHECK(items.run(items.items->get("many0")).error() == error::not_found);
    CHECK(items.run(items.items->get("a")).value() == object{{"n", 1}});
    CHECK(items.run(items.items->query()).value().items.size() == 1);
    CHECK(Process(Objects(directory.path() / "other.db", "items")).failure == error::storage_full);

    disk.fill(false);
    CHECK(items.run(items.items->update("a", grow)).has_value());
    CHECK(items.run(items.items->add_all(many)).has_value());
    // Nothing was told of what failed.
    const auto first = *items.run(live->next());
    CHECK((first->value.size() == 1 && first->value.front().object == large));
    CHECK((*items.run(live->next()))->value.size() == 51);
    Process again(recipe);
    CHECK(again.run(again.items->query()).value().items.size() == 51);
    auto database = sluice::detail::SqliteDatabase::open((directory.path() / "shop.db").string(),
                                                         SQLITE_OPEN_READWRITE, "");
    CHECK(database->first_text("PRAGMA integrity_check").value() == "ok");
}
