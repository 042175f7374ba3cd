#pragma once

#include <sluice/detail/call_queue.hpp>
#include <sluice/repository/memory.hpp>
#include <sluice/repository/repository.hpp>
#include <sluice/storage/repository_store.hpp>
#include <sluice/storage/storage.hpp>
#include <sluice/storage/store_rules.hpp>
#include <sluice/world.hpp>

#include <boost/json/object.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace sluice {

/// Records wait in a repository, as documents among its items:
/// `RepositoryStorage{SqliteRepository<Product>("shop.db", "products")}`.
///
/// What was appended survives what the repository's items do. Several storages share a repository, each with a name;
/// their documents have ids that begin with it, and no item may have one of these.
///
/// One producer has a storage at a time: whoever opens it takes it over, and from then on every call of the one that
/// had it before fails with `storage_locked`. What that one has read it may still send, so that records may arrive
/// twice: give each process that runs at the same time a name of its own, or `DynamoDbStorage`, which has leases.
///
/// A body of 1 MiB is four documents. Opening looks through all documents of the repository, so a large one is better
/// off with storages of their own. A chunk whose documents are damaged is told in the log, stays where it is, and holds
/// up no other: it is read without its body.
///
/// What the repository says of a failure is in the log; unless that is an error of a storage, it is `storage_failed`.
template <class R>
class RepositoryStorage {
    static_assert(DocumentRepository<R>, "sluice: RepositoryStorage needs a repository that gives its documents, as "
                                         "SqliteRepository does; see DocumentRepository in "
                                         "<sluice/repository/repository.hpp>");

    template <class Some>
    class DocumentsOf : public std::type_identity<documents_t<MemoryRepository<boost::json::object>>> {};
    template <DocumentRepository Some>
    class DocumentsOf<Some> : public std::type_identity<documents_t<Some>> {};

    using Store = detail::RepositoryStore<typename DocumentsOf<R>::type>;

public:
    using policy_kind = kind::storage;

    class Running {
    public:
        [[nodiscard]] asio::awaitable<result<void>> append(std::vector<Chunk> chunks) {
            return perform<void>([chunks = std::move(chunks)](Store& store) mutable {
                return store.append(std::move(chunks));
            });
        }

        [[nodiscard]] asio::awaitable<result<std::vector<Chunk>>> read(std::string stream, std::uint64_t after,
                                                                       std::size_t max) {
            return perform<std::vector<Chunk>>([stream = std::move(stream), after, max](Store& store) mutable {
                return store.read(std::move(stream), after, max);
            });
        }

        [[nodiscard]] asio::awaitable<result<void>> settle(std::vector<Settlement> changes) {
            return perform<void>([changes = std::move(changes)](Store& store) mutable {
                return store.settle(std::move(changes));
            });
        }

        [[nodiscard]] asio::awaitable<result<std::vector<std::string>>> streams() {
            return perform<std::vector<std::string>>([](Store& store) { return store.streams(); });
        }

        [[nodiscard]] asio::awaitable<result<StoreUsage>> usage() {
            return perform<StoreUsage>([](Store& store) { return store.usage(); });
        }

        [[nodiscard]] asio::awaitable<result<void>> clear() {
            return perform<void>([](Store& store) { return store.clear(); });
        }

        [[nodiscard]] StoreIdentity identity() const { return identity_; }

        /// 64 MiB: a limit, not a size to aim at.
        [[nodiscard]] std::size_t max_chunk_bytes() const { return detail::StoredChunk::largest_body; }

        [[nodiscard]] bool persistent() const { return R::persistent; }

    private:
        friend class RepositoryStorage;

        Running(World& world, std::shared_ptr<Store> store, StoreIdentity identity)
            : world_(&world), store_(std::move(store)), identity_(identity), calls_(world.executor()) {}

        template <class T, class Work>
        [[nodiscard]] asio::awaitable<result<T>> perform(Work work) {
            auto on_store = [store = store_, work = std::move(work)]() mutable { return work(*store); };
            return calls_.perform<T>(world_->hold(), std::move(on_store));
        }

        World* world_;
        std::shared_ptr<Store> store_;
        StoreIdentity identity_;
        detail::CallQueue calls_;
    };

    /// Throws `std::invalid_argument` for a name that is empty or has more than 200 bytes.
    explicit RepositoryStorage(R repository, std::string name = "buffer")
        : repository_(std::move(repository)), name_(std::move(name)) {
        if (name_.empty() || name_.size() > 200) {
            throw std::invalid_argument("sluice: the name of a RepositoryStorage has 1 to 200 bytes");
        }
    }

    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) const { return open(*this, world); }

private:
    static asio::awaitable<result<Running>> open(RepositoryStorage recipe, World& world) {
        if constexpr (DocumentRepository<R>) {
            auto documents = co_await recipe.repository_.open_documents(world);
            if (!documents) {
                world.log().error("the repository of the storage could not be opened: ", documents.error());
                co_return detail::told_by_storage(documents.error());
            }
            auto store = std::make_shared<Store>(*std::move(documents), recipe.name_, world.log());
            const auto identity = co_await store->open(StoreIdentity::fresh(world.clock()));
            if (!identity) co_return identity.error();
            co_return Running(world, std::move(store), *identity);
        } else {
            co_return error::storage_failed; // the compiler has said why
        }
    }

    R repository_;
    std::string name_;
};

static_assert(Storage<RepositoryStorage<MemoryRepository<boost::json::object>>>);

} // namespace sluice
