#include <sluice/detail/shard_book.hpp>

#include "chunks.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

namespace {

using namespace std::chrono_literals;
using chunks::start;
using sluice::Record;
using sluice::steady_time;
using sluice::detail::Ref;
using sluice::detail::ShardBook;
using sluice::kinesis::HashKey;
using sluice::kinesis::ShardMap;

ShardMap split_at(unsigned key, const std::string& low = "low", const std::string& high = "high") {
    return *ShardMap::from({{low, "0", std::to_string(key)}, {high, std::to_string(key + 1), HashKey::max().to_string()}});
}

std::unique_ptr<sluice::detail::LiveChunk> hashed(const std::string& hash_key) {
    Record record("k", "data");
    record.explicit_hash_key = hash_key;
    return chunks::live(chunks::make("s", 1, {record}));
}

TEST_CASE("without a map nothing is predicted, known, or asked for") {
    const ShardBook book;
    CHECK(book.map().size() == 0);
    CHECK(book.group_of(Ref(*hashed("7"), 0)) == 0);
    CHECK_FALSE(book.range_of("low").has_value());
    CHECK_FALSE(book.keyless());
    CHECK(book.alone());
    CHECK_FALSE(book.due(start));
    CHECK(book.due_at() == steady_time::max());
}

TEST_CASE("who wants the shards gets one listing, and with it predictions") {
    ShardBook book;
    book.want(start);
    CHECK(book.due(start));
    book.asked();
    CHECK_FALSE(book.due(start + 1h));
    book.want(start + 1s);
    CHECK_FALSE(book.due(start + 1h));
    book.learn(split_at(99), start + 1s);
    CHECK_FALSE(book.due(start + 1h));
    CHECK_FALSE(book.alone());
    CHECK(book.group_of(Ref(*hashed("7"), 0)) == 1);
    CHECK(book.group_of(Ref(*hashed("99"), 0)) == 1);
    CHECK(book.group_of(Ref(*hashed("100"), 0)) == 2);
    REQUIRE(book.range_of("high").has_value());
    CHECK(book.range_of("high")->first == HashKey(0, 100));
    CHECK(book.range_of("high")->second == HashKey::max());
}

TEST_CASE("one shard for all needs no hash, and a key that no shard holds has no group") {
    ShardBook book;
    book.learn(*ShardMap::from({{"one", "0", HashKey::max().to_string()}}), start);
    CHECK(book.group_of(Ref(*hashed("12345"), 0)) == 1);
    book.learn(*ShardMap::from({{"one", "0", "99"}}), start);
    CHECK(book.group_of(Ref(*hashed("12345"), 0)) == 0);
}

TEST_CASE("a map that surprised is not believed, and a new one is asked for at once, but not incessantly") {
    ShardBook book;
    book.learn(split_at(99), start);
    book.surprise(start + 2min);
    CHECK(book.map().size() == 0);
    CHECK(book.alone());
    CHECK(book.range_of("low").has_value()); // answers still come
    CHECK(book.due(start + 2min));
    book.asked();
    book.surprise(start + 2min); // another answer of the same time
    book.learn(split_at(50, "left", "right"), start + 2min);
    CHECK(book.map().size() == 2);
    CHECK_FALSE(book.due(start + 1h));
    book.surprise(start + 2min + 1s);
    CHECK_FALSE(book.due(start + 2min + 9s));
    CHECK(book.due(start + 2min + 10s));
    book.asked();
    book.learn(split_at(50, "left", "right"), start + 2min + 10s);
    book.surprise(start + 2min + 10s);
    CHECK(book.due_at() == start + 2min + 30s);
}

TEST_CASE("however often it surprises, it is asked for again within a quarter of an hour") {
    ShardBook book;
    auto now = start;
    for (int i = 0; i < 100; ++i) {
        book.learn(split_at(99), now);
        book.surprise(now);
        REQUIRE(book.due_at() > now);
        REQUIRE(book.due_at() < now + 15min);
        now = book.due_at();
        book.asked();
    }
}

TEST_CASE("shards that closed are remembered for a minute, and new ones of the same name count first") {
    ShardBook book;
    book.learn(split_at(99, "a", "b"), start);
    book.learn(split_at(50, "c", "b"), start + 10s);
    REQUIRE(book.range_of("a").has_value());
    CHECK(book.range_of("a")->second == HashKey(0, 99));
    CHECK(book.range_of("b")->first == HashKey(0, 51));
    book.learn(split_at(50, "c", "b"), start + 75s);
    CHECK_FALSE(book.range_of("a").has_value());
}

TEST_CASE("where keys are ignored nothing is predicted until the shards are listed again") {
    ShardBook book;
    book.learn(split_at(99), start);
    book.misplaced(start + 1s);
    CHECK(book.keyless());
    CHECK(book.alone());
    CHECK(book.map().size() == 0);
    CHECK(book.due(book.due_at()));
    CHECK(book.due_at() > start + 5s);
    book.asked();
    book.failed(start + 9s, 0);
    CHECK(book.alone());
    book.learn(split_at(99), start + 10s);
    CHECK_FALSE(book.keyless());
    CHECK_FALSE(book.alone());
}

TEST_CASE("a listing that fails is tried again, later and later") {
    ShardBook book;
    book.want(start);
    auto now = start;
    std::chrono::nanoseconds rest{};
    for (int i = 0; i < 10; ++i) {
        book.asked();
        book.failed(now, ~0ULL);
        CHECK_FALSE(book.alone()); // those of one key may go together
        REQUIRE(book.due_at() > now);
        rest = book.due_at() - now;
        now = book.due_at();
    }
    CHECK(rest > 10s);
    CHECK(rest <= 60s);
    book.asked();
    book.learn(split_at(99), now);
    CHECK(book.due_at() == steady_time::max());
}

} // namespace
