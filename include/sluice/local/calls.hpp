#pragma once

#include <sluice/local/failure.hpp>
#include <sluice/local/shard.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::local {

/// CreateStream. Numbers are as the caller wrote them: the service judges them.
class StreamSpec {
public:
    explicit StreamSpec(std::string its_name, std::optional<std::int64_t> its_shards = 1)
        : name(std::move(its_name)), shards(its_shards) {}

    std::string name;
    std::optional<std::int64_t> shards; ///< An on-demand stream may leave it out, and gets 4.
    bool on_demand = false;
    std::int64_t max_record_kib = 1'024; ///< Data and partition key of a record, up to 10,240.
    std::map<std::string, std::string> tags;
};

enum class StreamStatus : std::uint8_t { creating, updating, deleting, active };

/// DescribeStreamSummary.
class StreamSummary {
public:
    StreamSummary() = default;

    std::string name;
    std::string arn;
    StreamStatus status = StreamStatus::active;
    bool on_demand = false;
    std::int64_t retention_hours = 24;
    std::int64_t max_record_kib = 1'024;
    wall_time created;
    std::int64_t open_shards = 0;
};

/// One record of PutRecord or PutRecords.
class PutEntry {
public:
    PutEntry() = default;
    PutEntry(std::string key, std::string bytes, std::optional<std::string> hash_key = {})
        : partition_key(std::move(key)), data(std::move(bytes)), explicit_hash_key(std::move(hash_key)) {}

    std::string partition_key;
    std::string data;
    std::optional<std::string> explicit_hash_key; ///< Decimal.
};

/// What became of one entry: a place in a shard, or a failure.
class PutResult {
public:
    PutResult() = default;
    PutResult(std::string shard, std::string number) : shard_id(std::move(shard)), sequence_number(std::move(number)) {}

    /// Not a constructor: a `Reply<PutResult>` would not know which of its two a failure is.
    [[nodiscard]] static PutResult failed(Failure why) {
        PutResult result;
        result.failure = std::move(why);
        return result;
    }

    [[nodiscard]] bool taken() const { return !failure; }

    std::string shard_id;
    std::string sequence_number;
    std::optional<Failure> failure;
};

/// A shard as ListShards shows it.
class ShardView {
public:
    ShardView() = default;

    std::string shard_id;
    std::optional<std::string> parent;
    std::optional<std::string> adjacent_parent;
    HashRange range;
    std::string first_sequence_number;
    std::optional<std::string> last_sequence_number; ///< Of closed shards only.
};

enum class ShardFilterType : std::uint8_t {
    after_shard_id,
    at_trim_horizon,
    from_trim_horizon,
    at_latest,
    at_timestamp,
    from_timestamp,
};

/// Which shards ListShards shows; without one, all that the retention keeps.
class ShardFilter {
public:
    explicit ShardFilter(ShardFilterType its_type) : type(its_type) {}

    ShardFilterType type;
    std::string shard_id;               ///< For `after_shard_id`.
    std::optional<wall_time> timestamp; ///< For `at_timestamp` and `from_timestamp`.
};

/// ListShards: a stream, or the token of the page before.
class ShardQuery {
public:
    explicit ShardQuery(std::string its_stream = {}) : stream(std::move(its_stream)) {}

    std::string stream;
    std::string next_token; ///< If there is one, neither `stream` nor `after` may be given, and the filter is its own.
    std::string after;      ///< ExclusiveStartShardId.
    std::int64_t max_results = 1'000;
    std::optional<ShardFilter> filter;
};

class ShardPage {
public:
    ShardPage() = default;

    std::vector<ShardView> shards;
    std::optional<std::string> next_token;
};

/// ListStreams.
class StreamQuery {
public:
    StreamQuery() = default;

    std::string after; ///< ExclusiveStartStreamName.
    std::string next_token;
    std::int64_t limit = 100;
};

class StreamPage {
public:
    StreamPage() = default;

    std::vector<StreamSummary> streams; ///< By name.
    std::optional<std::string> next_token;
};

enum class IteratorType : std::uint8_t {
    at_sequence_number,
    after_sequence_number,
    trim_horizon,
    latest,
    at_timestamp,
};

/// GetShardIterator.
class IteratorQuery {
public:
    IteratorQuery(std::string its_stream, std::string shard, IteratorType its_type = IteratorType::trim_horizon)
        : stream(std::move(its_stream)), shard_id(std::move(shard)), type(its_type) {}

    std::string stream;
    std::string shard_id;
    IteratorType type;
    std::optional<std::string> sequence_number; ///< For the two types that name one.
    std::optional<wall_time> timestamp;         ///< For `at_timestamp`.
};

/// A record as GetRecords gives it.
class ReadRecord {
public:
    ReadRecord() = default;
    ReadRecord(std::string number, const StoredRecord& stored)
        : sequence_number(std::move(number)), partition_key(stored.partition_key), data(stored.data),
          arrival(stored.arrival) {}

    std::string sequence_number;
    std::string partition_key;
    std::string data;
    wall_time arrival;
};

/// A shard that goes on where a closed one ended.
class ChildShard {
public:
    ChildShard() = default;

    std::string shard_id;
    std::vector<std::string> parents;
    HashRange range;
};

/// GetRecords.
class ReadPage {
public:
    ReadPage() = default;

    std::vector<ReadRecord> records;
    std::optional<std::string> next_iterator; ///< None at the end of a closed shard.
    std::chrono::milliseconds behind{0};
    std::vector<ChildShard> children; ///< At the end of a closed shard.
};

} // namespace sluice::local
