#include <sluice/storage/dynamodb.hpp>

#include "aws/fakes.hpp"
#include "producer/fixture.hpp"
#include "run.hpp"
#include "storage/fake_table.hpp"
#include "storage/restart.hpp"
#include "world.hpp"

#include <sluice/blocking_producer.hpp>
#include <sluice/storage/conformance.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace sluice;
using namespace std::chrono_literals;

static_assert(Storage<DynamoDbStorage>);

Options somewhere() {
    auto options = quick();
    options.region = "eu-west-1";
    return options;
}

DynamoDbStorage buffers(std::string name = "buffer") {
    return DynamoDbStorage("chunks", std::move(name)).on_machine(aws::Machine());
}

/// A world with a real clock, whose transport leads to a table.
class TableWorld {
public:
    explicit TableWorld(const asio::any_io_executor& executor, Options options = somewhere())
        : inner(executor, std::move(options)) {
        inner.world.offer(table);
        inner.world.offer(credentials);
    }

    World& operator*() { return inner.world; }

    FakeTable table;
    FakeCredentials credentials;
    TestWorld inner;
};

/// Runs `body(world)` on a world that is there until everything has come to its end, leases that are given back too.
template <class Body>
void run_on_table(Body body, Options options = somewhere()) {
    asio::io_context context;
    TableWorld world(context.get_executor(), std::move(options));
    bool ended = false;
    asio::co_spawn(context, body(world), [&](std::exception_ptr thrown) {
        ended = true;
        if (thrown) std::rethrow_exception(thrown);
    });
    context.run_for(60s);
    CHECK(ended);
    CHECK(context.stopped());
}

/// A transport policy that leads to a table which outlives it.
class ToTable {
public:
    using policy_kind = kind::transport;

    explicit ToTable(std::shared_ptr<FakeTable> its_table) : table(std::move(its_table)) {}

    class Running {
    public:
        explicit Running(std::shared_ptr<FakeTable> table) : table_(std::move(table)) {}

        asio::awaitable<result<HttpResponse>> send(HttpRequest request) { return table_->send(std::move(request)); }

    private:
        std::shared_ptr<FakeTable> table_;
    };

    asio::awaitable<result<Running>> open(World&) const { co_return Running(table); }

    std::shared_ptr<FakeTable> table;
};

/// A producer on a storage in a table, what its destination is to say, and what became its dead letters.
class Stall {
public:
    Stall(asio::io_context& context, const std::shared_ptr<FakeTable>& table, DynamoDbStorage storage = buffers())
        : producer(make_producer(context.get_executor(), somewhere(), ScriptedDestination{script}, NobodySigns{},
                                 ToTable{table}, KeepDeadLetters{letters}, std::move(storage))) {}

    void go_offline() {
        script->repeat_last = true;
        script->replies.emplace_back([](const auto&, auto) { return fail(error::connection_failed); });
    }

    std::shared_ptr<Script> script = std::make_shared<Script>();
    std::shared_ptr<std::vector<DeadLetter>> letters = std::make_shared<std::vector<DeadLetter>>();
    Producer<ScriptedDestination, NobodySigns, ToTable, KeepDeadLetters, DynamoDbStorage> producer;
};

} // namespace

TEST_CASE("a storage in a table keeps every rule") {
    std::vector<std::string> found;
    run_on_table([&](TableWorld& world) -> asio::awaitable<void> {
        int made = 0;
        const auto make = [&] { return buffers("buffer " + std::to_string(++made)); };
        found = co_await check_storage(make, *world);
        CHECK(made > 10);
    });
    for (const auto& rule : found) FAIL_CHECK(rule);
}

TEST_CASE("a storage opens where its table is, or makes it if it may") {
    run_on_table([](TableWorld& world) -> asio::awaitable<void> {
        world.table.there = false;
        auto recipe = buffers();
        const auto missing = co_await recipe.open(*world);
        CHECK(missing.error() == error::table_not_found);
        auto maker = buffers().create_table();
        const auto made = co_await maker.open(*world);
        CHECK(made.has_value());
        CHECK(world.table.there);
        world.table.sort_key = "other";
        const auto unfit = co_await recipe.open(*world);
        CHECK(unfit.error() == error::table_unfit);
        TableWorld nowhere((*world).executor(), Options("stream"));
        const auto no_region = co_await recipe.open(*nowhere);
        CHECK(no_region.error() == error::region_missing);
        auto elsewhere = buffers().at("no URL");
        const auto no_endpoint = co_await elsewhere.open(*world);
        CHECK(no_endpoint.error() == error::endpoint_invalid);
    });
}

