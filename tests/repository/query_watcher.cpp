#include <sluice/repository/query_watcher.hpp>

#include <sluice/repository/page.hpp>
#include <sluice/repository/random_documents.hpp>

#include "watchers.hpp"

#include <boost/json/object.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace {

using sluice::error;
using sluice::Field;
using sluice::Query;
using sluice::repository::Document;
using sluice::repository::DocumentPage;
using sluice::repository::QueryWatcher;

class Watched : public FeedReader<QueryWatcher::Found> {
public:
    explicit Watched(Query query) : watcher(std::move(query), feed) {}

    void start(std::initializer_list<Document> documents, std::uint64_t version = 0) {
        DocumentPage page;
        page.documents = documents;
        page.version = version;
        watcher.start(page);
    }

    void tell(const Document& document) { watcher.changed(std::span(&document, 1)); }

    /// The ids that are told; "NONE", or why it failed.
    std::string told() {
        const auto told = now();
        if (!told) return "NONE";
        if (!*told) return told->error().message();
        std::string ids;
        for (const auto& document : (**told)->value) ids += document.id;
        return ids;
    }

    QueryWatcher watcher;
};

boost::json::object priced(int price) { return {{"price", price}}; }

} // namespace

TEST_CASE("a watched query tells what it finds, and each time that this is another") {
    Watched cheap(Query(Field("price") < 10).order_by("price"));
    cheap.start({document("a", 1, priced(5)), document("b", 2, priced(3))});
    CHECK(cheap.told() == "ba");
    cheap.tell(document("c", 3, priced(50)));
    CHECK(cheap.told() == "NONE");
    cheap.tell(document("c", 4, priced(4)));
    CHECK(cheap.told() == "bca");
    cheap.tell(document("b", 5, priced(9)));
    CHECK(cheap.told() == "cab");
    cheap.tell(document("a", 6, priced(10)));
    CHECK(cheap.told() == "cb");
    cheap.tell(removal("c", 7));
    CHECK(cheap.told() == "b");
    cheap.tell(removal("c", 8));
    cheap.tell(removal("unknown", 9));
    CHECK(cheap.told() == "NONE");
}

TEST_CASE("an empty answer is one, too") {
    Watched all((Query()));
    all.start({});
    CHECK(all.told().empty());
    CHECK(all.told() == "NONE");
}

TEST_CASE("what changes beyond the limit is not told") {
    Watched two(Query().order_by("price").limit(2));
    two.start({document("a", 1, priced(1)), document("b", 2, priced(2)), document("c", 3, priced(3))});
    CHECK(two.told() == "ab");
    two.tell(document("c", 4, priced(4)));
    two.tell(document("d", 5, priced(5)));
    CHECK(two.told() == "NONE");
    two.tell(document("b", 6, priced(2))); // another version of the same
    CHECK(two.told() == "ab");
    two.tell(removal("a", 7));
    CHECK(two.told() == "bc");
}

TEST_CASE("another item with the same version is another") {
    Watched one(Query().order_by("price").limit(1));
    one.start({document("a", 1, priced(5))});
    CHECK(one.told() == "a");
    one.tell(document("b", 1, priced(3)));
    CHECK(one.told() == "b");
}

TEST_CASE("a change that leaves the version is told within a limit, too") {
    Watched one(Query().order_by("price").limit(1));
    one.start({document("a", 0, priced(5)), document("b", 0, priced(7))});
    CHECK(one.told() == "a");
    one.tell(finding(0, document("a", 0, priced(3))));
    CHECK(one.told() == "a");
    one.tell(finding(0, document("b", 0, priced(6)))); // beyond it
    CHECK(one.told() == "NONE");
}

TEST_CASE("what is changed together is told together") {
    Watched all((Query()));
    all.start({});
    CHECK(all.told().empty());
    const std::vector<Document> changed{document("a", 1), document("b", 2), removal("a", 3)};
    all.watcher.changed(changed);
    CHECK(all.told() == "b");
    CHECK(all.told() == "NONE");
}

TEST_CASE("what is told while somebody looks is held against what they saw") {
    Watched all((Query()));
    all.tell(document("a", 3));
    all.tell(removal("b", 4));
    all.tell(document("c", 6));
    CHECK(all.told() == "NONE");
    all.start({document("d", 2)}, 5); // "a" was removed again before somebody looked
    CHECK(all.told() == "cd");
}

TEST_CASE("without common versions each document's own counts") {
    Watched all((Query()));
    all.tell(document("a", 3));
    all.tell(removal("b", 4));
    all.start({document("a", 5), document("b", 3)});
    CHECK(all.told() == "a");
    all.tell(removal("a", 4)); // an old one that comes late
    CHECK(all.told() == "NONE");
}

TEST_CASE("where changes say what they found, those of clocks that are behind count, and old ones do not") {
    Watched cheap(Query(Field("price") < 10));
    cheap.tell(finding(99, document("a", 100, priced(50))));
    cheap.tell(finding(100, removal("a", 101)));
    cheap.start({document("a", 50, priced(5)), document("b", 7, priced(7))});
    CHECK(cheap.told() == "ab");
    cheap.tell(finding(0, document("a", 50, priced(5))));
    CHECK(cheap.told() == "NONE");
    cheap.tell(finding(50, document("a", 40, priced(50))));
    CHECK(cheap.told() == "b");
    cheap.tell(finding(40, removal("a", 41)));
    cheap.tell(finding(0, document("a", 30, priced(1))));
    CHECK(cheap.told() == "ab");
    cheap.tell(finding(6, document("b", 7, priced(7)))); // told twice
    CHECK(cheap.told() == "NONE");
}

TEST_CASE("a change without a version is not lost while somebody looks") {
    Watched all((Query()));
    all.tell(finding(0, document("a", 0)));
    all.start({});
    CHECK(all.told() == "a");
}

TEST_CASE("failures end it") {
    Watched failed((Query()));
    failed.watcher.start(error::timed_out);
    CHECK(failed.told() == sluice::error_code(error::timed_out).message());
    Watched cut((Query()));
    cut.start({});
    cut.watcher.ended(error::storage_failed);
    CHECK(cut.told().empty());
    CHECK(cut.told() == sluice::error_code(error::storage_failed).message());
}

TEST_CASE("whatever changes, the last that is told is what a query would find now") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        sluice::repository::RandomDocuments some(seed);
        const auto query = some.query();
        Watched watched(query);
        watched.start({});
        std::map<std::string, Document> model;
        std::string last = watched.told();
        for (std::uint64_t version = 1; version <= 40; ++version) {
            const std::string id(1, static_cast<char>('a' + some.one_in(6)));
            if (some.one_in(4) == 0) {
                model.erase(id);
                watched.tell(removal(id, version));
            } else {
                const auto now = document(id, version, some.document());
                model.insert_or_assign(id, now);
                watched.tell(now);
            }
            for (auto told = watched.told(); told != "NONE"; told = watched.told()) last = told;
            std::vector<Document> all;
            for (const auto& [its_id, its] : model) all.push_back(its);
            std::string wanted;
            const auto page = sluice::repository::page_of(query, all);
            for (const auto& found : page->documents) wanted += found.id;
            REQUIRE(last == wanted);
        }
    }
}
