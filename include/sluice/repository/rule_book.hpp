#pragma once

#include <sluice/error.hpp>
#include <sluice/policy.hpp>
#include <sluice/repository/item.hpp>
#include <sluice/repository/scalar.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::repository {

/// What the rules of a repository share: verbs that are sure to work, and which rules were broken.
class RuleBook {
public:
    using Object = boost::json::object;
    using Item = Identified<Object>;

    explicit RuleBook(World& its_world) : world(its_world) {}

    void expect(bool holds, const char* rule) {
        if (!holds && std::find(violations.begin(), violations.end(), rule) == violations.end()) {
            violations.emplace_back(rule);
        }
    }

    template <class R>
    void expect_error(const R& got, error wanted, const char* rule) {
        expect(!got && got.error() == wanted, rule);
    }

    [[nodiscard]] static Object product(std::string name, boost::json::value price) {
        return {{"name", std::move(name)}, {"price", std::move(price)}};
    }

    [[nodiscard]] static Object renamed(Object object, const std::string& name) {
        object["name"] = name;
        return object;
    }

    [[nodiscard]] static std::vector<Item> items_of(std::initializer_list<const char*> ids, const std::string& name) {
        std::vector<Item> items;
        for (const auto* id : ids) items.emplace_back(id, product(name + id, 1));
        return items;
    }

    template <class Running>
    asio::awaitable<void> add(Running& kept, std::string id, Object object) {
        const auto added = co_await kept.add(Item(std::move(id), std::move(object)));
        expect(added.has_value(), "`add` takes what can be kept.");
    }

    template <class Running>
    asio::awaitable<void> expect_at(Running& kept, std::string id, Object object, const char* rule) {
        const auto got = co_await kept.get(std::move(id));
        expect(got && same(*got, object), rule);
    }

    template <class Running>
    asio::awaitable<void> expect_none_at(Running& kept, std::string id, const char* rule) {
        const auto got = co_await kept.get(std::move(id));
        expect_error(got, error::not_found, rule);
    }

    template <class Running>
    asio::awaitable<void> rename(Running& kept, std::string id, std::string name) {
        const auto change = [&name](Object object) { return renamed(std::move(object), name); };
        const auto updated = co_await kept.update(std::move(id), change);
        expect(updated.has_value(), "`update` changes what is there.");
    }

    /// None: what came back has no price, or one that is no whole number.
    [[nodiscard]] static std::optional<std::int64_t> price_of(const Object& object) {
        const auto* const price = object.if_contains("price");
        error_code failure;
        const auto number = price ? price->to_number<std::int64_t>(failure) : 0;
        if (!price || failure) return std::nullopt;
        return number;
    }

    /// Adds one to the price, and to `done` if it could.
    template <class Running>
    asio::awaitable<void> increment(Running& kept, std::string id, std::size_t& done, std::size_t& finished) {
        const auto one_more = [this](Object object) {
            const auto price = price_of(object);
            expect(price.has_value(), "`update` gives its function what is there.");
            object["price"] = price.value_or(0) + 1;
            return object;
        };
        const auto updated = co_await kept.update(std::move(id), one_more);
        if (updated) ++done;
        ++finished;
    }

    template <class...>
    asio::awaitable<void> pause() {
        const auto until = world.clock().steady() + std::chrono::milliseconds(1);
        const auto woken = co_await world.clock().async_wait_until(until);
        static_cast<void>(woken);
    }

    static void rethrow(const std::exception_ptr& failure) {
        if (failure) std::rethrow_exception(failure);
    }

    World& world;
    std::vector<std::string> violations;
};

} // namespace sluice::repository
