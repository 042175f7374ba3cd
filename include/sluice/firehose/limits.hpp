#pragma once

#include <cstddef>

/// What Data Firehose takes, as its quotas page and API reference had it in August 2026.
namespace sluice::firehose::limits {

inline constexpr std::size_t stream_name_characters = 64;
inline constexpr std::size_t record_bytes = 1'024'000; ///< 1,000 KiB, before base64.
inline constexpr std::size_t request_records = 500;
inline constexpr std::size_t request_bytes = std::size_t{4} << 20U; ///< Of one PutRecordBatch, before base64.

} // namespace sluice::firehose::limits
