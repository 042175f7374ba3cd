#include <sluice/detail/window.hpp>

#include "chunks.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace {

using sluice::Chunk;
using sluice::Record;
using sluice::detail::StreamState;
using sluice::detail::Window;

/// A chunk whose body has so many bytes.
Chunk chunk_of(std::size_t bytes, std::uint64_t first = 1) {
    auto chunk = chunks::make("s", first, {Record("k", std::string(bytes - 14, 'd'))});
    REQUIRE(chunk.body->size() == bytes);
    return chunk;
}

void add(StreamState& its, Chunk chunk, std::size_t threshold = std::numeric_limits<std::size_t>::max()) {
    auto live = chunks::live(std::move(chunk));
    live->mark_large(threshold);
    its.queue.add(std::move(live));
}

} // namespace

TEST_CASE("all streams together fill the window, and one without anything may have one chunk in any case") {
    StreamState one("one", 0);
    StreamState two("two", 0);
    const std::vector<const StreamState*> all{&one, &two};
    const Window window(1'000);
    CHECK(window.has_room(all, one, chunk_of(5'000)));
    add(one, chunk_of(600));
    CHECK(window.has_room(all, one, chunk_of(400)));
    CHECK_FALSE(window.has_room(all, one, chunk_of(401)));
    CHECK(window.has_room(all, two, chunk_of(401)));
    CHECK_FALSE(window.wants_more(all, one));
    CHECK(window.wants_more(all, two));
}

TEST_CASE("chunks are read when half of the window is free, a quarter at a time within bounds") {
    StreamState its("s", 0);
    const std::vector<const StreamState*> all{&its};
    const Window window(1'000);
    add(its, chunk_of(500));
    CHECK(window.wants_more(all, its));
    add(its, chunk_of(20, 2));
    CHECK_FALSE(window.wants_more(all, its));
    CHECK(window.read_bytes() == 1U << 20U);
    CHECK(Window(16U << 20U).read_bytes() == 4U << 20U);
    CHECK(Window(std::numeric_limits<std::size_t>::max()).read_bytes() == 8U << 20U);
}

TEST_CASE("large data takes up to a quarter of the window") {
    StreamState one("one", 0);
    StreamState two("two", 0);
    const std::vector<const StreamState*> all{&one, &two};
    const Window window(1'000);
    CHECK(window.keeps_large(all, *chunks::live(chunk_of(250))));
    CHECK_FALSE(window.keeps_large(all, *chunks::live(chunk_of(251))));
    add(two, chunk_of(900));
    CHECK(window.keeps_large(all, *chunks::live(chunk_of(250))));
    add(two, chunk_of(200, 2), 100);
    CHECK(window.keeps_large(all, *chunks::live(chunk_of(50))));
    CHECK_FALSE(window.keeps_large(all, *chunks::live(chunk_of(51))));
    CHECK(Window(std::numeric_limits<std::size_t>::max()).keeps_large(all, *chunks::live(chunk_of(5'000))));
    CHECK_FALSE(Window(0).keeps_large(all, *chunks::live(chunk_of(50))));
}
