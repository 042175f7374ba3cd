#pragma once

#include <sluice/aws/members.hpp>
#include <sluice/kinesis/replies.hpp>
#include <sluice/kinesis/validate.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// What Kinesis is asked (Kinesis Data Streams API reference, 2013-12-02). Each request names its operation and its
/// reply, and has `write(out)`, which puts its members into an `aws::JsonWriter` or an `aws::CborWriter`. A `stream` is
/// a name or an ARN, but for `CreateStream`.
namespace sluice::kinesis {

namespace detail {

/// The stream that is meant, by its name or by its ARN.
template <class Out>
void write_stream(Out& out, std::string_view stream) {
    aws::write_optional_text(out, is_arn(stream) ? "StreamARN" : "StreamName", stream);
}

} // namespace detail

/// Makes a stream. It can be used once it is active, some seconds later.
class CreateStream {
public:
    static constexpr std::string_view operation = "CreateStream";
    using Reply = Nothing;

    CreateStream() = default;
    explicit CreateStream(std::string name, std::size_t shard_count = 0)
        : stream(std::move(name)), shards(shard_count) {}

    std::string stream;
    std::size_t shards = 0;           ///< Zero: on demand.
    std::size_t max_record_bytes = 0; ///< 1 to 10 MiB, in steps of 1 KiB. Zero: the service's default, 1 MiB.

    template <class Out>
    void write(Out& out) const {
        aws::write_optional_text(out, "StreamName", stream);
        aws::write_optional_number(out, "ShardCount", shards);
        aws::write_optional_number(out, "MaxRecordSizeInKiB", max_record_bytes / 1'024);
        if (shards > 0) return;
        out.key("StreamModeDetails");
        out.begin_map();
        aws::write_text(out, "StreamMode", "ON_DEMAND");
        out.end_map();
    }
};

/// Deletes a stream and all that is in it.
class DeleteStream {
public:
    static constexpr std::string_view operation = "DeleteStream";
    using Reply = Nothing;

    DeleteStream() = default;
    explicit DeleteStream(std::string name, bool with_consumers = false)
        : stream(std::move(name)), consumers_too(with_consumers) {}

    std::string stream;
    bool consumers_too = false; ///< Else a stream with registered consumers is refused, `error::resource_in_use`.

    template <class Out>
    void write(Out& out) const {
        detail::write_stream(out, stream);
        if (!consumers_too) return;
        aws::write_flag(out, "EnforceConsumerDeletion", true);
    }
};

class DescribeStreamSummary {
public:
    static constexpr std::string_view operation = "DescribeStreamSummary";
    using Reply = StreamSummary;

    DescribeStreamSummary() = default;
    explicit DescribeStreamSummary(std::string name) : stream(std::move(name)) {}

    std::string stream;

    template <class Out>
    void write(Out& out) const {
        detail::write_stream(out, stream);
    }
};

/// One page of a stream's shards; `Client::list_shards` asks for all pages.
class ListShards {
public:
    static constexpr std::string_view operation = "ListShards";
    using Reply = ShardPage;

    ListShards() = default;
    explicit ListShards(std::string name, bool open_only = false) : stream(std::move(name)), only_open(open_only) {}

    std::string stream;
    bool only_open = false;      ///< Some emulators do not heed it: look at `Shard::closed()` too.
    std::size_t max_results = 0; ///< Zero: 1,000, which is also the most.
    std::string next_token;      ///< Of the page before. The service demands that the stream then is not named.

    template <class Out>
    void write(Out& out) const {
        aws::write_optional_text(out, "NextToken", next_token);
        aws::write_optional_number(out, "MaxResults", max_results);
        if (!next_token.empty()) return;
        detail::write_stream(out, stream);
        if (!only_open) return;
        out.key("ShardFilter");
        out.begin_map();
        aws::write_text(out, "Type", "AT_LATEST");
        out.end_map();
    }
};

/// A place in a shard, in the five ways that the service knows.
class Position {
public:
    enum class Kind : std::uint8_t { at_sequence_number, after_sequence_number, trim_horizon, latest, at_timestamp };

    Position() = default; ///< What is put from now on.

    [[nodiscard]] static Position latest() { return {}; }
    [[nodiscard]] static Position oldest() { return Position(Kind::trim_horizon); }
    [[nodiscard]] static Position at(std::string sequence) {
        return Position(Kind::at_sequence_number, std::move(sequence));
    }
    [[nodiscard]] static Position after(std::string sequence) {
        return Position(Kind::after_sequence_number, std::move(sequence));
    }
    [[nodiscard]] static Position at(std::chrono::system_clock::time_point time) {
        Position position(Kind::at_timestamp);
        position.timestamp = time;
        return position;
    }

