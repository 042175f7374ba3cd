#include <sluice/storage/dynamodb_owner.hpp>

#include "run.hpp"
#include "storage/dynamodb_bench.hpp"
#include "storage/store_calls.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using namespace sluice;
using namespace std::chrono_literals;
using asio::awaitable;
using boost::json::object;
using Fate = FakeTable::Fate;

std::chrono::milliseconds all_waits(const Bench& bench) {
    std::chrono::milliseconds sum{0};
    for (const auto wait : bench.fake.clock.waits) sum += wait;
    return sum;
}

} // namespace

TEST_CASE("who opens a store waits until its lease was not renewed for its length, whatever clocks say") {
    run([](asio::io_context& context) -> awaitable<void> {
        for (const auto wrong : {-48h, 0h, 48h}) {
            Bench bench(context.get_executor());
            auto first = co_await bench.open();
            const auto stored = co_await append(*first, chunk(1));
            CHECK_FALSE(stored);
            bench.fake.clock.advance(12s);
            bench.fake.clock.set_wall(bench.fake.clock.wall() + wrong);
            bench.fake.clock.waits.clear();
            auto second = co_await bench.open();
            CHECK(all_waits(bench) == 30s);
            CHECK(bench.fake.log.find("waiting for the end of its lease, 30000 ms") != std::string::npos);
            CHECK(bench.next == 2);
            const auto late = co_await append(*first, chunk(2));
            CHECK(late == error::storage_locked);
            CHECK(first->lost());
            CHECK(bench.fake.log.find("another one has taken it over") != std::string::npos);
            const auto new_one = co_await append(*second, chunk(2, 50));
            CHECK_FALSE(new_one);
            const auto settled = co_await remove(*first, chunk(2));
            CHECK(settled == error::storage_locked);
            const auto read = co_await first->read("stream", 0, no_limit);
            CHECK(read.error() == error::storage_locked);
            const auto renewed = co_await first->renew();
            CHECK(renewed.error() == error::storage_locked);
            const auto released = co_await first->release();
            CHECK(released.error() == error::storage_locked);
            const auto found = co_await sequences(*second);
            CHECK(found == Firsts{1, 2});
        }
    });
}

TEST_CASE("a lease that is kept is not taken") {
    run([](asio::io_context& context) -> awaitable<void> {
        Bench bench(context.get_executor());
        auto first = co_await bench.open();
        auto second = bench.store(5s); // and waits as long as the first one's lease is
        // While the second one waits, the first one renews its lease.
        bench.table.fate = [&, n = 0](std::string_view operation) mutable {
            if (operation == "GetItem" && ++n == 2) bench.table.items.at({"buffer", "store"})["version"] = object{{"N", "2"}};
            return Fate::done;
        };
        const auto opened = co_await second->open(StoreIdentity());
        CHECK(opened.error() == error::storage_locked);
        CHECK(all_waits(bench) == 30s);
        CHECK(bench.fake.log.find("has it, and keeps its lease") != std::string::npos);
    });
}

TEST_CASE("a lease that is given back while somebody waits is taken soon") {
    run([](asio::io_context& context) -> awaitable<void> {
        Bench bench(context.get_executor());
        auto first = co_await bench.open();
        auto second = bench.store();
        bench.table.fate = [&, n = 0](std::string_view operation) mutable {
            if (operation != "GetItem" || ++n != 2) return Fate::done;
            auto& item = bench.table.items.at({"buffer", "store"});
            item["version"] = object{{"N", "2"}};
            item["lease_ms"] = object{{"N", "0"}};
            return Fate::done;
        };
        const auto opened = co_await second->open(StoreIdentity());
        CHECK(opened.has_value());
        CHECK(all_waits(bench) == 1s);
    });
}

TEST_CASE("who waits for a lease gives up when his producer is to end") {
    run([](asio::io_context& context) -> awaitable<void> {
        Bench bench(context.get_executor());
        auto first = co_await bench.open();
        auto second = bench.store();
        bench.table.fate = [&, looks = 0](std::string_view) mutable {
            if (++looks == 5) bench.fake.world.leave();
            return Fate::done;
        };
        const auto opened = co_await second->open(StoreIdentity());
        CHECK(opened.error() == asio::error::operation_aborted);
        CHECK(all_waits(bench) == 5s);
        CHECK_FALSE(co_await append(*first, chunk(1)));
    });
}

TEST_CASE("an opening that fails gives the lease back") {
    run([](asio::io_context& context) -> awaitable<void> {
        Bench bench(context.get_executor());
        auto store = bench.store();
        bench.table.fate = [queries = 0](std::string_view operation) mutable {
            return operation == "Query" && ++queries > 1 ? Fate::refused : Fate::done; // the first looks for orphans
        };
        const auto failed = co_await store->open(StoreIdentity());
        CHECK(failed.error() == error::storage_failed);
        bench.heal();
        bench.fake.clock.waits.clear();
        auto again = bench.store();
        const auto opened = co_await again->open(StoreIdentity());
        CHECK(opened.has_value());
        CHECK(bench.fake.clock.waits.empty());
    });
}

