#pragma once

#include <sluice/aws/base64.hpp>
#include <sluice/aws/json_reader.hpp>
#include <sluice/aws/json_writer.hpp>
#include <sluice/aws/token.hpp>
#include <sluice/aws/utf8.hpp>
#include <sluice/dynamodb/number.hpp>
#include <sluice/error.hpp>

#include <boost/container/map.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// Values of items, as DynamoDB has them (Amazon DynamoDB API reference, 2012-08-10, AttributeValue).
namespace sluice::dynamodb {

/// Binary data: what tells it from a text.
class Bytes {
public:
    Bytes() = default;
    explicit Bytes(std::string its_data) : data(std::move(its_data)) {}
    std::string data;
    friend bool operator==(const Bytes&, const Bytes&) = default;
};

/// A value of an attribute, of one of ten types.
class AttributeValue {
public:
    using List = std::vector<AttributeValue>;
    using Map = boost::container::map<std::string, AttributeValue, std::less<>>; // may hold an incomplete type
    using Texts = std::vector<std::string>; ///< A set, as the two that follow: not empty, and nothing twice.
    using Numbers = std::vector<Number>;
    using Blobs = std::vector<Bytes>;
    using Data =
        std::variant<std::monostate, bool, Number, std::string, Bytes, Texts, Numbers, Blobs, List, Map>;

    /// Lists and maps around a value; the service takes no more.
    static constexpr std::size_t max_depth = 32;

    AttributeValue() = default; ///< Null.

    /// The value of this type, one of those in `Data`.
    template <class T>
    [[nodiscard]] static AttributeValue of(T value) {
        AttributeValue made;
        made.data.emplace<T>(std::move(value));
        return made;
    }

    [[nodiscard]] bool is_null() const noexcept { return data.index() == 0; }

    /// The value if it is of this type, else null: `value.get<std::string>()`.
    template <class T>
    [[nodiscard]] const T* get() const noexcept {
        return std::get_if<T>(&data);
    }

    /// The value of a map with this name; null if there is none, or this is no map.
    [[nodiscard]] const AttributeValue* find(std::string_view name) const noexcept {
        const auto* const map = get<Map>();
        if (map == nullptr) return nullptr;
        const auto found = map->find(name);
        return found == map->end() ? nullptr : &found->second;
    }

    friend bool operator==(const AttributeValue& a, const AttributeValue& b) { return a.data == b.data; }

    Data data;
};

/// What a table keeps under one key.
using Item = AttributeValue::Map;

namespace detail {

/// Whether the service takes a value; what it refuses is told nowhere but there.
class AttributeCheck {
public:
    explicit AttributeCheck(std::size_t depth) : depth_(depth) {}

    bool operator()(std::monostate) const { return true; }
    bool operator()(bool) const { return true; }
    bool operator()(const Number&) const { return true; }
    bool operator()(const Bytes&) const { return true; }
    bool operator()(const std::string& text) const { return aws::utf8_length(text).has_value(); }

    bool operator()(const AttributeValue::Texts& texts) const {
        return std::all_of(texts.begin(), texts.end(), *this) && is_set(texts, [](const auto& text) { return text; });
    }
    bool operator()(const AttributeValue::Numbers& numbers) const {
        return is_set(numbers, [](const auto& number) { return number.normal(); });
    }
    bool operator()(const AttributeValue::Blobs& blobs) const {
        return is_set(blobs, [](const auto& blob) { return blob.data; });
    }

    bool operator()(const AttributeValue::List& list) const {
        const auto well = [this](const AttributeValue& value) { return inside(value); };
        return depth_ > 0 && std::all_of(list.begin(), list.end(), well);
    }
    bool operator()(const AttributeValue::Map& map) const {
        const auto well = [this](const auto& member) { return (*this)(member.first) && inside(member.second); };
        return depth_ > 0 && std::all_of(map.begin(), map.end(), well);
    }

private:
    template <class Values, class Name>
    static bool is_set(const Values& values, Name name) {
        std::set<std::string> seen;
        for (const auto& value : values) seen.insert(name(value));
        return !values.empty() && seen.size() == values.size();
    }

    [[nodiscard]] bool inside(const AttributeValue& value) const {
        return std::visit(AttributeCheck(depth_ - 1), value.data);
    }

    std::size_t depth_; ///< How many lists and maps may still follow.
};

/// Appends a value as JSON: one member that names its type.
class AttributeWriter {
public:
    explicit AttributeWriter(aws::JsonWriter& out) : out_(out) {}

    void write(const AttributeValue& value) {
        out_.begin_map();
        std::visit(*this, value.data);
        out_.end_map();
    }

    void operator()(std::monostate) { boolean("NULL", true); }
    void operator()(bool value) { boolean("BOOL", value); }
    void operator()(const Number& number) {
        out_.key("N");
        one(number);
    }
    void operator()(const std::string& text) {
        out_.key("S");
        one(text);
    }
    void operator()(const Bytes& bytes) {
        out_.key("B");
        one(bytes);
    }
    void operator()(const AttributeValue::Texts& texts) { all("SS", texts); }
    void operator()(const AttributeValue::Numbers& numbers) { all("NS", numbers); }
    void operator()(const AttributeValue::Blobs& blobs) { all("BS", blobs); }
    void operator()(const AttributeValue::List& list) { all("L", list); }
    void operator()(const AttributeValue::Map& map) {
        out_.key("M");
        item(map);
    }

