#pragma once

#include <sluice/aws/base64.hpp>
#include <sluice/error.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

/// The adapter between the conformance cases and the library: a line of JSON in, a line of JSON out.
namespace conform {

namespace json = boost::json;

/// The library refused the input.
class Refused : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// There is no such operation, or no such part of one.
class Unsupported : public std::runtime_error {
public:
    Unsupported() : std::runtime_error("unsupported") {}
};

/// From the case's `in` to the answer's `out`.
using Operation = std::function<json::object(const json::object& in)>;
using Operations = std::map<std::string, Operation, std::less<>>;

/// The value; else the library refused.
template <class T>
[[nodiscard]] T accepted(sluice::result<T> answer) {
    if (!answer) throw Refused(answer.error().message());
    return *std::move(answer);
}

/// A member that is a text; empty if it is absent or null.
[[nodiscard]] inline std::string text(const json::object& in, std::string_view name) {
    const auto* member = in.if_contains(name);
    return member == nullptr || member->is_null() ? std::string() : std::string(member->as_string());
}

/// A member that is a number; `absent` if there is none.
template <class T>
[[nodiscard]] T number(const json::object& in, std::string_view name, T absent = {}) {
    const auto* member = in.if_contains(name);
    return member == nullptr || member->is_null() ? absent : member->to_number<T>();
}

/// A member that is true.
[[nodiscard]] inline bool flag(const json::object& in, std::string_view name) {
    const auto* member = in.if_contains(name);
    return member != nullptr && member->is_bool() && member->get_bool();
}

/// The bytes of a member that holds base64; the case files are trusted to be well-formed.
[[nodiscard]] inline std::string bytes(const json::object& in, std::string_view name) {
    return accepted(sluice::aws::decode_base64(text(in, name)));
}

/// Standard base64, with padding.
[[nodiscard]] inline std::string base64(std::string_view data) {
    std::string out;
    sluice::aws::append_base64(out, data);
    return out;
}

void add_aggregates(Operations& operations);
void add_cbor(Operations& operations);
void add_credentials(Operations& operations);
void add_dates(Operations& operations);
void add_dynamodb(Operations& operations);
void add_errors(Operations& operations);
void add_event_stream(Operations& operations);
void add_kinesis(Operations& operations);
void add_profiles(Operations& operations);
void add_endpoints(Operations& operations);
void add_settings(Operations& operations);
void add_repository(Operations& operations);
void add_retry(Operations& operations);
void add_signing(Operations& operations);
void add_xml(Operations& operations);

} // namespace conform
