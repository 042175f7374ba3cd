#pragma once

#include <sluice/aws/cbor_reader.hpp>
#include <sluice/aws/cbor_writer.hpp>
#include <sluice/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::aws {

class CborMember;
class CborTagged;

/// A CBOR byte string: what tells it from a text.
class CborBytes {
public:
    CborBytes() = default;
    explicit CborBytes(std::string its_data) : data(std::move(its_data)) {}
    std::string data;
    friend bool operator==(const CborBytes&, const CborBytes&) = default;
};

/// A negative whole number: -1 - `number`, so that all 65 bits of CBOR fit.
class CborNegative {
public:
    explicit CborNegative(std::uint64_t its_number = 0) : number(its_number) {}
    std::uint64_t number;
    friend bool operator==(const CborNegative&, const CborNegative&) = default;
};

/// A simple value that is none of false, true and null.
class CborSimple {
public:
    explicit CborSimple(std::uint8_t its_number = 0) : number(its_number) {}
    std::uint8_t number;
    friend bool operator==(const CborSimple&, const CborSimple&) = default;
};

/// Any CBOR item as a value; for what is not read or written often.
class CborValue {
public:
    using Array = std::vector<CborValue>;
    using Map = std::vector<CborMember>;       ///< In the order of the bytes; a name twice stays twice.
    using Tagged = std::vector<CborTagged>;    ///< Always one; a vector, since its element holds a `CborValue`.
    using Data = std::variant<std::monostate, bool, std::uint64_t, CborNegative, double, CborSimple, CborBytes,
                              std::string, Array, Map, Tagged>;

    CborValue() noexcept; ///< Null.
    CborValue(const CborValue&);
    CborValue(CborValue&&) noexcept;
    CborValue& operator=(const CborValue&);
    CborValue& operator=(CborValue&&) noexcept;
    ~CborValue();

    /// The item of this type, one of those in `Data`.
    template <class T>
    [[nodiscard]] static CborValue of(T item) {
        CborValue value;
        value.data.template emplace<T>(std::move(item));
        return value;
    }

    [[nodiscard]] static CborValue integer(std::int64_t number);
    [[nodiscard]] static CborValue text(std::string characters);
    [[nodiscard]] static CborValue bytes(std::string its_data);
    [[nodiscard]] static CborValue boolean(bool value);
    [[nodiscard]] static CborValue real(double value);
    [[nodiscard]] static CborValue array(Array items);
    [[nodiscard]] static CborValue map(Map members);
    [[nodiscard]] static CborValue tagged(std::uint64_t tag, CborValue value);

    [[nodiscard]] bool is_null() const noexcept { return data.index() == 0; }

    /// The value if it is of this type, else null: `value.get<std::string>()`.
    template <class T>
    [[nodiscard]] const T* get() const noexcept {
        return std::get_if<T>(&data);
    }

    /// The member of a map with this text as its name; null if there is none, or this is no map.
    [[nodiscard]] const CborValue* find(std::string_view name) const noexcept;

    /// The whole number that this is, with or without a tag around it; null if it is none or does not fit.
    [[nodiscard]] result<std::int64_t> to_integer() const;

    friend bool operator==(const CborValue&, const CborValue&);

    Data data;
};

/// A name and a value of a map. Names are texts wherever a service writes them.
class CborMember {
public:
    CborMember() = default;
    CborMember(CborValue its_name, CborValue its_value) : name(std::move(its_name)), value(std::move(its_value)) {}
    CborMember(std::string its_name, CborValue its_value)
        : name(CborValue::text(std::move(its_name))), value(std::move(its_value)) {}

    CborValue name;
    CborValue value;

    friend bool operator==(const CborMember&, const CborMember&) = default;
};

/// A value with a tag before it: with tag 1, a time.
class CborTagged {
public:
    CborTagged() = default;
    CborTagged(std::uint64_t its_tag, CborValue its_value) : tag(its_tag), value(std::move(its_value)) {}

    std::uint64_t tag = 0;
    CborValue value;

    friend bool operator==(const CborTagged&, const CborTagged&) = default;
};

inline bool operator==(const CborValue& a, const CborValue& b) { return a.data == b.data; }

// Defined where `CborMember` and `CborTagged` are complete: the containers in `Data` need that.

inline CborValue::CborValue() noexcept = default;
inline CborValue::CborValue(const CborValue&) = default;
inline CborValue::CborValue(CborValue&&) noexcept = default;
inline CborValue& CborValue::operator=(const CborValue&) = default;
inline CborValue& CborValue::operator=(CborValue&&) noexcept = default;
inline CborValue::~CborValue() = default;

inline CborValue CborValue::integer(std::int64_t number) {
    return number < 0 ? of(CborNegative(static_cast<std::uint64_t>(-1 - number)))
                      : of(static_cast<std::uint64_t>(number));
}

inline CborValue CborValue::text(std::string characters) { return of(std::move(characters)); }
inline CborValue CborValue::bytes(std::string its_data) { return of(CborBytes(std::move(its_data))); }
inline CborValue CborValue::boolean(bool value) { return of(value); }
inline CborValue CborValue::real(double value) { return of(value); }
inline CborValue CborValue::array(Array items) { return of(std::move(items)); }
inline CborValue CborValue::map(Map members) { return of(std::move(members)); }

