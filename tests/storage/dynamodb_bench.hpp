#pragma once

#include "aws/fakes.hpp"
#include "storage/fake_table.hpp"

#include <sluice/dynamodb/client.hpp>
#include <sluice/storage/dynamodb_store.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

/// A table, and who opens stores in it: each is another owner.
class Bench {
public:
    using Fate = FakeTable::Fate;
    using Store = sluice::detail::DynamoDbStore;

    explicit Bench(const sluice::asio::any_io_executor& executor) : fake(executor) { fake.world.offer(table); }

    [[nodiscard]] std::unique_ptr<Store> store(std::chrono::milliseconds lease = std::chrono::seconds(30)) {
        --fake.clock.dice;
        return store_in(fake.world, lease);
    }

    /// Opens the store, whoever has it, for he is dead.
    [[nodiscard]] sluice::asio::awaitable<std::unique_ptr<Store>> open() {
        auto made = store();
        sluice::StoreIdentity fresh;
        fresh.id.fill(7);
        const auto identity = co_await made->open(fresh);
        REQUIRE_MESSAGE(identity.has_value(), fake.log);
        CHECK(identity->id == fresh.id);
        next = identity->next_sequence;
        co_return made;
    }

    /// Another process opens the store, uses it, and is gone, before this returns.
    void intrude(const std::function<sluice::asio::awaitable<void>(Store&)>& use) {
        const auto its_fate = std::exchange(table.fate, nullptr);
        sluice::asio::io_context inner;
        FakeWorld other(inner.get_executor());
        other.clock.dice = 5;
        other.world.offer(table);
        const auto its_store = store_in(other.world, std::chrono::seconds(30));
        const auto work = [&]() -> sluice::asio::awaitable<void> {
            const auto opened = co_await its_store->open(sluice::StoreIdentity());
            REQUIRE_MESSAGE(opened.has_value(), other.log);
            co_await use(*its_store);
        };
        sluice::asio::co_spawn(inner, work(), [](std::exception_ptr thrown) { CHECK_FALSE(thrown); });
        inner.run();
        table.fate = its_fate;
    }

    /// The request that comes after so many others, and perhaps all after it, has this fate.
    void strike(std::size_t after, Fate fate, bool for_good) {
        struck = 0;
        table.fate = [this, after, fate, for_good, seen = std::size_t{0}](std::string_view) mutable {
            const bool hit = ++seen == after + 1 || (for_good && seen > after);
            if (hit && struck++ > 0 && fate == Fate::unanswered) return Fate::refused;
            return hit ? fate : Fate::done;
        };
    }

    void heal() { table.fate = nullptr; }

    [[nodiscard]] std::string field_of_store(const char* name) const {
        return table.items.at({"buffer", "store"}).at(name).at("N").as_string().c_str();
    }

    FakeWorld fake;
    FakeTable table;
    std::uint64_t next = 0; ///< As of the last opening.
    int struck = 0;

private:
    [[nodiscard]] static std::unique_ptr<Store> store_in(sluice::World& world, std::chrono::milliseconds lease) {
        sluice::aws::ResolvedEndpoint where;
        where.endpoint = sluice::aws::Endpoint("http://127.0.0.1:8000", "127.0.0.1:8000");
        where.signing_name = "dynamodb";
        where.signing_region = "eu-west-1";
        auto client = std::make_shared<sluice::dynamodb::Client>(world, where);
        return std::make_unique<Store>(world, std::move(client), "chunks", "buffer", lease);
    }
};
