#pragma once

#include <sluice/kinesis/limits.hpp>
#include <sluice/local/calls.hpp>
#include <sluice/local/checks.hpp>
#include <sluice/local/settings.hpp>
#include <sluice/local/stream.hpp>
#include <sluice/local/token.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace sluice::local {

/// A shard as ListShards and DescribeStream show it.
[[nodiscard]] inline ShardView view_of(const Shard& shard) {
    ShardView view;
    view.shard_id = shard.id();
    if (shard.parent) view.parent = shard_name(*shard.parent);
    if (shard.adjacent_parent) view.adjacent_parent = shard_name(*shard.adjacent_parent);
    view.range = shard.range;
    view.first_sequence_number = shard.numbers.at(0);
    if (shard.closed) view.last_sequence_number = shard.numbers.at(shard.next_place());
    return view;
}

/// Where a listing of shards stands: what its page token remembers.
class ShardCursor {
public:
    ShardCursor() = default;

    std::uint64_t stream = 0; ///< Its serial.
    std::uint64_t next = 0;   ///< The index of the first shard that may be shown.
    ShardFilterType filter = ShardFilterType::from_trim_horizon;
    wall_time timestamp;

    [[nodiscard]] std::string write(steady_time now) const {
        return Page::write(kind, {stream, next, static_cast<std::uint64_t>(filter),
                                  static_cast<std::uint64_t>(timestamp.time_since_epoch().count()),
                                  static_cast<std::uint64_t>(now.time_since_epoch().count())});
    }

    [[nodiscard]] static Reply<ShardCursor> read(const std::string& token, steady_time now) {
        const auto numbers = Page::read(kind, token);
        constexpr auto last_filter = static_cast<std::uint64_t>(ShardFilterType::from_timestamp);
        if (!numbers || (*numbers)[2] > last_filter) {
            return Failure("InvalidArgumentException", "The specified NextToken is invalid.");
        }
        if (expired((*numbers)[4], now)) {
            return Failure("ExpiredNextTokenException", "The specified NextToken has expired.");
        }
        ShardCursor cursor;
        cursor.stream = (*numbers)[0];
        cursor.next = (*numbers)[1];
        cursor.filter = static_cast<ShardFilterType>((*numbers)[2]);
        cursor.timestamp = wall_time(wall_time::duration(static_cast<wall_time::rep>((*numbers)[3])));
        return cursor;
    }

    /// Whether something issued at `issued`, steady nanoseconds, is too old by now.
    [[nodiscard]] static bool expired(std::uint64_t issued, steady_time now) {
        const auto age = static_cast<std::uint64_t>(now.time_since_epoch().count()) - issued;
        constexpr steady_time::duration lifetime = kinesis::limits::page_token_lifetime;
        static_assert(kinesis::limits::iterator_lifetime == kinesis::limits::page_token_lifetime);
        return age > static_cast<std::uint64_t>(lifetime.count());
    }

private:
    using Page = Token<5>;
    static constexpr const char* kind = "shards";
};

/// ListShards and DescribeStream on one stream.
class Lister {
public:
    Lister(const Stream& stream, Moment now) : stream_(stream), now_(now) {}

    /// The shards from the cursor on, at most `most`; the cursor moves behind them.
    [[nodiscard]] ShardPage page(ShardCursor cursor, std::int64_t most) const {
        ShardPage page;
        for (const auto& shard : stream_.shards()) {
            if (shard.index < cursor.next || !shows(shard, cursor)) continue;
            if (static_cast<std::int64_t>(page.shards.size()) == most) {
                page.next_token = cursor.write(now_.steady);
                break;
            }
            page.shards.push_back(view_of(shard));
            cursor.next = shard.index + 1;
        }
        return page;
    }

private:
    [[nodiscard]] bool shows(const Shard& shard, const ShardCursor& cursor) const {
        switch (cursor.filter) {
        case ShardFilterType::at_latest: return shard.open();
        case ShardFilterType::at_trim_horizon: return open_at(shard, stream_.horizon(now_.wall));
        case ShardFilterType::at_timestamp: return open_at(shard, cursor.timestamp);
        case ShardFilterType::from_timestamp: return shard.open() || *shard.closed >= cursor.timestamp;
        case ShardFilterType::after_shard_id:
        case ShardFilterType::from_trim_horizon: return true;
        }
        return true;
    }

    [[nodiscard]] bool open_at(const Shard& shard, wall_time when) const {
        when = std::max({when, stream_.created, stream_.horizon(now_.wall)});
        return shard.opened <= when && (shard.open() || *shard.closed > when);
    }

    const Stream& stream_;
    Moment now_;
};

} // namespace sluice::local
