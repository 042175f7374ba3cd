#pragma once

#include <sluice/kinesis/validate.hpp>
#include <sluice/local/calls.hpp>
#include <sluice/local/checks.hpp>
#include <sluice/local/document.hpp>
#include <sluice/local/kinesis.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::local {

/// Reads the calls of the service out of the members of a request, whatever they are. What is missing or has another
/// type is a failure in the service's words; whether the values make sense is for `Kinesis` to say.
class Requests {
public:
    Requests(Fields& fields, const Kinesis& kinesis) : in_(fields), kinesis_(kinesis) {}

    /// The name of the stream, given by name or by ARN; if by both, they must mean the same.
    [[nodiscard]] Reply<std::string> stream() {
        auto name = in_.text("StreamName");
        const auto arn = in_.text("StreamARN");
        if (in_.failure()) return *in_.failure();
        if (arn) return stream_of(*arn, name);
        if (name) return *std::move(name);
        return Failure("InvalidArgumentException", "Either StreamName or StreamARN must be provided.");
    }

    /// A text that must be there; `path` is what the service calls it.
    [[nodiscard]] Reply<std::string> text(std::string_view member, std::string_view path) {
        auto found = in_.text(member);
        if (in_.failure()) return *in_.failure();
        if (!found) return missing(path);
        return *std::move(found);
    }

    /// A text that may be absent, which is the same as empty.
    [[nodiscard]] Reply<std::string> optional_text(std::string_view member) {
        auto found = in_.text(member);
        if (in_.failure()) return *in_.failure();
        return std::move(found).value_or("");
    }

    [[nodiscard]] Reply<std::int64_t> integer(std::string_view member, std::int64_t otherwise) {
        const auto found = in_.integer(member);
        if (in_.failure()) return *in_.failure();
        return found.value_or(otherwise);
    }

    [[nodiscard]] Reply<StreamSpec> stream_spec() {
        auto name = text("StreamName", "streamName");
        if (!name) return name.error();
        StreamSpec spec(*std::move(name), in_.integer("ShardCount"));
        spec.max_record_kib = in_.integer("MaxRecordSizeInKiB").value_or(spec.max_record_kib);
        if (auto mode = in_.structure("StreamModeDetails")) {
            const auto chosen = choice(*mode, "StreamMode", "streamModeDetails.streamMode", modes);
            if (!chosen) return chosen.error();
            spec.on_demand = modes[*chosen] == "ON_DEMAND";
        }
        if (auto tags = in_.structure("Tags")) {
            spec.tags = tags->texts();
            if (tags->failure()) return *tags->failure();
        }
        if (in_.failure()) return *in_.failure();
        return spec;
    }

    [[nodiscard]] Reply<StreamQuery> stream_query() {
        StreamQuery query;
        query.limit = in_.integer("Limit").value_or(query.limit);
        query.after = in_.text("ExclusiveStartStreamName").value_or("");
        query.next_token = in_.text("NextToken").value_or("");
        if (in_.failure()) return *in_.failure();
        return query;
    }

    [[nodiscard]] Reply<ShardQuery> shard_query() {
        ShardQuery query;
        query.next_token = in_.text("NextToken").value_or("");
        query.after = in_.text("ExclusiveStartShardId").value_or("");
        query.max_results = in_.integer("MaxResults").value_or(query.max_results);
        if (auto fields = in_.structure("ShardFilter")) {
            auto filter = shard_filter(*fields);
            if (!filter) return filter.error();
            query.filter = *std::move(filter);
        }
        if (in_.failure()) return *in_.failure();
        const bool resumes = !query.next_token.empty();
        if (resumes && in_.has("StreamARN")) {
            return Failure("InvalidArgumentException", "NextToken and StreamARN cannot be provided together.");
        }
        if (resumes && !in_.has("StreamName")) return query;
        auto name = stream();
        if (!name) return name.error();
        query.stream = *std::move(name);
        return query;
    }

    /// The one record of PutRecord.
    [[nodiscard]] Reply<PutEntry> record() { return entry(in_, ""); }

    /// The records of PutRecords.
    [[nodiscard]] Reply<std::vector<PutEntry>> records() {
        if (!in_.has("Records")) return missing("records");
        auto items = in_.list("Records");
        if (in_.failure()) return *in_.failure();
        std::vector<PutEntry> entries;
        entries.reserve(items.size());
        for (auto& item : items) {
            auto read = entry(item, "records." + std::to_string(entries.size() + 1) + ".member.");
            if (!read) return read.error();
            entries.push_back(*std::move(read));
        }
        return entries;
    }

