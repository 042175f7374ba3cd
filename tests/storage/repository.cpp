#include <sluice/storage/repository.hpp>

#include "producer/fixture.hpp"
#include "run.hpp"
#include "storage/restart.hpp"
#include "storage/temporary.hpp"
#include "world.hpp"

#include <sluice/repository/sqlite.hpp>
#include <sluice/storage/conformance.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace sluice;
using namespace std::chrono_literals;
using boost::json::object;
using InMemory = RepositoryStorage<MemoryRepository<object>>;
using InFile = RepositoryStorage<SqliteRepository<object>>;

static_assert(DocumentRepository<MemoryRepository<object>>);
static_assert(DocumentRepository<SqliteRepository<int>>);
static_assert(!DocumentRepository<MemoryStorage>);
static_assert(Storage<InFile>);

template <Storage Model>
std::vector<std::string> violations(std::function<Model()> make) {
    std::vector<std::string> found;
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        TestWorld world(context.get_executor());
        found = co_await check_storage(make, world.world);
    });
    return found;
}

} // namespace

TEST_CASE("a storage in a repository in memory keeps every rule, and outlives no process") {
    for (const auto& rule : violations<InMemory>([] { return InMemory(MemoryRepository<object>()); })) FAIL_CHECK(rule);
    run([](asio::io_context& context) -> asio::awaitable<void> {
        TestWorld world(context.get_executor());
        const InMemory recipe{MemoryRepository<object>()};
        const auto storage = co_await recipe.open(world.world);
        REQUIRE(storage.has_value());
        CHECK_FALSE(storage->persistent());
    });
}

TEST_CASE("a storage in a repository in a file keeps every rule, however many share the file") {
    const TemporaryDirectory directory;
    int made = 0;
    const auto found = violations<InFile>([&] {
        const auto name = "buffer " + std::to_string(++made);
        return InFile(SqliteRepository<object>(directory / "shop.db", "items"), name);
    });
    for (const auto& rule : found) FAIL_CHECK(rule);
    CHECK(made > 10);
}

TEST_CASE("a storage and the items of its repository do not disturb each other") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        TestWorld world(context.get_executor());
        const MemoryRepository<object> repository;
        auto items = co_await repository.open(world.world);
        const Identified<object> item("item", object{{"kind", "item"}});
        const auto added = co_await items->add(item);
        CHECK(added.has_value());
        const InMemory recipe(repository);
        auto storage = co_await recipe.open(world.world);
        REQUIRE(storage.has_value());
        std::vector<Chunk> one(1, Chunk("stream", 1, 1, std::make_shared<const std::string>("body")));
        const auto stored = co_await storage->append(std::move(one));
        CHECK(stored.has_value());
        const auto got = co_await items->get("item");
        CHECK(got.value() == item.object);
        const Query question(Field("chunk_of") == "buffer");
        const auto chunks = co_await items->query(question);
        REQUIRE(chunks->items.size() == 1);
        CHECK(chunks->items.front().id == "buffer/chunks/stream/00000000000000000001");
        const InMemory other(repository, "other");
        auto beside = co_await other.open(world.world);
        REQUIRE(beside.has_value());
        CHECK(beside->identity().id != storage->identity().id);
        const auto none = co_await beside->streams();
        CHECK(none->empty());
        const auto names = co_await storage->streams();
        CHECK(names->size() == 1);
    });
}

TEST_CASE("names that can never work are refused at once") {
    const MemoryRepository<object> repository;
    CHECK_THROWS_AS(InMemory(repository, ""), std::invalid_argument);
    CHECK_THROWS_AS(InMemory(repository, std::string(201, 'x')), std::invalid_argument);
    CHECK_NOTHROW(InMemory(repository, std::string(200, '/')));
}

TEST_CASE("a repository that cannot be opened is told as a storage says it, and in the log") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        std::string logged;
        Options options("stream");
        options.log = Log([&](LogLevel, std::string_view line) { logged += line; });
        TestWorld world(context.get_executor(), options);
        const InFile recipe(SqliteRepository<object>("/nowhere/shop.db", "items"));
        const auto storage = co_await recipe.open(world.world);
        CHECK(storage.error() == error::storage_unwritable);
        CHECK(logged.find("the repository of the storage could not be opened") != std::string::npos);
    });
}

namespace {

/// A producer on a storage in a file, what its destination is to say, and what became its dead letters.
class Shop {
public:
    Shop(asio::io_context& context, const std::filesystem::path& path)
        : producer(make_producer(context.get_executor(), quick(), ScriptedDestination{script}, NobodySigns{},
                                 NoTransport{}, KeepDeadLetters{letters},
                                 InFile(SqliteRepository<object>(path, "items")))) {}

    std::shared_ptr<Script> script = std::make_shared<Script>();
    std::shared_ptr<std::vector<DeadLetter>> letters = std::make_shared<std::vector<DeadLetter>>();
    Producer<ScriptedDestination, NobodySigns, NoTransport, KeepDeadLetters, InFile> producer;
};

} // namespace

TEST_CASE("what a producer could not deliver is in its repository after a restart, and is delivered then, once") {
    const TemporaryDirectory directory;
    const auto path = directory / "shop.db";
    check_restart([&](asio::io_context& context) { return Shop(context, path); });
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        Shop again(context, path);
        co_await again.producer.async_open(asio::use_awaitable);
        CHECK(again.producer.stats().recovered == 0);
        TestWorld world(context.get_executor());
        auto items = co_await SqliteRepository<object>(path, "items").open(world.world);
        const auto left = co_await items->query();
        CHECK(left->items.size() == 2); // the store, and its owner
        co_await again.producer.async_close(asio::use_awaitable);
    });
}

TEST_CASE("a producer whose storage was taken over is told, and loses nothing that it was told is safe") {
    const TemporaryDirectory directory;
    const auto path = directory / "shop.db";
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        Shop first(context, path);
        first.script->repeat_last = true;
        first.script->replies.emplace_back([](const auto&, auto) { return fail(error::connection_failed); });
        co_await first.producer.async_put(Record("key", "safe"), asio::use_awaitable);
        Shop second(context, path);
        co_await second.producer.async_put(Record("key", "new"), asio::use_awaitable);
        const auto refused = co_await first.producer.async_put(Record("key", "late"), quietly);
        CHECK(std::get<0>(refused) == error::storage_locked);
        co_await second.producer.async_flush(asio::use_awaitable);
        std::set<std::string> arrived;
        for (const auto& arrival : second.script->taken) arrived.insert(arrival.data);
        CHECK(arrived == std::set<std::string>{"new", "safe"});
        co_await first.producer.async_close(10ms, asio::use_awaitable);
        co_await second.producer.async_close(asio::use_awaitable);
    });
}

TEST_CASE("a context may end while calls are under way") {
    const TemporaryDirectory directory;
    const InFile recipe(SqliteRepository<object>(directory / "shop.db", "items"));
    asio::io_context context;
    TestWorld world(context.get_executor());
    auto many = [&]() -> asio::awaitable<void> {
        auto storage = co_await recipe.open(world.world);
        for (std::uint64_t i = 1; storage; ++i) {
            std::vector<Chunk> one(1, Chunk("stream", i, 1, nullptr));
            (void)co_await storage->append(std::move(one));
        }
    };
    asio::co_spawn(context, many(), asio::detached);
    context.run_for(50ms);
    CHECK_FALSE(context.stopped());
}
