#pragma once

#include <sluice/detail/sqlite.hpp>
#include <sluice/error.hpp>
#include <sluice/repository/document.hpp>
#include <sluice/repository/document_text.hpp>
#include <sluice/repository/item.hpp>
#include <sluice/repository/page.hpp>
#include <sluice/repository/query.hpp>
#include <sluice/repository/sql_condition.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::repository {

/// The table of a file of items, and what is done to it, inside its caller's transaction.
///
/// Table `items`: `collection`, `id`, `version` (grows with every change of the file), `odd` (whether SQLite misreads
/// it, see `is_odd`), `body` (JSON; null where something was removed: for whoever watches).
class SqliteItems {
public:
    /// "slrp", the `application_id` in the file's header.
    static constexpr std::int64_t application_id = 0x736C7270;

    /// The `user_version` in the file's header; a file with a greater one belongs to a newer sluice.
    static constexpr std::int64_t schema_version = 1;

    static constexpr bool shared = true;

    /// Removals are remembered for so many changes.
    static constexpr std::int64_t memory = 100'000;

    [[nodiscard]] static result<void> create(sluice::detail::SqliteDatabase& database) {
        return database.execute("CREATE TABLE items (collection TEXT NOT NULL, id TEXT NOT NULL,"
                                " version INTEGER NOT NULL, odd INTEGER NOT NULL, body TEXT,"
                                " PRIMARY KEY (collection, id)) STRICT, WITHOUT ROWID;"
                                "CREATE UNIQUE INDEX changes ON items (version);"
                                "CREATE INDEX removals ON items (version) WHERE body IS NULL;"
                                "CREATE TABLE counters (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL)"
                                " STRICT, WITHOUT ROWID;"
                                "INSERT INTO counters VALUES ('version', 0), ('forgotten', 0);"
                                "PRAGMA application_id = 1936487024;"
                                "PRAGMA user_version = 1;");
    }

    /// What is no document is found by whoever reads it.
    [[nodiscard]] static result<void> verify(sluice::detail::SqliteDatabase&) { return {}; }

    /// Compiles the statements; fails if the tables are not those of `create`. The database stays where it is.
    [[nodiscard]] static result<SqliteItems> prepare(sluice::detail::SqliteDatabase& database) {
        SqliteItems items(database);
        for (std::size_t i = 0; i < sql.size(); ++i) {
            auto statement = database.prepare(sql[i]);
            if (!statement) return statement.error();
            items.statements_[i] = std::move(*statement);
        }
        return items;
    }

    [[nodiscard]] result<Document> get(const std::string& collection, const std::string& id) {
        auto query = run_of(Sql::get, std::string_view(collection), std::string_view(id));
        const auto row = query.next();
        if (!row) return row.error();
        if (!*row) return error::not_found;
        return document_of(collection, id, query.integer(0), query.text(1));
    }

    [[nodiscard]] result<void> write(const std::string& collection, const std::vector<Change>& changes) {
        for (const auto& change : changes) {
            const auto version = version_of(collection, change.id);
            if (!version) return version.error();
            if (const auto why = obstacle(change, *version ? &**version : nullptr)) return why;
            if (!change.document && !*version) continue;
            if (auto made = make(collection, change); !made) return made;
        }
        return {};
    }

    [[nodiscard]] result<DocumentPage> find(const std::string& collection, const Query& query) {
        auto maker = PageMaker::make(query);
        if (!maker) return maker.error();
        auto condition = sql_condition(query.condition());
        const bool by_id = !query.order() && maker->last();
        auto statement = prepare_find(condition);
        if (!statement && statement.error() == error::query_invalid) {
            // Too much for SQLite: it gives everything, and what is found is looked at in any case.
            condition = SqlCondition();
            condition.text = "1";
            statement = prepare_find(condition);
        }
        if (!statement) return statement.error();
        std::vector<SqlValue> values{collection, by_id ? maker->last()->id : std::string()};
        values.insert(values.end(), condition.values.begin(), condition.values.end());
        auto rows = statement->with(values);
        while (!maker->full_by_id()) {
            const auto row = rows.next();
            if (!row) return row.error();
            if (!*row) break;
            const auto document = document_of(collection, std::string(rows.text(0)), rows.integer(1), rows.text(2));
            if (!document) return document.error();
            maker->add(*document);
        }
        auto page = std::move(*maker).page();
        const auto version = counter("version");
        if (!version) return version.error();
        page.version = static_cast<std::uint64_t>(*version);
        return page;
    }

    /// The version of the last change of the file.
    [[nodiscard]] result<std::int64_t> version() { return counter("version"); }

    /// What changed after a version, in order, a thousand at most; `iterator_expired` if some of it was forgotten.
    [[nodiscard]] result<std::vector<Document>> changes(const std::string& collection, std::int64_t after) {
        const auto forgotten = counter("forgotten");
        if (!forgotten) return forgotten.error();
        if (*forgotten > after) return error::iterator_expired;
        std::vector<Document> found;
        auto query = run_of(Sql::changes, std::string_view(collection), after);
        for (;;) {
            const auto row = query.next();
            if (!row) return row.error();
            if (!*row) return found;
            std::string id(query.text(0));
            if (query.is_null(2)) {
                found.emplace_back(std::move(id), static_cast<std::uint64_t>(query.integer(1)), nullptr);
                continue;
            }
            auto document = document_of(collection, std::move(id), query.integer(1), query.text(2));
            if (!document) return document.error();
            found.push_back(*std::move(document));
        }
    }

