#pragma once

#include <sluice/error.hpp>
#include <sluice/repository/document.hpp>
#include <sluice/repository/feed.hpp>
#include <sluice/repository/item.hpp>
#include <sluice/repository/item_watcher.hpp>
#include <sluice/repository/mapping.hpp>
#include <sluice/repository/query_watcher.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace sluice {

namespace repository {

/// What a document says; `item_invalid` if it does not fit.
template <class T>
[[nodiscard]] result<T> read(const Mapping<T>& mapping, const Document& document) {
    return mapping.read(*document.body);
}

/// The same of each of them, under their ids.
template <class T>
[[nodiscard]] result<std::vector<Identified<T>>> read(const Mapping<T>& mapping,
                                                      const std::vector<Document>& documents) {
    std::vector<Identified<T>> items;
    for (const auto& document : documents) {
        auto object = read(mapping, document);
        if (!object) return object.error();
        items.emplace_back(document.id, *std::move(object));
    }
    return items;
}

/// Closes the feed of a watcher once nobody reads it, whoever else still has the watcher.
template <class Watcher>
class Reading {
public:
    explicit Reading(std::shared_ptr<Watcher> watcher) : watcher_(std::move(watcher)) {}
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    ~Reading() { watcher_->feed().close(); }

    [[nodiscard]] auto& feed() const noexcept { return watcher_->feed(); }

private:
    std::shared_ptr<Watcher> watcher_;
};

/// What a watcher is told, as values. To be read on the strand of its repository, which it keeps open.
///
/// Sixteen values wait for a reader; of more than these only the newest does, and tells how many are missing.
template <class T, class Watcher>
class Live {
    using Told = decltype(std::declval<const Watcher&>().feed().next())::value_type::value_type::value_type;

public:
    using value_type =
        decltype(read(std::declval<const Mapping<T>&>(), std::declval<const Told&>().value))::value_type;

    /// `documents` are kept open.
    Live(Mapping<T> mapping, std::shared_ptr<Watcher> watcher, std::shared_ptr<const void> documents)
        : mapping_(std::move(mapping)), documents_(std::move(documents)),
          reading_(std::make_shared<const Reading<Watcher>>(std::move(watcher))) {}

    /// What there is at once, then what becomes of it as soon as it does; none after the last.
    ///
    /// One call at a time. Errors: those of the repository, after which nothing follows; `item_invalid`;
    /// `operation_aborted` if the wait was cancelled.
    [[nodiscard]] asio::awaitable<result<std::optional<Update<value_type>>>> next() {
        const auto told = co_await reading_->feed().next();
        if (!told) co_return told.error();
        if (!*told) co_return std::optional<Update<value_type>>();
        auto value = read(mapping_, (*told)->value);
        if (!value) co_return value.error();
        co_return std::optional<Update<value_type>>(Update<value_type>(*std::move(value), (*told)->skipped));
    }

private:
    Mapping<T> mapping_;
    std::shared_ptr<const void> documents_;
    std::shared_ptr<const Reading<Watcher>> reading_; ///< The last member, which goes before what it stands on.
};

} // namespace repository

/// One item, as it is and as it becomes: `next()` gives the item at once, then each of its changes; none after it was
/// removed. `not_found` at first, if there is no such item.
template <class T>
using LiveItem = repository::Live<T, repository::ItemWatcher>;

/// What a query finds, now and from now on: `next()` gives all of it, as a vector of `Identified<T>`, at once and then
/// each time that this is another.
template <class T>
using LiveQuery = repository::Live<T, repository::QueryWatcher>;

} // namespace sluice
