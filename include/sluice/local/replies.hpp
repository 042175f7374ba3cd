#pragma once

#include <sluice/local/calls.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::local {

/// Writes the replies of the service with an `aws::JsonWriter` or an `aws::CborWriter`, member by member as the service
/// does. What is absent is not written at all.
template <class Writer>
class Replies {
public:
    explicit Replies(std::string& body) : out_(body) {}

    void stream_summary(const StreamSummary& stream) {
        open("StreamDescriptionSummary");
        description(stream);
        member("OpenShardCount", stream.open_shards);
        member("ConsumerCount", 0);
        member("MaxRecordSizeInKiB", stream.max_record_kib);
        close();
    }

    void stream_description(const StreamSummary& stream, const ShardPage& page) {
        open("StreamDescription");
        description(stream);
        shards(page.shards);
        member("HasMoreShards", page.next_token.has_value());
        close();
    }

    void stream_page(const StreamPage& page) {
        out_.begin_map();
        list("StreamNames", page.streams, [&](const auto& stream) { out_.text(stream.name); });
        list("StreamSummaries", page.streams, [&](const auto& stream) { map([&] { summary(stream); }); });
        member("HasMoreStreams", page.next_token.has_value());
        member("NextToken", page.next_token);
        out_.end_map();
    }

    void shard_page(const ShardPage& page) {
        out_.begin_map();
        shards(page.shards);
        member("NextToken", page.next_token);
        out_.end_map();
    }

    /// A record that was taken.
    void put_result(const PutResult& result) {
        map([&] {
            member("ShardId", result.shard_id);
            member("SequenceNumber", result.sequence_number);
        });
    }

    void put_results(const std::vector<PutResult>& results) {
        std::int64_t failed = 0;
        out_.begin_map();
        list("Records", results, [&](const PutResult& result) {
            if (result.taken()) return put_result(result);
            ++failed;
            map([&] {
                member("ErrorCode", result.failure->code);
                member("ErrorMessage", result.failure->message);
            });
        });
        member("FailedRecordCount", failed);
        out_.end_map();
    }

    void shard_iterator(const std::string& iterator) {
        map([&] { member("ShardIterator", iterator); });
    }

    void read_page(const ReadPage& page) {
        out_.begin_map();
        list("Records", page.records, [&](const ReadRecord& record) { map([&] { read_record(record); }); });
        member("NextShardIterator", page.next_iterator);
        member("MillisBehindLatest", std::int64_t{page.behind.count()});
        if (!page.children.empty()) {
            list("ChildShards", page.children, [&](const ChildShard& child) { map([&] { child_shard(child); }); });
        }
        out_.end_map();
    }

private:
    // Texts are told from the other types by a template: a text would rather become a bool than a string_view.
    template <class Value>
    void member(std::string_view name, const Value& value) {
        if constexpr (std::same_as<Value, bool>) {
            out_.key(name);
            out_.boolean(value);
        } else if constexpr (std::integral<Value>) {
            out_.key(name);
            out_.integer(value);
        } else if constexpr (std::same_as<Value, std::optional<std::string>>) {
            if (value) member(name, *value);
        } else {
            out_.key(name);
            out_.text(value);
        }
    }

    void time(std::string_view name, wall_time when) {
        out_.key(name);
        out_.timestamp(when);
    }

    template <class Body>
    void map(const Body& body) {
        out_.begin_map();
        body();
        out_.end_map();
    }

    template <class Items, class Body>
    void list(std::string_view name, const Items& items, const Body& body) {
        out_.key(name);
        out_.begin_array();
        for (const auto& item : items) body(item);
        out_.end_array();
    }

    /// A reply whose one member is a map.
    void open(std::string_view name) {
        out_.begin_map();
        out_.key(name);
        out_.begin_map();
    }

    void close() {
        out_.end_map();
        out_.end_map();
    }

    void summary(const StreamSummary& stream) {
        static constexpr std::array<std::string_view, 4> statuses{"CREATING", "UPDATING", "DELETING", "ACTIVE"};
        member("StreamName", stream.name);
        member("StreamARN", stream.arn);
        member("StreamStatus", statuses[static_cast<std::size_t>(stream.status)]);
        out_.key("StreamModeDetails");
        map([&] { member("StreamMode", stream.on_demand ? "ON_DEMAND" : "PROVISIONED"); });
        time("StreamCreationTimestamp", stream.created);
    }

    void description(const StreamSummary& stream) {
        summary(stream);
        member("RetentionPeriodHours", stream.retention_hours);
        static constexpr std::array<int, 1> monitoring{};
        list("EnhancedMonitoring", monitoring,
             [&](int) { map([&] { list("ShardLevelMetrics", std::array<int, 0>{}, [](int) {}); }); });
        member("EncryptionType", "NONE");
    }

    void shards(const std::vector<ShardView>& views) {
        list("Shards", views, [&](const ShardView& shard) { map([&] { shard_view(shard); }); });
    }

    void shard_view(const ShardView& shard) {
        member("ShardId", shard.shard_id);
        member("ParentShardId", shard.parent);
        member("AdjacentParentShardId", shard.adjacent_parent);
        range(shard.range);
        out_.key("SequenceNumberRange");
        map([&] {
            member("StartingSequenceNumber", shard.first_sequence_number);
            member("EndingSequenceNumber", shard.last_sequence_number);
        });
    }

    void range(const HashRange& keys) {
        out_.key("HashKeyRange");
        map([&] {
            member("StartingHashKey", keys.first.to_string());
            member("EndingHashKey", keys.last.to_string());
        });
    }

    void read_record(const ReadRecord& record) {
        member("SequenceNumber", record.sequence_number);
        time("ApproximateArrivalTimestamp", record.arrival);
        out_.key("Data");
        out_.bytes(record.data);
        member("PartitionKey", record.partition_key);
    }

    void child_shard(const ChildShard& child) {
        member("ShardId", child.shard_id);
        list("ParentShards", child.parents, [&](const std::string& parent) { out_.text(parent); });
        range(child.range);
    }

    Writer out_;
};

} // namespace sluice::local