inline CborValue CborValue::tagged(std::uint64_t tag, CborValue value) {
    Tagged one;
    one.emplace_back(tag, std::move(value));
    return of(std::move(one));
}

inline const CborValue* CborValue::find(std::string_view name) const noexcept {
    const auto* members = get<Map>();
    if (members == nullptr) return nullptr;
    for (const auto& member : *members) {
        const auto* text = member.name.get<std::string>();
        if (text != nullptr && *text == name) return &member.value;
    }
    return nullptr;
}

inline result<std::int64_t> CborValue::to_integer() const {
    constexpr std::uint64_t most = INT64_MAX;
    if (const auto* tagged = get<Tagged>()) return tagged->front().value.to_integer();
    if (const auto* number = get<std::uint64_t>(); number != nullptr && *number <= most) {
        return static_cast<std::int64_t>(*number);
    }
    if (const auto* negative = get<CborNegative>(); negative != nullptr && negative->number <= most) {
        return -1 - static_cast<std::int64_t>(negative->number);
    }
    return error::malformed;
}

namespace detail {

/// Nested containers announce what they like: room is made for this many at once.
inline constexpr std::size_t most_reserved = 512;

inline bool read_cbor(CborReader& reader, const Token& token, CborValue& value);

inline bool read_cbor_items(CborReader& reader, CborValue::Array& items) {
    items.reserve(std::min(reader.announced(), most_reserved));
    for (auto token = reader.next(); !token.is(TokenKind::end); token = reader.next()) {
        if (!read_cbor(reader, token, items.emplace_back())) return false;
    }
    return true;
}

inline bool read_cbor_members(CborReader& reader, CborValue::Map& members) {
    members.reserve(std::min(reader.announced() / 2, most_reserved));
    for (auto token = reader.next(); !token.is(TokenKind::end); token = reader.next()) {
        auto& member = members.emplace_back();
        if (!read_cbor(reader, token, member.name) || !read_cbor(reader, reader.next(), member.value)) return false;
    }
    return true;
}

inline bool read_cbor(CborReader& reader, const Token& token, CborValue& value) {
    auto& data = value.data;
    switch (token.kind) {
    case TokenKind::null: return true;
    case TokenKind::boolean: data.emplace<bool>(token.number != 0); return true;
    case TokenKind::unsigned_integer: data.emplace<std::uint64_t>(token.number); return true;
    case TokenKind::negative_integer: data.emplace<CborNegative>(token.number); return true;
    case TokenKind::real: data.emplace<double>(token.real); return true;
    case TokenKind::simple: data.emplace<CborSimple>(static_cast<std::uint8_t>(token.number)); return true;
    case TokenKind::text: data.emplace<std::string>(token.text); return true;
    case TokenKind::bytes: data.emplace<CborBytes>(std::string(token.text)); return true;
    case TokenKind::array: return read_cbor_items(reader, data.emplace<CborValue::Array>());
    case TokenKind::map: return read_cbor_members(reader, data.emplace<CborValue::Map>());
    case TokenKind::tag: {
        auto& tagged = data.emplace<CborValue::Tagged>(1).front();
        tagged.tag = token.number;
        return read_cbor(reader, reader.next(), tagged.value);
    }
    default: return false;
    }
}

class CborPrinter {
public:
    explicit CborPrinter(CborWriter& out) : out_(out) {}

    void operator()(std::monostate) const { out_.null(); }
    void operator()(bool value) const { out_.boolean(value); }
    void operator()(std::uint64_t number) const { out_.unsigned_integer(number); }
    void operator()(CborNegative value) const { out_.negative_integer(value.number); }
    void operator()(double value) const { out_.real(value); }
    void operator()(CborSimple value) const { out_.simple(value.number); }
    void operator()(const CborBytes& value) const { out_.bytes(value.data); }
    void operator()(const std::string& text) const { out_.text(text); }
    void operator()(const CborValue::Array& items) const {
        out_.array(items.size());
        for (const auto& item : items) std::visit(*this, item.data);
    }
    void operator()(const CborValue::Map& members) const {
        out_.map(members.size());
        for (const auto& member : members) {
            std::visit(*this, member.name.data);
            std::visit(*this, member.value.data);
        }
    }
    void operator()(const CborValue::Tagged& one) const {
        out_.tag(one.front().tag);
        std::visit(*this, one.front().value.data);
    }

private:
    CborWriter& out_;
};

} // namespace detail

/// The one item that `bytes` hold; `error::malformed` if they are not exactly one well-formed item.
[[nodiscard]] inline result<CborValue> decode_cbor(std::string_view bytes) {
    CborReader reader(bytes);
    CborValue value;
    if (!detail::read_cbor(reader, reader.next(), value) || !reader.next().is(TokenKind::done)) {
        return error::malformed;
    }
    return value;
}

/// Appends a value.
inline void encode_cbor(std::string& out, const CborValue& value) {
    CborWriter writer(out);
    std::visit(detail::CborPrinter(writer), value.data);
}

} // namespace sluice::aws
