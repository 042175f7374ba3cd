#pragma once

#include <sluice/storage/storage.hpp>
#include <sluice/world.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace sluice {

/// Records wait in memory, and end with the process: the default.
///
/// Bodies are shared, never copied. Every `open` makes a new, empty store.
class MemoryStorage {
public:
    using policy_kind = kind::storage;

    class Running {
    public:
        explicit Running(StoreIdentity identity) : identity_(identity), next_(identity.next_sequence) {}

        template <class...>
        [[nodiscard]] asio::awaitable<result<void>> append(std::vector<Chunk> chunks) {
            auto next = next_;
            for (const auto& chunk : chunks) {
                if (chunk.body && chunk.body->size() > max_chunk_bytes()) co_return error::record_too_large;
                if (chunk.first < next) co_return error::storage_failed;
                next = chunk.first + chunk.count;
            }
            for (auto& chunk : chunks) {
                auto& stream = streams_[chunk.stream];
                stream.insert_or_assign(stream.end(), chunk.first, std::move(chunk));
            }
            next_ = next;
            co_return result<void>{};
        }

        template <class...>
        [[nodiscard]] asio::awaitable<result<std::vector<Chunk>>> read(std::string stream, std::uint64_t after,
                                                                       std::size_t max) {
            std::vector<Chunk> found;
            const auto chunks = streams_.find(stream);
            if (chunks == streams_.end()) co_return found;
            std::size_t bytes = 0;
            for (auto at = chunks->second.upper_bound(after); at != chunks->second.end(); ++at) {
                bytes += at->second.body ? at->second.body->size() : 0;
                if (bytes > max && !found.empty()) break;
                found.push_back(at->second);
            }
            co_return found;
        }

        template <class...>
        [[nodiscard]] asio::awaitable<result<void>> settle(std::vector<Settlement> changes) {
            for (auto& change : changes) settle_one(change);
            co_return result<void>{};
        }

        template <class...>
        [[nodiscard]] asio::awaitable<result<std::vector<std::string>>> streams() {
            std::vector<std::string> names;
            for (const auto& [name, chunks] : streams_) names.push_back(name);
            co_return names;
        }

        template <class...>
        [[nodiscard]] asio::awaitable<result<StoreUsage>> usage() {
            StoreUsage all;
            for (const auto& [name, chunks] : streams_) {
                for (const auto& [first, chunk] : chunks) {
                    all.records += chunk.live;
                    all.bytes += chunk.live_bytes;
                    all.oldest = std::min(all.oldest, chunk.oldest_put);
                }
            }
            co_return all;
        }

        template <class...>
        [[nodiscard]] asio::awaitable<result<void>> clear() {
            streams_.clear();
            co_return result<void>{};
        }

        [[nodiscard]] StoreIdentity identity() const { return identity_; }

        /// 64 MiB: a limit, not a size to aim at.
        [[nodiscard]] std::size_t max_chunk_bytes() const { return std::size_t{64} << 20U; }

        [[nodiscard]] bool persistent() const { return false; }

    private:
        void settle_one(Settlement& change) {
            const auto chunks = streams_.find(change.stream);
            if (chunks == streams_.end()) return;
            const auto chunk = chunks->second.find(change.first);
            if (chunk == chunks->second.end()) return;
            if (change.live > 0) {
                chunk->second.live = change.live;
                chunk->second.live_bytes = change.live_bytes;
                chunk->second.settled = std::move(change.settled);
                chunk->second.attempts = std::move(change.attempts);
                return;
            }
            chunks->second.erase(chunk);
            if (chunks->second.empty()) streams_.erase(chunks);
        }

        StoreIdentity identity_;
        std::uint64_t next_;
        std::map<std::string, std::map<std::uint64_t, Chunk>, std::less<>> streams_;
    };

    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) const {
        co_return Running{StoreIdentity::fresh(world.clock())};
    }
};

static_assert(Storage<MemoryStorage>);

} // namespace sluice
