#include <sluice/storage/memory.hpp>

#include "run.hpp"
#include "world.hpp"

using namespace sluice;

TEST_CASE("memory shares bodies and copies none") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        TestWorld world(context.get_executor());
        auto storage = co_await MemoryStorage().open(world.world);
        REQUIRE(storage.has_value());
        const auto body = std::make_shared<const std::string>("body");
        std::vector<Chunk> chunks(1, Chunk("stream", 1, 1, body));
        const auto stored = co_await storage->append(std::move(chunks));
        CHECK(stored.has_value());
        const auto found = co_await storage->read("stream", 0, 100);
        REQUIRE(found.has_value());
        CHECK(found->front().body == body);
        CHECK(!storage->persistent());
    });
}

TEST_CASE("every memory store has an id of its own, from the clock's dice") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        TestWorld world(context.get_executor());
        const MemoryStorage recipe;
        const auto one = co_await recipe.open(world.world);
        const auto other = co_await recipe.open(world.world);
        CHECK(one->identity().id != other->identity().id);
        CHECK(one->identity().next_sequence == 1);
    });
}

TEST_CASE("memory refuses a used sequence and an oversize body, with all that came in the same call") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        TestWorld world(context.get_executor());
        auto storage = co_await MemoryStorage().open(world.world);
        const auto body = std::make_shared<const std::string>("body");
        std::vector<Chunk> used{Chunk("stream", 5, 10, body), Chunk("stream", 14, 1, body)};
        const auto reused = co_await storage->append(std::move(used));
        CHECK(reused.error() == error::storage_failed);
        const auto huge = std::make_shared<const std::string>(storage->max_chunk_bytes() + 1, 'x');
        std::vector<Chunk> large{Chunk("stream", 5, 1, body), Chunk("stream", 6, 1, huge)};
        const auto refused = co_await storage->append(std::move(large));
        CHECK(refused.error() == error::record_too_large);
        const auto names = co_await storage->streams();
        CHECK(names->empty());
        std::vector<Chunk> good(1, Chunk("stream", 5, 1, nullptr));
        const auto stored = co_await storage->append(std::move(good));
        CHECK(stored.has_value());
        const auto found = co_await storage->read("stream", 0, 0);
        CHECK(found->size() == 1);
    });
}
