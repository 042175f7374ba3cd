#include <sluice/storage/repository.hpp>

#include "aws/fakes.hpp"
#include "producer/fixture.hpp"
#include "run.hpp"
#include "storage/restart.hpp"
#include "storage/temporary.hpp"
#include "world.hpp"

#include <sluice/repository/sqlite.hpp>
#include <sluice/storage/conformance.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
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

namespace {

/// What goes on in a `GatedRepository`.
class Stage {
public:
    Gate* gate = nullptr; ///< If there is one, every write waits for it.
    int writing = 0;      ///< Writes under way.
    int written = 0;      ///< Writes that were made.
    std::weak_ptr<const void> world;
    bool world_went_first = false; ///< Before a write that was under way in it.
};

/// A repository in memory whose writes take as long as a gate is shut.
class GatedRepository : public MemoryRepository<object> {
public:
    explicit GatedRepository(std::shared_ptr<Stage> stage) : stage_(std::move(stage)) {}

    class Documents : public MemoryRepository<object>::Shared {
    public:
        Documents(Shared inner, std::shared_ptr<Stage> stage) : Shared(std::move(inner)), stage_(std::move(stage)) {}

        asio::awaitable<result<void>> write(std::vector<repository::Change> changes) {
            const Performance performance(stage_);
            if (stage_->gate != nullptr) {
                const auto failure = co_await stage_->gate->wait();
                if (failure) co_return failure;
            }
            const auto made = co_await Shared::write(std::move(changes));
            if (made) ++stage_->written;
            co_return made;
        }

    private:
        class Performance {
        public:
            explicit Performance(std::shared_ptr<Stage> stage) : stage_(std::move(stage)) { ++stage_->writing; }
            Performance(const Performance&) = delete;
            Performance& operator=(const Performance&) = delete;
            ~Performance() {
                --stage_->writing;
                if (stage_->world.expired()) stage_->world_went_first = true;
            }

        private:
            std::shared_ptr<Stage> stage_;
        };

        std::shared_ptr<Stage> stage_;
    };

    asio::awaitable<result<Documents>> open_documents(World& world) const {
        auto inner = co_await MemoryRepository<object>::open_documents(world);
        co_return Documents(*std::move(inner), stage_);
    }

private:
    std::shared_ptr<Stage> stage_;
};

using Gated = RepositoryStorage<GatedRepository>;

/// A storage with its world, as a producer has them.
class Owner {
public:
    explicit Owner(const asio::any_io_executor& executor) : its(executor) {}

    TestWorld its;
    std::optional<Gated::Running> storage;
};

/// What a call of a storage gave, if it has ended.
using Ended = std::optional<error_code>;

/// Who waits has the storage until then.
asio::awaitable<void> append_into(std::shared_ptr<Owner> owner, std::uint64_t sequence, Ended& ended) {
    std::vector<Chunk> one(1, Chunk("stream", sequence, 1, std::make_shared<const std::string>("body")));
    const auto stored = co_await owner->storage->append(std::move(one));
    ended = stored ? error_code() : stored.error();
}

/// Three calls of a storage that are under way, the first of them at work, and who waits for them.
class ThreeCalls {
public:
    explicit ThreeCalls(std::shared_ptr<Stage> stage) : stage_(std::move(stage)) {}

    void begin(asio::io_context& context, Gate& gate) {
        asio::co_spawn(context, begin(context, Gated(GatedRepository(stage_)), gate), asio::detached);
        context.poll();
        CHECK(stage_->writing == 1);
        CHECK(count_ended() == 0);
    }

    /// Nobody waits any more, and the storage is gone, as at a producer's end.
    void leave(asio::io_context& context) {
        owner_.lock()->storage.reset();
        for (auto& signal : signals_) signal.emit(asio::cancellation_type::terminal);
        context.poll();
        for (const auto& each : ended_) CHECK(each == asio::error::operation_aborted);
    }

    [[nodiscard]] std::ptrdiff_t count_ended() const {
        return std::count_if(ended_.begin(), ended_.end(), [](const Ended& each) { return each.has_value(); });
    }

private:
    asio::awaitable<void> begin(asio::io_context& context, Gated recipe, Gate& gate) {
        auto owner = std::make_shared<Owner>(context.get_executor());
        owner->its.world.belong_to(owner);
        owner_ = owner;
        stage_->world = owner;
        auto opened = co_await recipe.open(owner->its.world);
        owner->storage.emplace(*std::move(opened));
        stage_->gate = &gate;
        for (std::size_t i = 0; i < ended_.size(); ++i) {
            asio::co_spawn(context, append_into(owner, i + 1, ended_[i]),
                           asio::bind_cancellation_slot(signals_[i].slot(), asio::detached));
        }
    }

    std::shared_ptr<Stage> stage_;
    std::weak_ptr<Owner> owner_;
    std::vector<Ended> ended_ = std::vector<Ended>(3);
    std::vector<asio::cancellation_signal> signals_ = std::vector<asio::cancellation_signal>(3);
};

} // namespace

TEST_CASE("a context may end while calls are under way, and takes all with it, whoever waits for them") {
    for (const bool left : {false, true}) {
        CAPTURE(left);
        const auto stage = std::make_shared<Stage>();
        ThreeCalls calls(stage);
        const auto holders = stage.use_count();
        {
            asio::io_context context;
            Gate gate(context.get_executor());
            calls.begin(context, gate);
            if (left) calls.leave(context);
            CHECK(stage->writing == 1);
            CHECK_FALSE(stage->world.expired()); // the calls have it
            CHECK(stage.use_count() > holders);
        }
        CHECK(calls.count_ended() == (left ? 3 : 0));
        CHECK(stage->writing == 0);
        CHECK_FALSE(stage->world_went_first);
        CHECK(stage->world.expired());
        CHECK(stage.use_count() == holders);
    }
}

TEST_CASE("calls that nobody waits for come to their end when the storage is gone, and then the world may go") {
    asio::io_context context;
    const auto stage = std::make_shared<Stage>();
    ThreeCalls calls(stage);
    const auto holders = stage.use_count();
    Gate gate(context.get_executor());
    calls.begin(context, gate);
    calls.leave(context);
    const auto before = stage->written;
    gate.open();
    context.poll();
    CHECK(stage->written == before + 3);
    CHECK(stage->writing == 0);
    CHECK_FALSE(stage->world_went_first);
    CHECK(stage->world.expired());
    CHECK(stage.use_count() == holders);
}
