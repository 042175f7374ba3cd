#pragma once

#include <sluice/error.hpp>
#include <sluice/repository/collection.hpp>
#include <sluice/repository/memory_documents.hpp>
#include <sluice/repository/repository.hpp>
#include <sluice/world.hpp>

#include <boost/json/value.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice {

/// Values in memory, as long as this or a copy of it is there: a recipe and its copies are one collection.
///
/// Its parts may run in several worlds at a time, each on a strand of its own.
template <class T>
class MemoryRepository {
public:
    MemoryRepository()
        requires std::default_initializable<Mapping<T>>
    = default;

    explicit MemoryRepository(Mapping<T> mapping) : mapping_(std::move(mapping)) {}

    /// The collection, for one strand.
    class Shared {
    public:
        explicit Shared(std::shared_ptr<repository::MemoryDocuments> documents) : documents_(std::move(documents)) {}

        [[nodiscard]] asio::awaitable<result<repository::Document>> get(std::string id) {
            co_return documents_->get(id);
        }
        [[nodiscard]] asio::awaitable<result<void>> write(std::vector<repository::Change> changes) {
            co_return documents_->write(std::move(changes));
        }
        [[nodiscard]] asio::awaitable<result<repository::DocumentPage>> find(Query query) {
            co_return documents_->find(query);
        }
        [[nodiscard]] asio::awaitable<result<void>> watch(std::shared_ptr<repository::Watcher> watcher) {
            documents_->watch(watcher);
            co_return result<void>();
        }

    private:
        std::shared_ptr<repository::MemoryDocuments> documents_;
    };

    using Running = Collection<T, Shared>;

    static constexpr bool persistent = false;

    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) const {
        co_return Running(world, mapping_, Shared(documents_));
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<Shared>> open_documents(World&) const {
        co_return Shared(documents_);
    }

private:
    Mapping<T> mapping_;
    std::shared_ptr<repository::MemoryDocuments> documents_ = std::make_shared<repository::MemoryDocuments>();
};

static_assert(DocumentRepository<MemoryRepository<boost::json::object>>);

} // namespace sluice