TEST_CASE("what can never work is refused at once") {
    CHECK_THROWS_AS(DynamoDbStorage("ab"), std::invalid_argument);
    CHECK_THROWS_AS(DynamoDbStorage("chunks", ""), std::invalid_argument);
    CHECK_THROWS_AS(DynamoDbStorage("chunks", std::string(201, 'x')), std::invalid_argument);
    CHECK_THROWS_AS(static_cast<void>(buffers().lease(0s)), std::invalid_argument);
    CHECK_THROWS_AS(static_cast<void>(buffers().lease(2h)), std::invalid_argument);
    CHECK_NOTHROW(static_cast<void>(buffers(std::string(200, '/')).lease(1h)));
}

TEST_CASE("a lease is kept as long as the storage is there, and given back at its end") {
    run_on_table([](TableWorld& world) -> asio::awaitable<void> {
        auto recipe = buffers().lease(1s);
        {
            auto storage = co_await recipe.open(*world);
            REQUIRE(storage.has_value());
            world.table.operations.clear();
            auto& clock = (*world).clock();
            const auto interrupted = co_await clock.async_wait_until(clock.steady() + 1'500ms);
            CHECK_FALSE(interrupted);
            CHECK(world.table.operations.size() >= 3);
            CHECK(std::set<std::string>(world.table.operations.begin(), world.table.operations.end()) ==
                  std::set<std::string>{"PutItem"});
            const auto locked = co_await recipe.open(*world);
            CHECK(locked.error() == error::storage_locked);
        }
        const auto before = std::chrono::steady_clock::now();
        const auto again = co_await recipe.open(*world);
        CHECK(again.has_value());
        CHECK(std::chrono::steady_clock::now() - before < 500ms);
    });
}

TEST_CASE("no attempt of a request takes longer than a part of the lease, or than the options say") {
    for (const auto& [timeout, longest] : {std::pair(30'000ms, 2'000ms), std::pair(700ms, 700ms)}) {
        auto options = somewhere();
        options.request_timeout = timeout;
        run_on_table([most = longest](TableWorld& world) -> asio::awaitable<void> {
            auto recipe = buffers().lease(12s);
            auto storage = co_await recipe.open(*world);
            REQUIRE(storage.has_value());
            CHECK(world.table.longest_timeout == most);
            co_await storage->close();
        }, options);
    }
}

TEST_CASE("what a producer could not deliver is in the table after a restart, and is delivered then, once") {
    const auto table = std::make_shared<FakeTable>();
    check_restart([&](asio::io_context& context) { return Stall(context, table); });
    CHECK(table->places("buffer") == std::vector<std::string>{"store", "streams/clicks"});
    CHECK(table->count("buffer/clicks") == 0);
}

TEST_CASE("when a producer has come to its end, its lease was given back") {
    const auto table = std::make_shared<FakeTable>();
    const auto lease = [&] { return table->items.at({"buffer", "store"}).at("lease_ms").at("N").as_string(); };
    {
        asio::io_context context;
        Stall stall(context, table);
        stall.producer.async_put(Record("key", "data"), [](error_code) {});
        stall.producer.async_close([&](error_code, const FlushReport&) { context.stop(); });
        context.run_for(30s);
        CHECK(context.stopped());
        CHECK(lease() == "0");
    }
    {
        BlockingProducer producer(somewhere(), ScriptedDestination{std::make_shared<Script>()}, NobodySigns{},
                                  ToTable{table}, buffers());
        producer.put({"key", "data"});
    }
    CHECK(lease() == "0");
}

TEST_CASE("who waits for the end of a lease is closed in time if he was given nothing, and else stores that first") {
    for (const bool put : {false, true}) {
        CAPTURE(put);
        const auto table = std::make_shared<FakeTable>();
        const auto recipe = buffers().lease(put ? 2s : 30s);
        {
            asio::io_context context;
            Stall killed(context, table, recipe);
            killed.go_offline();
            killed.producer.async_put(Record("key", "data"), [](error_code) {});
            context.run_for(50ms);
        }
        asio::io_context context;
        Stall stall(context, table, recipe);
        stall.go_offline();
        if (put) CHECK_FALSE(stall.producer.try_put(Record("key", "more")));
        else stall.producer.async_open([](error_code) {});
        const auto begun = std::chrono::steady_clock::now();
        bool closed = false;
        stall.producer.async_close(0ms, [&](error_code, const FlushReport&) { closed = true; });
        while (!closed && context.run_one_for(10s) > 0) {}
        CHECK(closed);
        const auto took = std::chrono::steady_clock::now() - begun;
        CHECK((put ? took >= 1'900ms : took < 10s));
        CHECK(stall.letters->empty());
        CHECK(table->count("buffer/clicks") == (put ? 2 : 1)); // what the killed one had, and what was put
    }
}

TEST_CASE("a context may end while a producer has its storage in a table") {
    const auto table = std::make_shared<FakeTable>();
    asio::io_context context; // it outlives its producers, and what these have under way outlives them
    Stall stall(context, table);
    stall.producer.async_put(Record("key", "data"), [](error_code) {});
    context.run_for(50ms);
    CHECK(table->count("buffer") > 0);
}
