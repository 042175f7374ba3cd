#include "adapter.hpp"

#include <sluice/aws/cbor.hpp>
#include <sluice/aws/digest.hpp>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <variant>

namespace conform {
namespace {

using namespace sluice::aws;

std::string hex_of(std::string_view bytes) {
    return hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}); // NOLINT: bytes are bytes
}

std::string bytes_of(std::string_view digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        unsigned byte = 0;
        std::from_chars(digits.data() + i, digits.data() + i + 2, byte, 16);
        bytes += static_cast<char>(byte);
    }
    return bytes;
}

template <class T>
json::object typed(std::string_view name, const T& value) {
    json::object object;
    object[name] = value;
    return object;
}

/// -1 - `number` in decimal digits, for all 65 bits.
std::string negative_digits(std::uint64_t number) {
    return number == UINT64_MAX ? "-18446744073709551616" : "-" + std::to_string(number + 1);
}

class Typed {
public:
    json::object operator()(std::monostate) const { return typed("null", true); }
    json::object operator()(bool value) const { return typed("bool", value); }
    json::object operator()(std::uint64_t number) const { return typed("uint", std::to_string(number)); }
    json::object operator()(CborNegative value) const { return typed("nint", negative_digits(value.number)); }
    json::object operator()(double value) const {
        if (std::isnan(value)) return typed("float", "nan");
        const auto bits = std::bit_cast<std::uint64_t>(value);
        std::string bytes;
        for (unsigned shift = 64; shift > 0; shift -= 8) bytes += static_cast<char>(bits >> (shift - 8));
        return typed("float", hex_of(bytes));
    }
    json::object operator()(CborSimple value) const { return typed("simple", value.number); }
    json::object operator()(const CborBytes& value) const { return typed("bytes", hex_of(value.data)); }
    json::object operator()(const std::string& text) const { return typed("text", text); }
    json::object operator()(const CborValue::Array& items) const {
        json::array list;
        for (const auto& item : items) list.push_back(std::visit(*this, item.data));
        return typed("array", list);
    }
    json::object operator()(const CborValue::Map& members) const {
        json::array list;
        for (const auto& member : members) {
            list.push_back(json::array{std::visit(*this, member.name.data), std::visit(*this, member.value.data)});
        }
        return typed("map", list);
    }
    json::object operator()(const CborValue::Tagged& one) const {
        return typed("tag", json::array{json::string(std::to_string(one.front().tag)), std::visit(*this, one.front().value.data)});
    }
};

std::uint64_t natural(std::string_view digits) {
    std::uint64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

/// The N of -1 - N.
std::uint64_t below_zero(std::string_view digits) {
    digits.remove_prefix(1);
    return digits == "18446744073709551616" ? UINT64_MAX : natural(digits) - 1;
}

CborValue untyped(const json::value& value) {
    const auto& [name, content] = *value.as_object().begin();
    if (name == "uint") return CborValue::of(natural(content.as_string()));
    if (name == "nint") return CborValue::of(CborNegative(below_zero(content.as_string())));
    if (name == "bytes") return CborValue::bytes(bytes_of(content.as_string()));
    if (name == "text") return CborValue::text(std::string(content.as_string()));
    if (name == "bool") return CborValue::boolean(content.as_bool());
    if (name == "null" || name == "undefined") return {};
    if (name == "simple") return CborValue::of(CborSimple(content.to_number<std::uint8_t>()));
    if (name == "float") {
        if (content == "nan") return CborValue::real(std::nan(""));
        std::uint64_t bits = 0;
        const std::string_view digits = content.as_string();
        std::from_chars(digits.data(), digits.data() + digits.size(), bits, 16);
        return CborValue::real(std::bit_cast<double>(bits));
    }
    if (name == "array") {
        CborValue::Array items;
        for (const auto& item : content.as_array()) items.push_back(untyped(item));
        return CborValue::array(std::move(items));
    }
    if (name == "map") {
        CborValue::Map members;
        for (const auto& member : content.as_array()) {
            members.emplace_back(untyped(member.as_array()[0]), untyped(member.as_array()[1]));
        }
        return CborValue::map(std::move(members));
    }
    if (name == "tag") {
        return CborValue::tagged(natural(content.as_array()[0].as_string()), untyped(content.as_array()[1]));
    }
    throw Unsupported();
}

json::object decode(const json::object& in) {
    const auto value = accepted(decode_cbor(bytes_of(text(in, "hex"))));
    json::object out;
    out["value"] = std::visit(Typed(), value.data);
    return out;
}

json::object encode(const json::object& in) {
    std::string bytes;
    encode_cbor(bytes, untyped(in.at("value")));
    json::object out;
    out["hex"] = hex_of(bytes);
    return out;
}

} // namespace

void add_cbor(Operations& operations) {
    operations["cbor.decode"] = decode;
    operations["cbor.encode"] = encode;
}

} // namespace conform
