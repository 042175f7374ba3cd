#pragma once

#include <sluice/detail/group_commit.hpp>
#include <sluice/detail/sqlite_store.hpp>
#include <sluice/storage/storage.hpp>
#include <sluice/world.hpp>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <utility>

namespace sluice {

/// What a record that was accepted survives.
enum class Durability : std::uint8_t {
    normal, ///< The end of the process, by `kill -9` too. Power loss may take the last commits, but damages nothing.
    full,   ///< Power loss too: one sync a commit, which many records share.
};

/// Records wait in a database file, and survive the process: an SQLite database with a write-ahead log beside it.
///
/// One producer has a file at a time; a second one, in this process or another, gets `storage_locked` at once. File
/// and log are readable by their owner only. A damaged file is renamed to `<path>.corrupt-<UTC time>`, the log tells
/// where, and the next opening starts with an empty one; another application's file is left alone.
///
/// The calls block a thread of its own, unless an executor is given. Calls that arrive while a commit runs share the
/// next one. The destructor of what `open` gives waits for the commits that are under way, as a rule milliseconds;
/// with an executor it does not wait: then what is queued is committed there, and the file stays locked until it is.
class SqliteStorage {
public:
    using policy_kind = kind::storage;

    class Running {
    public:
        [[nodiscard]] asio::awaitable<result<void>> append(std::vector<Chunk> chunks) {
            return perform<void>([chunks = std::move(chunks)](auto& stored) -> result<void> {
                for (const auto& chunk : chunks) {
                    if (chunk.body && chunk.body->size() > largest_body) return error::record_too_large;
                }
                return stored.append(chunks);
            });
        }

        [[nodiscard]] asio::awaitable<result<std::vector<Chunk>>> read(std::string stream, std::uint64_t after,
                                                                       std::size_t max) {
            return perform<std::vector<Chunk>>([stream = std::move(stream), after, max](auto& stored) {
                return stored.read(stream, after, max);
            });
        }

        [[nodiscard]] asio::awaitable<result<void>> settle(std::vector<Settlement> changes) {
            auto on_store = [changes = std::move(changes)](auto& store) { return store.settle(changes); };
            return commits_.perform<void>(clock_->wall(), std::move(on_store), true);
        }

        [[nodiscard]] asio::awaitable<result<std::vector<std::string>>> streams() {
            return perform<std::vector<std::string>>([](auto& stored) { return stored.streams(); });
        }

        [[nodiscard]] asio::awaitable<result<StoreUsage>> usage() {
            return perform<StoreUsage>([](auto& stored) { return stored.usage(); });
        }

        [[nodiscard]] asio::awaitable<result<void>> clear() {
            return perform<void>([](auto& stored) { return stored.clear(); });
        }

        [[nodiscard]] StoreIdentity identity() const { return identity_; }

        /// 64 MiB: a limit, not a size to aim at.
        [[nodiscard]] std::size_t max_chunk_bytes() const { return largest_body; }

        [[nodiscard]] bool persistent() const { return true; }

    private:
        friend class SqliteStorage;

        static constexpr std::size_t largest_body = std::size_t{64} << 20U;

        Running(World& world, const asio::any_io_executor& blocking, detail::SqlitePlace place)
            : clock_(&world.clock()), log_(std::make_shared<const Log>(world.log())),
              commits_(world.executor(), blocking, log_, std::move(place)) {}

        template <class T, class Work>
        [[nodiscard]] asio::awaitable<result<T>> perform(Work work) {
            auto on_store = [work = std::move(work)](detail::SqliteStore& store) { return work(store.chunks()); };
            return commits_.perform<T>(clock_->wall(), std::move(on_store));
        }

        AnyClock* clock_;
        std::shared_ptr<const Log> log_;
        StoreIdentity identity_;
        detail::GroupCommit<detail::SqliteStore> commits_;
    };

    /// The directory must exist; the file is made if it does not. Throws `std::invalid_argument` for a path that no
    /// file can have.
    explicit SqliteStorage(std::filesystem::path path, Durability durability = Durability::normal)
        : path_(std::move(path)), durability_(durability) {
        if (path_.empty() || path_.native().find('\0') != std::string::npos) {
            throw std::invalid_argument("sluice: SqliteStorage needs the path of a file");
        }
    }

    /// The same storage, which blocks `executor` instead of a thread of its own; one call runs at a time.
    [[nodiscard]] SqliteStorage on(asio::any_io_executor executor) const {
        auto changed = *this;
        changed.blocking_ = std::move(executor);
        return changed;
    }

    /// The same storage, on a registered VFS of SQLite (for simulations). The path is handed to the VFS as it is, and
    /// files are neither made private nor set aside.
    [[nodiscard]] SqliteStorage vfs(std::string name) const {
        auto changed = *this;
        changed.vfs_ = std::move(name);
        return changed;
    }

    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) const { return open(*this, world); }

private:
    static asio::awaitable<result<Running>> open(SqliteStorage recipe, World& world) {
        detail::SqlitePlace place;
        std::error_code failure;
        place.path = (recipe.vfs_.empty() ? std::filesystem::absolute(recipe.path_, failure) : recipe.path_).string();
        place.vfs = std::move(recipe.vfs_);
        place.sync_commits = recipe.durability_ == Durability::full;
        place.fresh = StoreIdentity::fresh(world.clock());
        if (failure) co_return error::storage_unwritable;
        Running running(world, recipe.blocking_, std::move(place));
        auto opening = running.perform<StoreIdentity>([](auto& stored) { return stored.identity(); });
        auto identity = co_await std::move(opening);
        if (!identity) co_return identity.error();
        running.identity_ = *identity;
        co_return std::move(running);
    }

    std::filesystem::path path_;
    Durability durability_;
    asio::any_io_executor blocking_;
    std::string vfs_;
};

static_assert(Storage<SqliteStorage>);

} // namespace sluice
