#include <sluice/storage/chunk_index.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using namespace sluice;
using detail::ChunkIndex;
using detail::StoredChunk;

StoredChunk stored(const std::string& stream, std::uint64_t first, std::uint32_t live = 5) {
    StoredChunk made;
    made.head = Chunk(stream, first, 5, nullptr);
    made.head.live = live;
    made.head.live_bytes = live * std::uint64_t{10};
    made.head.oldest_put = wall_time(std::chrono::seconds(first));
    made.body_bytes = 100;
    return made;
}

Settlement with_live(const StoredChunk& chunk, std::uint32_t live) {
    Settlement change(chunk.head);
    change.live = live;
    change.live_bytes = live * std::uint64_t{10};
    return change;
}

std::vector<std::uint64_t> firsts(const std::vector<StoredChunk>& chunks) {
    std::vector<std::uint64_t> all;
    for (const auto& chunk : chunks) all.push_back(chunk.head.first);
    return all;
}

using Firsts = std::vector<std::uint64_t>;
constexpr std::size_t all = 1'000'000;

} // namespace

TEST_CASE("an index gives the chunks of a stream in order, in pages") {
    ChunkIndex index;
    for (const auto first : {30U, 10U, 20U, 40U}) index.put(stored("a", first));
    index.put(stored("b", 15));
    CHECK(firsts(index.page("a", 0, all)) == Firsts{10, 20, 30, 40});
    CHECK(firsts(index.page("a", 10, all)) == Firsts{20, 30, 40});
    CHECK(firsts(index.page("a", 15, 200)) == Firsts{20, 30});
    CHECK(firsts(index.page("a", 0, 0)) == Firsts{10});
    CHECK(index.page("a", 40, all).empty());
    CHECK(index.page("c", 0, all).empty());
    CHECK(index.streams() == std::vector<std::string>{"a", "b"});
}

TEST_CASE("an index sums what is live, and forgets what is not") {
    ChunkIndex index;
    CHECK(index.usage().oldest == wall_time::max());
    index.put(stored("a", 10));
    index.put(stored("a", 20));
    index.put(stored("a", 10, 2));
    CHECK(index.usage().records == 7);
    CHECK(index.usage().bytes == 70);
    CHECK(index.usage().oldest == wall_time(std::chrono::seconds(10)));
    index.put(stored("a", 10, 0));
    index.put(stored("b", 10, 0));
    CHECK(index.usage().records == 5);
    CHECK(index.streams() == std::vector<std::string>{"a"});
    index.put(stored("b", 30));
    CHECK(firsts(index.take_all()) == Firsts{20, 30});
    CHECK(index.streams().empty());
    CHECK(index.usage().records == 0);
}

TEST_CASE("an index says what chunks become by settlements, and changes nothing") {
    ChunkIndex index;
    const auto chunk = stored("a", 10), other = stored("a", 20);
    auto damaged = stored("a", 30);
    damaged.damaged = true;
    for (const auto& each : {chunk, other, damaged}) index.put(each);
    const auto after = index.settled_by({with_live(chunk, 4), with_live(other, 0), with_live(chunk, 3),
                                         with_live(other, 2), with_live(damaged, 0), with_live(stored("a", 50), 1),
                                         with_live(stored("x", 10), 1)});
    REQUIRE(firsts(after) == Firsts{10, 20});
    CHECK(after[0].head.live == 3);
    CHECK(after[0].head.live_bytes == 30);
    CHECK(after[0].body_bytes == 100);
    CHECK(after[1].head.live == 0);
    CHECK(index.usage().records == 15);
}