    [[nodiscard]] Reply<IteratorQuery> iterator_query() {
        auto name = stream();
        if (!name) return name.error();
        auto shard = text("ShardId", "shardId");
        if (!shard) return shard.error();
        const auto type = choice(in_, "ShardIteratorType", "shardIteratorType", iterator_types);
        if (!type) return type.error();
        IteratorQuery query(*std::move(name), *std::move(shard), static_cast<IteratorType>(*type));
        query.sequence_number = in_.text("StartingSequenceNumber");
        query.timestamp = in_.time("Timestamp");
        if (in_.failure()) return *in_.failure();
        return query;
    }

private:
    static constexpr std::array<std::string_view, 2> modes{"PROVISIONED", "ON_DEMAND"};

    /// In the order of `IteratorType`.
    static constexpr std::array<std::string_view, 5> iterator_types{"AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER",
                                                                    "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"};

    /// In the order of `ShardFilterType`.
    static constexpr std::array<std::string_view, 6> filter_types{
        "AFTER_SHARD_ID", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON", "AT_LATEST", "AT_TIMESTAMP", "FROM_TIMESTAMP"};

    static Failure missing(std::string_view path) {
        Checks checks;
        checks.missing(path);
        return *checks.failure();
    }

    [[nodiscard]] Reply<std::string> stream_of(const std::string& arn, const std::optional<std::string>& name) const {
        if (kinesis::check_stream_arn(arn)) {
            Checks checks;
            checks.wrong(arn, "streamARN",
                         "Member must satisfy regular expression pattern: arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+");
            return *checks.failure();
        }
        auto named = arn.substr(arn.rfind('/') + 1);
        if (name && *name != named) {
            return Failure("InvalidArgumentException", "StreamARN and StreamName do not name the same stream.");
        }
        if (kinesis_.arn(named) != arn) return Failure("ResourceNotFoundException", "Stream " + arn + " not found.");
        return named;
    }

    [[nodiscard]] static Reply<PutEntry> entry(Fields& fields, const std::string& path) {
        auto data = fields.blob("Data");
        auto key = fields.text("PartitionKey");
        auto hash_key = fields.text("ExplicitHashKey");
        if (fields.failure()) return *fields.failure();
        if (!data) return missing(path + "data");
        if (!key) return missing(path + "partitionKey");
        return PutEntry(*std::move(key), *std::move(data), std::move(hash_key));
    }

    [[nodiscard]] static Reply<ShardFilter> shard_filter(Fields& fields) {
        const auto type = choice(fields, "Type", "shardFilter.type", filter_types);
        if (!type) return type.error();
        ShardFilter filter(static_cast<ShardFilterType>(*type));
        filter.shard_id = fields.text("ShardId").value_or("");
        filter.timestamp = fields.time("Timestamp");
        if (fields.failure()) return *fields.failure();
        const bool timed =
            filter.type == ShardFilterType::at_timestamp || filter.type == ShardFilterType::from_timestamp;
        const bool named = filter.type == ShardFilterType::after_shard_id;
        if (timed == filter.timestamp.has_value() && named == !filter.shard_id.empty()) return filter;
        return Failure("InvalidArgumentException",
                       "ShardFilter lacks a member that its type needs, or has one that its type does not allow.");
    }

    /// Which of the texts a member is.
    template <std::size_t Count>
    [[nodiscard]] static Reply<std::size_t> choice(Fields& fields, std::string_view member, std::string_view path,
                                                   const std::array<std::string_view, Count>& texts) {
        const auto text = fields.text(member);
        if (fields.failure()) return *fields.failure();
        if (!text) return missing(path);
        std::string all;
        for (std::size_t i = 0; i < Count; ++i) {
            if (*text == texts[i]) return i;
            all.append(i == 0 ? "" : ", ").append(texts[i]);
        }
        Checks checks;
        checks.wrong(*text, path, "Member must satisfy enum value set: [" + all + "]");
        return *checks.failure();
    }

    Fields& in_;
    const Kinesis& kinesis_;
};

} // namespace sluice::local
