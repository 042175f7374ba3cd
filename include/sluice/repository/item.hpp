#pragma once

#include <sluice/aws/utf8.hpp>
#include <sluice/error.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

/// A value and the id that it is kept under.
template <class T>
class Identified {
public:
    Identified(std::string its_id, T its_object) : id(std::move(its_id)), object(std::move(its_object)) {}

    std::string id;
    T object;

    friend bool operator==(const Identified&, const Identified&) = default;
};

/// Items that a query found.
template <class T>
class Page {
public:
    std::vector<Identified<T>> items;
    std::string next; ///< For `Query::after`; empty if nothing follows.
};

namespace repository {

/// As of a partition key (Amazon DynamoDB developer guide, Constraints).
inline constexpr std::size_t max_id_bytes = 2'048;
/// DynamoDB has 32 (the same place), of which the item takes some.
inline constexpr std::size_t max_document_depth = 30;

namespace detail {

[[nodiscard]] inline bool can_keep(const boost::json::value& value, std::size_t depth) {
    const auto text = [](std::string_view its) { return aws::utf8_length(its).has_value(); };
    switch (value.kind()) {
    case boost::json::kind::string: return text(value.get_string());
    case boost::json::kind::double_: return std::isfinite(value.get_double());
    case boost::json::kind::array:
        return depth > 0 && std::all_of(value.get_array().begin(), value.get_array().end(),
                                        [&](const auto& item) { return can_keep(item, depth - 1); });
    case boost::json::kind::object:
        return depth > 0 && std::all_of(value.get_object().begin(), value.get_object().end(), [&](const auto& member) {
                   return !member.key().empty() && text(member.key()) && can_keep(member.value(), depth - 1);
               });
    default: return true;
    }
}

} // namespace detail

/// Whether every repository can keep an item under this id; else `error::id_invalid`.
[[nodiscard]] inline error_code check_id(std::string_view id) {
    if (id.empty() || id.size() > max_id_bytes || !aws::utf8_length(id)) return error::id_invalid;
    return {};
}

/// Whether every repository can keep this document, but for its size; else `error::item_invalid`.
///
/// It is an object of names that are not empty, texts of UTF-8 and finite numbers, `max_document_depth` deep at most.
[[nodiscard]] inline error_code check_document(const boost::json::value& document) {
    if (!document.is_object() || !detail::can_keep(document, max_document_depth)) return error::item_invalid;
    return {};
}

} // namespace repository

} // namespace sluice
