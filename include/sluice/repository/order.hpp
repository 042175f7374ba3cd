#pragma once

#include <sluice/repository/match.hpp>
#include <sluice/repository/query.hpp>
#include <sluice/repository/scalar.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <compare>
#include <optional>
#include <string>
#include <utility>

namespace sluice::repository {

/// Where an item stands in the order of a query.
class Place {
public:
    Place(boost::json::value its_value, std::string its_id) : value(std::move(its_value)), id(std::move(its_id)) {}

    boost::json::value value; ///< Of the field that orders, if it is a number or a text; else null.
    std::string id;
};

[[nodiscard]] inline Place place_of(const std::optional<Query::Order>& order, const boost::json::object& document,
                                    std::string id) {
    const auto* const value = order ? find(document, order->field) : nullptr;
    const bool ordered = value != nullptr && (value->is_number() || value->is_string());
    return {ordered ? *value : boost::json::value(), std::move(id)};
}

/// Whether `a` comes before `b`: by what the query's order says, then by id. The same in every repository.
[[nodiscard]] inline bool before(const std::optional<Query::Order>& order, const Place& a, const Place& b) {
    const bool descending = order && order->descending;
    const auto rank = [descending](const boost::json::value& value) {
        if (value.is_null()) return 2;
        return value.is_number() != descending ? 0 : 1;
    };
    if (rank(a.value) != rank(b.value)) return rank(a.value) < rank(b.value);
    const auto ordering = compare(a.value, b.value);
    if (ordering != 0) return descending ? ordering > 0 : ordering < 0;
    return a.id < b.id;
}

} // namespace sluice::repository
