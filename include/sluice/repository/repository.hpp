#pragma once

#include <sluice/error.hpp>
#include <sluice/policy.hpp>
#include <sluice/repository/document.hpp>
#include <sluice/repository/item.hpp>
#include <sluice/repository/live.hpp>
#include <sluice/repository/query.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

#include <concepts>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace sluice {

/// A repository that runs: values of one type under ids.
///
/// | expression                   | meaning                                                                        |
/// |------------------------------|--------------------------------------------------------------------------------|
/// | `R::value_type`              | The type of the values.                                                        |
/// | `r.get(id)`                  | The value; `not_found`.                                                        |
/// | `r.add(item)`                | Keeps a value under an id that has none; `already_exists`.                     |
/// | `r.update(id, function)`     | The value becomes what the function makes of it, and is given; no update is lost; `not_found`, `conflict` after many tries. |
/// | `r.remove(id)`               | The id has no value any more; `not_found`.                                     |
/// | `r.add_all(items)`           | Adds all or none; `already_exists`; `id_repeated` if an id is there twice.     |
/// | `r.update_all(items)`        | Replaces all or none; `not_found`; `id_repeated` if an id is there twice.      |
/// | `r.remove_all(ids)`          | Who is not there is no error. A hundred at a time: of more, some may be gone after an error. |
/// | `r.query(query)`             | A page of what is asked for; `query_invalid`.                                  |
/// | `r.identify(value)`, `r.identify(value, with_id)` | A value with a new id, which `with_id(value, id)` may note in it; stores nothing. |
/// | `r.add_new(value)`, `r.add_new(value, with_id)` | The same, and adds it.                                      |
/// | `r.live(id)`, `r.live(query)` | What it is now, and each change: `LiveItem`, `LiveQuery`.                     |
///
/// Called on the strand of the world, and completes there; several calls may be under way. Whatever is given is
/// checked: `id_invalid`, `item_invalid`. A service has limits: `item_too_large` over 400 KB, `batch_too_large` for
/// more than 100 items or 4 MB that are changed together. Numbers come back as what they are worth: `1` perhaps for
/// `1.0`. What fails changed nothing, unless it was cancelled, or a service did not answer. A callable that captures
/// something has a name before it stands in a `co_await` (g++ 12 would destroy it twice). `check_repository` in
/// conformance.hpp tells which of this a repository breaks.
template <class R>
concept RunningRepository =
    requires(R repository, std::string id, typename R::value_type value,
             std::vector<Identified<typename R::value_type>> items, std::vector<std::string> ids, Query query,
             std::function<typename R::value_type(typename R::value_type)> change,
             std::function<typename R::value_type(typename R::value_type, std::string)> with_id) {
        { repository.get(id) } -> std::same_as<asio::awaitable<result<typename R::value_type>>>;
        { repository.add(items.front()) } -> std::same_as<asio::awaitable<result<void>>>;
        { repository.update(id, change) } -> std::same_as<asio::awaitable<result<typename R::value_type>>>;
        { repository.remove(id) } -> std::same_as<asio::awaitable<result<void>>>;
        { repository.add_all(items) } -> std::same_as<asio::awaitable<result<void>>>;
        { repository.update_all(items) } -> std::same_as<asio::awaitable<result<void>>>;
        { repository.remove_all(ids) } -> std::same_as<asio::awaitable<result<void>>>;
        { repository.query(query) } -> std::same_as<asio::awaitable<result<Page<typename R::value_type>>>>;
        { repository.identify(value) } -> std::same_as<Identified<typename R::value_type>>;
        { repository.identify(value, with_id) } -> std::same_as<Identified<typename R::value_type>>;
        { repository.add_new(value) } -> std::same_as<asio::awaitable<result<Identified<typename R::value_type>>>>;
        {
            repository.add_new(value, with_id)
        } -> std::same_as<asio::awaitable<result<Identified<typename R::value_type>>>>;
        { repository.live(id) } -> std::same_as<asio::awaitable<result<LiveItem<typename R::value_type>>>>;
        { repository.live(query) } -> std::same_as<asio::awaitable<result<LiveQuery<typename R::value_type>>>>;
    };

/// Where values are kept: a recipe with `open(World&)`, which gives a `RunningRepository`.
///
/// Models: MemoryRepository, SqliteRepository, DynamoDbRepository.
template <class R>
concept Repository = requires(R recipe, World& world) {
    { recipe.open(world) } -> std::same_as<asio::awaitable<result<running_t<R>>>>;
    requires RunningRepository<running_t<R>>;
};

/// The documents of a repository: what `open_documents(World&)` gives.
template <class R>
using documents_t =
    typename decltype(std::declval<R&>().open_documents(std::declval<World&>()))::value_type::value_type;

/// A repository that lets others keep documents in it which are no values of its type.
///
/// | expression                 | meaning                                                     |
/// |----------------------------|-------------------------------------------------------------|
/// | `r.open_documents(world)`  | The same documents that `r.open(world)` has its values in.  |
/// | `R::persistent`            | Whether what is kept outlives the process; a constant.      |
///
/// Models: MemoryRepository, SqliteRepository, DynamoDbRepository.
template <class R>
concept DocumentRepository = Repository<R> && requires(R recipe, World& world) {
    { recipe.open_documents(world) } -> std::same_as<asio::awaitable<result<documents_t<R>>>>;
    requires repository::Documents<documents_t<R>>;
    { std::bool_constant<R::persistent>::value } -> std::convertible_to<bool>;
};

} // namespace sluice
