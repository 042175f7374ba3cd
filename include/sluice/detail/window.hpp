#pragma once

#include <sluice/detail/live_chunk.hpp>
#include <sluice/detail/stream_state.hpp>
#include <sluice/storage/chunk.hpp>

#include <algorithm>
#include <cstddef>
#include <span>

namespace sluice::detail {

/// How much of what the storage holds is in memory, too. Pure.
class Window {
public:
    /// Of all streams together.
    using Streams = std::span<const StreamState* const>;

    explicit Window(std::size_t bytes) : bytes_(bytes) {}

    /// Whether a chunk that was just appended may stay.
    [[nodiscard]] bool has_room(Streams all, const StreamState& its, const Chunk& chunk) const {
        return its.queue.chunks().empty() || in_memory(all) + chunk.body->size() <= bytes_;
    }

    /// Whether the next chunks of a stream may be read.
    [[nodiscard]] bool wants_more(Streams all, const StreamState& its) const {
        return its.queue.chunks().empty() || in_memory(all) <= bytes_ / 2;
    }

    /// How many bytes of them at a time.
    [[nodiscard]] std::size_t read_bytes() const { return std::clamp<std::size_t>(bytes_ / 4, 1U << 20U, 8U << 20U); }

    /// Whether a chunk's large data may stay until its turn comes. All that waits takes up to a quarter of the window:
    /// however long that is, others move in the rest.
    [[nodiscard]] bool keeps_large(Streams all, const LiveChunk& chunk) const {
        auto bytes = chunk.chunk.body->size();
        for (const auto* its : all) bytes += its->queue.large_bytes();
        return bytes <= bytes_ / 4;
    }

private:
    [[nodiscard]] static std::size_t in_memory(Streams all) {
        std::size_t bytes = 0;
        for (const auto* its : all) bytes += its->queue.bytes();
        return bytes;
    }

    std::size_t bytes_;
};

} // namespace sluice::detail