    /// The members of a map, or of an item.
    void item(const Item& item) {
        out_.begin_map();
        for (const auto& [name, value] : item) {
            out_.key(name);
            write(value);
        }
        out_.end_map();
    }

private:
    void boolean(std::string_view type, bool value) {
        out_.key(type);
        out_.boolean(value);
    }

    void one(const std::string& text) { out_.text(text); }
    void one(const Number& number) { out_.text(number.text()); }
    void one(const Bytes& bytes) { out_.bytes(bytes.data); }
    void one(const AttributeValue& value) { write(value); }

    template <class Values>
    void all(std::string_view type, const Values& values) {
        out_.key(type);
        out_.begin_array();
        for (const auto& value : values) one(value);
        out_.end_array();
    }

    aws::JsonWriter& out_;
};

/// Reads values from JSON. Each function takes the value that starts with `token`, and is false if it is none.
class AttributeReader {
public:
    explicit AttributeReader(aws::JsonReader& reader) : reader_(reader) {}

    [[nodiscard]] bool read(const aws::Token& token, AttributeValue& value) {
        if (!token.is(aws::TokenKind::map)) return false;
        const auto type = reader_.next();
        if (!type.is(aws::TokenKind::text) || type.text.size() > 4) return false;
        const std::string name(type.text); // the reader goes on
        if (!typed(name, reader_.next(), value.data)) return false;
        return reader_.next().is(aws::TokenKind::end);
    }

    [[nodiscard]] bool read(const aws::Token& token, Item& item) {
        if (!token.is(aws::TokenKind::map)) return false;
        for (auto name = reader_.next(); !name.is(aws::TokenKind::end); name = reader_.next()) {
            if (!name.is(aws::TokenKind::text)) return false;
            const auto [member, fresh] = item.try_emplace(std::string(name.text));
            if (!fresh || !deeper(member->second)) return false;
        }
        return true;
    }

private:
    bool typed(std::string_view type, const aws::Token& token, AttributeValue::Data& data) {
        if (type == "S") return read(token, data.emplace<std::string>());
        if (type == "N") return read(token, data.emplace<Number>());
        if (type == "B") return read(token, data.emplace<Bytes>());
        if (type == "M") return read(token, data.emplace<AttributeValue::Map>());
        if (type == "L") return list(token, data.emplace<AttributeValue::List>());
        if (type == "SS") return list(token, data.emplace<AttributeValue::Texts>());
        if (type == "NS") return list(token, data.emplace<AttributeValue::Numbers>());
        if (type == "BS") return list(token, data.emplace<AttributeValue::Blobs>());
        if (type == "NULL") return token.is(aws::TokenKind::boolean) && token.number == 1;
        if (type != "BOOL" || !token.is(aws::TokenKind::boolean)) return false;
        data = token.number == 1;
        return true;
    }

    bool read(const aws::Token& token, std::string& text) {
        if (token.is(aws::TokenKind::text)) text = token.text;
        return token.is(aws::TokenKind::text);
    }

    bool read(const aws::Token& token, Number& number) {
        auto parsed = Number::parse(token.is(aws::TokenKind::text) ? token.text : std::string_view());
        if (parsed) number = *std::move(parsed);
        return parsed.has_value();
    }

    bool read(const aws::Token& token, Bytes& bytes) {
        if (!token.is(aws::TokenKind::text)) return false;
        auto decoded = aws::decode_base64(token.text);
        if (decoded) bytes.data = *std::move(decoded);
        return decoded.has_value();
    }

    template <class Values>
    bool list(const aws::Token& token, Values& values) {
        if (!token.is(aws::TokenKind::array)) return false;
        for (auto next = reader_.next(); !next.is(aws::TokenKind::end); next = reader_.next()) {
            if (next.is(aws::TokenKind::failed) || !read(next, values.emplace_back())) return false;
        }
        return true;
    }

    bool deeper(AttributeValue& value) { return read(reader_.next(), value); }

    aws::JsonReader& reader_; // bounds how deep this calls itself
};

} // namespace detail

/// Whether the service would take a value: texts are UTF-8, sets hold something and nothing twice, and lists and maps
/// stand within each other no more than 32 times. Else `error::malformed`.
[[nodiscard]] inline error_code check_attribute(const AttributeValue& value) {
    const bool well = std::visit(detail::AttributeCheck(AttributeValue::max_depth), value.data);
    return well ? error_code() : error::malformed;
}

/// Appends a value, which has been checked, as the service reads it: `{"S":"text"}`.
inline void write_attribute(aws::JsonWriter& out, const AttributeValue& value) {
    detail::AttributeWriter(out).write(value);
}

/// Appends an item, whose values have been checked.
inline void write_item(aws::JsonWriter& out, const Item& item) { detail::AttributeWriter(out).item(item); }

/// Takes an item from a reply, an `aws::ReplyReader`; false if it is none.
template <class In>
[[nodiscard]] bool read_item(In& in, Item& item) {
    return in.value([&item](aws::JsonReader& reader, const aws::Token& token) {
        return detail::AttributeReader(reader).read(token, item);
    });
}

/// The value that a text tells, and nothing else; `error::malformed` if it is none, or one that the service would not
/// have taken.
[[nodiscard]] inline result<AttributeValue> parse_attribute(std::string_view json) {
    aws::JsonReader reader(json);
    AttributeValue value;
    const bool well = detail::AttributeReader(reader).read(reader.next(), value) &&
                      reader.next().is(aws::TokenKind::done) && !check_attribute(value);
    if (!well) return error::malformed;
    return value;
}

} // namespace sluice::dynamodb
