#pragma once

#include <sluice/storage/stored_chunk.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

/// A chunk of which everything is unusual.
inline sluice::Chunk odd_chunk() {
    sluice::Chunk chunk("stream", 7, 20, std::make_shared<const std::string>("a\0b", 3));
    chunk.live = 19;
    chunk.live_bytes = (std::uint64_t{1} << 40U) + 1;
    chunk.oldest_put = sluice::wall_time(std::chrono::seconds(-5)) + std::chrono::microseconds(7);
    chunk.settled.set(3);
    chunk.settled.set(19);
    chunk.attempts.assign(20, 255);
    return chunk;
}

/// What was read is what was stored.
inline void check_same(const sluice::detail::StoredChunk& read, const sluice::detail::StoredChunk& stored) {
    CHECK_FALSE(read.damaged);
    CHECK(read.head.stream == stored.head.stream);
    CHECK(read.head.first == stored.head.first);
    CHECK(read.head.count == stored.head.count);
    CHECK(read.head.live == stored.head.live);
    CHECK(read.head.live_bytes == stored.head.live_bytes);
    CHECK(read.head.oldest_put == stored.head.oldest_put);
    CHECK(read.head.settled == stored.head.settled);
    CHECK(read.head.attempts == stored.head.attempts);
    CHECK(read.body_bytes == stored.body_bytes);
    CHECK(read.sum == stored.sum);
    CHECK(read.writer == stored.writer);
}
