#pragma once

#include <sluice/kinesis/limits.hpp>
#include <sluice/kinesis/shard.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What Kinesis answers. Each reply has `read(in)`, which takes it from an `aws::ReplyReader`, and is false if the
/// answer lacks what the service always tells. Unknown members are skipped.
namespace sluice::kinesis {

namespace detail {

template <class In>
bool read_range(In& in, Shard& shard) {
    return in.map([&](std::string_view name) {
        if (name == "StartingHashKey") return in.text(shard.first_hash_key);
        if (name == "EndingHashKey") return in.text(shard.last_hash_key);
        return in.skip();
    });
}

template <class In>
bool read_shard(In& in, Shard& shard) {
    const auto sequence = [&](std::string_view name) {
        if (name == "StartingSequenceNumber") return in.text(shard.first_sequence_number);
        if (name == "EndingSequenceNumber") return in.text(shard.last_sequence_number);
        return in.skip();
    };
    const bool well = in.map([&](std::string_view name) {
        if (name == "ShardId") return in.text(shard.id);
        if (name == "ParentShardId") return in.text(shard.parent);
        if (name == "AdjacentParentShardId") return in.text(shard.adjacent_parent);
        if (name == "HashKeyRange") return read_range(in, shard);
        if (name == "SequenceNumberRange") return in.map(sequence);
        return in.skip();
    });
    return well && !shard.id.empty();
}

} // namespace detail

/// The answer of a call that answers nothing; whatever stands there is not looked at.
class Nothing {
public:
    Nothing() = default;
};

/// Where one record went.
class PutRecordReply {
public:
    PutRecordReply() = default;

    std::string shard_id;
    std::string sequence_number;

    template <class In>
    bool read(In& in) {
        const bool well = in.whole([&](std::string_view name) {
            if (name == "ShardId") return in.text(shard_id);
            if (name == "SequenceNumber") return in.text(sequence_number);
            return in.skip();
        });
        return well && !shard_id.empty() && !sequence_number.empty();
    }
};

/// Some of a stream's shards.
class ShardPage {
public:
    ShardPage() = default;

    std::vector<Shard> shards;
    std::string next_token; ///< Empty: these were the last. Good for five minutes.

    template <class In>
    bool read(In& in) {
        return in.whole([&](std::string_view name) {
            if (name == "Shards") return in.list([&] { return detail::read_shard(in, shards.emplace_back()); });
            if (name == "NextToken") return in.text(next_token);
            return in.skip();
        });
    }
};

/// A place in a shard to read from.
class ShardIterator {
public:
    ShardIterator() = default;

    std::string iterator; ///< Good for five minutes, and for one reading.

    template <class In>
    bool read(In& in) {
        const bool well = in.whole([&](std::string_view name) {
            return name == "ShardIterator" ? in.text(iterator) : in.skip();
        });
        return well && !iterator.empty();
    }
};

/// A record as it is read from a shard.
class StreamRecord {
public:
    StreamRecord() = default;

    std::string sequence_number;
    std::string partition_key;
    std::string data;
    std::optional<std::chrono::system_clock::time_point> arrival; ///< Approximate.

    template <class In>
    bool read(In& in) {
        const bool well = in.map([&](std::string_view name) {
            if (name == "SequenceNumber") return in.text(sequence_number);
            if (name == "PartitionKey") return in.text(partition_key);
            if (name == "Data") return in.bytes(data);
            if (name == "ApproximateArrivalTimestamp") return in.time(arrival);
            return in.skip();
        });
        return well && !sequence_number.empty();
    }
};

/// A shard that goes on where a closed one ended.
class ChildShard {
public:
    ChildShard() = default;

    Shard shard; ///< Without its parents' fields and sequence numbers.
    std::vector<std::string> parents;

