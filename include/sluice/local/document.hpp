#pragma once

#include <sluice/aws/base64.hpp>
#include <sluice/aws/cbor.hpp>
#include <sluice/aws/json_reader.hpp>
#include <sluice/local/failure.hpp>
#include <sluice/local/moment.hpp>
#include <sluice/options.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::local {

namespace detail {

/// Makes a tree of what a reader of either wire finds, as long as it stays small: no call of the service needs more
/// than some thousand values, and twenty million bytes could otherwise become as many of them.
template <class Reader>
class TreeReader {
public:
    explicit TreeReader(std::string_view bytes) : reader_(bytes) {}

    /// The one value that the bytes hold; none if they are malformed, or too much.
    [[nodiscard]] std::optional<aws::CborValue> read() {
        aws::CborValue root;
        if (!value(reader_.next(), root) || !reader_.next().is(aws::TokenKind::done)) return std::nullopt;
        return root;
    }

private:
    using Kind = aws::TokenKind;

    static constexpr std::size_t most_values = 100'000;

    bool value(const aws::Token& token, aws::CborValue& out) {
        if (++values_ > most_values) return false;
        switch (token.kind) {
        case Kind::null: return true;
        case Kind::boolean: out.data.template emplace<bool>(token.number != 0); return true;
        case Kind::unsigned_integer: out.data.template emplace<std::uint64_t>(token.number); return true;
        case Kind::negative_integer: out.data.template emplace<aws::CborNegative>(token.number); return true;
        case Kind::real: out.data.template emplace<double>(token.real); return true;
        case Kind::text: out.data.template emplace<std::string>(token.text); return true;
        case Kind::bytes: out.data.template emplace<aws::CborBytes>(std::string(token.text)); return true;
        case Kind::array: return items(out.data.template emplace<aws::CborValue::Array>());
        case Kind::map: return members(out.data.template emplace<aws::CborValue::Map>());
        case Kind::tag: return value(reader_.next(), out); // Times are told by their member's name.
        default: return false;
        }
    }

    bool items(aws::CborValue::Array& array) {
        for (auto token = reader_.next(); !token.is(Kind::end); token = reader_.next()) {
            if (!value(token, array.emplace_back())) return false;
        }
        return true;
    }

    bool members(aws::CborValue::Map& map) {
        for (auto token = reader_.next(); !token.is(Kind::end); token = reader_.next()) {
            auto& member = map.emplace_back();
            if (!value(token, member.name) || !value(reader_.next(), member.value)) return false;
        }
        return true;
    }

    Reader reader_;
    std::size_t values_ = 0;
};

} // namespace detail

/// The members of one map in a request, by name; absent and null are the same.
///
/// A member of another type than it should have is remembered, and read as if it were absent: `failure()` tells of it
/// when all is read. Texts and bytes are moved out, so each member is read once.
class Fields {
public:
    /// The document of a whole request, in its wire.
    [[nodiscard]] static Reply<Fields> parse(std::string_view body, Wire wire) {
        auto tree = wire == Wire::json ? detail::TreeReader<aws::JsonReader>(body).read()
                                       : detail::TreeReader<aws::CborReader>(body).read();
        if (!tree || !tree->get<aws::CborValue::Map>()) {
            return Failure("SerializationException", "The request is not one well-formed map.");
        }
        return Fields(*std::move(tree), wire);
    }

    Fields(aws::CborValue map, Wire wire) : map_(std::move(map)), wire_(wire) {}

