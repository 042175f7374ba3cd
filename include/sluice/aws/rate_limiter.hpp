#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>

/// The client's own limit of requests a second, which it learns from throttling: retry mode `adaptive` of the AWS SDKs.
/// Pure: times are given, in seconds since any moment, and do not decrease.
namespace sluice::aws {

/// Seconds with a fraction.
using Seconds = std::chrono::duration<double>;

/// How many requests a second were sent of late: each half second's count, smoothed.
class RequestRate {
public:
    explicit RequestRate(Seconds start, double smoothing = 0.8, Seconds bucket = Seconds(0.5))
        : smoothing_(smoothing), bucket_(bucket), last_(floor(start)) {}

    /// Counts one request, and tells the rate.
    double add(Seconds now) {
        const auto current = floor(now);
        ++count_;
        if (current > last_) {
            const double rate = count_ / (current - last_).count();
            rate_ = rate * smoothing_ + rate_ * (1 - smoothing_);
            count_ = 0;
            last_ = current;
        }
        return rate_;
    }

    [[nodiscard]] double rate() const noexcept { return rate_; }

private:
    [[nodiscard]] Seconds floor(Seconds time) const { return std::floor(time / bucket_) * bucket_; }

    double smoothing_;
    Seconds bucket_;
    Seconds last_; ///< When the bucket began that counts now.
    double count_ = 0;
    double rate_ = 0;
};

/// The rate to send at: it falls at once when the service throttles, comes back fast, lingers where it was throttled,
/// and then looks for more (the curve of CUBIC, RFC 9438).
class CubicRate {
public:
    static constexpr double beta = 0.7;  ///< What is left of a rate after throttling.
    static constexpr double scale = 0.4; ///< How steep the curve is.

    CubicRate() = default;
    CubicRate(double highest, Seconds throttled) : highest_(highest), throttled_(throttled) {}

    /// How long the way back is, to a rate that fell by `1 - beta`.
    [[nodiscard]] static Seconds way_back(double highest, double its_beta = beta, double its_scale = scale) {
        return Seconds(std::cbrt(highest * (1 - its_beta) / its_scale));
    }

    [[nodiscard]] double succeed(Seconds now) const {
        const double distance = (now - throttled_ - way_back(highest_)).count();
        return scale * distance * distance * distance + highest_;
    }

    /// `rate` is that at which the service throttled.
    double throttle(double rate, Seconds now) {
        highest_ = rate;
        throttled_ = now;
        return rate * beta;
    }

private:
    double highest_ = 0;
    Seconds throttled_{0};
};

/// Lets requests through at the rate that the service bears. Without effect until the service throttles first.
class RateLimiter {
public:
    explicit RateLimiter(Seconds start) : measured_(start), filled_(start) {}

    /// Takes a turn: how long to wait before the request is sent. Who comes later waits longer.
    [[nodiscard]] Seconds take_turn(Seconds now) {
        if (!enabled_) return Seconds(0);
        fill(now);
        tokens_ -= 1;
        return Seconds(std::max(-tokens_ / rate_, 0.0));
    }

    /// To be told of every request that was answered, other than with throttling.
    void succeed(Seconds now) {
        measured_.add(now);
        set_rate(cubic_.succeed(now), now);
    }

    /// To be told of every request that was throttled.
    void throttle(Seconds now) {
        const double measured = measured_.add(now);
        const double reached = enabled_ ? std::min(measured, rate_) : measured;
        const double lower = cubic_.throttle(reached, now);
        enabled_ = true;
        set_rate(lower, now);
    }

    /// Requests a second that were answered of late.
    [[nodiscard]] double measured() const noexcept { return measured_.rate(); }

    /// Requests a second that may be sent, once the service has throttled.
    [[nodiscard]] double rate() const noexcept { return rate_; }

private:
    static constexpr double lowest_rate = 0.5;
    static constexpr double smallest_capacity = 1;

    void fill(Seconds now) {
        tokens_ = std::min(capacity_, tokens_ + std::max(now - filled_, Seconds(0)).count() * rate_);
        filled_ = std::max(filled_, now);
    }

    void set_rate(double wanted, Seconds now) {
        fill(now); // at the old rate
        const double bounded = std::min(wanted, 2 * measured_.rate());
        rate_ = std::max(bounded, lowest_rate);
        capacity_ = std::max(bounded, smallest_capacity);
        tokens_ = std::min(tokens_, capacity_);
    }

    RequestRate measured_;
    CubicRate cubic_;
    bool enabled_ = false;
    double rate_ = lowest_rate;
    double capacity_ = smallest_capacity;
    double tokens_ = 0;
    Seconds filled_;
};

} // namespace sluice::aws