    template <class In>
    bool read(In& in) {
        return in.map([&](std::string_view name) {
            if (name == "ShardId") return in.text(shard.id);
            if (name == "HashKeyRange") return detail::read_range(in, shard);
            if (name == "ParentShards") return in.list([&] { return in.text(parents.emplace_back()); });
            return in.skip();
        });
    }
};

namespace detail {

/// Records, how far behind they are, the shards after their own, and under `next_name` where to go on.
template <class In, class Page>
bool read_records(In& in, Page& page, std::string_view next_name, std::string& next) {
    std::optional<std::int64_t> ms;
    const bool well = in.whole([&](std::string_view name) {
        if (name == "Records") return in.list([&] { return page.records.emplace_back().read(in); });
        if (name == next_name) return in.text(next);
        if (name == "MillisBehindLatest") return in.integer(ms);
        if (name == "ChildShards") return in.list([&] { return page.child_shards.emplace_back().read(in); });
        return in.skip();
    });
    if (ms) page.behind = std::chrono::milliseconds(*ms);
    return well;
}

} // namespace detail

/// Some of a shard's records; there may be none though more follow.
class RecordPage {
public:
    RecordPage() = default;

    std::vector<StreamRecord> records;
    std::string next_shard_iterator; ///< Empty: the shard is closed and this was its end.
    std::optional<std::chrono::milliseconds> behind; ///< How far these records are from the tip of the shard.
    std::vector<ChildShard> child_shards;            ///< Only at the end of a shard.

    template <class In>
    bool read(In& in) {
        return detail::read_records(in, *this, "NextShardIterator", next_shard_iterator);
    }
};

/// What a stream is doing.
enum class StreamStatus : std::uint8_t { creating, deleting, active, updating, unknown };

/// A stream in a few words.
class StreamSummary {
public:
    StreamSummary() = default;

    std::string name;
    std::string arn;
    StreamStatus status = StreamStatus::unknown;
    bool on_demand = false;
    std::optional<std::chrono::system_clock::time_point> created;
    std::chrono::hours retention = limits::shortest_retention;
    std::size_t open_shards = 0;
    std::size_t consumers = 0;
    std::size_t max_record_bytes = limits::record_bytes; ///< Of data and partition key of one record.
    std::string key_id; ///< Of KMS; empty: the stream is not encrypted.

    template <class In>
    bool read(In& in) {
        const bool well = in.whole([&](std::string_view member) {
            if (member != "StreamDescriptionSummary") return in.skip();
            return in.map([&](std::string_view its_member) { return read_member(in, its_member); });
        });
        return well && !name.empty();
    }

private:
    template <class In>
    bool read_member(In& in, std::string_view member) {
        if (member == "StreamName") return in.text(name);
        if (member == "StreamARN") return in.text(arn);
        if (member == "KeyId") return in.text(key_id);
        if (member == "StreamCreationTimestamp") return in.time(created);
        if (member == "StreamStatus") return read_status(in);
        if (member == "StreamModeDetails") return read_mode(in);
        if (member == "OpenShardCount") return read_count(in, open_shards);
        if (member == "ConsumerCount") return read_count(in, consumers);
        if (member == "RetentionPeriodHours") return read_retention(in);
        if (member == "MaxRecordSizeInKiB") return read_max_record(in);
        return in.skip();
    }

    template <class In>
    bool read_status(In& in) {
        std::string word;
        if (!in.text(word)) return false;
        status = word == "CREATING"   ? StreamStatus::creating
                 : word == "DELETING" ? StreamStatus::deleting
                 : word == "ACTIVE"   ? StreamStatus::active
                 : word == "UPDATING" ? StreamStatus::updating
                                      : StreamStatus::unknown;
        return true;
    }

    template <class In>
    bool read_mode(In& in) {
        std::string mode;
        const bool well = in.map([&](std::string_view member) {
            return member == "StreamMode" ? in.text(mode) : in.skip();
        });
        on_demand = mode == "ON_DEMAND";
        return well;
    }

    template <class In>
    static bool read_count(In& in, std::size_t& count) {
        std::optional<std::int64_t> number;
        if (!in.integer(number) || number.value_or(0) < 0) return false;
        if (number) count = static_cast<std::size_t>(*number);
        return true;
    }

    template <class In>
    bool read_retention(In& in) {
        auto hours = static_cast<std::size_t>(retention.count());
        if (!read_count(in, hours) || hours > 1'000'000) return false;
        retention = std::chrono::hours(hours);
        return true;
    }

    template <class In>
    bool read_max_record(In& in) {
        std::size_t kibibytes = max_record_bytes / 1'024;
        if (!read_count(in, kibibytes) || kibibytes > limits::largest_record_bytes) return false;
        max_record_bytes = kibibytes * 1'024;
        return true;
    }
};

} // namespace sluice::kinesis
