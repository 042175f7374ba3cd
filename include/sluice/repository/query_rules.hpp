#pragma once

#include <sluice/error.hpp>
#include <sluice/repository/page.hpp>
#include <sluice/repository/query.hpp>
#include <sluice/repository/random_documents.hpp>
#include <sluice/repository/rule_book.hpp>

#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::repository {

/// What queries find.
template <class Running>
class QueryRules : public RuleBook {
public:
    using Rule = asio::awaitable<void> (QueryRules::*)(Running&);

    using RuleBook::RuleBook;

    [[nodiscard]] static std::vector<Rule> all() {
        return {&QueryRules::finds, &QueryRules::answers_alike, &QueryRules::refuses_queries};
    }

    /// All pages of a query.
    asio::awaitable<std::vector<Item>> all_pages(Running& kept, Query query) {
        std::vector<Item> items;
        for (int pages = 0; pages < 1'000; ++pages) {
            auto page = co_await kept.query(query);
            expect(page.has_value(), "`query` answers what can be asked.");
            if (!page) break;
            if (query.limit()) expect(page->items.size() <= *query.limit(), "A page has its limit.");
            std::move(page->items.begin(), page->items.end(), std::back_inserter(items));
            if (page->next.empty()) break;
            expect(query.limit().has_value(), "Without a limit all is on one page.");
            query.after(page->next);
        }
        co_return items;
    }

    [[nodiscard]] static std::string ids_of(const std::vector<Item>& items) {
        std::string ids;
        for (const auto& item : items) ids += item.id;
        return ids;
    }

    [[nodiscard]] static std::string sorted_ids_of(const std::vector<Item>& items) {
        auto ids = ids_of(items);
        std::sort(ids.begin(), ids.end());
        return ids;
    }

    asio::awaitable<void> finds(Running& kept) {
        auto none = co_await all_pages(kept, Query());
        expect(none.empty(), "An empty repository has nothing.");
        co_await add(kept, "a", product("Apple iPhone", 10));
        co_await add(kept, "b", product("Apple MacBook", 15.0));
        co_await add(kept, "c", product("Samsung Apple", 25));
        co_await add(kept, "d", product("apple", 30.5));
        const std::vector<std::pair<Condition, std::string>> wanted{
            {Condition(), "abcd"}, {Field("name").starts_with("Apple"), "ab"}, {Field("name").contains("Apple"), "abc"},
            {Field("price") > 15, "cd"}, {Field("price") >= 15, "bcd"}, {Field("price") < 15.0, "a"},
            {Field("price").between(10, 25), "abc"}, {Field("price") == 15, "b"}, {Field("name") == "none", ""},
            {!(Field("name").starts_with("Apple")) && Field("price") < 30, "c"}};
        for (const auto& [condition, ids] : wanted) {
            const auto found = co_await all_pages(kept, Query(condition));
            expect(sorted_ids_of(found) == ids, "A query finds what it asks for, and nothing else.");
        }
        const auto up = co_await all_pages(kept, Query().order_by("price").limit(3));
        expect(ids_of(up) == "abcd", "A query gives its order, over all pages.");
        const auto down = co_await all_pages(kept, Query().order_by_descending("name").limit(1));
        expect(ids_of(down) == "dcab", "A query gives its order, over all pages.");
    }

    asio::awaitable<void> answers_alike(Running& kept) {
        RandomDocuments some(5);
        std::vector<Document> model;
        for (int i = 0; i < 60; ++i) {
            auto id = std::string(1, static_cast<char>(' ' + i));
            auto object = some.document();
            co_await add(kept, id, object);
            model.emplace_back(std::move(id), 1, std::make_shared<const Object>(std::move(object)));
        }
        for (int i = 0; i < 150; ++i) {
            auto query = some.query();
            const auto found = co_await all_pages(kept, query);
            const Query all = Query(query.condition()).order(query.order());
            const auto wanted = page_of(all, model);
            std::string ids;
            for (const auto& document : wanted->documents) ids += document.id;
            const bool same = query.order() ? ids_of(found) == ids : sorted_ids_of(found) == sorted(ids);
            expect(same, "Every repository gives the same answer to a query.");
        }
    }

    [[nodiscard]] static std::string sorted(std::string text) {
        std::sort(text.begin(), text.end());
        return text;
    }

    asio::awaitable<void> refuses_queries(Running& kept) {
        co_await add(kept, "a", product("a", 1));
        co_await add(kept, "b", product("b", 2));
        const auto nan = std::numeric_limits<double>::quiet_NaN();
        for (const auto& bad : {Query(Field("price") > nan), Query(Field("name") == "\xFF"), Query().limit(0),
                                Query().order_by("/"), Query().after("no token")}) {
            const auto found = co_await kept.query(bad);
            expect_error(found, error::query_invalid, "`query` refuses what cannot be asked.");
        }
        const auto first = co_await kept.query(Query().order_by("price").limit(1));
        expect(first && !first->next.empty(), "A page tells that more follows.");
        if (!first) co_return;
        const auto other = co_await kept.query(Query().order_by("name").limit(1).after(first->next));
        expect_error(other, error::query_invalid, "A page follows one of the same order.");
    }
};

} // namespace sluice::repository
