#pragma once

#include <sluice/error.hpp>
#include <sluice/repository/random_documents.hpp>
#include <sluice/repository/rule_book.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace sluice::repository {

/// How items are kept, one by one and together.
template <class Running>
class ItemRules : public RuleBook {
public:
    using Rule = asio::awaitable<void> (ItemRules::*)(Running&);

    using RuleBook::RuleBook;

    [[nodiscard]] static std::vector<Rule> all() {
        return {&ItemRules::keeps,           &ItemRules::misses,           &ItemRules::refuses,
                &ItemRules::keeps_values,    &ItemRules::keeps_names,      &ItemRules::adds_together,
                &ItemRules::updates_together, &ItemRules::removes_together, &ItemRules::identifies,
                &ItemRules::loses_no_update};
    }

    asio::awaitable<void> keeps(Running& kept) {
        co_await add(kept, "a", product("old", 1.5));
        co_await expect_at(kept, "a", product("old", 1.5), "`get` gives what was added.");
        const auto rename = [](Object object) { return renamed(std::move(object), "new"); };
        const auto updated = co_await kept.update("a", rename);
        expect(updated && *updated == product("new", 1.5), "`update` gives what the function made.");
        co_await expect_at(kept, "a", product("new", 1.5), "`update` keeps what the function made.");
        const auto removed = co_await kept.remove("a");
        expect(removed.has_value(), "`remove` removes what is there.");
        co_await expect_none_at(kept, "a", "What was removed is gone.");
        co_await add(kept, "a", product("again", 2));
        co_await expect_at(kept, "a", product("again", 2), "An id can be used again after its item was removed.");
    }

    asio::awaitable<void> misses(Running& kept) {
        co_await expect_none_at(kept, "none", "`get` says that there is nothing.");
        bool called = false;
        const auto change = [&called](Object object) {
            called = true;
            return object;
        };
        const auto updated = co_await kept.update("none", change);
        expect_error(updated, error::not_found, "`update` says that there is nothing.");
        expect(!called, "`update` calls its function only for what is there.");
        const auto removed = co_await kept.remove("none");
        expect_error(removed, error::not_found, "`remove` says that there is nothing.");
        co_await add(kept, "a", product("first", 1));
        const auto again = co_await kept.add(Item("a", product("second", 2)));
        expect_error(again, error::already_exists, "`add` refuses an id that is taken.");
        co_await expect_at(kept, "a", product("first", 1), "A refused `add` changes nothing.");
    }

