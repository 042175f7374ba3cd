#pragma once

#include <chrono>
#include <cstddef>

/// What Kinesis Data Streams takes, as its quotas page and API reference had it in August 2026. A MB of theirs is a MiB
/// wherever the service enforces it.
namespace sluice::kinesis::limits {

inline constexpr std::size_t mebibyte = std::size_t{1} << 20U;

// names and keys
inline constexpr std::size_t stream_name_characters = 128;
inline constexpr std::size_t stream_arn_characters = 2'048;
inline constexpr std::size_t shard_id_characters = 128;
inline constexpr std::size_t partition_key_characters = 256; ///< Unicode characters, not bytes; at least one.
inline constexpr std::size_t hash_key_digits = 39;
inline constexpr std::size_t sequence_number_digits = 129;

// one record: data and the bytes of its partition key
inline constexpr std::size_t record_bytes = mebibyte; ///< Unless the stream is set to allow more.
inline constexpr std::size_t largest_record_bytes = 10 * mebibyte;

// one PutRecords
inline constexpr std::size_t request_records = 500;
inline constexpr std::size_t request_bytes = 10 * mebibyte; ///< Data and partition keys, before base64.

// one shard
inline constexpr std::size_t shard_records_per_second = 1'000;
inline constexpr std::size_t shard_bytes_per_second = mebibyte; ///< Written, with partition keys.
inline constexpr std::size_t shard_read_bytes_per_second = 2 * mebibyte;
inline constexpr std::size_t shard_reads_per_second = 5;

// one GetRecords
inline constexpr std::size_t read_records = 10'000;
inline constexpr std::size_t read_bytes = 10 * mebibyte;

// one stream
inline constexpr std::chrono::hours shortest_retention{24};
inline constexpr std::chrono::hours longest_retention{8'760};
inline constexpr std::size_t tags = 50;
inline constexpr std::size_t consumers = 20;
inline constexpr std::size_t on_demand_streams = 50; ///< Of an account.

// reading a stream
inline constexpr std::size_t listed_shards = 1'000; ///< Of one page of ListShards.
inline constexpr std::chrono::seconds page_token_lifetime{300};
inline constexpr std::chrono::minutes iterator_lifetime{5};

} // namespace sluice::kinesis::limits
