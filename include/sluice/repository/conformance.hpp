#pragma once

#include <sluice/repository/item_rules.hpp>
#include <sluice/repository/live_rules.hpp>
#include <sluice/repository/query_rules.hpp>
#include <sluice/repository/repository.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <concepts>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace sluice {

namespace repository {

/// Holds a fresh repository against each rule, and adds those that it breaks.
template <class MakeRecipe, class Rules>
[[nodiscard]] asio::awaitable<void> check_rules(MakeRecipe& make, Rules& rules, std::vector<std::string>& violations) {
    for (const auto rule : Rules::all()) {
        auto recipe = make();
        auto opened = co_await recipe.open(rules.world);
        rules.expect(opened.has_value(), "A recipe opens.");
        if (opened) co_await (rules.*rule)(*opened);
    }
    violations.insert(violations.end(), rules.violations.begin(), rules.violations.end());
}

} // namespace repository

/// Holds a repository against every rule of `RunningRepository`: which it breaks, as sentences; none if it conforms.
///
/// `make()` gives a recipe of an empty repository of JSON objects. What is live has to tell within `patience`.
template <std::invocable MakeRecipe>
    requires Repository<std::invoke_result_t<MakeRecipe&>>
[[nodiscard]] asio::awaitable<std::vector<std::string>>
check_repository(MakeRecipe make, World& world, std::chrono::nanoseconds patience = std::chrono::seconds(10)) {
    using Running = running_t<std::invoke_result_t<MakeRecipe&>>;
    std::vector<std::string> violations;
    repository::ItemRules<Running> items(world);
    co_await repository::check_rules(make, items, violations);
    repository::QueryRules<Running> queries(world);
    co_await repository::check_rules(make, queries, violations);
    repository::LiveRules<Running> live(world, patience);
    co_await repository::check_rules(make, live, violations);
    co_return violations;
}

} // namespace sluice
