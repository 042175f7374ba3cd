#pragma once

#include <sluice/aws/base64.hpp>
#include <sluice/dynamodb/attribute.hpp>
#include <sluice/dynamodb/number.hpp>
#include <sluice/error.hpp>
#include <sluice/repository/document.hpp>
#include <sluice/repository/scalar.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
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

/// Whether an attribute is one of others that begins as ours do: no document shows it, and an update leaves it alone.
[[nodiscard]] inline bool is_hidden(std::string_view attribute) {
    return attribute.starts_with('$') && !attribute.starts_with("$$") && attribute != id_attribute &&
           attribute != version_attribute;
}

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

/// An attribute as a value of a document.
[[nodiscard]] inline boost::json::value json_of(const dynamodb::AttributeValue& value) {
    return std::visit(detail::JsonMaker(), value.data);
}

namespace detail {

/// Values of documents as attributes, of the types that they had before, where JSON does not tell.
class AttributeMaker {
public:
    using AttributeValue = dynamodb::AttributeValue;

    /// `former`: the attribute in the place of which it comes; null if there was none.
    [[nodiscard]] static result<AttributeValue> make(const boost::json::value& value, const AttributeValue* former) {
        if (former != nullptr && same(value, json_of(*former))) return *former;
        switch (value.kind()) {
        case boost::json::kind::null: return AttributeValue();
        case boost::json::kind::bool_: return AttributeValue::of(value.get_bool());
        case boost::json::kind::string: return text(value.get_string(), former);
        case boost::json::kind::array: return array(value.get_array(), former);
        case boost::json::kind::object: return object(value.get_object(), former);
        default: break;
        }
        auto number = dynamodb_number(value);
        if (!number) return error::item_invalid;
        return AttributeValue::of(*std::move(number));
    }

private:
    [[nodiscard]] static AttributeValue text(std::string_view text, const AttributeValue* former) {
        if (former != nullptr && former->get<dynamodb::Bytes>() != nullptr) {
            if (auto bytes = aws::decode_base64(text)) return AttributeValue::of(dynamodb::Bytes(*std::move(bytes)));
        }
        return AttributeValue::of(std::string(text));
    }

    [[nodiscard]] static result<AttributeValue> array(const boost::json::array& array, const AttributeValue* former) {
        if (former != nullptr) {
            if (auto set = as_set(array, *former)) return *std::move(set);
        }
        const auto* const items = former == nullptr ? nullptr : former->get<AttributeValue::List>();
        AttributeValue::List list;
        for (const auto& item : array) {
            const auto place = list.size();
            auto made = make(item, items != nullptr && place < items->size() ? &(*items)[place] : nullptr);
            if (!made) return made;
            list.push_back(*std::move(made));
        }
        return AttributeValue::of(std::move(list));
    }

    [[nodiscard]] static result<AttributeValue> object(const boost::json::object& object,
                                                       const AttributeValue* former) {
        AttributeValue::Map map;
        for (const auto& member : object) {
            auto made = make(member.value(), former == nullptr ? nullptr : former->find(member.key()));
            if (!made) return made;
            map.emplace(std::string(member.key()), *std::move(made));
        }
        return AttributeValue::of(std::move(map));
    }

    /// A set of the former type, if there can be one.
    [[nodiscard]] static std::optional<AttributeValue> as_set(const boost::json::array& array,
                                                              const AttributeValue& former) {
        std::optional<AttributeValue> set;
        if (former.get<AttributeValue::Texts>() != nullptr) set = set_of<std::string>(array);
        else if (const auto* const numbers = former.get<AttributeValue::Numbers>()) set = set_of(array, *numbers);
        else if (former.get<AttributeValue::Blobs>() != nullptr) set = set_of<dynamodb::Bytes>(array);
        if (set && dynamodb::check_attribute(*set)) set.reset(); // it is empty, or has something twice
        return set;
    }

