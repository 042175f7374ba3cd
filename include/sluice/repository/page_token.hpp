#pragma once

#include <sluice/aws/base64.hpp>
#include <sluice/error.hpp>
#include <sluice/repository/document_text.hpp>
#include <sluice/repository/order.hpp>
#include <sluice/repository/query.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace sluice::repository {

namespace detail {

/// What tells one order from another.
[[nodiscard]] inline boost::json::value name_of(const std::optional<Query::Order>& order) {
    if (!order) return nullptr;
    boost::json::array name;
    name.emplace_back(order->descending);
    for (const auto& part : order->field.names()) name.emplace_back(part);
    return name;
}

} // namespace detail

/// The token of the page after the item that stands here: base64 of JSON.
[[nodiscard]] inline std::string page_token(const std::optional<Query::Order>& order, const Place& last) {
    boost::json::object token;
    token["order"] = detail::name_of(order);
    token["value"] = last.value;
    token["id"] = last.id;
    std::string text;
    aws::append_base64(text, document_text(token));
    return text;
}

/// What `page_token` made; `error::query_invalid` if it was not this that made it, or for another order.
[[nodiscard]] inline result<Place> read_page_token(const std::optional<Query::Order>& order, std::string_view text) {
    const auto json = aws::decode_base64(text);
    if (!json) return error::query_invalid;
    const auto token = read_document(*json);
    if (!token || token->size() != 3) return error::query_invalid;
    const auto* const name = token->if_contains("order");
    const auto* const value = token->if_contains("value");
    const auto* const id = token->if_contains("id");
    if (name == nullptr || value == nullptr || id == nullptr) return error::query_invalid;
    const bool ordered = value->is_null() || (order && (value->is_number() || value->is_string()));
    if (*name != detail::name_of(order) || !ordered || !id->is_string()) return error::query_invalid;
    return Place(*value, std::string(id->get_string()));
}

} // namespace sluice::repository
