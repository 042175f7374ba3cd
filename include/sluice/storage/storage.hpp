#pragma once

#include <sluice/error.hpp>
#include <sluice/policy.hpp>
#include <sluice/storage/chunk.hpp>

#include <boost/asio/awaitable.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice {

/// A storage that runs.
///
/// | expression                   | meaning                                                                         |
/// |------------------------------|---------------------------------------------------------------------------------|
/// | `s.append(chunks)`           | Stores all of them or none, in one commit; durable on completion. A chunk's `first` is at least the store's `next_sequence` and greater than any `first` before it. |
/// | `s.read(stream, after, max)` | The chunks of a stream with `first > after`, oldest first, until their bodies exceed `max` bytes; at least one if there is one. One whose body is damaged may come without it. |
/// | `s.settle(changes)`          | Overwrites settled bits, attempts and live counts in one commit; deletes chunks without live records; ignores chunks that are not there. |
/// | `s.streams()`                | The streams that have chunks.                                                   |
/// | `s.usage()`                  | What all chunks together hold.                                                  |
/// | `s.clear()`                  | Deletes every chunk; sequences go on.                                           |
/// | `s.identity()`               | The store's id and next sequence, as of the opening.                            |
/// | `s.max_chunk_bytes()`        | The largest body that `append` takes: 1 MiB, or more if one record may need more.   |
/// | `s.persistent()`             | Whether what was appended outlives the process.                                 |
/// | `s.close()`                  | Optional: the last call, also if the producer could not be opened. Its end waits for this, for five seconds at most: then it is cancelled (`terminal`), and what cannot be cancelled goes on without being waited for. What it throws is logged. |
///
/// Called on the producer's strand and completes there; several calls may be under way, and take effect in the order
/// in which they began. Errors: `storage_full`, `storage_corrupt`, `storage_failed`; a failed call changed nothing, but
/// for a `settle`, which may have stored some of its changes. `check_storage` in conformance.hpp tells which of this a
/// storage breaks.
template <class S>
concept RunningStorage = requires(S storage, const S constant, std::vector<Chunk> chunks, const std::string stream,
                                  std::uint64_t after, std::size_t max, std::vector<Settlement> changes) {
    { storage.append(std::move(chunks)) } -> std::same_as<asio::awaitable<result<void>>>;
    { storage.read(stream, after, max) } -> std::same_as<asio::awaitable<result<std::vector<Chunk>>>>;
    { storage.settle(std::move(changes)) } -> std::same_as<asio::awaitable<result<void>>>;
    { storage.streams() } -> std::same_as<asio::awaitable<result<std::vector<std::string>>>>;
    { storage.usage() } -> std::same_as<asio::awaitable<result<StoreUsage>>>;
    { storage.clear() } -> std::same_as<asio::awaitable<result<void>>>;
    { constant.identity() } -> std::same_as<StoreIdentity>;
    { constant.max_chunk_bytes() } -> std::same_as<std::size_t>;
    { constant.persistent() } -> std::same_as<bool>;
};

/// A storage that has something to do at the end.
template <class S>
concept ClosingStorage = RunningStorage<S> && requires(S storage) {
    { storage.close() } -> std::same_as<asio::awaitable<void>>;
};

/// Where records wait: a recipe with `open(World&)`, which gives a `RunningStorage`.
///
/// An opening that waits for others gives up when `World::is_leaving`. It fails with `storage_locked`,
/// `storage_corrupt`, `storage_foreign`, `storage_unwritable` or `storage_failed`, or with what is wrong with the place
/// where it is to be. Models: MemoryStorage (default), SqliteStorage, DynamoDbStorage, RepositoryStorage.
template <class P>
concept Storage = PolicyOf<P, kind::storage> && requires(P recipe, World& world) {
    { recipe.open(world) } -> std::same_as<asio::awaitable<result<running_t<P>>>>;
    requires RunningStorage<running_t<P>>;
};

} // namespace sluice
