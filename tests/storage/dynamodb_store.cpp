#include <sluice/storage/dynamodb_store.hpp>

#include "run.hpp"
#include "storage/dynamodb_bench.hpp"
#include "storage/store_calls.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace sluice;
using namespace std::chrono_literals;
using asio::awaitable;
using boost::json::object;
using Fate = FakeTable::Fate;

} // namespace

TEST_CASE("a body is written before its chunk, and read by one query; opening reads no bodies") {
    run([](asio::io_context& context) -> awaitable<void> {
        Bench bench(context.get_executor());
        auto store = co_await bench.open();
        bench.table.operations.clear();
        std::vector<Chunk> some{chunk(1, 1'000'000), chunk(2, 10)};
        const auto failed = co_await append(*store, std::move(some));
        CHECK_FALSE(failed);
        CHECK(bench.table.operations ==
              std::vector<std::string>{"BatchWriteItem", "BatchWriteItem", "BatchWriteItem", "TransactWriteItems"});
        CHECK(bench.table.count("buffer/stream") == 4);
        CHECK(bench.table.count("buffer", "chunks/stream/") == 2);
        bench.table.operations.clear();
        const auto found = co_await sequences(*store);
        CHECK(found == Firsts{1, 2});
        CHECK(bench.table.operations == std::vector<std::string>{"Query"});
        bench.table.operations.clear();
        const auto more = co_await append(*store, chunk(3));
        CHECK_FALSE(more);
        CHECK(bench.table.operations == std::vector<std::string>{"BatchWriteItem", "TransactWriteItems"});
        const auto settled = co_await remove(*store, chunk(1, 1'000'000));
        CHECK_FALSE(settled);
        CHECK(bench.table.count("buffer/stream") == 2);
        const auto released = co_await store->release();
        CHECK(released.has_value());
        auto again = co_await bench.open();
        CHECK(bench.next == 4);
        const auto same = co_await sequences(*again);
        CHECK(same == Firsts{2, 3});
        CHECK(bench.fake.clock.waits.empty());
    });
}

TEST_CASE("no request has more than the service takes, and pages are followed") {
    run([](asio::io_context& context) -> awaitable<void> {
        Bench bench(context.get_executor());
        bench.table.page = 7;
        auto store = co_await bench.open();
        std::vector<Chunk> many;
        for (std::uint64_t i = 1; i <= 250; ++i) many.push_back(chunk(i));
        many.push_back(chunk(251, 20'000'000));
        std::vector<Settlement> all;
        for (const auto& each : many) all.push_back(gone(each));
        const auto failed = co_await append(*store, std::move(many));
        CHECK_FALSE(failed);
        const auto kept = co_await sequences(*store);
        CHECK(kept.size() == 251);
        CHECK(bench.table.most_writes <= 100);
        CHECK(bench.table.largest_request < 1'100'000);
        auto again = co_await bench.open();
        const auto same = co_await sequences(*again);
        CHECK(same == kept);
        const auto settled = co_await settle(*again, std::move(all));
        CHECK_FALSE(settled);
        CHECK(bench.table.count("buffer/stream") == 0);
        CHECK(bench.table.places("buffer") == std::vector<std::string>{"store", "streams/stream"});
    });
}

TEST_CASE("what a batch leaves over is written again") {
    run([](asio::io_context& context) -> awaitable<void> {
        Bench bench(context.get_executor());
        auto store = co_await bench.open();
        bench.table.fate = [n = 0](std::string_view operation) mutable {
            return operation == "BatchWriteItem" && ++n % 2 == 0 ? Fate::half : Fate::done;
        };
        const auto failed = co_await append(*store, chunk(1, 6'000'000));
        CHECK_FALSE(failed);
        const auto found = co_await sequences(*store);
        CHECK(found == Firsts{1});
        const auto settled = co_await remove(*store, chunk(1, 6'000'000));
        CHECK_FALSE(settled);
        CHECK(bench.table.count("buffer/stream") == 0);
    });
}

