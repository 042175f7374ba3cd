#pragma once

#include <sluice/aws/base64.hpp>
#include <sluice/aws/cbor.hpp>
#include <sluice/aws/sigv4.hpp>
#include <sluice/options.hpp>
#include <sluice/secrets.hpp>
#include <sluice/transport/transport.hpp>

#include <boost/json.hpp>

#include <memory>
#include <string>
#include <utility>

/// Makes signed requests, as a client does.
class Caller {
public:
    explicit Caller(sluice::Secrets its_secrets = sluice::Secrets("local", sluice::Secret("local")),
                    std::string its_url = "http://127.0.0.1:4567/")
        : secrets(std::move(its_secrets)), url(std::move(its_url)) {}

    sluice::Secrets secrets;
    std::string url;
    sluice::Wire wire = sluice::Wire::json;
    std::string region = "us-east-1";
    std::string service = "kinesis";

    /// Signs what it is given.
    [[nodiscard]] sluice::HttpRequest sign(sluice::HttpRequest request, sluice::wall_time now) const {
        sluice::aws::Signer().sign(request, secrets, region, service, now);
        return request;
    }

    /// A request that is not signed yet.
    [[nodiscard]] sluice::HttpRequest unsigned_call(const std::string& operation, std::string body) const {
        sluice::HttpRequest request("POST", url);
        request.headers.emplace_back("Content-Type", wire == sluice::Wire::json ? "application/x-amz-json-1.1"
                                                                                : "application/x-amz-cbor-1.1");
        request.headers.emplace_back("X-Amz-Target", "Kinesis_20131202." + operation);
        request.body = std::make_shared<const std::string>(std::move(body));
        return request;
    }

    [[nodiscard]] sluice::HttpRequest call(const std::string& operation, std::string body,
                                           sluice::wall_time now) const {
        return sign(unsigned_call(operation, std::move(body)), now);
    }
};

/// A CBOR value as the JSON that says the same: bytes in base64, times in seconds.
inline boost::json::value as_json(const sluice::aws::CborValue& value) {
    using sluice::aws::CborValue;
    if (const auto* text = value.get<std::string>()) return boost::json::value(*text);
    if (const auto* boolean = value.get<bool>()) return boost::json::value(*boolean);
    if (const auto* bytes = value.get<sluice::aws::CborBytes>()) {
        std::string text;
        sluice::aws::append_base64(text, bytes->data);
        return boost::json::value(text);
    }
    if (const auto* tagged = value.get<CborValue::Tagged>()) {
        const auto milliseconds = *tagged->front().value.to_integer();
        if (milliseconds % 1000 == 0) return boost::json::value(milliseconds / 1000);
        return boost::json::value(static_cast<double>(milliseconds) / 1000.0);
    }
    if (const auto* items = value.get<CborValue::Array>()) {
        boost::json::array array;
        for (const auto& item : *items) array.push_back(as_json(item));
        return array;
    }
    if (const auto* members = value.get<CborValue::Map>()) {
        boost::json::object object;
        for (const auto& member : *members) object[*member.name.get<std::string>()] = as_json(member.value);
        return object;
    }
    if (const auto number = value.to_integer()) return boost::json::value(*number);
    return nullptr;
}

/// A JSON value as the CBOR that says the same, but for bytes and times: those of the named members.
inline sluice::aws::CborValue as_cbor(const boost::json::value& value, std::string_view name = {}) {
    using sluice::aws::CborMember;
    using sluice::aws::CborValue;
    if (const auto* text = value.if_string()) {
        if (name == "Data") return CborValue::bytes(*sluice::aws::decode_base64(std::string_view(*text)));
        return CborValue::text(std::string(*text));
    }
    if (const auto* boolean = value.if_bool()) return CborValue::boolean(*boolean);
    if (const auto* number = value.if_int64()) {
        if (name == "Timestamp") return CborValue::tagged(1, CborValue::integer(*number * 1000));
        return CborValue::integer(*number);
    }
    if (const auto* items = value.if_array()) {
        CborValue::Array array;
        for (const auto& item : *items) array.push_back(as_cbor(item));
        return CborValue::array(std::move(array));
    }
    if (const auto* object = value.if_object()) {
        CborValue::Map members;
        for (const auto& member : *object) {
            members.emplace_back(std::string(member.key()), as_cbor(member.value(), member.key()));
        }
        return CborValue::map(std::move(members));
    }
    return CborValue();
}

/// The CBOR text of a JSON text.
inline std::string cbor_of(const std::string& json) {
    std::string bytes;
    sluice::aws::encode_cbor(bytes, as_cbor(boost::json::parse(json)));
    return bytes;
}
