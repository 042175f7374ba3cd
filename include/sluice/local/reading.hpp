#pragma once

#include <sluice/kinesis/limits.hpp>
#include <sluice/local/calls.hpp>
#include <sluice/local/checks.hpp>
#include <sluice/local/listing.hpp>
#include <sluice/local/settings.hpp>
#include <sluice/local/stream.hpp>
#include <sluice/local/token.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::local {

/// Where a reader of a shard stands: what a shard iterator remembers.
class ShardPosition {
public:
    ShardPosition(std::uint64_t its_stream, std::uint64_t its_shard, std::uint64_t its_place)
        : stream(its_stream), shard(its_shard), place(its_place) {}

    std::uint64_t stream; ///< Its serial.
    std::uint64_t shard;
    std::uint64_t place; ///< Of the next record to be read.

    [[nodiscard]] std::string write(steady_time now) const {
        return Token<4>::write(kind,
                               {stream, shard, place, static_cast<std::uint64_t>(now.time_since_epoch().count())});
    }

    [[nodiscard]] static Reply<ShardPosition> read(std::string_view iterator, steady_time now) {
        const auto numbers = Token<4>::read(kind, iterator);
        if (!numbers) return Failure("InvalidArgumentException", "Invalid ShardIterator.");
        if (ShardCursor::expired((*numbers)[3], now)) {
            return Failure("ExpiredIteratorException",
                           "Iterator expired. It is older than the tolerated delay of 300000 milliseconds.");
        }
        return ShardPosition((*numbers)[0], (*numbers)[1], (*numbers)[2]);
    }

private:
    static constexpr const char* kind = "iterator";
};

/// GetShardIterator and GetRecords on one shard.
class Reader {
public:
    Reader(const Stream& stream, Shard& shard, const Settings& settings)
        : stream_(stream), shard_(shard), settings_(settings) {}

    [[nodiscard]] Reply<std::string> iterator(const IteratorQuery& query, Moment now) {
        shard_.trim(stream_.horizon(now.wall), settings_.retention_bytes);
        const auto place = place_for(query, now);
        if (!place) return place.error();
        if (!shard_.reads.take_iterator(settings_.limits, now.steady)) {
            return rate_exceeded(stream_.name, shard_.id(), settings_);
        }
        return ShardPosition(stream_.serial, shard_.index, *place).write(now.steady);
    }

    /// At most `limit` records and 10 MiB from `place` on; one record at least, if there is any.
    [[nodiscard]] Reply<ReadPage> read(std::uint64_t place, std::int64_t limit, Moment now) {
        if (!shard_.reads.take_call(settings_.limits, now.steady))
            return rate_exceeded(stream_.name, shard_.id(), settings_);
        shard_.trim(stream_.horizon(now.wall), settings_.retention_bytes);
        ReadPage page;
        place = std::clamp(place, shard_.first_place(), shard_.next_place());
        std::uint64_t bytes = 0;
        while (place < shard_.next_place() && static_cast<std::int64_t>(page.records.size()) < limit) {
            const auto& record = record_at(place);
            if (bytes != 0 && bytes + record.size() > kinesis::limits::read_bytes) break;
            bytes += record.size();
            page.records.emplace_back(shard_.numbers.at(place++), record);
        }
        shard_.reads.charge_bytes(bytes, settings_.limits, now.steady);
        finish(page, place, now);
        return page;
    }

private:
    [[nodiscard]] const StoredRecord& record_at(std::uint64_t place) const {
        return shard_.records()[static_cast<std::size_t>(place - shard_.first_place())];
    }

    void finish(ReadPage& page, std::uint64_t place, Moment now) const {
        if (place < shard_.next_place()) {
            // Zero would say that there is nothing left to read.
            const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now.wall - record_at(place).arrival);
            page.behind = std::max(age, std::chrono::milliseconds(1));
        } else if (!shard_.open()) {
            page.children = children();
            return;
        }
        page.next_iterator = ShardPosition(stream_.serial, shard_.index, place).write(now.steady);
    }

    [[nodiscard]] std::vector<ChildShard> children() const {
        std::vector<ChildShard> found;
        for (const Shard* child : stream_.children(shard_.index)) {
            ChildShard view;
            view.shard_id = child->id();
            view.parents.push_back(shard_name(*child->parent));
            if (child->adjacent_parent) view.parents.push_back(shard_name(*child->adjacent_parent));
            view.range = child->range;
            found.push_back(std::move(view));
        }
        return found;
    }

    [[nodiscard]] Reply<std::uint64_t> place_for(const IteratorQuery& query, Moment now) const {
        switch (query.type) {
        case IteratorType::trim_horizon: return shard_.first_place();
        case IteratorType::latest: return shard_.next_place();
        case IteratorType::at_timestamp: return place_at(query, now);
        case IteratorType::at_sequence_number: return place_of(query);
        case IteratorType::after_sequence_number: {
            auto place = place_of(query);
            if (place) ++*place;
            return place;
        }
        }
        return shard_.first_place();
    }

    [[nodiscard]] Reply<std::uint64_t> place_at(const IteratorQuery& query, Moment now) const {
        if (!query.timestamp) {
            return Failure("InvalidArgumentException",
                           "Must either specify timestamp or startingSequenceNumber with AT_TIMESTAMP.");
        }
        if (*query.timestamp > now.wall) {
            return Failure("InvalidArgumentException", "The timestampInMillis parameter cannot be greater than the "
                                                       "currentTimestampInMillis.");
        }
        return shard_.place_at(*query.timestamp);
    }

    [[nodiscard]] Reply<std::uint64_t> place_of(const IteratorQuery& query) const {
        if (!query.sequence_number) {
            return Failure("InvalidArgumentException",
                           "Must specify startingSequenceNumber with AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER.");
        }
        const auto place = shard_.numbers.place(*query.sequence_number);
        if (place && *place <= shard_.next_place()) return *place;
        return Failure("InvalidArgumentException", "StartingSequenceNumber " + *query.sequence_number +
                                                       " used in GetShardIterator on shard " + shard_.id() +
                                                       in_stream(stream_.name, settings_) +
                                                       " is invalid because it did not come from this stream.");
    }

    const Stream& stream_;
    Shard& shard_;
    const Settings& settings_;
};

} // namespace sluice::local