TEST_CASE("a lease is given back without a look at what there is") {
    run([](asio::io_context& context) -> awaitable<void> {
        Bench bench(context.get_executor());
        auto store = co_await bench.open();
        CHECK_FALSE(co_await append(*store, chunk(1)));
        bench.strike(1, Fate::unanswered, true);
        CHECK(co_await append(*store, chunk(2)) == error::storage_failed);
        bench.heal();
        bench.table.operations.clear();
        const auto released = co_await store->release();
        CHECK(released.has_value());
        CHECK(bench.table.operations == std::vector<std::string>{"GetItem", "PutItem"});
        bench.fake.clock.waits.clear();
        auto again = co_await bench.open();
        CHECK(bench.fake.clock.waits.empty());
    });
}

TEST_CASE("every write keeps the lease, and what was written just now needs no renewal") {
    run([](asio::io_context& context) -> awaitable<void> {
        Bench bench(context.get_executor());
        auto store = co_await bench.open();
        bench.table.operations.clear();
        const auto early = co_await store->renew();
        CHECK(early.has_value());
        CHECK(bench.table.operations.empty());
        bench.fake.clock.advance(10s);
        const auto due = co_await store->renew();
        CHECK(due.has_value());
        CHECK(bench.table.operations == std::vector<std::string>{"PutItem"});
        CHECK(bench.field_of_store("version") == "2");
        bench.fake.clock.advance(5s);
        const auto stored = co_await append(*store, chunk(1));
        CHECK_FALSE(stored);
        CHECK(bench.field_of_store("version") == "3");
        bench.fake.clock.advance(5s);
        const auto again = co_await store->renew();
        CHECK(again.has_value());
        CHECK(bench.field_of_store("version") == "3");
        CHECK(bench.field_of_store("lease_ms") == "30000");
    });
}

