#pragma once

#include <sluice/aws/uuid.hpp>
#include <sluice/clock/clock.hpp>
#include <sluice/detail/back_off.hpp>
#include <sluice/error.hpp>
#include <sluice/repository/check_query.hpp>
#include <sluice/repository/document.hpp>
#include <sluice/repository/feed.hpp>
#include <sluice/repository/item.hpp>
#include <sluice/repository/item_watcher.hpp>
#include <sluice/repository/live.hpp>
#include <sluice/repository/mapping.hpp>
#include <sluice/repository/query.hpp>
#include <sluice/repository/query_watcher.hpp>
#include <sluice/world.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

/// A repository that runs: values of one type in documents of some kind, with every verb of `Repository`.
template <class T, repository::Documents D>
class Collection {
public:
    using value_type = T;

    /// A session stays open as long as this, and what is live in it, is there; a producer has to outlive both.
    Collection(World& world, Mapping<T> mapping, D documents)
        : session_(world.keep_open()), world_(&world), mapping_(std::move(mapping)), documents_(std::move(documents)) {}

    [[nodiscard]] asio::awaitable<result<T>> get(std::string id) {
        if (const auto invalid = repository::check_id(id)) co_return invalid;
        const auto document = co_await documents_.get(std::move(id));
        if (!document) co_return document.error();
        co_return read(*document);
    }

    [[nodiscard]] asio::awaitable<result<void>> add(Identified<T> item) {
        std::vector<Identified<T>> items;
        items.push_back(std::move(item));
        return add_all(std::move(items));
    }

    /// Replaces the item by what `change` makes of it: a callable that takes a `T` and gives one.
    ///
    /// No change of others is lost: if the item changed meanwhile, `change` is called again with the new one. What it
    /// throws comes out of here, and nothing is changed.
    template <class Function>
        requires std::invocable<Function&, T> && std::convertible_to<std::invoke_result_t<Function&, T>, T>
    [[nodiscard]] asio::awaitable<result<T>> update(std::string id, Function change) {
        if (const auto invalid = repository::check_id(id)) co_return invalid;
        for (unsigned tries = 1;; ++tries) {
            const auto document = co_await documents_.get(id);
            if (!document) co_return document.error();
            auto object = read(*document);
            if (!object) co_return object.error();
            T changed = std::invoke(change, *std::move(object));
            auto body = mapping_.write(changed);
            if (!body) co_return body.error();
            std::vector<repository::Change> changes;
            changes.push_back(repository::Change::replace(*document, *std::move(body)));
            const auto written = co_await documents_.write(std::move(changes));
            if (written) co_return changed;
            if (written.error() != error::conflict || tries == max_tries) co_return written.error();
            const auto interrupted = co_await back_off(tries);
            if (interrupted) co_return interrupted;
        }
    }

    [[nodiscard]] asio::awaitable<result<void>> remove(std::string id) {
        if (const auto invalid = repository::check_id(id)) co_return invalid;
        std::vector<repository::Change> changes;
        changes.push_back(repository::Change::remove(std::move(id)));
        co_return co_await documents_.write(std::move(changes));
    }

    [[nodiscard]] asio::awaitable<result<void>> add_all(std::vector<Identified<T>> items) {
        return write_all(std::move(items), [](std::string id, boost::json::object document) {
            return repository::Change::add(std::move(id), std::move(document));
        });
    }

    [[nodiscard]] asio::awaitable<result<void>> update_all(std::vector<Identified<T>> items) {
        return write_all(std::move(items), [](std::string id, boost::json::object document) {
            return repository::Change::replace(std::move(id), std::move(document));
        });
    }

    [[nodiscard]] asio::awaitable<result<void>> remove_all(std::vector<std::string> ids) {
        std::sort(ids.begin(), ids.end());
        ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
        for (const auto& id : ids) {
            if (const auto invalid = repository::check_id(id)) co_return invalid;
        }
        for (std::size_t done = 0; done < ids.size();) {
            std::vector<repository::Change> changes;
            while (done < ids.size() && changes.size() < repository::max_changes) {
                changes.push_back(repository::Change::remove_if_there(std::move(ids[done++])));
            }
            const auto removed = co_await documents_.write(std::move(changes));
            if (!removed) co_return removed;
        }
        co_return result<void>();
    }

    [[nodiscard]] asio::awaitable<result<Page<T>>> query(Query query = Query()) {
        if (const auto invalid = repository::check_query(query)) co_return invalid;
        auto found = co_await documents_.find(query);
        if (!found) co_return found.error();
        Page<T> page;
        page.next = std::move(found->next);
        for (const auto& document : found->documents) {
            auto object = read(document);
            if (!object) co_return object.error();
            page.items.emplace_back(document.id, *std::move(object));
        }
        co_return page;
    }

