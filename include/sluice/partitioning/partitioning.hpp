#pragma once

#include <sluice/error.hpp>
#include <sluice/policy.hpp>
#include <sluice/record.hpp>

#include <concepts>
#include <cstdint>
#include <string>

namespace sluice {

/// Which partition key a record gets that came without one.
///
/// | expression                   | meaning                                                                          |
/// |------------------------------|----------------------------------------------------------------------------------|
/// | `p.key(record, random, key)` | Writes 1 to 256 characters of UTF-8 into `key`, which is empty, or gives an error, with which the put is refused: any but `buffer_full`, which would have it wait. `random` is 64 fresh random bits. |
///
/// Called inside the put, on the putting thread, one call at a time, while no other record can be put; so it must not
/// use its producer. Once a record, and again for one that had to wait for room. The key stays with the record.
/// Models: RandomKey (default), StickyShard, RoundRobinKey, HashKey, FieldKey, CompositeKey, TimeWindowKey,
/// DistributionKey, KeyFrom.
template <class P>
concept Partitioning = PolicyOf<P, kind::partitioning> &&
                       requires(P partitioning, const RecordView record, std::uint64_t random, std::string& key) {
                           { partitioning.key(record, random, key) } -> std::same_as<error_code>;
                       };

} // namespace sluice
