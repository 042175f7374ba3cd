#pragma once

#include <sluice/error.hpp>

#include <cstdint>

namespace sluice::detail {

/// What a failure means for the records of a request: whose budget it spends, and what waits.
enum class Disposition : std::uint8_t {
    delivered, ///< No failure.
    record,    ///< The record's own: it spends an attempt and is tried again.
    throttle,  ///< The shard is asked too much: slow down, spend nothing.
    stream,    ///< Nothing of this stream would pass now: pause it, probe it, spend nothing.
    request,   ///< Something in the request is refused: halve it until one record stands alone.
    refused,   ///< The record can never be sent: it is dead-lettered at once.
};

/// Promise 3, as a table: only a record's own failure spends its budget.
[[nodiscard]] inline Disposition disposition(error_code failure) noexcept {
    if (!failure) return Disposition::delivered;
    if (failure.category() != error_category()) return Disposition::stream;
    switch (static_cast<error>(failure.value())) {
    case error::record_failed: return Disposition::record;
    case error::throttled: return Disposition::throttle;
    case error::request_refused:
    case error::request_too_large: return Disposition::request;
    case error::record_too_large:
    case error::partition_key_empty:
    case error::partition_key_too_long:
    case error::not_utf8:
    case error::hash_key_invalid:
    case error::data_not_json:
    case error::key_field_missing:
    case error::headers_need_aggregate: return Disposition::refused;
    default: return Disposition::stream;
    }
}

/// Whether it says that something can never be sent as it is.
[[nodiscard]] inline bool refuses(Disposition meaning) noexcept {
    return meaning == Disposition::request || meaning == Disposition::refused;
}

} // namespace sluice::detail
