#pragma once

#include <sluice/error.hpp>
#include <sluice/repository/query.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// What repositories are made of: documents under ids, without the types of their users.
namespace sluice::repository {

namespace asio = boost::asio;

/// What a model read a document from, where that tells more than JSON can. A model knows its own.
class DocumentSource {
public:
    DocumentSource() = default;
    DocumentSource(const DocumentSource&) = delete;
    DocumentSource& operator=(const DocumentSource&) = delete;
    virtual ~DocumentSource() = default;
};

/// What is kept under an id, as of one change of it.
class Document {
public:
    Document(std::string its_id, std::uint64_t its_version, std::shared_ptr<const boost::json::object> its_body)
        : id(std::move(its_id)), version(its_version), body(std::move(its_body)) {}

    std::string id;
    /// Grows with each change, also from a removal to what is added after it; in DynamoDB that stands on the clocks of
    /// those who do both.
    std::uint64_t version;
    /// Of what is told to a watcher, where the model knows it: the version of what this change found; zero if there was
    /// nothing. What follows what is known then needs no clock.
    std::optional<std::uint64_t> found;
    std::shared_ptr<const boost::json::object> body; ///< Null: it was removed.
    std::shared_ptr<const DocumentSource> source; ///< Null: it has none.

    /// Whether this is newer than a version that is known: the change that found it, or else one of a greater version.
    [[nodiscard]] bool follows(std::uint64_t known) const noexcept {
        return found ? *found == known : version > known;
    }
};

/// What every model can change together (Amazon DynamoDB API reference, TransactWriteItems); memory and SQLite have no
/// limit.
inline constexpr std::size_t max_changes = 100;
inline constexpr std::size_t max_write_bytes = std::size_t{4} << 20U; ///< Of what is written, as items.

/// One change of many that are made together, and what it needs to find.
class Change {
public:
    enum class Expects { absence, presence, version, anything };

    [[nodiscard]] static Change add(std::string id, boost::json::object document) {
        return {std::move(id), std::move(document), Expects::absence};
    }
    [[nodiscard]] static Change replace(std::string id, boost::json::object document) {
        return {std::move(id), std::move(document), Expects::presence};
    }
    /// If it is still as it was in this version.
    [[nodiscard]] static Change replace(std::string id, boost::json::object document, std::uint64_t version) {
        Change made(std::move(id), std::move(document), Expects::version);
        made.version = version;
        return made;
    }
    /// If it is still as it was then.
    [[nodiscard]] static Change replace(const Document& then, boost::json::object document) {
        auto made = replace(then.id, std::move(document), then.version);
        made.source = then.source;
        return made;
    }
    [[nodiscard]] static Change remove(std::string id) { return {std::move(id), std::nullopt, Expects::presence}; }
    /// If it is still as it was in this version.
    [[nodiscard]] static Change remove(std::string id, std::uint64_t version) {
        Change made(std::move(id), std::nullopt, Expects::version);
        made.version = version;
        return made;
    }
    [[nodiscard]] static Change remove_if_there(std::string id) {
        return {std::move(id), std::nullopt, Expects::anything};
    }

    std::string id;
    std::optional<boost::json::object> document; ///< None: removes it.
    Expects expects;
    std::uint64_t version = 0; ///< Where this is expected.
    std::shared_ptr<const DocumentSource> source; ///< Of what it replaces.

private:
    Change(std::string its_id, std::optional<boost::json::object> its_document, Expects what_it_expects)
        : id(std::move(its_id)), document(std::move(its_document)), expects(what_it_expects) {}
};

/// Why a change cannot be made to what is there (null: nothing), or nothing.
[[nodiscard]] inline error_code obstacle(const Change& change, const std::uint64_t* version) {
    switch (change.expects) {
    case Change::Expects::absence: return version == nullptr ? error_code() : error_code(error::already_exists);
    case Change::Expects::presence: return version != nullptr ? error_code() : error_code(error::not_found);
    case Change::Expects::version:
        if (version == nullptr) return error::not_found;
        return *version == change.version ? error_code() : error_code(error::conflict);
    case Change::Expects::anything: break;
    }
    return {};
}

/// What a query found.
class DocumentPage {
public:
    std::vector<Document> documents;
    std::string next;          ///< For `Query::after`; empty if nothing follows.
    std::uint64_t version = 0; ///< Every change up to this one is in it; zero where changes have no common order.
};

/// Whoever wants to know what changes. Told on any thread, in the order of the changes of each document.
class Watcher {
public:
    Watcher() = default;
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;
    virtual ~Watcher() = default;

    /// What one commit changed, in its order.
    virtual void changed(std::span<const Document> documents) = 0;

    /// Nothing more is told: why.
    virtual void ended(error_code why) = 0;

    /// Whether it had better not be told of what could be told already when the watching began: it cannot always know
    /// that this is old.
    [[nodiscard]] virtual bool wants_only_news() const noexcept { return false; }
};

/// Keeps documents; what it is given was checked.
///
/// | expression         | meaning                                                                                  |
/// |--------------------|------------------------------------------------------------------------------------------|
/// | `d.get(id)`        | The document; `not_found`.                                                               |
/// | `d.write(changes)` | Makes all of them or none, if all find what they expect: else `already_exists`, `not_found`, `conflict`. No id twice. More than `max_changes`, or 4 MB, may be `batch_too_large`. |
/// | `d.find(query)`    | A page of a query that `check_query` takes; all of it without a limit. As of now, but for what an index may miss unless it `is_consistent()`. |
/// | `d.watch(watcher)` | Tells of every change from now on, until nobody else holds the watcher.                  |
///
/// Called on the strand of the world, and completes there; several calls may be under way. Errors of the model are
/// those of its storage, or of its service; a failed write changed nothing. Copies are the same documents.
template <class D>
concept Documents =
    std::copy_constructible<D> && requires(D documents, std::string id, std::vector<Change> changes, const Query query,
                                           std::shared_ptr<Watcher> watcher) {
        { documents.get(std::move(id)) } -> std::same_as<asio::awaitable<result<Document>>>;
        { documents.write(std::move(changes)) } -> std::same_as<asio::awaitable<result<void>>>;
        { documents.find(query) } -> std::same_as<asio::awaitable<result<DocumentPage>>>;
        { documents.watch(std::move(watcher)) } -> std::same_as<asio::awaitable<result<void>>>;
    };

} // namespace sluice::repository
