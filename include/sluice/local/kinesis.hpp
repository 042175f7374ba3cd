#pragma once

#include <sluice/local/calls.hpp>
#include <sluice/local/checks.hpp>
#include <sluice/local/listing.hpp>
#include <sluice/local/reading.hpp>
#include <sluice/local/settings.hpp>
#include <sluice/local/stream.hpp>
#include <sluice/local/writing.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::local {

/// A Kinesis that behaves: the streams of one account, as a plain value.
///
/// Every call is told when it happens and answers at once; nothing happens between calls. Limits, error codes and
/// sentences are the service's own. A copy is a service of its own that goes on from the same state. Not safe for
/// threads.
///
///     local::Kinesis kinesis;
///     kinesis.create_stream(local::StreamSpec("clicks", 2), now);
///     auto put = kinesis.put_record("clicks", {"user-42", "hello"}, now);   // put->shard_id
///
/// Memory: every record is kept for 24 hours, or until `Settings::retention_bytes` newer ones lie in its shard. Shards
/// that were split or merged are forgotten 24 hours later.
class Kinesis {
public:
    explicit Kinesis(Settings its_settings = {}) : settings(std::move(its_settings)) {}

    Settings settings;

    /// A stream by name, to look inside; null if there is none.
    [[nodiscard]] const Stream* find(std::string_view name) const {
        const auto found = streams_.find(name);
        return found == streams_.end() ? nullptr : &found->second;
    }

    /// All streams by name, to look inside.
    [[nodiscard]] const std::map<std::string, Stream, std::less<>>& streams() const { return streams_; }

    /// The name of the stream that has this serial; empty if there is none.
    [[nodiscard]] std::string name_of(std::uint64_t serial) const {
        for (const auto& [name, stream] : streams_) {
            if (stream.serial == serial) return name;
        }
        return "";
    }

    [[nodiscard]] std::string arn(std::string_view stream) const {
        return "arn:aws:kinesis:" + settings.region + ":" + settings.account + ":stream/" + std::string(stream);
    }

    Reply<void> create_stream(const StreamSpec& spec, Moment now) {
        tidy(now);
        Checks checks;
        checks.name(spec.name, "streamName");
        if (spec.shards) checks.range(*spec.shards, "shardCount", 1, INT32_MAX);
        if (!spec.shards && !spec.on_demand) checks.missing("shardCount");
        checks.range(spec.max_record_kib, "maxRecordSizeInKiB", 1'024, 10'240);
        if (auto failure = checks.failure()) return *std::move(failure);
        if (streams_.contains(spec.name)) return in_use(spec.name, " already exists.");
        const auto count = static_cast<std::uint32_t>(spec.shards.value_or(4));
        if (auto failure = over_limits(count, now)) return *std::move(failure);
        streams_.try_emplace(spec.name, spec, count, next_serial_++, now.wall, now.steady + settings.change_time);
        return {};
    }

    Reply<void> delete_stream(std::string_view name, Moment now) {
        auto stream = existing(name, now);
        if (!stream) return stream.error();
        (*stream)->change(StreamStatus::deleting, now.steady + settings.change_time);
        tidy(now);
        return {};
    }

    Reply<StreamSummary> describe_stream_summary(std::string_view name, Moment now) {
        auto stream = existing(name, now);
        if (!stream) return stream.error();
        return summary_of(**stream, now);
    }

