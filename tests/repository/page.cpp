#include <sluice/repository/page.hpp>

#include <sluice/repository/random_documents.hpp>

#include "watchers.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace {

using sluice::error;
using sluice::Query;
using sluice::repository::Document;
using sluice::repository::page_of;

std::string ids_of(const std::vector<Document>& documents) {
    std::string ids;
    for (const auto& document : documents) ids += document.id;
    return ids;
}

} // namespace

TEST_CASE("pages of any size are the whole, in its order") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        sluice::repository::RandomDocuments some(seed);
        std::vector<Document> all;
        for (char id = 'a'; id <= 'z'; ++id) all.push_back(document(std::string(1, id), 1, some.document()));
        const auto query = some.query();
        const auto whole = page_of(Query(query.condition()).order(query.order()), all);
        REQUIRE(whole.has_value());
        CHECK(whole->next.empty());
        for (std::size_t size = 1; size <= 5; ++size) {
            std::string ids;
            std::string token;
            do {
                auto part = Query(query.condition()).order(query.order()).limit(size).after(token);
                const auto page = page_of(part, all);
                REQUIRE(page.has_value());
                REQUIRE(page->documents.size() <= size);
                ids += ids_of(page->documents);
                token = page->next;
            } while (!token.empty());
            REQUIRE(ids == ids_of(whole->documents));
        }
    }
}

TEST_CASE("a page goes on where the one before ended, though that item is gone") {
    std::vector<Document> all{document("a", 1), document("b", 1), document("c", 1), document("d", 1)};
    const auto first = page_of(Query().limit(2), all);
    REQUIRE(first.has_value());
    all.erase(all.begin() + 1);
    CHECK(ids_of(page_of(Query().limit(2).after(first->next), all)->documents) == "cd");
    all.resize(1, document("", 0));
    CHECK(ids_of(page_of(Query().after(first->next), all)->documents).empty());
}

TEST_CASE("a full page that is the last has none after it") {
    const std::vector<Document> all{document("a", 1), document("b", 1)};
    CHECK(page_of(Query().limit(2), all)->next.empty());
    CHECK_FALSE(page_of(Query().limit(1), all)->next.empty());
    CHECK(ids_of(page_of(Query().limit(std::numeric_limits<std::size_t>::max()), all)->documents) == "ab");
    CHECK(page_of(Query().after("no token"), all).error() == error::query_invalid);
}
