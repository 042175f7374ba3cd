#pragma once

#include <sluice/partitioning/partitioning.hpp>
#include <sluice/partitioning/random.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace sluice {

/// One random key for a run of records, so that they travel to one shard together, and then a fresh one.
///
/// A run needs one digest and has one key in an aggregate, and aggregates fill sooner than if each record went its own
/// way. Over many runs the shards get equal shares; a single one is all for one shard, which takes 1 MiB and 1,000
/// records a second, an aggregate counting as one. The streams of a producer share the run.
class StickyShard {
public:
    using policy_kind = kind::partitioning;

    /// A run ends before it has more than so many records, or bytes of data; a record that is larger is a run of its
    /// own. By default a tenth of what a shard takes in a second as records of their own, and what fills an aggregate.
    ///
    /// Throws `std::invalid_argument` if either is zero.
    explicit StickyShard(std::size_t records = 100, std::size_t bytes = 50U << 10U)
        : most_records_(records), most_bytes_(bytes) {
        if (records == 0) throw std::invalid_argument("sluice: StickyShard needs at least one record a run");
        if (bytes == 0) throw std::invalid_argument("sluice: StickyShard needs at least one byte a run");
    }

    [[nodiscard]] error_code key(const RecordView& record, std::uint64_t random, std::string& key) {
        const auto size = record.data.size();
        const bool fits = records_ < most_records_ && size <= most_bytes_ && bytes_ <= most_bytes_ - size;
        if (!fits || records_ == 0) {
            records_ = bytes_ = 0;
            random_ = random;
        }
        ++records_;
        bytes_ += size;
        return RandomKey().key(record, random_, key);
    }

private:
    std::size_t most_records_;
    std::size_t most_bytes_;
    std::size_t records_ = 0; ///< Of this run.
    std::size_t bytes_ = 0;
    std::uint64_t random_ = 0;
};

} // namespace sluice