    /// What the log should say of an item that could not be read; of each once, until it is written again.
    [[nodiscard]] std::string take_complaint() { return std::exchange(complaint_, {}); }

private:
    static constexpr std::size_t most_complaints = 1'000;

    enum class Sql : std::size_t {
        get, version_of, put, remove, next_version, counter, changes, forget, forgotten, count
    };

    static constexpr std::array<std::string_view, static_cast<std::size_t>(Sql::count)> sql{
        "SELECT version, body FROM items WHERE collection=? AND id=? AND body IS NOT NULL",
        "SELECT version FROM items WHERE collection=? AND id=? AND body IS NOT NULL",
        "INSERT INTO items (collection, id, version, odd, body) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (collection, id) DO UPDATE SET version=excluded.version, odd=excluded.odd, body=excluded.body",
        "UPDATE items SET version=?3, odd=0, body=NULL WHERE collection=?1 AND id=?2",
        "UPDATE counters SET value=value+1 WHERE name='version' RETURNING value",
        "SELECT value FROM counters WHERE name=?",
        "SELECT id, version, body FROM items WHERE collection=?1 AND version>?2 ORDER BY version LIMIT 1000",
        "DELETE FROM items WHERE body IS NULL AND version<=?",
        "UPDATE counters SET value=max(value, ?) WHERE name='forgotten'",
    };

    explicit SqliteItems(sluice::detail::SqliteDatabase& database) : database_(&database) {}

    template <class... Values>
    [[nodiscard]] sluice::detail::SqliteQuery run_of(Sql which, const Values&... values) {
        return statements_[static_cast<std::size_t>(which)].with(values...);
    }

    /// What SQLite cannot read, or misreads, is found whatever is asked for.
    [[nodiscard]] result<sluice::detail::SqliteStatement> prepare_find(const SqlCondition& condition) {
        return database_->prepare_any("SELECT id, version, body FROM items WHERE collection=? AND id>?"
                                      " AND body IS NOT NULL"
                                      " AND CASE WHEN odd OR NOT json_valid(body) THEN 1 ELSE " +
                                      condition.text + " END ORDER BY id");
    }

    [[nodiscard]] result<Document> document_of(const std::string& collection, std::string id, std::int64_t version,
                                               std::string_view text) {
        auto body = read_document(text);
        if (!body) {
            complain(collection, id, version); // somebody wrote it who is not us: the file is sound
            return body.error();
        }
        return Document(std::move(id), static_cast<std::uint64_t>(version),
                        std::make_shared<const boost::json::object>(*std::move(body)));
    }

    void complain(const std::string& collection, const std::string& id, std::int64_t version) {
        if (complained_.size() >= most_complaints) complained_.clear();
        if (!complained_.insert(version).second) return;
        const auto quoted = [](const std::string& text) {
            return boost::json::serialize(boost::json::string_view(text));
        };
        complaint_ = "the item " + (check_id(id) ? "whose id cannot be one" : quoted(id)) + ", version " +
                     std::to_string(version) + " in the collection " + quoted(collection) + ", is no JSON object";
    }

    [[nodiscard]] result<std::optional<std::uint64_t>> version_of(const std::string& collection,
                                                                  const std::string& id) {
        auto query = run_of(Sql::version_of, std::string_view(collection), std::string_view(id));
        const auto row = query.next();
        if (!row) return row.error();
        if (!*row) return std::optional<std::uint64_t>();
        return std::optional<std::uint64_t>(static_cast<std::uint64_t>(query.integer(0)));
    }

    [[nodiscard]] result<std::int64_t> counter(std::string_view name) {
        auto query = run_of(Sql::counter, name);
        const auto row = query.next();
        if (!row) return row.error();
        return *row ? query.integer(0) : 0;
    }

    [[nodiscard]] result<void> make(const std::string& collection, const Change& change) {
        const auto version = next_version();
        if (!version) return version.error();
        const std::string_view where = collection, id = change.id;
        if (!change.document) {
            const auto removed = run_of(Sql::remove, where, id, *version).run();
            return removed ? forget(*version) : result<void>(removed.error());
        }
        const auto text = document_text(*change.document);
        const auto put =
            run_of(Sql::put, where, id, *version, is_odd(*change.document) ? 1 : 0, std::string_view(text)).run();
        return put ? forget(*version) : result<void>(put.error());
    }

    [[nodiscard]] result<std::int64_t> next_version() {
        auto query = run_of(Sql::next_version);
        const auto row = query.next();
        if (!row) return row.error();
        if (!*row) return error::storage_corrupt;
        const auto version = query.integer(0);
        const auto rest = query.next(); // to the end, or it is undone
        return rest ? result<std::int64_t>(version) : result<std::int64_t>(rest.error());
    }

    /// Now and then, what was removed long ago.
    [[nodiscard]] result<void> forget(std::int64_t version) {
        const auto until = version - memory;
        if (until <= 0 || version % 1'000 != 0) return {};
        const auto gone = run_of(Sql::forget, until).run();
        if (!gone) return gone.error();
        const auto noted = run_of(Sql::forgotten, until).run();
        return noted ? result<void>() : result<void>(noted.error());
    }

    sluice::detail::SqliteDatabase* database_;
    std::array<sluice::detail::SqliteStatement, static_cast<std::size_t>(Sql::count)> statements_;
    std::string complaint_;
    std::set<std::int64_t> complained_; ///< Of these versions.
};

} // namespace sluice::repository
