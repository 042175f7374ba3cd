#pragma once

#include <sluice/kinesis/aggregate_writer.hpp>
#include <sluice/kinesis/hash_key.hpp>
#include <sluice/kinesis/user_record.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::kinesis {

/// Which records may share an aggregate.
enum class AggregateKeys : std::uint8_t {
    any,  ///< All that go to one shard; it has the container's key, and says where it goes by an explicit hash key.
    same, ///< Those with one partition key and one explicit hash key; it has these itself, and needs no shard map.
};

/// The container's partition key, which says nothing: the explicit hash key beside it decides.
inline constexpr std::string_view container_key = "a";

/// One Kinesis record that holds user records.
class PackedRecord {
public:
    std::string data;
    std::string partition_key;
    std::string explicit_hash_key; ///< Decimal; empty: none.
    std::size_t records = 0;       ///< How many user records are in it.
};

/// Whether a record may go as it is if it goes alone; else it is framed even so: its headers need a place, and what
/// looks like an aggregate would be taken apart.
[[nodiscard]] inline bool may_go_raw(const UserRecord& record) {
    return record.headers.empty() && !looks_aggregated(record.data);
}

/// Whether records can be in one aggregate, by their keys.
[[nodiscard]] inline bool may_share(const UserRecord& one, const UserRecord& other, AggregateKeys keys) {
    return keys == AggregateKeys::any ||
           (one.partition_key == other.partition_key && one.explicit_hash_key == other.explicit_hash_key);
}

namespace detail {

/// The Kinesis record of what was added to the writer, and `first` before all else.
[[nodiscard]] inline PackedRecord packed(const AggregateWriter& writer, const UserRecord& first, AggregateKeys keys) {
    PackedRecord record;
    record.records = writer.records();
    const bool container = record.records > 1 && keys == AggregateKeys::any;
    record.partition_key = container ? container_key : first.partition_key;
    record.explicit_hash_key = first.explicit_hash_key;
    if (container && first.explicit_hash_key.empty()) {
        record.explicit_hash_key = hash_of(first.partition_key).to_string();
    }
    if (record.records == 1 && may_go_raw(first)) {
        record.data = first.data;
    } else {
        writer.append_to(record.data);
    }
    return record;
}

} // namespace detail

/// Packs user records, in order, into as few Kinesis records as that allows, as the Kinesis Producer Library does.
///
/// With `AggregateKeys::any` all of them go to one shard. No aggregate of two or more has more than `max_size` bytes of
/// data, its key not counted. A record that stays alone goes as it is, if it may, with its own key; it is nobody's
/// business here whether it is too large for the service.
[[nodiscard]] inline std::vector<PackedRecord> pack(std::span<const UserRecord> records, std::size_t max_size,
                                                    AggregateKeys keys = AggregateKeys::any) {
    std::vector<PackedRecord> all;
    AggregateWriter writer;
    const UserRecord* first = nullptr;
    for (const auto& record : records) {
        if (first != nullptr && may_share(*first, record, keys) && writer.try_add(record, max_size)) continue;
        if (first != nullptr) all.push_back(detail::packed(writer, *first, keys));
        first = &record;
        writer.clear();
        writer.add(record);
    }
    if (first != nullptr) all.push_back(detail::packed(writer, *first, keys));
    return all;
}

} // namespace sluice::kinesis
