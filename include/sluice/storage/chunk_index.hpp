#pragma once

#include <sluice/storage/chunk.hpp>
#include <sluice/storage/stored_chunk.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::detail {

/// The chunks of a store that have live records, without their bodies.
class ChunkIndex {
public:
    /// In the place of what was known of it; without live records it is forgotten.
    void put(StoredChunk chunk) {
        if (chunk.head.live == 0) return forget(chunk);
        auto& stream = streams_[chunk.head.stream];
        stream.insert_or_assign(chunk.head.first, std::move(chunk));
    }

    /// Chunks of a stream with `first > after`, oldest first, until their bodies exceed `max` bytes; at least one.
    [[nodiscard]] std::vector<StoredChunk> page(std::string_view stream, std::uint64_t after, std::size_t max) const {
        std::vector<StoredChunk> found;
        const auto chunks = streams_.find(stream);
        if (chunks == streams_.end()) return found;
        std::size_t bytes = 0;
        for (auto at = chunks->second.upper_bound(after); at != chunks->second.end(); ++at) {
            bytes += at->second.body_bytes;
            if (bytes > max && !found.empty()) break;
            found.push_back(at->second);
        }
        return found;
    }

    /// Those of the chunks that are there, as they are to be; of two changes of one the latter counts.
    [[nodiscard]] std::vector<StoredChunk> settled_by(const std::vector<Settlement>& changes) const {
        std::map<std::pair<std::string_view, std::uint64_t>, StoredChunk> after;
        for (const auto& change : changes) {
            const auto stream = streams_.find(change.stream);
            if (stream == streams_.end()) continue;
            const auto chunk = stream->second.find(change.first);
            if (chunk == stream->second.end() || chunk->second.damaged) continue;
            auto& its = after.try_emplace({change.stream, change.first}, chunk->second).first->second;
            if (its.head.live == 0) continue;
            its.head.live = change.live;
            its.head.live_bytes = change.live_bytes;
            its.head.settled = change.settled;
            its.head.attempts = change.attempts;
        }
        std::vector<StoredChunk> all;
        for (auto& [name, chunk] : after) all.push_back(std::move(chunk));
        return all;
    }

    /// The first sequences of the oldest and the newest chunk of a stream; none if there is none.
    [[nodiscard]] std::optional<std::pair<std::uint64_t, std::uint64_t>> range(std::string_view stream) const {
        const auto chunks = streams_.find(stream);
        if (chunks == streams_.end()) return std::nullopt;
        return std::pair(chunks->second.begin()->first, chunks->second.rbegin()->first);
    }

    [[nodiscard]] std::vector<std::string> streams() const {
        std::vector<std::string> names;
        for (const auto& [name, chunks] : streams_) names.push_back(name);
        return names;
    }

    [[nodiscard]] StoreUsage usage() const {
        StoreUsage all;
        for (const auto& [name, chunks] : streams_) {
            for (const auto& [first, chunk] : chunks) {
                all.records += chunk.head.live;
                all.bytes += chunk.head.live_bytes;
                all.oldest = std::min(all.oldest, chunk.head.oldest_put);
            }
        }
        return all;
    }

    /// Forgets all chunks, and gives them away.
    [[nodiscard]] std::vector<StoredChunk> take_all() {
        std::vector<StoredChunk> all;
        for (auto& [name, chunks] : streams_) {
            for (auto& [first, chunk] : chunks) all.push_back(std::move(chunk));
        }
        streams_.clear();
        return all;
    }

private:
    void forget(const StoredChunk& chunk) {
        const auto stream = streams_.find(chunk.head.stream);
        if (stream == streams_.end()) return;
        stream->second.erase(chunk.head.first);
        if (stream->second.empty()) streams_.erase(stream);
    }

    std::map<std::string, std::map<std::uint64_t, StoredChunk>, std::less<>> streams_;
};

} // namespace sluice::detail
