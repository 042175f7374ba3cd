#pragma once

#include <sluice/error.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace sluice::detail {

/// The name of an error, which stays when numbers and sentences change; empty for a number that is none.
[[nodiscard]] constexpr std::string_view error_word(error value) noexcept {
    switch (value) {
    case error::record_too_large: return "record_too_large";
    case error::partition_key_empty: return "partition_key_empty";
    case error::partition_key_too_long: return "partition_key_too_long";
    case error::not_utf8: return "not_utf8";
    case error::hash_key_invalid: return "hash_key_invalid";
    case error::stream_name_invalid: return "stream_name_invalid";
    case error::too_many_streams: return "too_many_streams";
    case error::headers_need_aggregate: return "headers_need_aggregate";
    case error::data_not_json: return "data_not_json";
    case error::key_field_missing: return "key_field_missing";
    case error::buffer_full: return "buffer_full";
    case error::disabled: return "disabled";
    case error::closed: return "closed";
    case error::cleared: return "cleared";
    case error::expired: return "expired";
    case error::dropped: return "dropped";
    case error::gave_up: return "gave_up";
    case error::kept: return "kept";
    case error::storage_locked: return "storage_locked";
    case error::storage_corrupt: return "storage_corrupt";
    case error::storage_foreign: return "storage_foreign";
    case error::storage_unwritable: return "storage_unwritable";
    case error::storage_full: return "storage_full";
    case error::storage_failed: return "storage_failed";
    case error::credentials_missing: return "credentials_missing";
    case error::credentials_refused: return "credentials_refused";
    case error::credentials_expired: return "credentials_expired";
    case error::credentials_failed: return "credentials_failed";
    case error::name_not_resolved: return "name_not_resolved";
    case error::connection_failed: return "connection_failed";
    case error::tls_failed: return "tls_failed";
    case error::timed_out: return "timed_out";
    case error::response_truncated: return "response_truncated";
    case error::response_too_large: return "response_too_large";
    case error::protocol_violated: return "protocol_violated";
    case error::throttled: return "throttled";
    case error::service_failed: return "service_failed";
    case error::record_failed: return "record_failed";
    case error::wrong_shard: return "wrong_shard";
    case error::stream_not_found: return "stream_not_found";
    case error::access_denied: return "access_denied";
    case error::signature_refused: return "signature_refused";
    case error::clock_skewed: return "clock_skewed";
    case error::request_refused: return "request_refused";
    case error::request_too_large: return "request_too_large";
    case error::key_service_failed: return "key_service_failed";
    case error::resource_in_use: return "resource_in_use";
    case error::iterator_expired: return "iterator_expired";
    case error::limit_exceeded: return "limit_exceeded";
    case error::response_invalid: return "response_invalid";
    case error::bucket_not_found: return "bucket_not_found";
    case error::object_not_found: return "object_not_found";
    case error::object_changed: return "object_changed";
    case error::not_found: return "not_found";
    case error::already_exists: return "already_exists";
    case error::conflict: return "conflict";
    case error::id_repeated: return "id_repeated";
    case error::id_invalid: return "id_invalid";
    case error::item_invalid: return "item_invalid";
    case error::item_too_large: return "item_too_large";
    case error::query_invalid: return "query_invalid";
    case error::region_missing: return "region_missing";
    case error::endpoint_invalid: return "endpoint_invalid";
    case error::batch_too_large: return "batch_too_large";
    case error::table_not_found: return "table_not_found";
    case error::table_unfit: return "table_unfit";
    case error::metrics_failed: return "metrics_failed";
    case error::malformed: return "malformed";
    }
    return {};
}

/// The name of an error of sluice; `category:number` of any other.
[[nodiscard]] inline std::string error_word(error_code code) {
    const bool ours = code.category() == error_category();
    const auto word = ours ? error_word(static_cast<error>(code.value())) : std::string_view();
    return word.empty() ? code.to_string() : std::string(word);
}

/// The error of sluice with that name.
[[nodiscard]] constexpr std::optional<error> error_of_word(std::string_view word) noexcept {
    for (int value = 1; value <= static_cast<int>(error::malformed); ++value) { // the last one
        if (error_word(static_cast<error>(value)) == word) return static_cast<error>(value);
    }
    return std::nullopt;
}

} // namespace sluice::detail
