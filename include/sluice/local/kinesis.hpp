#pragma once

#include <sluice/kinesis/limits.hpp>
#include <sluice/local/account.hpp>
#include <sluice/local/calls.hpp>
#include <sluice/local/checks.hpp>
#include <sluice/local/listing.hpp>
#include <sluice/local/reading.hpp>
#include <sluice/local/settings.hpp>
#include <sluice/local/stream.hpp>
#include <sluice/local/writing.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
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
///     auto made = kinesis.create_stream(local::StreamSpec("clicks", 2), now);
///     auto put = kinesis.put_record("clicks", {"user-42", "hello"}, now);      // put->shard_id
///
/// Memory: every record is kept for 24 hours, or until `Settings::retention_bytes` newer ones lie in its shard. Shards
/// that were split or merged are forgotten 24 hours later.
class Kinesis {
public:
    explicit Kinesis(Settings settings = {}) : account_(std::move(settings)) {}

    /// May be changed at any time.
    [[nodiscard]] Settings& settings() { return account_.settings; }
    [[nodiscard]] const Settings& settings() const { return account_.settings; }

    /// All streams by name, to look inside.
    [[nodiscard]] const Account::Streams& streams() const { return account_.streams(); }

    /// A stream by name, to look inside; null if there is none.
    [[nodiscard]] const Stream* find(std::string_view name) const {
        const auto found = streams().find(name);
        return found == streams().end() ? nullptr : &found->second;
    }

    [[nodiscard]] std::string arn(std::string_view stream) const { return account_.arn(stream); }

    Reply<void> create_stream(const StreamSpec& spec, Moment now) {
        account_.tidy(now);
        Checks checks;
        checks.name(spec.name, "streamName");
        if (spec.shards) checks.range(*spec.shards, "shardCount", 1, std::numeric_limits<std::int32_t>::max());
        if (!spec.shards && !spec.on_demand) checks.missing("shardCount");
        checks.range(spec.max_record_kib, "maxRecordSizeInKiB", 1'024, 10'240);
        if (auto failure = checks.failure()) return *std::move(failure);
        return account_.add(spec, static_cast<std::uint32_t>(spec.shards.value_or(4)), now);
    }

    Reply<void> delete_stream(std::string_view name, Moment now) {
        auto stream = account_.existing(name, now);
        if (!stream) return stream.error();
        (*stream)->change(StreamStatus::deleting, now.steady + settings().change_time);
        account_.tidy(now);
        return {};
    }

    Reply<StreamSummary> describe_stream_summary(std::string_view name, Moment now) {
        auto stream = account_.existing(name, now);
        if (!stream) return stream.error();
        return summary_of(**stream, now);
    }

