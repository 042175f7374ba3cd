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
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
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
        return {&LiveRules::tells_of_an_item,   &LiveRules::tells_of_a_query, &LiveRules::tells_in_order,
                &LiveRules::skips_for_the_slow, &LiveRules::can_be_cancelled, &LiveRules::begins_amid_changes,
                &LiveRules::begins_amid_additions};
    }

    template <class V>
    using Told = std::optional<result<std::optional<Update<V>>>>; ///< None: nothing in time.

    template <class Live, class V>
    static asio::awaitable<void> read_next(std::shared_ptr<Live> live, std::shared_ptr<Told<V>> told) {
        auto got = co_await live->next();
        told->emplace(std::move(got));
    }

    /// A call of `next` that is under way, and can be cancelled.
    template <class V>
    class Waiting {
    public:
        std::shared_ptr<Told<V>> told = std::make_shared<Told<V>>();
        asio::cancellation_signal enough;
    };

    template <class V, class Live>
    std::shared_ptr<Waiting<V>> wait_for(std::shared_ptr<Live> live) {
        auto waiting = std::make_shared<Waiting<V>>();
        // The signal has to stay until the coroutine has ended.
        auto end = [waiting](const std::exception_ptr& failure) { rethrow(failure); };
        asio::co_spawn(world.executor(), read_next<Live, V>(std::move(live), waiting->told),
                       asio::bind_cancellation_slot(waiting->enough.slot(), std::move(end)));
        return waiting;
    }

    /// What it told, or nothing if it had not told anything.
    template <class V>
    asio::awaitable<Told<V>> cancel(std::shared_ptr<Waiting<V>> waiting) {
        const auto& told = *waiting->told;
        if (!told) waiting->enough.emit(asio::cancellation_type::terminal);
        while (!told) co_await pause();
        const bool cancelled = !*told && told->error() == asio::error::operation_aborted;
        if (cancelled) co_return std::nullopt;
        co_return told;
    }

    /// What is told next, if it is in time.
    template <class V, class Live>
    asio::awaitable<Told<V>> next(std::shared_ptr<Live> live) {
        auto waiting = wait_for<V>(std::move(live));
        const auto end = world.clock().steady() + patience_;
        while (!*waiting->told && world.clock().steady() < end) co_await pause();
        co_return co_await cancel<V>(std::move(waiting));
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

    /// Changes of several items have no order: each is awaited before the next is made.
    asio::awaitable<void> tells_of_a_query(Running& kept) {
        constexpr auto rule = "A live query tells what it finds each time that this is another.";
        using Items = std::vector<Item>;
        auto opened = co_await kept.live(Query(Field("price") < 10).order_by("price").limit(2));
        expect(opened.has_value(), "`live` gives something to read.");
        if (!opened) co_return;
        const auto live = std::make_shared<LiveQuery<Object>>(std::move(*opened));
        const auto empty = co_await next<Items>(live);
        expect(is(empty, Items()), "What is live gives what is there at once.");
        const Item a("a", product("a", 5)), b("b", product("b", 3)), c("c", product("c", 4));
        co_await add(kept, "a", product("a", 5));
        const auto first = co_await next<Items>(live);
        expect(is(first, Items{a}), rule);
        co_await add(kept, "x", product("x", 50));
        co_await add(kept, "b", product("b", 3));
        const auto second = co_await next<Items>(live);
        expect(is(second, Items{b, a}), rule);
        co_await add(kept, "c", product("c", 4));
        const auto third = co_await next<Items>(live);
        expect(is(third, Items{b, c}), rule);
        co_await rename(kept, "a", "behind the limit");
        const auto removed = co_await kept.remove("b");
        expect(removed.has_value(), "`remove` removes what is there.");
        const Item renamed_a("a", product("behind the limit", 5));
        auto last = co_await next<Items>(live);
        const bool removed_first = is(last, Items{c, a});
        if (removed_first) last = co_await next<Items>(live);
        expect(is(last, Items{c, renamed_a}), rule);
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
            while (last < 5 * (round + 1)) {
                const auto told = co_await next<Object>(live);
                const auto price = price_told(told);
                expect(price && *price <= last + 1, "What is live tells of every change.");
                expect(price > last, "Changes of an item are told in their order.");
                if (price <= last) co_return;
                last = *price;
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
        std::int64_t last = -1;
        while (last < 100) {
            const auto told = co_await next<Object>(live);
            const auto price = price_told(told);
            expect(price > last, "A slow reader has the newest value in the end.");
            if (price <= last) co_return;
            last = *price;
            values += 1 + static_cast<std::int64_t>((**told)->skipped);
        }
        expect(values == 101, "A slow reader is told how many values it missed.");
    }

    asio::awaitable<void> can_be_cancelled(Running& kept) {
        constexpr auto rule = "A wait that is cancelled loses nothing of what comes.";
        constexpr std::int64_t rounds = 10;
        co_await add(kept, "a", product("sum", 0));
        auto opened = co_await kept.live("a");
        if (!opened) co_return;
        const auto live = std::make_shared<LiveItem<Object>>(std::move(*opened));
        const auto first = co_await next<Object>(live);
        expect(is(first, product("sum", 0)), "What is live gives what is there at once.");
        auto idle = wait_for<Object>(live);
        co_await pause();
        const auto none = co_await cancel<Object>(std::move(idle));
        expect(!none, "What is live tells of no change that was not made.");
        std::int64_t last = 0;
        // Some are cancelled before the change is told, some after it.
        for (std::int64_t round = 0; round < rounds; ++round) {
            auto waiting = wait_for<Object>(live);
            co_await pause();
            std::size_t done = 0;
            co_await increment(kept, "a", done, done);
            for (auto i = round % 3; i > 0; --i) co_await pause();
            const auto told = co_await cancel<Object>(std::move(waiting));
            if (told) expect(price_told(told) == last + 1, rule);
            if (told) ++last;
        }
        for (; last < rounds; ++last) {
            const auto told = co_await next<Object>(live);
            expect(price_told(told) == last + 1, rule);
            if (price_told(told) != last + 1) co_return;
        }
    }

    asio::awaitable<void> begins_amid_changes(Running& kept) {
        co_await add(kept, "a", product("sum", 0));
        std::size_t made = 0;
        asio::co_spawn(world.executor(), change(kept, made), rethrow);
        std::vector<Newcomer<LiveItem<Object>>> items;
        std::vector<Newcomer<LiveQuery<Object>>> queries;
        while (made < writes) {
            const auto before = made;
            auto item = co_await kept.live("a");
            auto query = co_await kept.live(Query(Field("name") == "sum"));
            expect(item && query, "`live` gives something to read.");
            if (item) items.emplace_back(std::move(*item), before);
            if (query) queries.emplace_back(std::move(*query), before);
            do co_await pause();
            while (made < writes && items.size() >= newcomers);
        }
        for (const auto& item : items) {
            co_await follow<Object>(item, price_told);
        }
        for (const auto& query : queries) {
            co_await follow<std::vector<Item>>(query, only_price_told);
        }
    }

    asio::awaitable<void> begins_amid_additions(Running& kept) {
        std::size_t made = 0;
        asio::co_spawn(world.executor(), add_more(kept, made), rethrow);
        std::vector<Newcomer<LiveQuery<Object>>> queries;
        while (made < writes) {
            const auto before = made;
            auto query = co_await kept.live(Query());
            expect(query.has_value(), "`live` gives something to read.");
            if (query) queries.emplace_back(std::move(*query), before);
            do co_await pause();
            while (made < writes && queries.size() >= newcomers);
        }
        for (const auto& query : queries) {
            co_await follow<std::vector<Item>>(query, size_told);
        }
    }

private:
    static constexpr std::size_t writes = 40;
    static constexpr std::size_t newcomers = 8;

    /// What became live amid `writes` changes, and how many of them had been made.
    template <class Live>
    class Newcomer {
    public:
        Newcomer(Live its_live, std::size_t so_many)
            : live(std::make_shared<Live>(std::move(its_live))), before(static_cast<std::int64_t>(so_many)) {}

        std::shared_ptr<Live> live;
        std::int64_t before;
    };

    asio::awaitable<void> change(Running& kept, std::size_t& made) {
        for (std::size_t i = 0; i < writes; ++i) {
            std::size_t done = 0;
            co_await increment(kept, "a", done, made);
            co_await pause();
        }
    }

    asio::awaitable<void> add_more(Running& kept, std::size_t& made) {
        for (std::size_t i = 0; i < writes; ++i) {
            co_await add(kept, std::to_string(i), product("one more", 1));
            ++made;
            co_await pause();
        }
    }

    /// Each change has made a number greater by one. An item tells of each, or how many it skipped; what is told of a
    /// query may be the work of several.
    template <class V, class Live>
    asio::awaitable<void> follow(Newcomer<Live> newcomer, std::optional<std::int64_t> (*number_of)(const Told<V>&)) {
        const bool each = std::is_same_v<Live, LiveItem<Object>>;
        std::optional<std::int64_t> last;
        while (last != static_cast<std::int64_t>(writes)) {
            const auto told = co_await next<V>(newcomer.live);
            const auto number = number_of(told);
            bool right = number.has_value();
            if (right && !last) right = *number >= newcomer.before;
            if (right && last) {
                const auto steps = 1 + static_cast<std::int64_t>((**told)->skipped);
                right = each ? *number == *last + steps : *number >= *last + steps;
            }
            expect(right, "What becomes live amid changes tells of each, and of none twice.");
            if (!right) co_return;
            last = number;
        }
    }

    [[nodiscard]] static std::optional<std::int64_t> price_told(const Told<Object>& told) {
        return told && *told && **told ? price_of((**told)->value) : std::nullopt;
    }

    [[nodiscard]] static std::optional<std::int64_t> only_price_told(const Told<std::vector<Item>>& told) {
        return size_told(told) == 1 ? price_of((**told)->value.front().object) : std::nullopt;
    }

    [[nodiscard]] static std::optional<std::int64_t> size_told(const Told<std::vector<Item>>& told) {
        if (!told || !*told || !**told) return std::nullopt;
        return static_cast<std::int64_t>((**told)->value.size());
    }

    std::chrono::nanoseconds patience_;
};

} // namespace sluice::repository
