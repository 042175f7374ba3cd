#include "adapter.hpp"

#include <sluice/dynamodb/attribute.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cstdint>
#include <string>
#include <variant>

namespace conform {
namespace {

using namespace sluice;
using dynamodb::AttributeValue;
using dynamodb::Bytes;
using dynamodb::Number;

json::value parsed(const std::string& text) {
    json::parse_options deep;
    deep.max_depth = 256;
    return json::parse(text, {}, deep);
}

AttributeValue built(const json::value& value) {
    const auto& [type, content] = *value.as_object().begin();
    const auto text = [](const json::value& one) { return std::string(one.as_string()); };
    const auto number = [&](const json::value& one) { return accepted(Number::parse(text(one))); };
    const auto blob = [&](const json::value& one) { return Bytes(accepted(aws::decode_base64(text(one)))); };
    const auto all = [&](auto values, auto read) {
        for (const auto& one : content.as_array()) values.push_back(read(one));
        return AttributeValue::of(std::move(values));
    };
    if (type == "null") return {};
    if (type == "bool") return AttributeValue::of(content.as_bool());
    if (type == "num") return AttributeValue::of(number(content));
    if (type == "str") return AttributeValue::of(text(content));
    if (type == "bin") return AttributeValue::of(blob(content));
    if (type == "sset") return all(AttributeValue::Texts(), text);
    if (type == "nset") return all(AttributeValue::Numbers(), number);
    if (type == "bset") return all(AttributeValue::Blobs(), blob);
    if (type == "list") return all(AttributeValue::List(), built);
    if (type != "map") throw Unsupported();
    AttributeValue::Map map;
    for (const auto& [name, member] : content.as_object()) map[std::string(name)] = built(member);
    return AttributeValue::of(std::move(map));
}

class Native {
public:
    json::object operator()(std::monostate) const { return typed("null", true); }
    json::object operator()(bool value) const { return typed("bool", value); }
    json::object operator()(const Number& value) const { return typed("num", one(value)); }
    json::object operator()(const std::string& value) const { return typed("str", one(value)); }
    json::object operator()(const Bytes& value) const { return typed("bin", one(value)); }
    json::object operator()(const AttributeValue::Texts& values) const { return typed("sset", all(values)); }
    json::object operator()(const AttributeValue::Numbers& values) const { return typed("nset", all(values)); }
    json::object operator()(const AttributeValue::Blobs& values) const { return typed("bset", all(values)); }
    json::object operator()(const AttributeValue::List& values) const { return typed("list", all(values)); }
    json::object operator()(const AttributeValue::Map& map) const {
        json::object members;
        for (const auto& [name, value] : map) members[name] = one(value);
        return typed("map", std::move(members));
    }

private:
    static json::object typed(std::string_view type, json::value value) {
        json::object object;
        object[type] = std::move(value);
        return object;
    }

    static json::value one(const std::string& text) { return json::string(text); }
    static json::value one(const Number& number) { return json::string(number.text()); }
    static json::value one(const Bytes& bytes) {
        std::string text;
        aws::append_base64(text, bytes.data);
        return json::string(text);
    }
    static json::value one(const AttributeValue& value) { return std::visit(Native(), value.data); }

    template <class Values>
    static json::array all(const Values& values) {
        json::array array;
        for (const auto& value : values) array.push_back(one(value));
        return array;
    }
};

json::object to_attribute(const json::object& in) {
    const auto value = built(in.at("value"));
    if (const auto wrong = dynamodb::check_attribute(value)) throw Refused(wrong.message());
    std::string written;
    aws::JsonWriter writer(written);
    dynamodb::write_attribute(writer, value);
    json::object out;
    out["attribute"] = parsed(written);
    return out;
}

/// The number, which must fit the type that the case names.
template <class T>
void convert(const AttributeValue& value) {
    const auto* const found = value.get<Number>();
    if (found == nullptr) throw Refused("no number");
    [[maybe_unused]] const auto converted = accepted(found->to<T>());
}

json::object from_attribute(const json::object& in) {
    const auto value = accepted(dynamodb::parse_attribute(json::serialize(in.at("attribute"))));
    const auto target = text(in, "target");
    if (target == "int64") convert<std::int64_t>(value);
    else if (target == "uint32") convert<std::uint32_t>(value);
    else if (!target.empty()) throw Unsupported();
    json::object out;
    out["value"] = std::visit(Native(), value.data);
    return out;
}

} // namespace

void add_dynamodb(Operations& operations) {
    operations["ddb.to_attr"] = to_attribute;
    operations["ddb.from_attr"] = from_attribute;
}

} // namespace conform