    asio::awaitable<void> refuses(Running& kept) {
        for (const auto& id : {std::string(), std::string(2'049, 'x'), std::string("\xFF")}) {
            const auto got = co_await kept.get(id);
            expect_error(got, error::id_invalid, "`get` refuses what cannot be an id.");
            const auto added = co_await kept.add(Item(id, Object()));
            expect_error(added, error::id_invalid, "`add` refuses what cannot be an id.");
            const auto removed = co_await kept.remove(id);
            expect_error(removed, error::id_invalid, "`remove` refuses what cannot be an id.");
        }
        boost::json::value deep = 1;
        for (int i = 0; i < 40; ++i) deep = Object{{"d", deep}};
        for (const auto& bad : {Object{{"", 1}}, Object{{"x", std::numeric_limits<double>::quiet_NaN()}},
                                Object{{"x", std::numeric_limits<double>::infinity()}}, Object{{"x", "\xC3"}},
                                Object{{"\xFF", 1}}, Object{{"x", deep}}}) {
            const auto added = co_await kept.add(Item("bad", bad));
            expect_error(added, error::item_invalid, "`add` refuses what cannot be kept.");
        }
        co_await expect_none_at(kept, "bad", "What was refused is not kept.");
        co_await add(kept, "good", Object());
        const auto spoil = [](Object object) {
            object["x"] = std::numeric_limits<double>::quiet_NaN();
            return object;
        };
        const auto spoiled = co_await kept.update("good", spoil);
        expect_error(spoiled, error::item_invalid, "`update` refuses what cannot be kept.");
        co_await expect_at(kept, "good", Object(), "A refused `update` changes nothing.");
    }

    asio::awaitable<void> keeps_values(Running& kept) {
        boost::json::value deep = 1;
        for (int i = 0; i < 28; ++i) deep = boost::json::array{deep};
        const Object all{{"null", nullptr}, {"yes", true}, {"no", false}, {"zero", 0}, {"empty", ""},
                         {"least", std::numeric_limits<std::int64_t>::min()},
                         {"most", std::numeric_limits<std::int64_t>::max()},
                         {"huge", std::numeric_limits<std::uint64_t>::max()},
                         {"tenth", 0.1}, {"third", 1.0 / 3}, {"large", 1.7976931348623157e100}, {"small", 2.5e-100},
                         {"text", "\xC3\xA4 \xF0\x9F\x8D\x8E \"quoted\" \\ / \n\t\x01"},
                         {"array", boost::json::array{1, "two", nullptr, boost::json::array{}, Object{}}},
                         {"object", Object{{"inner", Object{{"x", 1}}}, {"none", Object()}}}, {"deep", deep}};
        co_await add(kept, "values", all);
        co_await expect_at(kept, "values", all, "Every value comes back as it was.");
        RandomDocuments some(11);
        for (int i = 0; i < 20; ++i) {
            const auto document = some.document(3);
            co_await add(kept, std::to_string(i), document);
            co_await expect_at(kept, std::to_string(i), document, "Every value comes back as it was.");
        }
    }

    asio::awaitable<void> keeps_names(Running& kept) {
        const std::vector<std::string> names{
            "id", "name", "status", "data", "ttl", "size", "version", "body", "#n", ":v", "a.b", "a[0]", "$", "'", "\"",
            "\\", "`", " ", "%", "_", "'; DROP TABLE items; --", "\xF0\x9F\x8D\x8E", std::string(200, 'n'), "0", "-"};
        for (const auto& name : names) {
            const Object object{{name, name}, {"other", 1}};
            co_await add(kept, name, object);
            co_await expect_at(kept, name, object, "Any text is an id, and the name of a field.");
        }
        for (const auto& name : names) {
            // As a JSON Pointer, in which '~' and '/' would be other signs.
            const auto found = co_await kept.query(Query(Field("/" + name) == name));
            expect(found && found->items.size() == 1 && found->items.front().id == name,
                   "A condition takes any name, and any text.");
        }
    }

    asio::awaitable<void> adds_together(Running& kept) {
        const std::vector<Item> none;
        const auto nothing = co_await kept.add_all(none);
        expect(nothing.has_value(), "`add_all` of nothing is no error.");
        const auto added_items = items_of({"a", "b", "c"}, "first ");
        const auto added = co_await kept.add_all(added_items);
        expect(added.has_value(), "`add_all` adds all.");
        co_await expect_at(kept, "b", product("first b", 1), "`add_all` adds all.");
        const auto mixed_items = items_of({"x", "b", "y"}, "second ");
        const auto mixed = co_await kept.add_all(mixed_items);
        expect_error(mixed, error::already_exists, "`add_all` refuses an id that is taken.");
        co_await expect_none_at(kept, "x", "A refused `add_all` adds nothing.");
        co_await expect_none_at(kept, "y", "A refused `add_all` adds nothing.");
        co_await expect_at(kept, "b", product("first b", 1), "A refused `add_all` changes nothing.");
        const auto twice_items = items_of({"x", "x"}, "twice ");
        const auto twice = co_await kept.add_all(twice_items);
        expect_error(twice, error::id_repeated, "`add_all` refuses an id that it has twice.");
        co_await expect_none_at(kept, "x", "A refused `add_all` adds nothing.");
        std::vector<Item> many;
        for (int i = 0; i < 100; ++i) many.emplace_back("many-" + std::to_string(i), product("many", i));
        const auto hundred = co_await kept.add_all(many);
        expect(hundred.has_value(), "`add_all` takes a hundred items.");
        const auto found = co_await kept.query(Query(Field("name") == "many"));
        expect(found && found->items.size() == 100, "`add_all` adds all.");
        many.clear();
        for (int i = 0; i < 101; ++i) many.emplace_back("more-" + std::to_string(i), product("more", i));
        const auto more = co_await kept.add_all(many);
        expect(more || more.error() == error::batch_too_large, "`add_all` says what is too much for it.");
        const auto rest = co_await kept.query(Query(Field("name") == "more"));
        expect(rest && rest->items.size() == (more ? 101U : 0U), "A refused `add_all` adds nothing.");
    }

    asio::awaitable<void> updates_together(Running& kept) {
        const std::vector<Item> none;
        const auto nothing = co_await kept.update_all(none);
        expect(nothing.has_value(), "`update_all` of nothing is no error.");
        const auto added_items = items_of({"a", "b"}, "first ");
        const auto added = co_await kept.add_all(added_items);
        expect(added.has_value(), "`add_all` adds all.");
        const auto updated_items = items_of({"a", "b"}, "second ");
        const auto updated = co_await kept.update_all(updated_items);
        expect(updated.has_value(), "`update_all` replaces all.");
        co_await expect_at(kept, "a", product("second a", 1), "`update_all` replaces all.");
        const auto mixed_items = items_of({"a", "none", "b"}, "third ");
        const auto mixed = co_await kept.update_all(mixed_items);
        expect_error(mixed, error::not_found, "`update_all` says that one is missing.");
        co_await expect_at(kept, "a", product("second a", 1), "A refused `update_all` changes nothing.");
        co_await expect_at(kept, "b", product("second b", 1), "A refused `update_all` changes nothing.");
        co_await expect_none_at(kept, "none", "`update_all` adds nothing.");
    }

    asio::awaitable<void> removes_together(Running& kept) {
        const std::vector<std::string> none;
        const auto nothing = co_await kept.remove_all(none);
        expect(nothing.has_value(), "`remove_all` of nothing is no error.");
        const auto added_items = items_of({"a", "b", "c"}, "");
        const auto added = co_await kept.add_all(added_items);
        expect(added.has_value(), "`add_all` adds all.");
        const std::vector<std::string> ids{"a", "none", "c", "a"};
        const auto removed = co_await kept.remove_all(ids);
        expect(removed.has_value(), "`remove_all` ignores who is not there, and who is named twice.");
        co_await expect_none_at(kept, "a", "`remove_all` removes all.");
        co_await expect_none_at(kept, "c", "`remove_all` removes all.");
        co_await expect_at(kept, "b", product("b", 1), "`remove_all` removes nothing else.");
        std::vector<Item> many;
        std::vector<std::string> their_ids;
        for (int i = 0; i < 150; ++i) their_ids.push_back("many-" + std::to_string(i));
        for (const auto& id : their_ids) {
            many.emplace_back(id, product("many", 1));
            if (many.size() < 75) continue;
            const auto some = co_await kept.add_all(many);
            expect(some.has_value(), "`add_all` adds all.");
            many.clear();
        }
        const auto all = co_await kept.remove_all(their_ids);
        expect(all.has_value(), "`remove_all` takes any number of ids.");
        const auto left = co_await kept.query(Query());
        expect(left && left->items.size() == 1, "`remove_all` removes all.");
    }

    asio::awaitable<void> identifies(Running& kept) {
        std::vector<Item> items;
        for (int i = 0; i < 10; ++i) items.push_back(kept.identify(product("new", i)));
        for (const auto& item : items) {
            const auto alike = [&](const Item& other) { return other.id == item.id; };
            const auto count = std::count_if(items.begin(), items.end(), alike);
            expect(!item.id.empty() && count == 1, "Each new id is another.");
            co_await expect_none_at(kept, item.id, "`identify` stores nothing.");
        }
        expect(items.front().object == product("new", 0), "`identify` changes no value by itself.");
        const auto added = co_await kept.add_all(items);
        expect(added.has_value(), "What has a new id can be added.");
        const auto with_id = [](Object object, const std::string& id) {
            object["id"] = id;
            return object;
        };
        const auto one = co_await kept.add_new(product("noted", 1), with_id);
        expect(one && one->object.contains("id") && one->object.at("id") == boost::json::value(one->id),
               "A function may note the new id.");
        if (one) co_await expect_at(kept, one->id, one->object, "`add_new` adds.");
    }

    asio::awaitable<void> loses_no_update(Running& kept) {
        co_await add(kept, "sum", product("sum", 0));
        constexpr std::size_t all = 20;
        std::size_t done = 0;
        std::size_t finished = 0;
        for (std::size_t i = 0; i < all; ++i) {
            asio::co_spawn(world.executor(), increment(kept, "sum", done, finished), rethrow);
        }
        while (finished < all) co_await pause();
        const auto got = co_await kept.get("sum");
        expect(got && price_of(*got) == static_cast<std::int64_t>(done),
               "No update is lost, however many there are at a time.");
        expect(done == all, "Updates at a time all get through.");
    }
};

} // namespace sluice::repository
