#include <sluice/detail/shard_book.hpp>

#include "chunks.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using chunks::start;
using sluice::error;
using sluice::Record;
using sluice::steady_time;
using sluice::detail::Ref;
using sluice::detail::ShardBook;
using sluice::kinesis::HashKey;
using sluice::kinesis::ShardMap;

ShardMap split_at(unsigned key, const std::string& low = "low", const std::string& high = "high") {
    return *ShardMap::from({{low, "0", std::to_string(key)}, {high, std::to_string(key + 1), HashKey::max().to_string()}});
}

/// The records of an entry, by their hash keys.
class Members {
public:
    explicit Members(const std::vector<std::string>& hash_keys) {
        std::vector<Record> records;
        for (const auto& hash_key : hash_keys) {
            records.emplace_back("k", "data");
            records.back().explicit_hash_key = hash_key;
        }
        live_ = chunks::live(chunks::make("s", 1, records));
        for (std::uint32_t i = 0; i < hash_keys.size(); ++i) refs.emplace_back(*live_, i);
    }

    std::vector<Ref> refs;

private:
    std::unique_ptr<sluice::detail::LiveChunk> live_;
};

std::uint32_t group_of(const ShardBook& book, const std::string& hash_key) {
    return book.group_of(Members({hash_key}).refs.front());
}

/// Whether an entry with these hash keys lies right in a shard; nothing was predicted of it.
bool right(ShardBook& book, const std::vector<std::string>& hash_keys, const std::string& shard_id,
           steady_time now = start) {
    return book.judge(ShardMap(), 0, Members(hash_keys).refs, hash_keys.size() == 1, shard_id, now);
}

/// An entry that was for the first shard by this map was taken by one that nobody knows.
void surprise(ShardBook& book, const ShardMap& predicted_by, steady_time now) {
    CHECK(book.judge(predicted_by, 1, Members({"7"}).refs, true, "unheard of", now));
}

TEST_CASE("without a map nothing is predicted, known, or asked for") {
    const ShardBook book;
    CHECK(book.map().size() == 0);
    CHECK(group_of(book, "7") == 0);
    CHECK_FALSE(book.keyless());
    CHECK(book.alone());
    CHECK_FALSE(book.due(start));
    CHECK(book.due_at() == steady_time::max());
}

TEST_CASE("who wants the shards gets one listing, and with it predictions") {
    ShardBook book;
    book.want(start);
    CHECK(book.due(start));
    book.asked(start);
    CHECK_FALSE(book.due(start + 1h));
    book.want(start + 1s);
    CHECK_FALSE(book.due(start + 1h));
    book.learn(split_at(99), start + 1s);
    CHECK_FALSE(book.due(start + 1h));
    CHECK_FALSE(book.alone());
    CHECK(group_of(book, "7") == 1);
    CHECK(group_of(book, "99") == 1);
    CHECK(group_of(book, "100") == 2);
}

TEST_CASE("an entry lies right where it was predicted, and elsewhere if that shard holds the keys of all") {
    ShardBook book;
    const auto map = split_at(99);
    book.learn(map, start);
    CHECK(book.judge(map, 1, Members({"7", "99"}).refs, false, "low", start));
    CHECK(right(book, {"0", "99"}, "low"));
    CHECK(right(book, {"100", HashKey::max().to_string()}, "high"));
    CHECK(book.map().size() == 2);
    CHECK_FALSE(right(book, {"7", "100"}, "low"));
    CHECK_FALSE(right(book, {"100", "7"}, "high"));
    CHECK_FALSE(book.keyless()); // the first decides, and was at home
}

TEST_CASE("in a shard that is not known only a record alone lies right, unless none can be: then those of one key") {
    ShardBook book;
    CHECK(right(book, {"7"}, "new"));
    CHECK_FALSE(right(book, {"7", "7"}, "new"));
    book.failed(start, 0, error::timed_out);
    CHECK(book.alone());
    CHECK_FALSE(right(book, {"7", "7"}, "new"));
    book.failed(start, 0, error::access_denied);
    CHECK_FALSE(book.alone());
    CHECK(right(book, {"7", "7"}, "new"));
    CHECK_FALSE(right(book, {"7", "8"}, "new"));
    book.learn(split_at(99), start);
    CHECK(right(book, {"7"}, "new"));
    CHECK_FALSE(right(book, {"7", "7"}, "new"));
    CHECK_FALSE(book.keyless());
}

TEST_CASE("one that is framed though alone has to lie where its key belongs, too") {
    ShardBook book;
    book.learn(split_at(99), start);
    const Members one({"7"});
    CHECK(book.judge(ShardMap(), 0, one.refs, false, "low", start));
    CHECK_FALSE(book.judge(ShardMap(), 0, one.refs, false, "high", start));
    CHECK(book.keyless());
}

TEST_CASE("a shard that is not in the map is a surprise, though nothing was predicted by it") {
    ShardBook book;
    book.learn(split_at(99), start);
    CHECK(book.judge(book.map(), 0, Members({"7"}).refs, true, "new", start + 1s));
    CHECK(book.map().size() == 0);
    CHECK(book.due_at() < start + 1min);
}