    Kind kind = Kind::latest;
    std::string sequence_number;
    std::chrono::system_clock::time_point timestamp; ///< Of this or the first record after it.

    [[nodiscard]] std::string_view name() const noexcept {
        switch (kind) {
        case Kind::at_sequence_number: return "AT_SEQUENCE_NUMBER";
        case Kind::after_sequence_number: return "AFTER_SEQUENCE_NUMBER";
        case Kind::trim_horizon: return "TRIM_HORIZON";
        case Kind::at_timestamp: return "AT_TIMESTAMP";
        case Kind::latest: break;
        }
        return "LATEST";
    }

private:
    explicit Position(Kind its_kind, std::string sequence = {})
        : kind(its_kind), sequence_number(std::move(sequence)) {}
};

class GetShardIterator {
public:
    static constexpr std::string_view operation = "GetShardIterator";
    using Reply = ShardIterator;

    GetShardIterator() = default;
    GetShardIterator(std::string name, std::string shard, Position where)
        : stream(std::move(name)), shard_id(std::move(shard)), position(std::move(where)) {}

    std::string stream;
    std::string shard_id;
    Position position;

    template <class Out>
    void write(Out& out) const {
        detail::write_stream(out, stream);
        aws::write_optional_text(out, "ShardId", shard_id);
        aws::write_text(out, "ShardIteratorType", position.name());
        aws::write_optional_text(out, "StartingSequenceNumber", position.sequence_number);
        if (position.kind != Position::Kind::at_timestamp) return;
        out.key("Timestamp");
        out.timestamp(position.timestamp);
    }
};

/// Five times a second of one shard at most, all readers together.
class GetRecords {
public:
    static constexpr std::string_view operation = "GetRecords";
    using Reply = RecordPage;

    GetRecords() = default;
    explicit GetRecords(std::string its_iterator, std::size_t most = 0)
        : iterator(std::move(its_iterator)), limit(most) {}

    std::string iterator;
    std::size_t limit = 0; ///< Zero: 10,000, which is also the most.

    template <class Out>
    void write(Out& out) const {
        aws::write_optional_text(out, "ShardIterator", iterator);
        aws::write_optional_number(out, "Limit", limit);
    }
};

/// Divides a shard in two, of which the second starts at `hash_key`, which lies inside the shard's range.
class SplitShard {
public:
    static constexpr std::string_view operation = "SplitShard";
    using Reply = Nothing;

    SplitShard() = default;
    SplitShard(std::string name, std::string shard, std::string key)
        : stream(std::move(name)), shard_id(std::move(shard)), hash_key(std::move(key)) {}

    std::string stream;
    std::string shard_id;
    std::string hash_key; ///< Decimal.

    template <class Out>
    void write(Out& out) const {
        detail::write_stream(out, stream);
        aws::write_optional_text(out, "ShardToSplit", shard_id);
        aws::write_optional_text(out, "NewStartingHashKey", hash_key);
    }
};

/// Makes one of two shards whose ranges touch.
class MergeShards {
public:
    static constexpr std::string_view operation = "MergeShards";
    using Reply = Nothing;

    MergeShards() = default;
    MergeShards(std::string name, std::string shard, std::string adjacent)
        : stream(std::move(name)), shard_id(std::move(shard)), adjacent_shard_id(std::move(adjacent)) {}

    std::string stream;
    std::string shard_id;
    std::string adjacent_shard_id;

    template <class Out>
    void write(Out& out) const {
        detail::write_stream(out, stream);
        aws::write_optional_text(out, "ShardToMerge", shard_id);
        aws::write_optional_text(out, "AdjacentShardToMerge", adjacent_shard_id);
    }
};

/// One record by itself; producers send many at a time.
class PutRecord {
public:
    static constexpr std::string_view operation = "PutRecord";
    using Reply = PutRecordReply;

    PutRecord() = default;
    PutRecord(std::string name, std::string key, std::string bytes)
        : stream(std::move(name)), partition_key(std::move(key)), data(std::move(bytes)) {}

    std::string stream;
    std::string partition_key;
    std::string data;
    std::string explicit_hash_key;            ///< Decimal; empty: the MD5 of the partition key.
    std::string sequence_number_for_ordering; ///< Of the record before, with the same key, by the same client.

    template <class Out>
    void write(Out& out) const {
        detail::write_stream(out, stream);
        out.key("Data");
        out.bytes(data);
        aws::write_optional_text(out, "PartitionKey", partition_key);
        aws::write_optional_text(out, "ExplicitHashKey", explicit_hash_key);
        aws::write_optional_text(out, "SequenceNumberForOrdering", sequence_number_for_ordering);
    }
};

} // namespace sluice::kinesis