    /// A value with a new id, a version 4 UUID; nothing is stored. The function may note the id in the value:
    /// `with_id(value, id)` gives what is kept.
    [[nodiscard]] Identified<T> identify(T object) { return Identified<T>(new_id(), std::move(object)); }

    template <class Function>
        requires std::invocable<Function&, T, const std::string&>
    [[nodiscard]] Identified<T> identify(T object, Function with_id) {
        auto id = new_id();
        T changed = std::invoke(with_id, std::move(object), std::as_const(id));
        return Identified<T>(std::move(id), std::move(changed));
    }

    /// Adds a value under a new id.
    [[nodiscard]] asio::awaitable<result<Identified<T>>> add_new(T object) {
        return add_identified(identify(std::move(object)));
    }

    template <class Function>
        requires std::invocable<Function&, T, const std::string&>
    [[nodiscard]] asio::awaitable<result<Identified<T>>> add_new(T object, Function with_id) {
        return add_identified(identify(std::move(object), std::move(with_id)));
    }

    [[nodiscard]] asio::awaitable<result<LiveItem<T>>> live(std::string id) {
        if (const auto invalid = repository::check_id(id)) co_return invalid;
        using Feed = repository::Feed<repository::Document>;
        auto watcher = std::make_shared<repository::ItemWatcher>(
            id, std::make_shared<Feed>(world_->executor(), waiting_updates));
        LiveItem<T> live(mapping_, watcher, kept());
        const auto watched = co_await documents_.watch(watcher);
        if (!watched) co_return watched.error();
        const auto now = co_await documents_.get(std::move(id));
        watcher->start(now);
        co_return live;
    }

    /// The query's limit is that of what is given each time; it has no page that follows, so its token is refused.
    [[nodiscard]] asio::awaitable<result<LiveQuery<T>>> live(Query query) {
        if (const auto invalid = repository::check_query(query)) co_return invalid;
        if (!query.token().empty()) co_return error::query_invalid;
        using Feed = repository::Feed<repository::QueryWatcher::Found>;
        auto watcher = std::make_shared<repository::QueryWatcher>(
            query, std::make_shared<Feed>(world_->executor(), waiting_updates));
        LiveQuery<T> live(mapping_, watcher, kept());
        const auto watched = co_await documents_.watch(watcher);
        if (!watched) co_return watched.error();
        const auto all = Query(query.condition()).consistent();
        const auto now = co_await documents_.find(all);
        watcher->start(now);
        co_return live;
    }

private:
    static constexpr unsigned max_tries = 64;
    static constexpr std::size_t waiting_updates = 16;

    /// What has to be there for what is live.
    [[nodiscard]] std::shared_ptr<const void> kept() const {
        return std::make_shared<const std::pair<std::shared_ptr<const void>, D>>(session_, documents_);
    }

    [[nodiscard]] result<T> read(const repository::Document& document) const {
        auto object = mapping_.read(*document.body);
        if (!object) world_->log().error("the item ", document.id, " is no value of this repository");
        return object;
    }

    template <class MakeChange>
    asio::awaitable<result<void>> write_all(std::vector<Identified<T>> items, MakeChange make_change) {
        std::vector<repository::Change> changes;
        std::set<std::string_view> ids;
        for (auto& item : items) {
            if (const auto invalid = repository::check_id(item.id)) co_return invalid;
            if (!ids.insert(item.id).second) co_return error::id_repeated;
            auto body = mapping_.write(item.object);
            if (!body) co_return body.error();
            changes.push_back(make_change(item.id, *std::move(body)));
        }
        if (changes.empty()) co_return result<void>();
        co_return co_await documents_.write(std::move(changes));
    }

    asio::awaitable<result<Identified<T>>> add_identified(Identified<T> item) {
        const auto added = co_await add(item);
        if (!added) co_return added.error();
        co_return item;
    }

    [[nodiscard]] std::string new_id() { return aws::uuid_v4(world_->clock()); }

    /// Whoever else changes the item has to come to an end.
    asio::awaitable<error_code> back_off(unsigned tries) {
        auto& clock = world_->clock();
        const auto wait = detail::back_off(std::chrono::milliseconds(1), std::chrono::milliseconds(128), tries,
                                           clock.random());
        return clock.async_wait_until(clock.steady() + wait);
    }

    std::shared_ptr<const void> session_; ///< The first member, which goes after the documents.
    World* world_;
    Mapping<T> mapping_;
    D documents_;
};

} // namespace sluice
