#pragma once

#include <sluice/error.hpp>
#include <sluice/repository/collection.hpp>
#include <sluice/repository/repository.hpp>
#include <sluice/repository/sqlite_documents.hpp>
#include <sluice/world.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include <chrono>
#include <concepts>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace sluice {

/// Values in an SQLite database: `SqliteRepository<Product>("shop.db", "products")`.
///
/// What has completed is on the disk, power loss included. A file has any number of collections, each with a name.
/// Several repositories, in several processes too, may have it open at a time; what is live tells the changes of all of
/// them, those of others within `look_every`: of several changes of an item in one commit, or between two looks, only
/// the last, so that an item that was removed and added again meanwhile seems to have changed.
///
/// The file is readable by its owner only. A damaged file is renamed to `<path>.corrupt-<UTC time>`, the log tells
/// where, and the next call starts with an empty one. What others wrote there that is no JSON object fails each query
/// that comes to it with `item_invalid`, and the log tells its id.
///
/// Table `items`: `collection`, `id`, `version` (grows with every change of the file), `odd`, `body` (JSON; null for a
/// while after a removal).
///
/// Errors, at the opening and of each call: `storage_unwritable`, `storage_full`, `storage_foreign`, `storage_corrupt`,
/// `storage_locked` (others write for more than a second), `storage_failed`. What is live ends with `iterator_expired`
/// if it fell 100,000 changes behind, or the file was replaced by another.
///
/// The calls block a thread of its own, unless an executor is given.
template <class T>
class SqliteRepository {
public:
    /// The directory must exist; the file is made if it does not. Throws `std::invalid_argument` for a path that no
    /// file can have, and for an empty name.
    SqliteRepository(std::filesystem::path path, std::string collection)
        requires std::default_initializable<Mapping<T>>
        : SqliteRepository(std::move(path), std::move(collection), Mapping<T>()) {}

    SqliteRepository(std::filesystem::path path, std::string collection, Mapping<T> mapping)
        : path_(std::move(path)), collection_(std::move(collection)), mapping_(std::move(mapping)) {
        if (!path_.has_filename() || path_.native().find('\0') != std::string::npos) {
            throw std::invalid_argument("sluice: SqliteRepository needs the path of a file");
        }
        if (collection_.empty()) throw std::invalid_argument("sluice: a collection needs a name");
    }

    /// The same repository, which blocks `executor` instead of a thread of its own; one call runs at a time.
    [[nodiscard]] SqliteRepository on(asio::any_io_executor executor) const {
        auto changed = *this;
        changed.blocking_ = std::move(executor);
        return changed;
    }

    /// The same repository, which looks for changes of other processes so often, while something is live. Throws
    /// `std::invalid_argument` unless it is a time.
    [[nodiscard]] SqliteRepository look_every(std::chrono::nanoseconds interval) const {
        if (interval <= std::chrono::nanoseconds(0)) throw std::invalid_argument("sluice: look_every needs a time");
        auto changed = *this;
        changed.look_every_ = interval;
        return changed;
    }

    using Running = Collection<T, repository::SqliteDocuments>;

    static constexpr bool persistent = true;

    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) const { return open_collection(*this, world); }

    [[nodiscard]] asio::awaitable<result<repository::SqliteDocuments>> open_documents(World& world) const {
        return open_file(*this, world);
    }

private:
    static asio::awaitable<result<Running>> open_collection(SqliteRepository recipe, World& world) {
        auto documents = co_await recipe.open_documents(world);
        if (!documents) co_return documents.error();
        co_return Running(world, recipe.mapping_, *std::move(documents));
    }

    static asio::awaitable<result<repository::SqliteDocuments>> open_file(SqliteRepository recipe, World& world) {
        detail::SqlitePlace place;
        std::error_code failure;
        place.path = std::filesystem::absolute(recipe.path_, failure).string();
        place.sync_commits = true;
        if (failure) co_return error::storage_unwritable;
        repository::SqliteDocuments documents(world, recipe.blocking_, std::move(place), recipe.collection_,
                                              recipe.look_every_);
        const auto looked = co_await documents.look();
        if (!looked) co_return looked.error();
        co_return documents;
    }

    std::filesystem::path path_;
    std::string collection_;
    Mapping<T> mapping_;
    asio::any_io_executor blocking_;
    std::chrono::nanoseconds look_every_ = std::chrono::milliseconds(50);
};

static_assert(DocumentRepository<SqliteRepository<boost::json::object>>);

} // namespace sluice