TEST_CASE("of a stream that is gone nothing is known: another may have the same ids") {
    ShardBook book;
    const auto map = split_at(99);
    book.learn(map, start);
    book.forget(start + 10s);
    CHECK(book.due(start + 10s));
    CHECK(book.alone());
    CHECK_FALSE(book.judge(map, 1, Members({"7", "8"}).refs, false, "low", start + 10s));
    CHECK(book.judge(map, 1, Members({"7"}).refs, true, "low", start + 10s));
}

TEST_CASE("an answer to what an older map predicted says nothing against the map") {
    ShardBook book;
    const auto older = split_at(99, "a", "b");
    book.learn(older, start);
    book.learn(split_at(50, "c", "d"), start + 1min);
    surprise(book, older, start + 1min);
    CHECK(book.map().size() == 2);
    surprise(book, book.map(), start + 1min);
    CHECK(book.map().size() == 0);
}

TEST_CASE("one shard for all needs no hash, and a key that no shard holds has no group") {
    ShardBook book;
    book.learn(*ShardMap::from({{"one", "0", HashKey::max().to_string()}}), start);
    CHECK(group_of(book, "12345") == 1);
    book.learn(*ShardMap::from({{"one", "0", "99"}}), start);
    CHECK(group_of(book, "12345") == 0);
}

TEST_CASE("a map that surprised is not believed, and a new one is asked for at once, but not incessantly") {
    ShardBook book;
    const auto map = split_at(99);
    book.learn(map, start);
    surprise(book, map, start + 2min);
    CHECK(book.map().size() == 0);
    CHECK(book.alone());
    CHECK(right(book, {"7", "8"}, "low", start + 2min)); // answers still come
    CHECK(book.due(start + 2min));
    book.asked(start + 2min);
    surprise(book, map, start + 2min); // another answer of the same time
    book.learn(split_at(50, "left", "right"), start + 2min);
    CHECK(book.map().size() == 2);
    CHECK_FALSE(book.due(start + 1h));
    surprise(book, book.map(), start + 2min + 1s);
    CHECK_FALSE(book.due(start + 2min + 9s));
    CHECK(book.due(start + 2min + 10s));
    book.asked(start + 2min);
    book.learn(split_at(50, "left", "right"), start + 2min + 10s);
    surprise(book, book.map(), start + 2min + 10s);
    CHECK(book.due_at() == start + 2min + 30s);
}

TEST_CASE("however often it surprises, it is asked for again within a quarter of an hour") {
    ShardBook book;
    auto now = start;
    for (int i = 0; i < 100; ++i) {
        book.learn(split_at(99), now);
        surprise(book, book.map(), now);
        REQUIRE(book.due_at() > now);
        REQUIRE(book.due_at() < now + 15min);
        now = book.due_at();
        book.asked(now);
    }
}

TEST_CASE("shards that closed are remembered for a minute, and new ones of the same name count first") {
    ShardBook book;
    book.learn(split_at(99, "a", "b"), start);
    book.learn(split_at(50, "c", "b"), start + 10s);
    CHECK(right(book, {"7", "99"}, "a"));
    CHECK_FALSE(right(book, {"7", "100"}, "a"));
    CHECK(right(book, {"51", "100"}, "b"));
    book.learn(split_at(50, "c", "b"), start + 75s);
    CHECK_FALSE(right(book, {"7", "99"}, "a"));
}

TEST_CASE("of shards that change all the time the last eight maps are remembered") {
    ShardBook book;
    const auto name = [](int map) { return "low" + std::to_string(map); };
    for (int map = 0; map < 10; ++map) book.learn(split_at(99, name(map)), start);
    for (int map = 1; map < 10; ++map) CHECK(right(book, {"7", "99"}, name(map)));
    CHECK_FALSE(right(book, {"7", "99"}, name(0)));
}

TEST_CASE("where keys are ignored nothing is predicted until the shards are listed again") {
    ShardBook book;
    book.learn(split_at(99), start);
    CHECK(right(book, {"7"}, "high", start + 1s)); // a record alone is nowhere lost
    CHECK(book.keyless());
    CHECK(book.alone());
    CHECK(book.map().size() == 0);
    CHECK(book.due(book.due_at()));
    CHECK(book.due_at() > start + 5s);
    book.asked(start + 9s);
    book.failed(start + 9s, 0, error::access_denied);
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
        book.asked(now);
        book.failed(now, ~0ULL, error::access_denied);
        CHECK_FALSE(book.alone()); // those of one key may go together
        REQUIRE(book.due_at() > now);
        rest = book.due_at() - now;
        now = book.due_at();
    }
    CHECK(rest > 10s);
    CHECK(rest <= 60s);
    book.asked(now);
    book.learn(split_at(99), now);
    CHECK(book.due_at() == steady_time::max());
}

} // namespace
