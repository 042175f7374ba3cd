#pragma once

#include <sluice/local/hash_range.hpp>
#include <sluice/local/moment.hpp>
#include <sluice/local/sequence.hpp>
#include <sluice/local/throttle.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::local {

/// A record as a shard keeps it.
class StoredRecord {
public:
    StoredRecord() = default;
    StoredRecord(std::string key, std::string bytes, wall_time when)
        : partition_key(std::move(key)), data(std::move(bytes)), arrival(when) {}

    /// What the limits count: data and partition key.
    [[nodiscard]] std::uint64_t size() const { return data.size() + partition_key.size(); }

    std::string partition_key;
    std::string data;
    wall_time arrival; ///< Never earlier than that of the record before, even if the calendar is set back.
};

/// `shardId-` and twelve digits.
[[nodiscard]] inline std::string shard_name(std::uint64_t index) {
    std::string digits = std::to_string(index);
    return "shardId-" + std::string(12 - std::min<std::size_t>(digits.size(), 12), '0') + digits;
}

/// The index in a shard's name; none if it is no such name.
[[nodiscard]] inline std::optional<std::uint64_t> shard_index(std::string_view name) {
    constexpr std::string_view prefix = "shardId-";
    if (!name.starts_with(prefix) || name.size() != prefix.size() + 12) return std::nullopt;
    std::uint64_t index = 0;
    for (const char c : name.substr(prefix.size())) {
        if (c < '0' || c > '9') return std::nullopt;
        index = index * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return index;
}

/// One shard: a range of hash keys, and a log of records.
///
/// A place is a record's number in its shard, from 1; the shard's first sequence number is that of place 0.
class Shard {
public:
    Shard(std::uint64_t its_index, HashRange its_range, SequenceNumbers its_numbers, wall_time when)
        : index(its_index), range(its_range), numbers(std::move(its_numbers)), opened(when) {}

    std::uint64_t index;
    HashRange range;
    SequenceNumbers numbers;
    wall_time opened;
    std::optional<wall_time> closed;              ///< When it was split or merged; a closed shard takes no records.
    std::optional<std::uint64_t> parent;          ///< The shard that was split, or the one that was merged.
    std::optional<std::uint64_t> adjacent_parent; ///< The other one that was merged.
    WriteThrottle writes;
    ReadThrottle reads;

    [[nodiscard]] std::string id() const { return shard_name(index); }
    [[nodiscard]] bool open() const { return !closed; }

    /// The records that are kept, oldest first.
    [[nodiscard]] const std::deque<StoredRecord>& records() const { return records_; }

    /// The bytes of the records that are kept, without what the container needs.
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

    /// The place of the oldest record that is kept, or of the next one to come.
    [[nodiscard]] std::uint64_t first_place() const { return next_ - records_.size(); }

    /// The place of the next record to come; of a closed shard, one after the last.
    [[nodiscard]] std::uint64_t next_place() const { return next_; }

    /// The first place whose record arrived at `when` or later.
    [[nodiscard]] std::uint64_t place_at(wall_time when) const {
        const auto found = std::partition_point(records_.begin(), records_.end(),
                                                [&](const StoredRecord& record) { return record.arrival < when; });
        return first_place() + static_cast<std::uint64_t>(found - records_.begin());
    }

    /// Keeps a record and gives its place.
    std::uint64_t append(StoredRecord record) {
        if (!records_.empty()) record.arrival = std::max(record.arrival, records_.back().arrival);
        bytes_ += record.size();
        records_.push_back(std::move(record));
        return next_++;
    }

    /// Drops the records that arrived before `oldest`, and the oldest beyond `max_bytes`; 0: no such limit.
    void trim(wall_time oldest, std::uint64_t max_bytes) {
        while (!records_.empty() && (records_.front().arrival < oldest || (max_bytes != 0 && bytes_ > max_bytes))) {
            bytes_ -= records_.front().size();
            records_.pop_front();
        }
    }

private:
    std::deque<StoredRecord> records_;
    std::uint64_t bytes_ = 0;
    std::uint64_t next_ = 1;
};

} // namespace sluice::local