TEST_CASE("an append that stops anywhere stores all or nothing, and a reopened store has no rest of it") {
    run([](asio::io_context& context) -> awaitable<void> {
        for (const auto fate : {Fate::refused, Fate::unanswered}) {
            for (std::size_t after = 0; after <= 6; ++after) {
                CAPTURE(after);
                Bench bench(context.get_executor());
                auto store = co_await bench.open();
                bench.strike(after, fate, true);
                // The stream, six pieces in three requests, the last one another stream's, the chunks.
                std::vector<Chunk> large{chunk(1, 1'600'000), chunk(2), chunk(3, 10, 1, "other")};
                const auto failed = co_await append(*store, std::move(large));
                CHECK(failed == (after > 4 ? error_code() : error_code(error::storage_failed)));
                bench.heal();
                auto again = co_await bench.open();
                const auto found = co_await sequences(*again);
                const bool all = after > 4 || (after == 4 && fate == Fate::unanswered);
                CHECK(found == (all ? Firsts{1, 2} : Firsts{}));
                CHECK(bench.next == (all ? 4 : 1));
                CHECK(bench.table.count("buffer/stream") == (all ? 5 : 0));
                CHECK(bench.table.count("buffer/other") == (all ? 1 : 0));
                CHECK(bench.table.count("buffer", "chunks/") == (all ? 3 : 0));
            }
        }
    });
}

