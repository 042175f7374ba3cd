#pragma once

#include <sluice/destination/destination.hpp>

#include <string>
#include <utility>

namespace sluice::kinesis {

/// A shard as the service describes it.
class Shard {
public:
    Shard() = default;
    Shard(std::string its_id, std::string first, std::string last)
        : id(std::move(its_id)), first_hash_key(std::move(first)), last_hash_key(std::move(last)) {}

    std::string id;              ///< `shardId-` and twelve digits.
    std::string parent;          ///< Empty: none that is still there.
    std::string adjacent_parent; ///< The other one that was merged; empty: none.
    std::string first_hash_key;  ///< Decimal; both ends belong to the shard.
    std::string last_hash_key;
    std::string first_sequence_number;
    std::string last_sequence_number; ///< Empty: the shard is open.

    [[nodiscard]] bool closed() const noexcept { return !last_sequence_number.empty(); }

    [[nodiscard]] ShardRange range() const { return {id, first_hash_key, last_hash_key}; }

    friend bool operator==(const Shard&, const Shard&) = default;
};

} // namespace sluice::kinesis
