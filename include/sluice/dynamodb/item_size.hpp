#pragma once

#include <sluice/dynamodb/attribute.hpp>
#include <sluice/dynamodb/number.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <variant>
#include <vector>

namespace sluice::dynamodb {

/// The largest item that a table takes, in bytes.
inline constexpr std::size_t max_item_size = 400 * 1024;

namespace detail {

/// Counts the bytes of a value.
class AttributeSize {
public:
    std::size_t operator()(std::monostate) const noexcept { return 1; }
    std::size_t operator()(bool) const noexcept { return 1; }
    std::size_t operator()(const std::string& text) const noexcept { return text.size(); }
    std::size_t operator()(const Bytes& bytes) const noexcept { return bytes.data.size(); }

    /// One byte, one for the sign of what is below zero, and one for every two significant digits.
    std::size_t operator()(const Number& number) const {
        const auto normal = number.normal();
        const std::size_t sign = normal.starts_with('-') ? 1 : 0;
        const auto digits = std::min(normal.find('E'), normal.size()) - sign;
        return 1 + sign + (digits + 1) / 2;
    }

    template <class V>
    std::size_t operator()(const std::vector<V>& set) const {
        std::size_t size = 0;
        for (const auto& value : set) size += (*this)(value);
        return size;
    }

    std::size_t operator()(const AttributeValue::List& list) const {
        std::size_t size = around + list.size();
        for (const auto& value : list) size += std::visit(*this, value.data);
        return size;
    }
    std::size_t operator()(const AttributeValue::Map& map) const { return around + map.size() + members(map); }

    [[nodiscard]] std::size_t members(const AttributeValue::Map& map) const {
        std::size_t size = 0;
        for (const auto& [name, value] : map) size += name.size() + std::visit(*this, value.data);
        return size;
    }

private:
    static constexpr std::size_t around = 3; ///< Of a list or a map, beside one for each element.
};

} // namespace detail

/// How many bytes of `max_item_size` an item takes (Amazon DynamoDB developer guide, "Item sizes and formats"). What it
/// says of numbers is a rule of thumb: each may be a byte off.
[[nodiscard]] inline std::size_t item_size(const Item& item) { return detail::AttributeSize().members(item); }

} // namespace sluice::dynamodb