    Reply<StreamPage> list_streams(const StreamQuery& query, Moment now) {
        account_.tidy(now);
        Checks checks;
        checks.range(query.limit, "limit", 1, 10'000);
        if (auto failure = checks.failure()) return *std::move(failure);
        StreamPage page;
        for (auto next = streams().upper_bound(std::max(query.after, query.next_token)); next != streams().end();
             ++next) {
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
        const auto most = std::min<std::int64_t>(query.max_results, kinesis::limits::listed_shards);
        const auto cursor = query.next_token.empty() ? start(query, now) : resume(query, now);
        if (!cursor) return cursor.error();
        const auto stream = account_.by_serial(cursor->stream, now);
        if (!stream) return stream.error();
        return Lister(**stream, now).page(*cursor, most);
    }

    Reply<PutResult> put_record(std::string_view name, PutEntry entry, Moment now, const Judge& judge = {}) {
        auto stream = account_.usable(name, now);
        if (!stream) return stream.error();
        return Writer(**stream, settings()).put(std::move(entry), now, judge);
    }

    /// As many results as entries, in their order.
    Reply<std::vector<PutResult>> put_records(std::string_view name, std::vector<PutEntry> entries, Moment now,
                                              const Judge& judge = {}) {
        auto stream = account_.usable(name, now);
        if (!stream) return stream.error();
        return Writer(**stream, settings()).put_all(std::move(entries), now, judge);
    }

    Reply<std::string> get_shard_iterator(const IteratorQuery& query, Moment now) {
        Checks checks;
        checks.name(query.shard_id, "shardId");
        if (query.sequence_number)
            checks.decimal(*query.sequence_number, "startingSequenceNumber", kinesis::limits::sequence_number_digits);
        if (auto failure = checks.failure()) return *std::move(failure);
        auto stream = account_.usable(query.stream, now);
        if (!stream) return stream.error();
        auto shard = existing_shard(**stream, query.shard_id);
        if (!shard) return shard.error();
        return Reader(**stream, **shard, settings()).iterator(query, now);
    }

    Reply<ReadPage> get_records(std::string_view iterator, std::int64_t limit, Moment now) {
        Checks checks;
        checks.range(limit, "limit", 1, kinesis::limits::read_records);
        checks.length(iterator, "shardIterator", 1, 512);
        if (auto failure = checks.failure()) return *std::move(failure);
        const auto position = ShardPosition::read(iterator, now.steady);
        if (!position) return position.error();
        const auto stream = account_.by_serial(position->stream, now);
        if (!stream) return stream.error();
        auto shard = existing_shard(**stream, shard_name(position->shard));
        if (!shard) return shard.error();
        return Reader(**stream, **shard, settings()).read(position->place, limit, now);
    }

    Reply<void> split_shard(std::string_view name, std::string_view shard_id, std::string_view new_starting_hash_key,
                            Moment now) {
        Checks checks;
        checks.name(shard_id, "shardToSplit");
        checks.decimal(new_starting_hash_key, "newStartingHashKey", kinesis::limits::hash_key_digits);
        if (auto failure = checks.failure()) return *std::move(failure);
        auto stream = account_.changeable(name, now);
        if (!stream) return stream.error();
        auto parent = open_shard(**stream, shard_id);
        if (!parent) return parent.error();
        const auto key = HashKey::parse(new_starting_hash_key);
        const HashRange range = (*parent)->range;
        if (!key || *key <= range.first || before(*key) <= range.first || *key >= range.last) {
            return bad_split(**stream, **parent, new_starting_hash_key);
        }
        if (auto failure = account_.over_limits(1, now)) return *std::move(failure);
        (*stream)->split(**parent, *key, now.wall);
        (*stream)->change(StreamStatus::updating, now.steady + settings().change_time);
        return {};
    }

    Reply<void> merge_shards(std::string_view name, std::string_view shard_id, std::string_view adjacent_id,
                             Moment now) {
        Checks checks;
        checks.name(shard_id, "shardToMerge");
        checks.name(adjacent_id, "adjacentShardToMerge");
        if (auto failure = checks.failure()) return *std::move(failure);
        auto stream = account_.changeable(name, now);
        if (!stream) return stream.error();
        auto shard = open_shard(**stream, shard_id);
        if (!shard) return shard.error();
        auto adjacent = open_shard(**stream, adjacent_id);
        if (!adjacent) return adjacent.error();
        if (!touching((*shard)->range, (*adjacent)->range)) {
            return Failure("InvalidArgumentException", "Shards " + std::string(shard_id) + " and " +
                                                           std::string(adjacent_id) +
                                                           in_stream((*stream)->name, settings()) +
                                                           " are not an adjacent pair of shards eligible for merging");
        }
        (*stream)->merge(**shard, **adjacent, now.wall);
        (*stream)->change(StreamStatus::updating, now.steady + settings().change_time);
        return {};
    }

private:
    Reply<Shard*> existing_shard(Stream& stream, std::string_view id) const {
        const auto index = shard_index(id);
        Shard* shard = index ? stream.find(*index) : nullptr;
        if (shard == nullptr) return shard_not_found(stream.name, id, settings());
        return shard;
    }

    Reply<Shard*> open_shard(Stream& stream, std::string_view id) const {
        auto shard = existing_shard(stream, id);
        if (!shard || (*shard)->open()) return shard;
        return Failure("ResourceInUseException",
                       "Shard " + std::string(id) + in_stream(stream.name, settings()) +
                           " has already been merged or split, and thus is not eligible for merging or splitting.");
    }

    [[nodiscard]] Failure bad_split(const Stream& stream, const Shard& shard, std::string_view key) const {
        return {"InvalidArgumentException",
                "NewStartingHashKey " + std::string(key) + " used in SplitShard() on shard " + shard.id() +
                    in_stream(stream.name, settings()) +
                    " is not both greater than one plus the shard's StartingHashKey " + shard.range.first.to_string() +
                    " and less than the shard's EndingHashKey " + shard.range.last.to_string() + "."};
    }

    Reply<ShardCursor> start(const ShardQuery& query, Moment now) {
        auto stream = account_.existing(query.stream, now);
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
        if (!index) return shard_not_found((*stream)->name, after, settings());
        cursor.next = *index + 1;
        return cursor;
    }

    static Reply<ShardCursor> resume(const ShardQuery& query, Moment now) {
        const char* superfluous = !query.stream.empty()  ? "StreamName"
                                  : !query.after.empty() ? "ExclusiveStartShardId"
                                                         : "";
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

    Account account_;
};

} // namespace sluice::local
