#pragma once

#include <sluice/error.hpp>
#include <sluice/firehose/limits.hpp>
#include <sluice/firehose/requests.hpp>
#include <sluice/kinesis/validate.hpp>

#include <cstddef>
#include <string_view>

/// What can be checked before a request is sent. Each check gives an empty code, or what is wrong.
namespace sluice::firehose {

/// 1 to 64 of `[a-zA-Z0-9_.-]`, else `error::stream_name_invalid`.
[[nodiscard]] inline error_code check_stream_name(std::string_view name) {
    if (name.size() > limits::stream_name_characters) return error::stream_name_invalid;
    return kinesis::check_stream_name(name);
}

/// At most 1,024,000 bytes, else `error::record_too_large`.
[[nodiscard]] inline error_code check_record_size(std::size_t data) {
    return data > limits::record_bytes ? error::record_too_large : error_code();
}

[[nodiscard]] inline error_code check_request(const PutRecord& request) {
    if (const auto wrong = check_stream_name(request.stream)) return wrong;
    return check_record_size(request.data.size());
}

/// 1 to 500 records, else `request_refused` and `request_too_large`; and 4 MiB of data at most.
[[nodiscard]] inline error_code check_request(const PutRecordBatch& request) {
    if (const auto wrong = check_stream_name(request.stream)) return wrong;
    if (request.records.empty()) return error::request_refused;
    if (request.records.size() > limits::request_records) return error::request_too_large;
    std::size_t bytes = 0;
    for (const auto data : request.records) {
        if (const auto wrong = check_record_size(data.size())) return wrong;
        bytes += data.size();
    }
    return bytes > limits::request_bytes ? error::request_too_large : error_code();
}

} // namespace sluice::firehose
