#pragma once

#include <sluice/batching/batching.hpp>
#include <sluice/error.hpp>
#include <sluice/kinesis/limits.hpp>
#include <sluice/kinesis/requests.hpp>
#include <sluice/kinesis/validate.hpp>

#include <cstddef>
#include <span>
#include <string_view>

/// What can be checked of whole requests, for those who make them by hand: the producer makes none that fails here.
namespace sluice::kinesis {

/// Keys and size of one record of a request.
[[nodiscard]] inline error_code check_entry(std::string_view data, std::string_view partition_key,
                                            std::string_view hash_key, std::size_t most = limits::record_bytes) {
    if (const auto wrong = check_partition_key(partition_key)) return wrong;
    if (const auto wrong = check_hash_key(hash_key)) return wrong;
    return check_record_size(data.size(), partition_key.size(), most);
}

[[nodiscard]] inline error_code check_request(const PutRecord& request, std::size_t most = limits::record_bytes) {
    if (const auto wrong = check_stream(request.stream)) return wrong;
    return check_entry(request.data, request.partition_key, request.explicit_hash_key, most);
}

/// The records of one PutRecords: 1 to 500, else `request_refused` and `request_too_large`; and 10 MiB of data and keys
/// at most. `most` is what one record may have, data and key.
[[nodiscard]] inline error_code check_entries(std::span<const Entry> entries, std::size_t most = limits::record_bytes) {
    if (entries.empty()) return error::request_refused;
    if (entries.size() > limits::request_records) return error::request_too_large;
    std::size_t bytes = 0;
    for (const auto& entry : entries) {
        const auto wrong = check_entry(entry.data, entry.partition_key, entry.explicit_hash_key, most);
        if (wrong) return wrong;
        bytes += entry.data.size() + entry.partition_key.size();
    }
    return bytes > limits::request_bytes ? error::request_too_large : error_code();
}

[[nodiscard]] inline error_code check_put_records(std::string_view stream, std::span<const Entry> entries,
                                                  std::size_t most = limits::record_bytes) {
    const auto wrong = check_stream(stream);
    return wrong ? wrong : check_entries(entries, most);
}

} // namespace sluice::kinesis
