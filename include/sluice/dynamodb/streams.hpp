#pragma once

#include <sluice/aws/json_writer.hpp>
#include <sluice/aws/members.hpp>
#include <sluice/dynamodb/attribute.hpp>
#include <sluice/dynamodb/requests.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What a table's change stream is asked, and what it answers (Amazon DynamoDB Streams API reference, 2012-08-10).
namespace sluice::dynamodb {

/// A part of a change stream: changes in the order of each item's.
class StreamShard {
public:
    StreamShard() = default;

    std::string id;
    std::string parent;  ///< Has what came before; empty, or one that is not there any more: nothing.
    bool closed = false; ///< Nothing is added to it.

    template <class In>
    bool read(In& in) {
        std::string last;
        const auto range = [&](std::string_view name) {
            return name == "EndingSequenceNumber" ? in.text(last) : in.skip();
        };
        const bool well = in.map([&](std::string_view name) {
            if (name == "ShardId") return in.text(id);
            if (name == "ParentShardId") return in.text(parent);
            return name == "SequenceNumberRange" ? in.map(range) : in.skip();
        });
        closed = !last.empty();
        return well && !id.empty();
    }
};

/// Some of a stream's shards.
class ShardPage {
public:
    ShardPage() = default;

    bool enabled = false; ///< Or about to be; else nothing is added any more.
    std::vector<StreamShard> shards;
    std::string last; ///< Where this page ends; empty: nothing follows.

    template <class In>
    bool read(In& in) {
        std::string status;
        const auto member = [&](std::string_view name) {
            if (name == "StreamStatus") return in.text(status);
            if (name == "Shards") return in.list([&] { return shards.emplace_back().read(in); });
            return name == "LastEvaluatedShardId" ? in.text(last) : in.skip();
        };
        const bool well = in.whole([&](std::string_view name) {
            return name == "StreamDescription" ? in.map(member) : in.skip();
        });
        enabled = status == "ENABLED" || status == "ENABLING";
        return well;
    }
};

/// A page of the shards of a change stream.
class DescribeStream {
public:
    static constexpr std::string_view operation = "DescribeStream";
    using Reply = ShardPage;

    explicit DescribeStream(std::string its_arn, std::string after = {})
        : arn(std::move(its_arn)), start(std::move(after)) {}

    std::string arn;
    std::string start; ///< `ShardPage::last` of the page before; empty: the first page.

    void write(aws::JsonWriter& out) const {
        aws::write_text(out, "StreamArn", arn);
        aws::write_optional_text(out, "ExclusiveStartShardId", start);
    }
};

/// A place in a shard.
class ShardPosition {
public:
    /// The oldest change that is kept, for 24 hours.
    [[nodiscard]] static ShardPosition oldest() { return ShardPosition("TRIM_HORIZON", {}); }
    /// What comes from now on.
    [[nodiscard]] static ShardPosition latest() { return ShardPosition("LATEST", {}); }
    [[nodiscard]] static ShardPosition after(std::string sequence_number) {
        return ShardPosition("AFTER_SEQUENCE_NUMBER", std::move(sequence_number));
    }

    std::string type;
    std::string sequence_number;

private:
    ShardPosition(std::string its_type, std::string its_number)
        : type(std::move(its_type)), sequence_number(std::move(its_number)) {}
};

class ShardIterator {
public:
    ShardIterator() = default;

    std::string iterator; ///< Good for 15 minutes.

    template <class In>
    bool read(In& in) {
        const bool well = in.whole([&](std::string_view name) {
            return name == "ShardIterator" ? in.text(iterator) : in.skip();
        });
        return well && !iterator.empty();
    }
};

class GetShardIterator {
public:
    static constexpr std::string_view operation = "GetShardIterator";
    using Reply = ShardIterator;

    GetShardIterator(std::string its_arn, std::string its_shard, ShardPosition its_place)
        : arn(std::move(its_arn)), shard(std::move(its_shard)), place(std::move(its_place)) {}

    std::string arn;
    std::string shard;
    ShardPosition place;

    void write(aws::JsonWriter& out) const {
        aws::write_text(out, "StreamArn", arn);
        aws::write_text(out, "ShardId", shard);
        aws::write_text(out, "ShardIteratorType", place.type);
        aws::write_optional_text(out, "SequenceNumber", place.sequence_number);
    }
};

/// A change of one item.
class StreamRecord {
public:
    enum class Kind : std::uint8_t { insert, modify, remove, unknown };

    StreamRecord() = default;

    Kind kind = Kind::unknown;
    std::string sequence_number;
    Item keys;
    Item before; ///< Empty if there was nothing, or the stream does not tell.
    Item after;  ///< The same.

    template <class In>
    bool read(In& in) {
        std::string word;
        const auto change = [&](std::string_view name) {
            if (name == "SequenceNumber") return in.text(sequence_number);
            if (name == "Keys") return read_item(in, keys);
            if (name == "OldImage") return read_item(in, before);
            return name == "NewImage" ? read_item(in, after) : in.skip();
        };
        const bool well = in.map([&](std::string_view name) {
            if (name == "eventName") return in.text(word);
            return name == "dynamodb" ? in.map(change) : in.skip();
        });
        kind = word == "INSERT"   ? Kind::insert
               : word == "MODIFY" ? Kind::modify
               : word == "REMOVE" ? Kind::remove
                                  : Kind::unknown;
        return well && !sequence_number.empty();
    }
};

/// Some of a shard's changes; there may be none though more follow.
class RecordPage {
public:
    RecordPage() = default;

    std::vector<StreamRecord> records;
    std::string next; ///< Empty: the shard is closed, and this was its end.

    template <class In>
    bool read(In& in) {
        return in.whole([&](std::string_view name) {
            if (name == "Records") return in.list([&] { return records.emplace_back().read(in); });
            return name == "NextShardIterator" ? in.text(next) : in.skip();
        });
    }
};

/// Reads on from an iterator: 1,000 changes, or 1 MB.
class GetRecords {
public:
    static constexpr std::string_view operation = "GetRecords";
    using Reply = RecordPage;

    explicit GetRecords(std::string its_iterator) : iterator(std::move(its_iterator)) {}

    std::string iterator;

    void write(aws::JsonWriter& out) const { aws::write_text(out, "ShardIterator", iterator); }
};

} // namespace sluice::dynamodb