    Reply<StreamPage> list_streams(const StreamQuery& query, Moment now) {
        tidy(now);
        Checks checks;
        checks.range(query.limit, "limit", 1, 10'000);
        if (auto failure = checks.failure()) return *std::move(failure);
        StreamPage page;
        for (auto next = streams_.upper_bound(std::max(query.after, query.next_token)); next != streams_.end(); ++next) {
            if (static_cast<std::int64_t>(page.streams.size()) == query.limit) {
                page.next_token = page.streams.back().name;
                break;
            }
            page.streams.push_back(summary_of(next->second, now));
        }
        return page;
    }

    Reply<ShardPage> list_shards(const ShardQuery& query, Moment now) {
        Checks checks;
        checks.range(query.max_results, "maxResults", 1, 10'000);
        if (auto failure = checks.failure()) return *std::move(failure);
        const auto most = std::min<std::int64_t>(query.max_results, 1'000);
        tidy(now);
        const auto cursor = query.next_token.empty() ? start(query, now) : resume(query, now);
        if (!cursor) return cursor.error();
        Stream* stream = by_serial(cursor->stream);
        if (stream == nullptr) return not_found("");
        stream->expire(now.wall);
        return Lister(*stream, now).page(*cursor, most);
    }

    Reply<PutResult> put_record(std::string_view name, PutEntry entry, Moment now, const Judge& judge = {}) {
        auto stream = usable(name, now);
        if (!stream) return stream.error();
        return Writer(**stream, settings).put(std::move(entry), now, judge);
    }

    /// As many results as entries, in their order.
    Reply<std::vector<PutResult>> put_records(std::string_view name, std::vector<PutEntry> entries, Moment now,
                                              const Judge& judge = {}) {
        auto stream = usable(name, now);
        if (!stream) return stream.error();
        return Writer(**stream, settings).put_all(std::move(entries), now, judge);
    }

    Reply<std::string> get_shard_iterator(const IteratorQuery& query, Moment now) {
        Checks checks;
        checks.name(query.shard_id, "shardId");
        if (query.sequence_number) checks.decimal(*query.sequence_number, "startingSequenceNumber", 129);
        if (auto failure = checks.failure()) return *std::move(failure);
        auto stream = usable(query.stream, now);
        if (!stream) return stream.error();
        auto shard = existing_shard(**stream, query.shard_id);
        if (!shard) return shard.error();
        return Reader(**stream, **shard, settings).iterator(query, now);
    }

    Reply<ReadPage> get_records(std::string_view iterator, std::int64_t limit, Moment now) {
        Checks checks;
        checks.range(limit, "limit", 1, 10'000);
        checks.length(iterator, "shardIterator", 1, 512);
        if (auto failure = checks.failure()) return *std::move(failure);
        tidy(now);
        const auto position = ShardPosition::read(iterator, now.steady);
        if (!position) return position.error();
        Stream* stream = by_serial(position->stream);
        if (stream == nullptr) return not_found("");
        Shard* shard = stream->find(position->shard);
        if (shard == nullptr) return shard_not_found(stream->name, shard_name(position->shard), settings);
        return Reader(*stream, *shard, settings).read(position->place, limit, now);
    }

    Reply<void> split_shard(std::string_view name, std::string_view shard_id, std::string_view new_starting_hash_key,
                            Moment now) {
        Checks checks;
        checks.name(shard_id, "shardToSplit");
        checks.decimal(new_starting_hash_key, "newStartingHashKey", 39);
        if (auto failure = checks.failure()) return *std::move(failure);
        auto stream = changeable(name, now);
        if (!stream) return stream.error();
        auto parent = open_shard(**stream, shard_id);
        if (!parent) return parent.error();
        const auto key = HashKey::parse(new_starting_hash_key);
        const HashRange range = (*parent)->range;
        if (!key || *key <= range.first || before(*key) <= range.first || *key >= range.last) {
            return bad_split(**stream, **parent, new_starting_hash_key);
        }
        if (auto failure = over_limits(1, now)) return *std::move(failure);
        (*stream)->split(**parent, *key, now.wall);
        (*stream)->change(StreamStatus::updating, now.steady + settings.change_time);
        return {};
    }

    Reply<void> merge_shards(std::string_view name, std::string_view shard_id, std::string_view adjacent_id,
                             Moment now) {
        Checks checks;
        checks.name(shard_id, "shardToMerge");
        checks.name(adjacent_id, "adjacentShardToMerge");
        if (auto failure = checks.failure()) return *std::move(failure);
        auto stream = changeable(name, now);
        if (!stream) return stream.error();
        auto shard = open_shard(**stream, shard_id);
        if (!shard) return shard.error();
        auto adjacent = open_shard(**stream, adjacent_id);
        if (!adjacent) return adjacent.error();
        if (!touching((*shard)->range, (*adjacent)->range)) {
            return Failure("InvalidArgumentException",
                           "Shards " + std::string(shard_id) + " and " + std::string(adjacent_id) +
                               in_stream((*stream)->name, settings) + " are not an adjacent pair of shards eligible for merging");
        }
        (*stream)->merge(**shard, **adjacent, now.wall);
        (*stream)->change(StreamStatus::updating, now.steady + settings.change_time);
        return {};
    }

private:
    static constexpr std::int64_t most_creating = 5;

    /// Streams whose deletion is over are gone.
    void tidy(Moment now) {
        std::erase_if(streams_, [&](const auto& entry) { return entry.second.gone(now.steady); });
    }

    [[nodiscard]] Failure not_found(std::string_view name) const {
        return {"ResourceNotFoundException", "Stream " + std::string(name) + " under account " + settings.account + " not found."};
    }

    [[nodiscard]] Failure in_use(std::string_view name, std::string_view state) const {
        return {"ResourceInUseException",
                "Stream " + std::string(name) + " under account " + settings.account + std::string(state)};
    }

    [[nodiscard]] std::optional<Failure> over_limits(std::uint64_t more, Moment now) const {
        std::uint64_t shards = 0;
        std::int64_t creating = 0;
        for (const auto& [name, stream] : streams_) {
            shards += stream.open_shards();
            if (stream.status(now.steady) == StreamStatus::creating) ++creating;
        }
        if (creating >= most_creating) {
            return Failure("LimitExceededException", "This request would exceed the limit of 5 streams that are created "
                                                     "at the same time.");
        }
        if (shards + more <= settings.shard_limit) return std::nullopt;
        return Failure("LimitExceededException",
                       "This request would exceed the shard limit for the account " + settings.account + " in " +
                           settings.region + ". Current shard count for the account: " + std::to_string(shards) +
                           ". Limit: " + std::to_string(settings.shard_limit) +
                           ". Number of additional shards that would have resulted from this request: " +
                           std::to_string(more) + ".");
    }

    Reply<Stream*> existing(std::string_view name, Moment now) {
        tidy(now);
        Checks checks;
        checks.name(name, "streamName");
        if (auto failure = checks.failure()) return *std::move(failure);
        const auto found = streams_.find(name);
        if (found == streams_.end()) return not_found(name);
        return &found->second;
    }

    /// A stream that takes and gives records: as the service does, one that is being made is not found yet.
    Reply<Stream*> usable(std::string_view name, Moment now) {
        auto stream = existing(name, now);
        if (!stream) return stream;
        const auto status = (*stream)->status(now.steady);
        if (status == StreamStatus::creating || status == StreamStatus::deleting) return not_found(name);
        return stream;
    }

    /// A stream whose shards may be split and merged.
    Reply<Stream*> changeable(std::string_view name, Moment now) {
        auto stream = existing(name, now);
        if (!stream) return stream;
        if ((*stream)->status(now.steady) != StreamStatus::active) return in_use(name, " is not ACTIVE.");
        if ((*stream)->on_demand) {
            return Failure("ValidationException", "The shards of an on-demand stream cannot be split or merged.");
        }
        (*stream)->expire(now.wall);
        return stream;
    }

    [[nodiscard]] Stream* by_serial(std::uint64_t serial) {
        for (auto& [name, stream] : streams_) {
            if (stream.serial == serial) return &stream;
        }
        return nullptr;
    }

    Reply<Shard*> existing_shard(Stream& stream, std::string_view id) const {
        const auto index = shard_index(id);
        Shard* shard = index ? stream.find(*index) : nullptr;
        if (shard == nullptr) return shard_not_found(stream.name, id, settings);
        return shard;
    }

    Reply<Shard*> open_shard(Stream& stream, std::string_view id) const {
        auto shard = existing_shard(stream, id);
        if (!shard || (*shard)->open()) return shard;
        return Failure("ResourceInUseException",
                       "Shard " + std::string(id) + in_stream(stream.name, settings) +
                           " has already been merged or split, and thus is not eligible for merging or splitting.");
    }

    [[nodiscard]] Failure bad_split(const Stream& stream, const Shard& shard, std::string_view key) const {
        return {"InvalidArgumentException",
                "NewStartingHashKey " + std::string(key) + " used in SplitShard() on shard " + shard.id() +
                    in_stream(stream.name, settings) + " is not both greater than one plus the shard's StartingHashKey " +
                    shard.range.first.to_string() + " and less than the shard's EndingHashKey " +
                    shard.range.last.to_string() + "."};
    }

    Reply<ShardCursor> start(const ShardQuery& query, Moment now) {
        auto stream = existing(query.stream, now);
        if (!stream) return stream.error();
        ShardCursor cursor;
        cursor.stream = (*stream)->serial;
        if (query.filter) {
            cursor.filter = query.filter->type;
            cursor.timestamp = query.filter->timestamp.value_or(now.wall);
        }
        const bool filtered = query.filter && query.filter->type == ShardFilterType::after_shard_id;
        const std::string& after = filtered ? query.filter->shard_id : query.after;
        if (after.empty()) return cursor;
        const auto index = shard_index(after);
        if (!index) return shard_not_found((*stream)->name, after, settings);
        cursor.next = *index + 1;
        return cursor;
    }

    static Reply<ShardCursor> resume(const ShardQuery& query, Moment now) {
        const char* superfluous = !query.stream.empty() ? "StreamName" : !query.after.empty() ? "ExclusiveStartShardId" : "";
        if (*superfluous == '\0') return ShardCursor::read(query.next_token, now.steady);
        return Failure("InvalidArgumentException",
                       "NextToken and " + std::string(superfluous) + " cannot be provided together.");
    }

    [[nodiscard]] StreamSummary summary_of(const Stream& stream, Moment now) const {
        StreamSummary summary;
        summary.name = stream.name;
        summary.arn = arn(stream.name);
        summary.status = stream.status(now.steady);
        summary.on_demand = stream.on_demand;
        summary.retention_hours = stream.retention_hours;
        summary.max_record_kib = stream.max_record_kib;
        summary.created = stream.created;
        summary.open_shards = static_cast<std::int64_t>(stream.open_shards());
        return summary;
    }

    std::map<std::string, Stream, std::less<>> streams_;
    std::uint64_t next_serial_ = 1;
};

} // namespace sluice::local
