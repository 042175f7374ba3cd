#pragma once

#include <sluice/kinesis/limits.hpp>
#include <sluice/local/moment.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace sluice::local {

/// How much one shard takes and gives; 0 anywhere means without limit.
///
/// The defaults are the service's own; for `iterators`, those of the API reference, GetShardIterator.
class ShardLimits {
public:
    ShardLimits() = default;

    /// No limit at all.
    [[nodiscard]] static ShardLimits none() {
        ShardLimits limits;
        limits.write_bytes = limits.write_records = limits.read_bytes = limits.read_calls = limits.iterators = 0;
        return limits;
    }

    std::uint64_t write_bytes = kinesis::limits::shard_bytes_per_second;     ///< Data and partition keys, a second.
    std::uint64_t write_records = kinesis::limits::shard_records_per_second; ///< A second.
    std::uint64_t read_bytes =
        kinesis::limits::shard_read_bytes_per_second; ///< Data and partition keys, a second, by all pollers together.
    std::uint64_t read_calls = kinesis::limits::shard_reads_per_second; ///< GetRecords, a second.
    std::uint64_t iterators = 5;                                        ///< GetShardIterator, a second.
};

/// A bucket of tokens that holds what one second brings.
///
/// It remembers only when it will be full again, so that no rounding adds up. A cost larger than a whole second's worth
/// is let in when the bucket is full, and what it takes too much is paid back before the next: so records over 1 MiB
/// pass a shard of 1 MiB/s.
class TokenBucket {
public:
    /// Whether `cost` tokens are there at `now`. A `rate` of 0 is no limit.
    [[nodiscard]] bool admits(std::uint64_t cost, std::uint64_t rate, steady_time now) const {
        if (rate == 0) return true;
        const auto missing = std::max(full_at_, now) - now;
        return missing + std::min(worth(cost, rate), second) <= second;
    }

    /// Takes `cost` tokens, whether they are there or not.
    void charge(std::uint64_t cost, std::uint64_t rate, steady_time now) {
        if (rate != 0) full_at_ = std::max(full_at_, now) + worth(cost, rate);
    }

private:
    static constexpr steady_time::duration second = std::chrono::seconds(1);

    /// The time in which `cost` tokens come in. Costs are at most a few times 10 MiB, which cannot overflow.
    static steady_time::duration worth(std::uint64_t cost, std::uint64_t rate) {
        return std::chrono::nanoseconds(static_cast<std::int64_t>(cost * 1'000'000'000U / rate));
    }

    steady_time full_at_;
};

/// The write side of one shard: both buckets must have room.
class WriteThrottle {
public:
    /// Whether the shard takes a record of `bytes` now; a record that it takes is charged.
    [[nodiscard]] bool take(std::uint64_t bytes, const ShardLimits& limits, steady_time now) {
        if (!bytes_.admits(bytes, limits.write_bytes, now) || !records_.admits(1, limits.write_records, now))
            return false;
        bytes_.charge(bytes, limits.write_bytes, now);
        records_.charge(1, limits.write_records, now);
        return true;
    }

private:
    TokenBucket bytes_;
    TokenBucket records_;
};

/// The read side of one shard. What a reply holds is known only after it is made, and is charged then.
class ReadThrottle {
public:
    /// Whether GetRecords may be called now; a call that may is charged.
    [[nodiscard]] bool take_call(const ShardLimits& limits, steady_time now) {
        if (!bytes_.admits(0, limits.read_bytes, now) || !calls_.admits(1, limits.read_calls, now)) return false;
        calls_.charge(1, limits.read_calls, now);
        return true;
    }

    /// Whether GetShardIterator may be called now; a call that may is charged.
    [[nodiscard]] bool take_iterator(const ShardLimits& limits, steady_time now) {
        if (!iterators_.admits(1, limits.iterators, now)) return false;
        iterators_.charge(1, limits.iterators, now);
        return true;
    }

    void charge_bytes(std::uint64_t bytes, const ShardLimits& limits, steady_time now) {
        bytes_.charge(bytes, limits.read_bytes, now);
    }

private:
    TokenBucket bytes_;
    TokenBucket calls_;
    TokenBucket iterators_;
};

} // namespace sluice::local
