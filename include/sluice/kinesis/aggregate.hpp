#pragma once

#include <sluice/aws/digest.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

/// Many user records in one Kinesis record, in the format of the Kinesis Producer Library: a magic number, a Protocol
/// Buffers message, and the message's MD5 (aggregation-format.md of the KPL).
///
/// | message          | id | field                     |                                            |
/// |------------------|----|---------------------------|--------------------------------------------|
/// | AggregatedRecord | 1  | `partition_key_table`     | repeated string                            |
/// |                  | 2  | `explicit_hash_key_table` | repeated string                            |
/// |                  | 3  | `records`                 | repeated Record                            |
/// | Record           | 1  | `partition_key_index`     | uint64, required: into the table, from 0   |
/// |                  | 2  | `explicit_hash_key_index` | uint64, optional                           |
/// |                  | 3  | `data`                    | bytes, required                            |
/// |                  | 4  | `tags`                    | repeated Tag: a header each                |
/// | Tag              | 1  | `key`                     | string, required                           |
/// |                  | 2  | `value`                   | string, optional                           |
namespace sluice::kinesis::aggregate {

inline constexpr std::string_view magic = "\xF3\x89\x9A\xC2";
inline constexpr std::size_t digest_bytes = 16;
inline constexpr std::size_t overhead = magic.size() + digest_bytes; ///< Around the message.

// ids of fields
inline constexpr std::uint32_t partition_keys = 1;
inline constexpr std::uint32_t explicit_hash_keys = 2;
inline constexpr std::uint32_t records = 3;
inline constexpr std::uint32_t partition_key_index = 1;
inline constexpr std::uint32_t explicit_hash_key_index = 2;
inline constexpr std::uint32_t data = 3;
inline constexpr std::uint32_t tags = 4;
inline constexpr std::uint32_t tag_key = 1;
inline constexpr std::uint32_t tag_value = 2;

} // namespace sluice::kinesis::aggregate

namespace sluice::kinesis {

/// Whether readers take data for an aggregate: the magic number, more than 16 bytes after it, and an MD5 that is right.
///
/// What a user put and looks so has to go into an aggregate of its own, or readers take it apart. They do not look
/// inside what they found in an aggregate.
[[nodiscard]] inline bool looks_aggregated(std::string_view data) {
    if (data.size() <= aggregate::overhead || data.substr(0, aggregate::magic.size()) != aggregate::magic) return false;
    const auto message = data.substr(aggregate::magic.size(), data.size() - aggregate::overhead);
    const auto digest = aws::md5(message);
    return std::memcmp(digest.data(), data.data() + data.size() - digest.size(), digest.size()) == 0;
}

} // namespace sluice::kinesis