    [[nodiscard]] std::optional<std::string> text(std::string_view name) {
        auto* value = find(name);
        if (value == nullptr) return std::nullopt;
        if (auto* found = std::get_if<std::string>(&value->data)) return std::move(*found);
        return wrong<std::string>(name, "a String");
    }

    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name) {
        const auto* value = find(name);
        if (value == nullptr) return std::nullopt;
        if (const auto number = value->to_integer()) return *number;
        return wrong<std::int64_t>(name, "an Integer");
    }

    [[nodiscard]] std::optional<bool> boolean(std::string_view name) {
        const auto* value = find(name);
        if (value == nullptr) return std::nullopt;
        if (const auto* found = value->get<bool>()) return *found;
        return wrong<bool>(name, "a Boolean");
    }

    /// Bytes; in JSON, base64.
    [[nodiscard]] std::optional<std::string> blob(std::string_view name) {
        auto* value = find(name);
        if (value == nullptr) return std::nullopt;
        if (auto* bytes = std::get_if<aws::CborBytes>(&value->data)) return std::move(bytes->data);
        const auto* characters = value->get<std::string>();
        if (characters != nullptr && wire_ == Wire::json) {
            if (auto bytes = aws::decode_base64(*characters)) return *std::move(bytes);
        }
        return wrong<std::string>(name, "a Blob");
    }

    /// A time: seconds in JSON, milliseconds in CBOR. What lies beyond the calendar of `wall_time` is its end.
    [[nodiscard]] std::optional<wall_time> time(std::string_view name) {
        const auto* value = find(name);
        if (value == nullptr) return std::nullopt;
        const auto* real = value->get<double>();
        const auto number = value->to_integer();
        if ((real == nullptr && !number) || (real != nullptr && std::isnan(*real))) {
            return wrong<wall_time>(name, "a Timestamp");
        }
        const double written = real != nullptr ? *real : static_cast<double>(*number);
        return from_milliseconds(wire_ == Wire::json ? written * 1000.0 : written);
    }

    /// The maps in a list.
    [[nodiscard]] std::vector<Fields> list(std::string_view name) {
        std::vector<Fields> found;
        auto* value = find(name);
        if (value == nullptr) return found;
        auto* items = std::get_if<aws::CborValue::Array>(&value->data);
        if (items == nullptr) return wrong<std::vector<Fields>>(name, "a List").value_or(std::move(found));
        found.reserve(items->size());
        for (auto& item : *items) {
            if (!item.get<aws::CborValue::Map>()) (void)wrong<bool>(name, "a List of Structures");
            found.emplace_back(std::move(item), wire_);
        }
        return found;
    }

    /// The map that is a member.
    [[nodiscard]] std::optional<Fields> structure(std::string_view name) {
        auto* value = find(name);
        if (value == nullptr) return std::nullopt;
        if (value->get<aws::CborValue::Map>()) return Fields(std::move(*value), wire_);
        return wrong<Fields>(name, "a Structure");
    }

    /// The texts of this map, by name.
    [[nodiscard]] std::map<std::string, std::string> texts() {
        std::map<std::string, std::string> found;
        for (auto& member : members()) {
            const auto* name = member.name.get<std::string>();
            if (name == nullptr) continue;
            const std::string key = *name;
            if (auto value = text(key)) found.emplace(key, *std::move(value));
        }
        return found;
    }

    [[nodiscard]] bool has(std::string_view name) { return find(name) != nullptr; }

    /// The first member that has another type than it should have, if there is one.
    [[nodiscard]] const std::optional<Failure>& failure() const { return failure_; }

private:
    aws::CborValue::Map& members() {
        auto* members = std::get_if<aws::CborValue::Map>(&map_.data);
        return members != nullptr ? *members : map_.data.emplace<aws::CborValue::Map>();
    }

    aws::CborValue* find(std::string_view name) {
        for (auto& member : members()) {
            const auto* text = member.name.get<std::string>();
            if (text != nullptr && *text == name) return member.value.is_null() ? nullptr : &member.value;
        }
        return nullptr;
    }

    template <class T>
    std::optional<T> wrong(std::string_view name, std::string_view type) {
        if (!failure_) {
            failure_ = Failure("SerializationException",
                               "The value of " + std::string(name) + " can not be converted to " + std::string(type));
        }
        return std::nullopt;
    }

    static wall_time from_milliseconds(double milliseconds) {
        using std::chrono::duration_cast;
        using Milliseconds = std::chrono::milliseconds;
        const auto first = duration_cast<Milliseconds>(wall_time::min().time_since_epoch()).count();
        const auto last = duration_cast<Milliseconds>(wall_time::max().time_since_epoch()).count();
        const double within = std::clamp(milliseconds, static_cast<double>(first), static_cast<double>(last));
        return wall_time(Milliseconds(std::llround(within)));
    }

    aws::CborValue map_;
    Wire wire_;
    std::optional<Failure> failure_;
};

} // namespace sluice::local
