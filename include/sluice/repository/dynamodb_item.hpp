#pragma once

#include <sluice/aws/base64.hpp>
#include <sluice/dynamodb/attribute.hpp>
#include <sluice/dynamodb/number.hpp>
#include <sluice/error.hpp>
#include <sluice/repository/document.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

/// Documents as items of a DynamoDB table: each field is an attribute, so that indexes and other programs can use them.
namespace sluice::repository {

/// The attributes that are not the document's: the partition key of the table, and the version.
inline constexpr std::string_view id_attribute = "$id";
inline constexpr std::string_view version_attribute = "$version";

/// The attribute of a document's field: one that begins with `$` has one more of these, so that none is taken for ours.
[[nodiscard]] inline std::string attribute_of(std::string_view field) {
    return field.starts_with('$') ? "$" + std::string(field) : std::string(field);
}

/// A number of a document as DynamoDB keeps it, of the same worth; none if it has no room for it.
[[nodiscard]] inline std::optional<dynamodb::Number> dynamodb_number(const boost::json::value& value) {
    if (value.is_int64()) return dynamodb::Number(value.get_int64());
    if (value.is_uint64()) return dynamodb::Number(value.get_uint64());
    const auto real = value.get_double();
    // Its shortest text is another number than the whole one that it is.
    constexpr double exact = 18'446'744'073'709'551'616.0; // 2^64
    if (std::trunc(real) == real && real >= 0 && real < exact) {
        return dynamodb::Number(static_cast<std::uint64_t>(real));
    }
    if (std::trunc(real) == real && real < 0 && real >= -exact / 2) {
        return dynamodb::Number(static_cast<std::int64_t>(real));
    }
    auto number = dynamodb::Number::from(real);
    if (!number) return std::nullopt;
    return *std::move(number);
}

/// A value of a document as an attribute; `error::item_invalid` if it has a number that DynamoDB has no room for.
[[nodiscard]] inline result<dynamodb::AttributeValue> attribute_value(const boost::json::value& value) {
    using dynamodb::AttributeValue;
    switch (value.kind()) {
    case boost::json::kind::null: return AttributeValue();
    case boost::json::kind::bool_: return AttributeValue::of(value.get_bool());
    case boost::json::kind::string: return AttributeValue::of(std::string(value.get_string()));
    case boost::json::kind::array: {
        AttributeValue::List list;
        for (const auto& item : value.get_array()) {
            auto made = attribute_value(item);
            if (!made) return made;
            list.push_back(*std::move(made));
        }
        return AttributeValue::of(std::move(list));
    }
    case boost::json::kind::object: {
        AttributeValue::Map map;
        for (const auto& member : value.get_object()) {
            auto made = attribute_value(member.value());
            if (!made) return made;
            map.emplace(std::string(member.key()), *std::move(made));
        }
        return AttributeValue::of(std::move(map));
    }
    default:
        auto number = dynamodb_number(value);
        if (!number) return error::item_invalid;
        return AttributeValue::of(*std::move(number));
    }
}

/// The item of a document; `error::item_invalid` if it has a number that DynamoDB has no room for.
[[nodiscard]] inline result<dynamodb::Item> item_of(const std::string& id, std::uint64_t version,
                                                    const boost::json::object& document) {
    dynamodb::Item item;
    item.emplace(std::string(id_attribute), dynamodb::AttributeValue::of(id));
    item.emplace(std::string(version_attribute), dynamodb::AttributeValue::of(dynamodb::Number(version)));
    for (const auto& member : document) {
        auto value = attribute_value(member.value());
        if (!value) return value.error();
        item.emplace(attribute_of(member.key()), *std::move(value));
    }
    return item;
}

namespace detail {

/// An attribute as a value of a document. Of what JSON does not have, numbers come as near as a double, sets become
/// arrays, and bytes base64 texts.
class JsonMaker {
public:
    boost::json::value operator()(std::monostate) const { return nullptr; }
    boost::json::value operator()(bool value) const { return value; }
    boost::json::value operator()(const std::string& text) const { return boost::json::value(text); }

    boost::json::value operator()(const dynamodb::Number& number) const {
        if (const auto whole = number.to<std::int64_t>()) return *whole;
        if (const auto large = number.to<std::uint64_t>()) return *large;
        const auto& text = number.text();
        double near = 0;
        std::from_chars(text.data(), text.data() + text.size(), near);
        return near;
    }

    boost::json::value operator()(const dynamodb::Bytes& bytes) const {
        std::string text;
        aws::append_base64(text, bytes.data);
        return boost::json::value(text);
    }

    template <class V>
    boost::json::value operator()(const std::vector<V>& values) const {
        boost::json::array array;
        for (const auto& value : values) {
            if constexpr (std::is_same_v<V, dynamodb::AttributeValue>) array.push_back(std::visit(*this, value.data));
            else array.push_back((*this)(value));
        }
        return array;
    }

    boost::json::value operator()(const dynamodb::AttributeValue::Map& map) const {
        boost::json::object object;
        for (const auto& [name, value] : map) object[name] = std::visit(*this, value.data);
        return object;
    }
};

} // namespace detail

/// The document of an item, whoever wrote it; without a version its version is zero. `error::item_invalid` if it has no
/// id.
[[nodiscard]] inline result<Document> document_of(const dynamodb::Item& item) {
    const auto id = item.find(id_attribute);
    const auto* const text = id == item.end() ? nullptr : id->second.get<std::string>();
    if (text == nullptr) return error::item_invalid;
    std::uint64_t version = 0;
    auto body = std::make_shared<boost::json::object>();
    for (const auto& [name, value] : item) {
        if (name == id_attribute) continue;
        if (name == version_attribute) {
            const auto* const number = value.get<dynamodb::Number>();
            const auto whole = number == nullptr ? result<std::uint64_t>(0) : number->to<std::uint64_t>();
            version = whole ? *whole : 0;
            continue;
        }
        const std::string_view field = name;
        (*body)[field.starts_with("$$") ? field.substr(1) : field] = std::visit(detail::JsonMaker(), value.data);
    }
    return Document(*text, version, std::move(body));
}

} // namespace sluice::repository
