#include <sluice/storage/stored_chunk.hpp>

#include "storage/odd_chunk.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>

namespace {

using namespace sluice;
using detail::StoredChunk;

} // namespace

TEST_CASE("what is stored of a chunk is all but its body, and knows that again") {
    const StoredChunk stored(odd_chunk());
    CHECK(stored.head.body == nullptr);
    CHECK(stored.body_bytes == 3);
    CHECK(stored.is_body(std::string_view("a\0b", 3)));
    CHECK_FALSE(stored.is_body("a_b"));
    CHECK_FALSE(stored.is_body("a"));
    const StoredChunk empty(Chunk("stream", 1, 1, nullptr));
    CHECK(empty.pieces() == 0);
    CHECK(empty.is_body(""));
    CHECK_FALSE(empty.is_body("a"));
}

TEST_CASE("the pieces of a body are of one size, but for the last") {
    for (const auto& [size, pieces, last] : {std::tuple(1, 1, 1), std::tuple(10, 1, 10), std::tuple(11, 2, 1),
                                             std::tuple(20, 2, 10), std::tuple(25, 3, 5)}) {
        const auto body = std::make_shared<const std::string>(static_cast<std::size_t>(size), 'x');
        const StoredChunk stored(Chunk("stream", 1, 1, body));
        REQUIRE(stored.pieces(10) == static_cast<std::size_t>(pieces));
        std::size_t sum = 0;
        for (std::size_t piece = 0; piece < stored.pieces(10); ++piece) sum += stored.piece_size(piece, 10);
        CHECK(sum == stored.body_bytes);
        CHECK(stored.piece_size(stored.pieces(10) - 1, 10) == static_cast<std::size_t>(last));
    }
}

TEST_CASE("of a chunk that cannot be, only its stream and first sequence are known") {
    const StoredChunk stored(odd_chunk());
    check_same(detail::checked(stored, true), stored);
    auto alive = stored;
    alive.head.live = stored.head.count + 1;
    auto large = stored;
    large.body_bytes = StoredChunk::largest_body + 1;
    for (const auto& damaged : {detail::checked(stored, false), detail::checked(alive, true),
                                detail::checked(large, true)}) {
        CHECK(damaged.damaged);
        CHECK(damaged.head.stream == "stream");
        CHECK(damaged.head.first == 7);
        CHECK(damaged.head.count == 1);
        CHECK(damaged.head.live == 1);
        CHECK(damaged.head.oldest_put == wall_time::max());
        CHECK(damaged.pieces() == 0);
    }
}

TEST_CASE("numbers are padded, and no digit is lost") {
    CHECK(detail::padded(0, 4) == "0000");
    CHECK(detail::padded(42, 4) == "0042");
    CHECK(detail::padded(12'345, 4) == "12345");
    CHECK(detail::padded(UINT64_MAX, 20) == "18446744073709551615");
}