TEST_CASE("a lease is kept in the middle of what takes long") {
    run([](asio::io_context& context) -> awaitable<void> {
        Bench bench(context.get_executor());
        auto store = co_await bench.open();
        steady_time last_write = bench.fake.clock.steady();
        std::chrono::nanoseconds longest{0};
        // Each request takes 6 s. Who waits for the lease sees the time between two writes of the store's item.
        const auto slowly = [&](std::string_view operation) {
            bench.fake.clock.advance(6s);
            if (operation == "PutItem" || operation == "TransactWriteItems") {
                longest = std::max(longest, std::chrono::nanoseconds(bench.fake.clock.steady() - last_write));
                last_write = bench.fake.clock.steady();
            }
            return Fate::done;
        };
        std::vector<Chunk> many;
        for (std::uint64_t i = 1; i <= 40; ++i) many.push_back(chunk(i, 800'000));
        std::vector<Settlement> all;
        for (const auto& each : many) all.push_back(gone(each));
        bench.table.page = 5;
        bench.table.fate = slowly;
        CHECK_FALSE(co_await append(*store, std::move(many)));
        const auto found = co_await sequences(*store);
        CHECK(found.size() == 40);
        CHECK(longest > 0s);
        CHECK(longest <= 18s);
        bench.heal();
        auto again = bench.store();
        bench.table.fate = [&, taken = false](std::string_view operation) mutable {
            if (operation == "GetItem") return Fate::done;
            const auto fate = slowly(operation);
            if (operation == "PutItem" && !std::exchange(taken, true)) longest = 0s; // it waited for the lease before
            return fate;
        };
        const auto opened = co_await again->open(StoreIdentity());
        CHECK(opened.has_value());
        CHECK(longest > 0s);
        CHECK(longest <= 18s);
        longest = 0s;
        CHECK_FALSE(co_await settle(*again, std::move(all)));
        CHECK(bench.table.count("buffer/stream") == 0);
        CHECK(longest <= 18s);
        CHECK(longest > 0s);
    });
}

TEST_CASE("a lease is kept while one batch is throttled again and again") {
    run([](asio::io_context& context) -> awaitable<void> {
        Bench bench(context.get_executor());
        auto store = co_await bench.open();
        CHECK_FALSE(co_await append(*store, chunk(1)));
        bench.table.operations.clear();
        bench.table.fate = [&, batches = 0](std::string_view operation) mutable {
            bench.fake.clock.advance(8s);
            return operation == "BatchWriteItem" && ++batches == 1 ? Fate::half : Fate::done;
        };
        CHECK_FALSE(co_await append(*store, chunk(2, 700'000)));
        CHECK(bench.table.operations ==
              std::vector<std::string>{"BatchWriteItem", "PutItem", "BatchWriteItem", "TransactWriteItems"});
    });
}

TEST_CASE("who has let his lease run out looks whose the store is before he goes on") {
    run([](asio::io_context& context) -> awaitable<void> {
        Bench bench(context.get_executor());
        auto store = co_await bench.open();
        CHECK_FALSE(co_await append(*store, chunk(1)));
        bench.fake.clock.advance(29s);
        bench.table.operations.clear();
        const auto in_time = co_await store->streams();
        CHECK(in_time.has_value());
        CHECK(bench.table.operations.empty());
        bench.fake.clock.advance(1s);
        const auto nobody = co_await store->streams();
        CHECK(nobody.has_value());
        CHECK(bench.table.operations == std::vector<std::string>{"PutItem"});
        bench.fake.clock.advance(30s);
        bench.intrude([](auto& faster) -> awaitable<void> { CHECK_FALSE(co_await append(faster, chunk(2))); });
        const auto lost = co_await store->read("stream", 0, no_limit);
        CHECK(lost.error() == error::storage_locked);
    });
}

TEST_CASE("a lease that ran out while the table was out of reach is kept, if nobody took it") {
    run([](asio::io_context& context) -> awaitable<void> {
        Bench bench(context.get_executor());
        auto store = co_await bench.open();
        bench.strike(0, Fate::refused, true);
        bench.fake.clock.advance(10s);
        const auto failed = co_await store->renew();
        CHECK(failed.error() == error::storage_failed);
        CHECK_FALSE(store->lost());
        bench.fake.clock.advance(100s);
        bench.heal();
        const auto stored = co_await append(*store, chunk(1));
        CHECK_FALSE(stored);
    });
}

TEST_CASE("of two that take a store at the same time one has it") {
    run([](asio::io_context& context) -> awaitable<void> {
        for (const bool there : {false, true}) {
            Bench bench(context.get_executor());
            if (there) {
                auto before = co_await bench.open();
                const auto released = co_await before->release();
                CHECK(released.has_value());
            }
            auto second = bench.store();
            bench.table.fate = [&, done = false](std::string_view operation) mutable {
                if (operation != "PutItem" || std::exchange(done, true)) return Fate::done;
                bench.intrude([](auto& faster) -> awaitable<void> { CHECK_FALSE(co_await append(faster, chunk(1))); });
                return Fate::done;
            };
            const auto opened = co_await second->open(StoreIdentity());
            REQUIRE(opened.has_value()); // after the lease of the faster one, which is not kept
            CHECK(opened->next_sequence == 2);
            CHECK(all_waits(bench) == 30s);
        }
    });
}

TEST_CASE("who looks what became of his write while another one takes the store harms nothing of it") {
    run([](asio::io_context& context) -> awaitable<void> {
        // Before it is seen whose the store is; before it is fenced; before it is read.
        for (const std::string_view moment : {"GetItem", "PutItem", "Query"}) {
            CAPTURE(moment);
            Bench bench(context.get_executor());
            auto store = co_await bench.open();
            CHECK_FALSE(co_await append(*store, chunk(1)));
            bench.strike(2, Fate::refused, true);
            CHECK(co_await append(*store, chunk(2, 900'000)) == error::storage_failed); // its pieces are there
            bench.table.fate = [&, done = false](std::string_view operation) mutable {
                if (operation != moment || std::exchange(done, true)) return Fate::done;
                bench.intrude([](auto& faster) -> awaitable<void> {
                    CHECK_FALSE(co_await append(faster, chunk(2, 500'000)));
                    CHECK_FALSE(co_await append(faster, chunk(3)));
                });
                return Fate::done;
            };
            CHECK(co_await append(*store, chunk(2, 900'000)) == error::storage_locked);
            CHECK(store->lost());
            bench.heal();
            auto last = co_await bench.open();
            CHECK(bench.next == 4);
            const auto found = co_await sequences(*last);
            CHECK(found == Firsts{1, 2, 3});
        }
    });
}

TEST_CASE("a store whose own item is damaged, another's or gone is told so, and left as it is") {
    run([](asio::io_context& context) -> awaitable<void> {
        const FakeTable::Key key{"buffer", "store"};
        const object order{{"S", "order"}};
        const object one{{"S", "1"}};
        const object century{{"N", "3153600000000"}};
        for (const auto& [field, value, why] :
             {std::tuple("kind", order, error::storage_foreign), std::tuple("identity", one, error::storage_corrupt),
              std::tuple("lease_ms", century, error::storage_corrupt)}) {
            Bench bench(context.get_executor());
            auto store = co_await bench.open();
            bench.table.items.at(key)[field] = value;
            const auto before = bench.table.items;
            auto again = bench.store();
            const auto opened = co_await again->open(StoreIdentity());
            CHECK(opened.error() == why);
            CHECK(bench.table.items == before);
            bench.table.items.clear();
            const auto stored = co_await append(*store, chunk(1));
            CHECK(stored == error::storage_corrupt);
            CHECK(bench.fake.log.find("its items are gone") != std::string::npos);
        }
    });
}

TEST_CASE("chunks without their store are not taken for those of a new one") {
    run([](asio::io_context& context) -> awaitable<void> {
        Bench bench(context.get_executor());
        auto store = co_await bench.open();
        CHECK_FALSE(co_await append(*store, chunk(1)));
        store.reset();
        bench.table.items.erase({"buffer", "store"});
        const auto before = bench.table.items.size();
        auto again = bench.store();
        const auto opened = co_await again->open(StoreIdentity());
        CHECK(opened.error() == error::storage_corrupt);
        CHECK(bench.table.items.size() == before);
    });
}