TEST_CASE("after an append that failed the store goes on, has nothing of it, and takes its sequences again") {
    run([](asio::io_context& context) -> awaitable<void> {
        for (const auto fate : {Fate::refused, Fate::unanswered}) {
            for (std::size_t after = 0; after <= 4; ++after) {
                CAPTURE(after);
                Bench bench(context.get_executor());
                auto store = co_await bench.open();
                bench.strike(after, fate, true);
                std::vector<Chunk> large{chunk(1, 1'600'000), chunk(2)};
                const auto failed = co_await append(*store, std::move(large));
                CHECK(failed == error::storage_failed);
                bench.heal();
                const auto none = co_await sequences(*store);
                CHECK(none.empty());
                const auto later = co_await append(*store, chunk(1, 500'000));
                CHECK_FALSE(later);
                const auto some = co_await sequences(*store);
                CHECK(some == Firsts{1});
                CHECK(bench.table.count("buffer/stream") == 2);
                CHECK(bench.table.count("buffer", "chunks/") == 1);
                auto again = co_await bench.open();
                CHECK(bench.next == 2);
            }
        }
    });
}

TEST_CASE("an answer that is lost once is no failure") {
    run([](asio::io_context& context) -> awaitable<void> {
        for (std::size_t after = 0; after <= 8; ++after) {
            CAPTURE(after);
            Bench bench(context.get_executor());
            bench.strike(after, Fate::unanswered, false);
            auto store = co_await bench.open();
            const auto failed = co_await append(*store, chunk(1, 500'000));
            CHECK_FALSE(failed);
            bench.fake.clock.advance(20s);
            const auto renewed = co_await store->renew();
            CHECK(renewed.has_value());
            const auto found = co_await sequences(*store);
            CHECK(found == Firsts{1});
            const auto cleared = co_await store->clear();
            CHECK(cleared.has_value());
            CHECK(bench.table.count("buffer/stream") == 0);
            CHECK(bench.struck == 1);
        }
    });
}

TEST_CASE("a damaged chunk that is cleared leaves no pieces") {
    run([](asio::io_context& context) -> awaitable<void> {
        Bench bench(context.get_executor());
        auto store = co_await bench.open();
        std::vector<Chunk> chunks{chunk(1, 900'000), chunk(2, 900'000)};
        CHECK_FALSE(co_await append(*store, std::move(chunks)));
        bench.table.items.at({"buffer", "chunks/stream/00000000000000000001"}).erase("body_bytes");
        auto again = co_await bench.open();
        const auto cleared = co_await again->clear();
        CHECK(cleared.has_value());
        CHECK(bench.table.count("buffer/stream") == 0);
        CHECK(bench.table.places("buffer") == std::vector<std::string>{"store", "streams/stream"});
    });
}

TEST_CASE("items that have no name of a store's are left alone") {
    run([](asio::io_context& context) -> awaitable<void> {
        Bench bench(context.get_executor());
        auto store = co_await bench.open();
        CHECK_FALSE(co_await append(*store, chunk(1)));
        for (const auto* const name : {"chunks/stream/0000000000000000000x", "chunks/str%65am/00000000000000000001",
                                       "chunks/stream/+0000000000000000001", "chunks/x", "streams/str%65am", "notes"}) {
            auto item = bench.table.items.at({"buffer", "chunks/stream/00000000000000000001"});
            item["place"] = object{{"S", name}};
            bench.table.items[{"buffer", name}] = item;
        }
        auto again = co_await bench.open();
        const auto usage = co_await again->usage();
        CHECK(usage->records == 1);
        const auto streams = co_await again->streams();
        CHECK(*streams == std::vector<std::string>{"stream"});
        const auto cleared = co_await again->clear();
        CHECK(cleared.has_value());
        CHECK(bench.table.count("buffer") == 8);
    });
}

TEST_CASE("a request that arrives late changes nothing") {
    run([](asio::io_context& context) -> awaitable<void> {
        Bench bench(context.get_executor());
        auto store = co_await bench.open();
        const auto failed = co_await append(*store, chunk(1));
        CHECK_FALSE(failed);
        // As if an older write of the same owner had been done only now, and told as failed.
        auto late = bench.table.items.at({"buffer", "store"});
        late["version"] = object{{"N", "77"}};
        late["next_sequence"] = object{{"N", "50"}};
        bench.table.items[{"buffer", "store"}] = late;
        const auto refused = co_await append(*store, chunk(2));
        CHECK(refused == error::storage_failed);
        const auto again = co_await append(*store, chunk(3));
        CHECK_FALSE(again);
        const auto found = co_await sequences(*store);
        CHECK(found == Firsts{1, 3});
        const auto reopened = co_await bench.open();
        CHECK(bench.next == 4);
    });
}

TEST_CASE("a settlement that fails anywhere may be repeated, and loses nothing that is live") {
    run([](asio::io_context& context) -> awaitable<void> {
        for (const auto fate : {Fate::refused, Fate::unanswered}) {
            for (std::size_t after = 0; after <= 3; ++after) {
                CAPTURE(after);
                Bench bench(context.get_executor());
                auto store = co_await bench.open();
                std::vector<Chunk> chunks{chunk(1, 5'000'000), chunk(2), chunk(3, 10, 2), chunk(5)};
                const auto failed = co_await append(*store, chunks);
                CHECK_FALSE(failed);
                std::vector<Settlement> changes;
                for (const auto& each : chunks) changes.push_back(gone(each));
                changes[2].live = 1;
                changes.pop_back();
                bench.strike(after, fate, true);
                const auto once = co_await settle(*store, changes);
                CHECK(once == (after > 0 ? error_code() : error_code(error::storage_failed)));
                bench.heal();
                const auto twice = co_await settle(*store, changes);
                CHECK_FALSE(twice);
                const auto found = co_await sequences(*store);
                CHECK(found == Firsts{3, 5});
                CHECK(bench.table.count("buffer/stream") == 2);
                CHECK(bench.table.count("buffer", "chunks/") == 2);
                auto again = co_await bench.open();
                const auto usage = co_await again->usage();
                CHECK(usage->records == 2);
            }
        }
    });
}

TEST_CASE("what was cleared is gone at once and for good, whatever fails") {
    run([](asio::io_context& context) -> awaitable<void> {
        for (std::size_t after = 0; after <= 4; ++after) {
            CAPTURE(after);
            Bench bench(context.get_executor());
            auto store = co_await bench.open();
            std::vector<Chunk> chunks;
            for (std::uint64_t i = 1; i <= 150; ++i) chunks.push_back(chunk(i));
            const auto failed = co_await append(*store, std::move(chunks));
            CHECK_FALSE(failed);
            bench.strike(after, Fate::refused, true);
            const auto cleared = co_await store->clear();
            CHECK(cleared.has_value() == (after > 0));
            bench.heal();
            auto again = co_await bench.open();
            const auto left = co_await sequences(*again);
            CHECK(left.size() == (after > 0 ? 0 : 150));
            CHECK(bench.next == 151);
            CHECK(bench.table.count("buffer/stream") == left.size());
        }
    });
}

TEST_CASE("a damaged chunk holds up no other, is told in the log, and stays where it is") {
    run([](asio::io_context& context) -> awaitable<void> {
        const FakeTable::Key head{"buffer", "chunks/stream/00000000000000000002"};
        const auto piece_of = [](FakeTable& table) {
            for (auto& [key, item] : table.items) {
                if (key.second.starts_with("00000000000000000002/")) return key;
            }
            return FakeTable::Key();
        };
        const std::vector<std::function<void(FakeTable&)>> ways{
            [&](FakeTable& table) { table.items.at(head).erase("count"); },
            [&](FakeTable& table) { table.items.erase(piece_of(table)); },
            [&](FakeTable& table) { table.items.at(piece_of(table))["body"] = object{{"B", "YQ=="}}; },
            [&](FakeTable& table) { table.items.at(piece_of(table))["body"] = object{{"S", "YQ=="}}; }};
        for (const auto& spoil : ways) {
            Bench bench(context.get_executor());
            auto store = co_await bench.open();
            std::vector<Chunk> chunks{chunk(1), chunk(2, 500'000), chunk(3)};
            const auto failed = co_await append(*store, std::move(chunks));
            CHECK_FALSE(failed);
            spoil(bench.table);
            auto again = co_await bench.open();
            const auto found = co_await sequences(*again);
            CHECK(found == Firsts{1, 3});
            const auto all = co_await again->read("stream", 0, no_limit);
            REQUIRE(all->size() == 3);
            CHECK((*all)[1].first == 2);
            CHECK((*all)[1].body == nullptr);
            CHECK(bench.fake.log.find("damaged; it stays where it is") != std::string::npos);
            CHECK(bench.table.items.contains(head));
        }
    });
}

TEST_CASE("a removal that arrives late harms nothing of what was appended again") {
    run([](asio::io_context& context) -> awaitable<void> {
        Bench bench(context.get_executor());
        auto store = co_await bench.open();
        bench.strike(2, Fate::refused, true); // the stream, a piece, the chunk
        CHECK(co_await append(*store, chunk(1)) == error::storage_failed);
        bench.heal();
        const auto first_piece = bench.table.places("buffer/stream");
        REQUIRE(first_piece.size() == 1);
        CHECK_FALSE(co_await append(*store, chunk(1)));
        bench.table.items.erase({"buffer/stream", first_piece.front()}); // now
        const auto found = co_await sequences(*store);
        CHECK(found == Firsts{1});
    });
}

TEST_CASE("pieces that an owner wrote when he was one no more are removed by a later opening, and by a removal of all") {
    run([](asio::io_context& context) -> awaitable<void> {
        for (const bool cleared : {false, true}) {
            Bench bench(context.get_executor());
            auto first = co_await bench.open();
            CHECK_FALSE(co_await append(*first, chunk(1)));
            auto pieces = bench.table.items;
            bench.strike(2, Fate::refused, true);
            CHECK(co_await append(*first, chunk(2, 900'000)) == error::storage_failed);
            bench.heal();
            std::swap(pieces, bench.table.items);
            auto second = co_await bench.open();
            for (std::uint64_t i = 2; i <= 4; ++i) CHECK_FALSE(co_await append(*second, chunk(i)));
            for (const auto& [key, item] : pieces) {
                if (key.second.starts_with("00000000000000000002/")) bench.table.items.emplace(key, item);
            }
            CHECK(bench.table.count("buffer/stream") == 4 + 3);
            const auto kept = co_await sequences(*second);
            CHECK(kept == Firsts{1, 2, 3, 4});
            if (cleared) {
                const auto done = co_await second->clear();
                CHECK(done.has_value());
            } else {
                CHECK_FALSE(co_await remove(*second, chunk(1)));
                CHECK_FALSE(co_await remove(*second, chunk(2)));
                auto third = co_await bench.open();
                const auto left = co_await sequences(*third);
                CHECK(left == Firsts{3, 4});
            }
            CHECK(bench.table.count("buffer/stream") == (cleared ? 0 : 2));
        }
    });
}

TEST_CASE("what cannot be removed now does not hold up what comes") {
    run([](asio::io_context& context) -> awaitable<void> {
        Bench bench(context.get_executor());
        auto store = co_await bench.open();
        CHECK_FALSE(co_await append(*store, chunk(1)));
        bench.table.removes = false;
        CHECK_FALSE(co_await remove(*store, chunk(1)));
        CHECK_FALSE(co_await append(*store, chunk(2)));
        const auto left = co_await sequences(*store);
        CHECK(left == Firsts{2});
        const auto with_debris = bench.table.items.size();
        bench.table.removes = true;
        CHECK_FALSE(co_await append(*store, chunk(3)));
        CHECK(bench.table.items.size() == with_debris); // two more, and two less
    });
}

TEST_CASE("what can never be stored is refused, with all that came in the same call") {
    run([](asio::io_context& context) -> awaitable<void> {
        Bench bench(context.get_executor());
        auto store = co_await bench.open();
        const auto before = bench.table.items;
        std::vector<Chunk> used{chunk(5, 10, 10), chunk(14)};
        const auto reused = co_await append(*store, std::move(used));
        CHECK(reused == error::storage_failed);
        std::vector<Chunk> huge{chunk(5), chunk(6, detail::StoredChunk::largest_body + 1)};
        const auto large = co_await append(*store, std::move(huge));
        CHECK(large == error::record_too_large);
        const auto named = co_await append(*store, chunk(5, 10, 1, std::string(1'000, 'x')));
        CHECK(named == error::storage_failed);
        CHECK(bench.table.items == before);
        auto empty = chunk(5);
        empty.live = 0;
        const auto nothing = co_await append(*store, std::move(empty));
        CHECK_FALSE(nothing);
        CHECK(bench.table.count("buffer") == 1);
        auto again = co_await bench.open();
        CHECK(bench.next == 6);
    });
}
