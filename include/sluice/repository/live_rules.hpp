#pragma once

#include <sluice/error.hpp>
#include <sluice/repository/collection.hpp>
#include <sluice/repository/query.hpp>
#include <sluice/repository/rule_book.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace sluice::repository {

/// What is live.
template <class Running>
class LiveRules : public RuleBook {
public:
    using Rule = asio::awaitable<void> (LiveRules::*)(Running&);

    LiveRules(World& its_world, std::chrono::nanoseconds patience) : RuleBook(its_world), patience_(patience) {}

    [[nodiscard]] static std::vector<Rule> all() {
        return {&LiveRules::tells_of_an_item, &LiveRules::tells_of_a_query, &LiveRules::tells_in_order,
                &LiveRules::skips_for_the_slow};
    }

    template <class V>
    using Told = std::optional<result<std::optional<Update<V>>>>; ///< None: nothing in time.

    template <class Live, class V>
    static asio::awaitable<void> read_next(std::shared_ptr<Live> live, std::shared_ptr<Told<V>> told) {
        auto got = co_await live->next();
        told->emplace(std::move(got));
    }

    /// What is told next, if it is in time.
    template <class V, class Live>
    asio::awaitable<Told<V>> next(std::shared_ptr<Live> live) {
        const auto told = std::make_shared<Told<V>>();
        asio::cancellation_signal enough;
        asio::co_spawn(world.executor(), read_next<Live, V>(live, told),
                       asio::bind_cancellation_slot(enough.slot(), rethrow));
        const auto end = world.clock().steady() + patience_;
        while (!*told && world.clock().steady() < end) co_await pause();
        if (!*told) enough.emit(asio::cancellation_type::terminal);
        while (!*told) co_await pause();
        const bool cancelled = !**told && (*told)->error() == asio::error::operation_aborted;
        if (cancelled) co_return std::nullopt;
        co_return *told;
    }

    template <class V>
    [[nodiscard]] static bool is(const Told<V>& told, const V& value) {
        return told && *told && **told && (**told)->value == value;
    }

    template <class V>
    [[nodiscard]] static bool is_end(const Told<V>& told) {
        return told && *told && !**told;
    }

    asio::awaitable<void> tells_of_an_item(Running& kept) {
        auto none = co_await kept.live("none");
        expect(none.has_value(), "`live` gives something to read.");
        if (!none) co_return;
        const auto nothing = co_await next<Object>(std::make_shared<LiveItem<Object>>(std::move(*none)));
        expect(nothing && !*nothing && nothing->error() == error::not_found, "An item that is not there is not found.");
        co_await add(kept, "a", product("first", 1));
        auto opened = co_await kept.live("a");
        expect(opened.has_value(), "`live` gives something to read.");
        if (!opened) co_return;
        const auto live = std::make_shared<LiveItem<Object>>(std::move(*opened));
        const auto first = co_await next<Object>(live);
        expect(is(first, product("first", 1)), "What is live gives what is there at once.");
        co_await add(kept, "b", product("other", 1));
        co_await rename(kept, "a", "second");
        co_await rename(kept, "b", "another");
        co_await rename(kept, "a", "third");
        const auto second = co_await next<Object>(live);
        expect(is(second, product("second", 1)), "An item tells each of its changes, and no others.");
        const auto third = co_await next<Object>(live);
        expect(is(third, product("third", 1)), "An item tells each of its changes, and no others.");
        const auto removed = co_await kept.remove("a");
        expect(removed.has_value(), "`remove` removes what is there.");
        const auto end = co_await next<Object>(live);
        expect(is_end(end), "What is live about an item ends when that is removed.");
        co_await add(kept, "a", product("again", 1));
        const auto after = co_await next<Object>(live);
        expect(is_end(after), "What has ended stays so.");
    }

    asio::awaitable<void> tells_of_a_query(Running& kept) {
        using Items = std::vector<Item>;
        auto opened = co_await kept.live(Query(Field("price") < 10).order_by("price").limit(2));
        expect(opened.has_value(), "`live` gives something to read.");
        if (!opened) co_return;
        const auto live = std::make_shared<LiveQuery<Object>>(std::move(*opened));
        const auto empty = co_await next<Items>(live);
        expect(is(empty, Items()), "What is live gives what is there at once.");
        co_await add(kept, "a", product("a", 5));
        co_await add(kept, "x", product("x", 50));
        co_await add(kept, "b", product("b", 3));
        co_await add(kept, "c", product("c", 4));
        co_await rename(kept, "a", "behind the limit");
        const auto removed = co_await kept.remove("b");
        expect(removed.has_value(), "`remove` removes what is there.");
        const Item a("a", product("a", 5)), b("b", product("b", 3)), c("c", product("c", 4));
        const Item renamed_a("a", product("behind the limit", 5));
        for (const auto& wanted : {Items{a}, Items{b, a}, Items{b, c}, Items{c, renamed_a}}) {
            const auto told = co_await next<Items>(live);
            expect(is(told, wanted), "A live query tells what it finds each time that this is another.");
        }
        const auto with_token = co_await kept.live(Query().after("token"));
        expect_error(with_token, error::query_invalid, "A live query has no page that follows.");
    }

    asio::awaitable<void> tells_in_order(Running& kept) {
        co_await add(kept, "a", product("0", 0));
        auto opened = co_await kept.live("a");
        if (!opened) co_return;
        const auto live = std::make_shared<LiveItem<Object>>(std::move(*opened));
        std::int64_t last = -1;
        for (std::int64_t round = 0; round < 5; ++round) {
            for (int i = 0; i < 5; ++i) {
                std::size_t done = 0;
                co_await increment(kept, "a", done, done);
            }
            for (;;) {
                const auto told = co_await next<Object>(live);
                const bool told_one = told && *told && **told;
                expect(told_one, "What is live tells of every change.");
                if (!told_one) co_return;
                const auto price = (**told)->value.at("price").as_int64();
                expect(price > last, "Changes of an item are told in their order.");
                last = price;
                if (price == 5 * (round + 1)) break;
            }
        }
    }

    asio::awaitable<void> skips_for_the_slow(Running& kept) {
        co_await add(kept, "a", product("sum", 0));
        auto opened = co_await kept.live("a");
        if (!opened) co_return;
        const auto live = std::make_shared<LiveItem<Object>>(std::move(*opened));
        for (int i = 0; i < 100; ++i) {
            std::size_t done = 0;
            co_await increment(kept, "a", done, done);
        }
        // Whatever comes: in order, and what is skipped is counted, so that the sum is all.
        std::int64_t values = 0;
        std::int64_t price = -1;
        while (price < 100) {
            const auto told = co_await next<Object>(live);
            const bool told_one = told && *told && **told;
            expect(told_one, "A slow reader has the newest value in the end.");
            if (!told_one) co_return;
            price = (**told)->value.at("price").as_int64();
            values += 1 + static_cast<std::int64_t>((**told)->skipped);
        }
        expect(values == 101, "A slow reader is told how many values it missed.");
    }

    std::chrono::nanoseconds patience_;
};

} // namespace sluice::repository
