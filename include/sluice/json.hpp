#pragma once

#include <sluice/record.hpp>

#include <boost/asio/deferred.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>

#include <optional>
#include <string>
#include <utility>

namespace sluice {

namespace json = boost::json;

/// The JSON text of anything that Boost.JSON can convert: values, containers, described structs, and whatever has a
/// `tag_invoke` for `value_from_tag`. Throws what the conversion throws, and `std::bad_alloc`. Numbers that JSON does
/// not have (NaN, infinities) and texts that are no UTF-8 make text that is no JSON: nobody looks.
template <class T>
[[nodiscard]] std::string json_text(const T& value) {
    return json::serialize(json::value_from(value));
}

/// A value as a record of JSON. Without a key the partitioning policy chooses one.
template <class T>
[[nodiscard]] Record json_record(const T& value, std::optional<std::string> key = std::nullopt) {
    Record record(json_text(value));
    record.partition_key = std::move(key);
    return record;
}

/// Puts a value as JSON. As `BasicProducer::async_put`: completes when the record is accepted, with `void(error_code)`.
/// What the conversion throws, this throws.
template <class Producer, class T, class Token = boost::asio::deferred_t>
[[nodiscard]] auto async_put_json(Producer& producer, const T& value, std::optional<std::string> key = std::nullopt,
                                  Token&& token = Token()) {
    return producer.async_put(json_record(value, std::move(key)), std::forward<Token>(token));
}

/// The same for a `BlockingProducer`: returns when the record is accepted, and throws if it is not.
template <class Producer, class T>
void put_json(Producer& producer, const T& value, std::optional<std::string> key = std::nullopt) {
    producer.put(json_record(value, std::move(key)));
}

} // namespace sluice
