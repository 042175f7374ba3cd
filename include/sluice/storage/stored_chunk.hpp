#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/detail/checksum.hpp>
#include <sluice/storage/chunk.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::detail {

/// A chunk without its body, and what is known of that.
class StoredChunk {
public:
    StoredChunk() = default;
    explicit StoredChunk(const Chunk& chunk) : head(chunk) {
        if (chunk.body) body_bytes = chunk.body->size();
        sum = checksum(chunk.body ? std::string_view(*chunk.body) : std::string_view());
        head.body = nullptr;
    }

    /// 360,000 bytes as base64: an item of DynamoDB has room for 400 KB, with its names and its id.
    static constexpr std::size_t piece_bytes = 270'000;

    /// A limit, not a size to aim at.
    static constexpr std::size_t largest_body = std::size_t{64} << 20U;

    /// What stands for one of which only this is known.
    [[nodiscard]] static StoredChunk damaged_one(std::string stream, std::uint64_t first) {
        StoredChunk made;
        made.head = Chunk(std::move(stream), first, 1, nullptr);
        made.head.oldest_put = wall_time::max();
        made.damaged = true;
        return made;
    }

    /// How many documents hold the body; of so many bytes `each`.
    [[nodiscard]] std::size_t pieces(std::size_t each = piece_bytes) const noexcept {
        return (body_bytes + each - 1) / each;
    }

    /// The bytes of one of them.
    [[nodiscard]] std::size_t piece_size(std::size_t piece, std::size_t each = piece_bytes) const noexcept {
        return std::min(each, body_bytes - piece * each);
    }

    [[nodiscard]] bool is_body(std::string_view bytes) const noexcept {
        return bytes.size() == body_bytes && checksum(bytes) == sum;
    }

    Chunk head;
    std::size_t body_bytes = 0;
    std::uint64_t sum = 0; ///< The checksum of the body.
    bool damaged = false;  ///< Only its stream and first sequence are known.
    std::string writer;    ///< Who wrote its body, where that is part of the body's name.
};

/// A number with zeros before it.
[[nodiscard]] inline std::string padded(std::uint64_t number, std::size_t digits) {
    auto text = std::to_string(number);
    if (text.size() < digits) text.insert(0, digits - text.size(), '0');
    return text;
}

/// What is told of a chunk, but for its checksum, by `Fields` with `whole` and `bytes`.
template <class Fields>
[[nodiscard]] StoredChunk read_head(std::string stream, std::uint64_t first, Fields& fields) {
    StoredChunk stored;
    auto& head = stored.head;
    head.stream = std::move(stream);
    head.first = first;
    head.count = fields.template whole<std::uint32_t>("count");
    head.live = fields.template whole<std::uint32_t>("live");
    head.live_bytes = fields.template whole<std::uint64_t>("live_bytes");
    const std::chrono::nanoseconds put(fields.template whole<std::int64_t>("oldest_put"));
    head.oldest_put = wall_time(std::chrono::duration_cast<wall_time::duration>(put));
    head.settled = SettledBits(fields.bytes("settled"));
    head.attempts = fields.bytes("attempts");
    stored.body_bytes = fields.template whole<std::size_t>("body_bytes");
    return stored;
}

/// The chunk itself, or if all was not there, or it is none, one that is damaged, of one record.
[[nodiscard]] inline StoredChunk checked(StoredChunk stored, bool all_there) {
    const auto& head = stored.head;
    const bool possible = head.live <= head.count && stored.body_bytes <= StoredChunk::largest_body;
    if (!all_there || !possible) return StoredChunk::damaged_one(head.stream, head.first);
    return stored;
}

} // namespace sluice::detail
