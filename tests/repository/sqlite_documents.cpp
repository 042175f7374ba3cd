#include <sluice/repository/sqlite_documents.hpp>

#include "storage/temporary.hpp"

#include <boost/json/object.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using sluice::error;
using sluice::error_code;
using sluice::repository::Change;
using sluice::repository::Document;
using sluice::repository::SqliteItemStore;
using sluice::repository::Watcher;

const sluice::wall_time now = sluice::wall_time(std::chrono::seconds(1'795'243'551));

class Counter final : public Watcher {
public:
    void changed(std::span<const Document> documents) override { seen += documents.size(); }
    void ended(error_code why) override { end = why; }

    std::size_t seen = 0;
    error_code end;
};

class Store : public SqliteItemStore {
public:
    explicit Store(const std::filesystem::path& path) : SqliteItemStore(at(path), "items") {}

    /// One transaction, or none if there is nothing to be done.
    error_code look() {
        if (const auto begun = begin(now); !begun) return begun.error();
        if (const auto looked = SqliteItemStore::look(); !looked) return give_up(looked.error());
        return end();
    }

    /// The first half of one.
    error_code begin_to_add(const std::string& id) {
        if (const auto begun = begin(now); !begun) return begun.error();
        std::vector<Change> changes;
        changes.push_back(Change::add(id, boost::json::object()));
        const auto written = write(changes);
        return written ? error_code() : give_up(written.error());
    }

    error_code end() {
        const auto committed = commit();
        return committed ? error_code() : give_up(committed.error());
    }

    error_code give_up(error_code why) {
        rollback(why, now);
        return why;
    }

    error_code begin_to_watch(const std::shared_ptr<Watcher>& watcher) {
        if (const auto begun = begin(now); !begun) return begun.error();
        const auto watched = watch(watcher);
        return watched ? end() : give_up(watched.error());
    }

private:
    static sluice::detail::SqlitePlace at(const std::filesystem::path& path) {
        sluice::detail::SqlitePlace place;
        place.path = path.string();
        return place;
    }
};

} // namespace

TEST_CASE("who looks needs no lock, and sees what there is to see") {
    const TemporaryDirectory directory;
    Store watching(directory / "items"), writing(directory / "items");
    const auto counter = std::make_shared<Counter>();
    REQUIRE_FALSE(watching.begin_to_watch(counter));
    REQUIRE_FALSE(writing.begin_to_add("a"));
    CHECK_FALSE(watching.look()); // while somebody else writes
    CHECK(counter->seen == 0);
    REQUIRE_FALSE(writing.end());
    CHECK_FALSE(watching.look());
    CHECK(counter->seen == 1);
    REQUIRE_FALSE(writing.begin_to_add("b"));
    CHECK_FALSE(watching.look());
    REQUIRE_FALSE(writing.end());
    REQUIRE_FALSE(writing.begin_to_add("c"));
    CHECK_FALSE(watching.look()); // there is something to see
    CHECK(counter->seen == 2);
    REQUIRE_FALSE(writing.end());
    CHECK_FALSE(watching.look());
    CHECK(counter->seen == 3);
}

TEST_CASE("who begins to watch while somebody else writes is told of what he writes") {
    const TemporaryDirectory directory;
    Store watching(directory / "items"), writing(directory / "items");
    const auto counter = std::make_shared<Counter>();
    REQUIRE_FALSE(writing.begin_to_add("a"));
    REQUIRE_FALSE(watching.begin_to_watch(counter));
    REQUIRE_FALSE(writing.end());
    CHECK_FALSE(watching.look());
    CHECK(counter->seen == 1);
}

TEST_CASE("a transaction that read may write, whatever others wrote in between, and is told of it") {
    const TemporaryDirectory directory;
    Store one(directory / "items"), other(directory / "items");
    const auto counter = std::make_shared<Counter>();
    REQUIRE_FALSE(one.begin_to_watch(counter));
    REQUIRE(one.begin(now).has_value());
    CHECK(one.get("a").error() == error::not_found);
    REQUIRE_FALSE(other.begin_to_add("a"));
    REQUIRE_FALSE(other.end());
    CHECK(one.get("a").error() == error::not_found); // as it was when it read first
    CHECK(one.write(std::vector<Change>(1, Change::add("a", {}))).error() == error::already_exists);
    REQUIRE(one.write(std::vector<Change>(1, Change::add("b", {}))).has_value());
    CHECK(one.get("a").has_value());
    CHECK(one.get("b").has_value());
    REQUIRE_FALSE(one.end());
    CHECK(counter->seen == 2);
}

TEST_CASE("a transaction that was given up hides nothing from the next look") {
    const TemporaryDirectory directory;
    Store watching(directory / "items"), writing(directory / "items");
    const auto counter = std::make_shared<Counter>();
    REQUIRE_FALSE(watching.begin_to_watch(counter));
    REQUIRE_FALSE(writing.begin_to_add("a"));
    REQUIRE_FALSE(writing.end());
    CHECK(watching.begin_to_add("a") == error::already_exists);
    CHECK(counter->seen == 0);
    CHECK_FALSE(watching.look());
    CHECK(counter->seen == 1);
}

TEST_CASE("a look finds out that the file is another") {
    const TemporaryDirectory directory;
    Store watching(directory / "items");
    const auto counter = std::make_shared<Counter>();
    REQUIRE_FALSE(watching.begin_to_add("a"));
    REQUIRE_FALSE(watching.end());
    REQUIRE_FALSE(watching.begin_to_watch(counter));
    std::filesystem::rename(directory / "items", directory / "away");
    CHECK_FALSE(watching.look());
    CHECK(counter->end == error::iterator_expired);
}
