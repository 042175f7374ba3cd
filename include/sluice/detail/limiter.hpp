#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/kinesis/limits.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sluice::detail {

/// What one shard takes in a second by the service's rules.
inline constexpr auto shard_records_per_second = static_cast<double>(kinesis::limits::shard_records_per_second);
inline constexpr auto shard_bytes_per_second = static_cast<double>(kinesis::limits::shard_bytes_per_second);

/// The pace of one shard: additive increase, multiplicative decrease around what the service grants.
///
/// A token bucket for entries and one for bytes, each holding a quarter of a second's worth. Throttling cuts the pace
/// to 70 %, at most once in 200 ms, since the answers of one burst come together; every second without it adds 5 % of
/// the grant. At twice the grant the shard evidently needs no limit.
class Limiter {
public:
    Limiter() = default;
    Limiter(steady_time now, double records_per_second, double bytes_per_second)
        : records_(records_per_second), bytes_(bytes_per_second), filled_(now), grown_(now) {
        record_tokens_ = room(records_);
        byte_tokens_ = room(bytes_);
    }

    /// Takes the tokens of one record, which is `part` of an entry, if there are any; a debt delays those that follow.
    ///
    /// Once it ran dry it waits for a twentieth of a second's worth, so that records leave in batches, not in drops.
    [[nodiscard]] bool take(double part, std::size_t bytes, steady_time now) {
        refill(now);
        if (needed_ > 0 && (record_tokens_ < needed_ || byte_tokens_ < needed_bytes_)) return false;
        const bool dry = record_tokens_ <= 0 || byte_tokens_ <= 0;
        needed_ = dry ? sip(records_) : 0;
        needed_bytes_ = dry ? sip(bytes_) : 0;
        if (dry) return false;
        charge(part, bytes);
        return true;
    }

    /// The same for one that does not wait.
    void charge(double part, std::size_t bytes) {
        record_tokens_ -= part;
        byte_tokens_ -= static_cast<double>(bytes);
    }

    /// When `take` would succeed.
    [[nodiscard]] steady_time ready_at() const {
        const double records = (needed_ - record_tokens_) / (records_ * factor_);
        const double bytes = (needed_bytes_ - byte_tokens_) / (bytes_ * factor_);
        const double seconds = std::max({records, bytes, 0.0});
        // A microsecond more than computed, or rounding could make the waker come a moment too early for ever.
        return filled_ + std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9) + 1'000);
    }

    void throttled(steady_time now) {
        if (now - cut_ < std::chrono::milliseconds(200)) return;
        cut_ = now;
        grown_ = now;
        factor_ = std::max(factor_ * 0.7, least);
        needed_ = std::min(needed_, sip(records_));
        needed_bytes_ = std::min(needed_bytes_, sip(bytes_));
    }

    /// Whether the pace has grown so far that no limit is needed.
    [[nodiscard]] bool idle(steady_time now) {
        grow(now);
        return factor_ >= most;
    }

    [[nodiscard]] double factor() const noexcept { return factor_; }

private:
    static constexpr double least = 0.05;
    static constexpr double most = 2;

    [[nodiscard]] double sip(double rate) const noexcept { return std::max(rate * factor_ / 20, 1.0); }
    [[nodiscard]] static double room(double rate) noexcept { return std::max(rate / 4, 1.0); }

    void grow(steady_time now) {
        const auto quiet = std::chrono::duration<double>(now - grown_).count();
        if (quiet <= 0) return;
        factor_ = std::min(factor_ + 0.05 * quiet, most);
        grown_ = now;
    }

    void refill(steady_time now) {
        grow(now);
        const auto passed = std::chrono::duration<double>(now - filled_).count();
        if (passed <= 0) return;
        record_tokens_ = std::min(record_tokens_ + passed * records_ * factor_, room(records_ * factor_));
        byte_tokens_ = std::min(byte_tokens_ + passed * bytes_ * factor_, room(bytes_ * factor_));
        filled_ = now;
    }

    double records_ = shard_records_per_second;
    double bytes_ = shard_bytes_per_second;
    double factor_ = 1;
    double record_tokens_ = 0;
    double byte_tokens_ = 0;
    double needed_ = 0;       ///< Record tokens that `take` waits for: none, or a sip since it ran dry.
    double needed_bytes_ = 0; ///< The same of bytes.
    steady_time filled_;
    steady_time grown_;
    steady_time cut_ = steady_time(std::chrono::hours(-24));
};

} // namespace sluice::detail