    template <class V>
    [[nodiscard]] static std::optional<AttributeValue> set_of(const boost::json::array& array) {
        const AttributeValue like = AttributeValue::of(V());
        std::vector<V> values;
        for (const auto& item : array) {
            const auto made = make(item, &like);
            const auto* const value = made ? made->template get<V>() : nullptr;
            if (value == nullptr) return std::nullopt;
            values.push_back(*value);
        }
        return AttributeValue::of(std::move(values));
    }

    /// Numbers that were there keep all of their digits.
    [[nodiscard]] static std::optional<AttributeValue> set_of(const boost::json::array& array,
                                                              const AttributeValue::Numbers& former) {
        AttributeValue::Numbers values;
        for (const auto& item : array) {
            const auto was = std::find_if(former.begin(), former.end(),
                                          [&](const auto& number) { return same(item, JsonMaker()(number)); });
            if (was == former.end() && !item.is_number()) return std::nullopt;
            auto number = was != former.end() ? *was : dynamodb_number(item);
            if (!number) return std::nullopt;
            values.push_back(*std::move(number));
        }
        return AttributeValue::of(std::move(values));
    }
};

} // namespace detail

/// The item that a document was read from.
class DynamoDbSource final : public DocumentSource {
public:
    explicit DynamoDbSource(dynamodb::Item its_item) : item(std::move(its_item)) {}

    dynamodb::Item item;
};

/// The item of a document; `error::item_invalid` if it has a number that DynamoDB has no room for.
///
/// Of `former`, the item that it replaces, attributes that did not change stay exactly what they were, and those that
/// did keep their type where JSON has none of it: sets, bytes, numbers of 38 digits.
[[nodiscard]] inline result<dynamodb::Item> item_of(const std::string& id, std::uint64_t version,
                                                    const boost::json::object& document,
                                                    const dynamodb::Item* former = nullptr) {
    dynamodb::Item item;
    item.emplace(std::string(id_attribute), dynamodb::AttributeValue::of(id));
    item.emplace(std::string(version_attribute), dynamodb::AttributeValue::of(dynamodb::Number(version)));
    for (const auto& member : document) {
        auto name = attribute_of(member.key());
        const dynamodb::AttributeValue* was = nullptr;
        if (former != nullptr) {
            const auto found = former->find(name);
            if (found != former->end()) was = &found->second;
        }
        auto value = detail::AttributeMaker::make(member.value(), was);
        if (!value) return value.error();
        item.emplace(std::move(name), *std::move(value));
    }
    if (former == nullptr) return item;
    for (const auto& [name, value] : *former) {
        if (is_hidden(name)) item.emplace(name, value);
    }
    return item;
}

/// The version of an item, whoever wrote it; zero without one.
[[nodiscard]] inline std::uint64_t version_of(const dynamodb::Item& item) {
    const auto found = item.find(version_attribute);
    const auto* const number = found == item.end() ? nullptr : found->second.get<dynamodb::Number>();
    const auto whole = number == nullptr ? result<std::uint64_t>(0) : number->to<std::uint64_t>();
    return whole ? *whole : 0;
}

/// The document of an item, whoever wrote it; without a version its version is zero. `error::item_invalid` if it has no
/// id.
[[nodiscard]] inline result<Document> document_of(const dynamodb::Item& item) {
    const auto id = item.find(id_attribute);
    const auto* const text = id == item.end() ? nullptr : id->second.get<std::string>();
    if (text == nullptr) return error::item_invalid;
    auto body = std::make_shared<boost::json::object>();
    for (const auto& [name, value] : item) {
        if (name == id_attribute || name == version_attribute || is_hidden(name)) continue;
        const std::string_view field = name;
        (*body)[field.starts_with("$$") ? field.substr(1) : field] = json_of(value);
    }
    return Document(*text, version_of(item), std::move(body));
}

} // namespace sluice::repository
