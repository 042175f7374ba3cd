#include <sluice/repository/conformance.hpp>
#include <sluice/repository/memory.hpp>

#include "world.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace asio = boost::asio;
using boost::json::object;
using Objects = sluice::MemoryRepository<object>;

} // namespace

TEST_CASE("a repository in memory keeps every rule") {
    asio::io_context context;
    TestWorld world(context.get_executor());
    auto check = asio::co_spawn(context, sluice::check_repository([] { return Objects(); }, world.world),
                                asio::use_future);
    context.run();
    for (const auto& broken : check.get()) FAIL_CHECK(broken);
}

TEST_CASE("a repository in memory runs in two worlds at a time, each on a thread of its own") {
    constexpr std::int64_t changes = 500;
    const Objects recipe;
    const auto one_more = [](object value) {
        value["n"] = value.at("n").as_int64() + 1;
        return value;
    };
    const auto add_to = [&](sluice::World& world) -> asio::awaitable<void> {
        auto items = (co_await recipe.open(world)).value();
        for (std::int64_t i = 0; i < changes; ++i) (co_await items.update("sum", one_more)).value();
    };
    const auto watch = [&](sluice::World& world, asio::io_context& others) -> asio::awaitable<void> {
        auto items = (co_await recipe.open(world)).value();
        sluice::Identified<object> sum("sum", object());
        sum.object["n"] = 0;
        (co_await items.add(sum)).value();
        auto live = (co_await items.live(sluice::Query())).value();
        std::thread beside([&] { others.run(); });
        std::int64_t seen = -1, told = 0;
        std::uint64_t skipped = 0;
        try {
            for (; seen < 2 * changes; ++told) {
                if (told < changes) (co_await items.update("sum", one_more)).value();
                const auto update = (co_await live.next()).value();
                const auto now = update->value.front().object.at("n").as_int64();
                CHECK(now > seen);
                seen = now;
                skipped += update->skipped;
            }
        } catch (...) {
            beside.join();
            throw;
        }
        beside.join();
        CHECK(seen == 2 * changes);
        CHECK(told + static_cast<std::int64_t>(skipped) == 2 * changes + 1); // as it was, too
    };
    asio::io_context here, there;
    TestWorld world(here.get_executor()), other(there.get_executor());
    auto added = asio::co_spawn(there, add_to(other.world), asio::use_future);
    auto watched = asio::co_spawn(here, watch(world.world, there), asio::use_future);
    here.run();
    watched.get();
    added.get();
}
