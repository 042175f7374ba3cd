#pragma once

#include <sluice/local/document.hpp>
#include <sluice/local/entry_faults.hpp>
#include <sluice/local/faults.hpp>
#include <sluice/local/kinesis.hpp>
#include <sluice/local/replies.hpp>
#include <sluice/local/requests.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::local {

/// One call of the service: reads a request, asks a `Kinesis`, and writes the reply with an `aws::JsonWriter` or an
/// `aws::CborWriter`.
///
/// The faults that concern single shards or entries happen here.
template <class Writer>
class Operations {
public:
    /// What it is given must outlive it.
    Operations(Kinesis& kinesis, Fields& fields, Moment now, const Met& met)
        : kinesis_(kinesis), in_(fields, kinesis), now_(now), met_(met) {}

    /// The body of the reply; empty for a call that answers nothing.
    [[nodiscard]] Reply<std::string> perform(std::string_view operation) {
        for (const auto& known : operations()) {
            if (known.name != operation) continue;
            const auto* throttle = met_.template as<fault::Throttle>();
            if (!known.has_shards && throttle != nullptr && throttle->shard_id.empty()) {
                return Failure("LimitExceededException",
                               "Rate exceeded for account " + kinesis_.settings().account + ".");
            }
            auto done = (this->*known.perform)();
            if (!done) return done.error();
            return std::move(body_);
        }
        return Failure("UnknownOperationException", "");
    }

private:
    using Done = Reply<void>;

    class Known {
    public:
        std::string_view name;
        Done (Operations::*perform)();
        bool has_shards; ///< Throttled shard by shard.
    };

    static const std::array<Known, 12>& operations() {
        static constexpr std::array<Known, 12> known{{
            {"CreateStream", &Operations::create_stream, false},
            {"DeleteStream", &Operations::delete_stream, false},
            {"DescribeStream", &Operations::describe_stream, false},
            {"DescribeStreamSummary", &Operations::describe_stream_summary, false},
            {"GetRecords", &Operations::get_records, true},
            {"GetShardIterator", &Operations::get_shard_iterator, true},
            {"ListShards", &Operations::list_shards, false},
            {"ListStreams", &Operations::list_streams, false},
            {"MergeShards", &Operations::merge_shards, false},
            {"PutRecord", &Operations::put_record, true},
            {"PutRecords", &Operations::put_records, true},
            {"SplitShard", &Operations::split_shard, false},
        }};
        return known;
    }

    Done create_stream() {
        const auto spec = in_.stream_spec();
        if (!spec) return spec.error();
        return kinesis_.create_stream(*spec, now_);
    }

    Done delete_stream() {
        const auto name = in_.stream();
        if (!name) return name.error();
        return kinesis_.delete_stream(*name, now_);
    }

    Done describe_stream_summary() {
        const auto name = in_.stream();
        if (!name) return name.error();
        const auto summary = kinesis_.describe_stream_summary(*name, now_);
        if (!summary) return summary.error();
        out_.stream_summary(*summary);
        return {};
    }

    Done describe_stream() {
        const auto name = in_.stream();
        if (!name) return name.error();
        const auto summary = kinesis_.describe_stream_summary(*name, now_);
        if (!summary) return summary.error();
        const auto limit = in_.integer("Limit", 100);
        if (!limit) return limit.error();
        auto after = in_.optional_text("ExclusiveStartShardId");
        if (!after) return after.error();
        ShardQuery query(*name);
        query.max_results = *limit;
        query.after = *std::move(after);
        const auto page = kinesis_.list_shards(query, now_);
        if (!page) return page.error();
        out_.stream_description(*summary, *page);
        return {};
    }

    Done list_streams() {
        const auto query = in_.stream_query();
        if (!query) return query.error();
        const auto page = kinesis_.list_streams(*query, now_);
        if (!page) return page.error();
        out_.stream_page(*page);
        return {};
    }

    Done list_shards() {
        const auto query = in_.shard_query();
        if (!query) return query.error();
        const auto page = kinesis_.list_shards(*query, now_);
        if (!page) return page.error();
        out_.shard_page(*page);
        return {};
    }

    Done split_shard() {
        const auto name = in_.stream();
        if (!name) return name.error();
        const auto shard = in_.text("ShardToSplit", "shardToSplit");
        if (!shard) return shard.error();
        const auto key = in_.text("NewStartingHashKey", "newStartingHashKey");
        if (!key) return key.error();
        return kinesis_.split_shard(*name, *shard, *key, now_);
    }

    Done merge_shards() {
        const auto name = in_.stream();
        if (!name) return name.error();
        const auto shard = in_.text("ShardToMerge", "shardToMerge");
        if (!shard) return shard.error();
        const auto adjacent = in_.text("AdjacentShardToMerge", "adjacentShardToMerge");
        if (!adjacent) return adjacent.error();
        return kinesis_.merge_shards(*name, *shard, *adjacent, now_);
    }

    Done put_record() {
        const auto name = in_.stream();
        if (!name) return name.error();
        auto record = in_.record();
        if (!record) return record.error();
        auto result = kinesis_.put_record(*name, *std::move(record), now_, judge(met_, *name, kinesis_.settings()));
        if (!result) return result.error();
        std::vector<PutResult> told{*std::move(result)};
        if (!met_.template as<fault::FewerEntries>()) distort(told, met_, *kinesis_.find(*name));
        out_.put_result(told.front());
        return {};
    }

    Done put_records() {
        const auto name = in_.stream();
        if (!name) return name.error();
        auto records = in_.records();
        if (!records) return records.error();
        auto results = kinesis_.put_records(*name, *std::move(records), now_, judge(met_, *name, kinesis_.settings()));
        if (!results) return results.error();
        distort(*results, met_, *kinesis_.find(*name));
        out_.put_results(*results);
        return {};
    }

    Done get_shard_iterator() {
        const auto query = in_.iterator_query();
        if (!query) return query.error();
        if (throttles(met_, query->shard_id)) return rate_exceeded(query->stream, query->shard_id, kinesis_.settings());
        const auto iterator = kinesis_.get_shard_iterator(*query, now_);
        if (!iterator) return iterator.error();
        out_.shard_iterator(*iterator);
        return {};
    }

    Done get_records() {
        const auto iterator = in_.text("ShardIterator", "shardIterator");
        if (!iterator) return iterator.error();
        const auto limit = in_.integer("Limit", 10'000);
        if (!limit) return limit.error();
        const auto position = ShardPosition::read(*iterator, now_.steady);
        if (position && throttles(met_, shard_name(position->shard))) {
            return rate_exceeded(name_of(position->stream), shard_name(position->shard), kinesis_.settings());
        }
        const auto page = kinesis_.get_records(*iterator, *limit, now_);
        if (!page) return page.error();
        out_.read_page(*page);
        return {};
    }

    [[nodiscard]] std::string name_of(std::uint64_t serial) const {
        for (const auto& [name, stream] : kinesis_.streams()) {
            if (stream.serial == serial) return name;
        }
        return "";
    }

    Kinesis& kinesis_;
    Requests in_;
    Moment now_;
    const Met& met_;
    std::string body_;
    Replies<Writer> out_{body_};
};

} // namespace sluice::local
