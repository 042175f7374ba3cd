#pragma once

#include <sluice/aws/integer.hpp>
#include <sluice/error.hpp>
#include <sluice/options.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::aws {

/// Whether it makes sense to send the same request again.
enum class Retryable : std::uint8_t {
    no,
    transient, ///< The connection, the time or the service failed.
    throttle,  ///< The service asks to slow down.
};

/// How the AWS SDKs count a failure (AWS SDKs and Tools reference, "Retry behavior").
[[nodiscard]] inline Retryable retryable(error_code failure) noexcept {
    if (failure == error::throttled || failure == error::limit_exceeded) return Retryable::throttle;
    for (const auto transient : {error::service_failed, error::name_not_resolved, error::connection_failed,
                                 error::tls_failed, error::timed_out, error::response_truncated,
                                 error::protocol_violated}) {
        if (failure == transient) return Retryable::transient;
    }
    return Retryable::no;
}

/// The retry tokens of one client: when calls keep failing they run out, and calls fail at once instead of adding to
/// the load. One strand.
class RetryTokens {
public:
    explicit RetryTokens(unsigned capacity) : RetryTokens(capacity, capacity) {}
    RetryTokens(unsigned capacity, unsigned left) : capacity_(capacity), left_(std::min(left, capacity)) {}

    [[nodiscard]] bool take(unsigned cost) noexcept {
        if (cost > left_) return false;
        left_ -= cost;
        return true;
    }

    void give_back(unsigned count) noexcept { left_ += std::min(count, capacity_ - left_); }

    [[nodiscard]] unsigned left() const noexcept { return left_; }

private:
    unsigned capacity_;
    unsigned left_;
};

/// What the rules leave open is what the AWS SDKs do for the service with that signing name.
[[nodiscard]] inline Options::Retry usual_retry(Options::Retry rules, std::string_view signing_name) {
    const bool fast = signing_name == "dynamodb";
    if (!rules.mode) rules.mode = RetryMode::standard;
    if (!rules.attempts) rules.attempts = fast ? 4 : 3;
    if (!rules.transient_base) rules.transient_base = std::chrono::milliseconds(fast ? 25 : 50);
    return rules;
}

/// Why a call is not tried again.
enum class GiveUp : std::uint8_t { not_retryable, attempts_used, tokens_used };

/// The attempts of one call: decides after each failure whether, and when, there is another. Pure but for the tokens.
///
/// The rules are those of the AWS SDKs since November 2026: full jitter, a higher price for transient failures than
/// for throttling, and a wish of the service for a delay is granted up to five seconds beyond the own one.
class Retries {
public:
    /// Both outlive it. The rules are complete: `usual_retry`.
    Retries(const Options::Retry& rules, RetryTokens& tokens) : rules_(rules), tokens_(tokens) {}

    /// How long to wait before the next attempt, after one that failed; none: give up. `random` has 64 random bits,
    /// `wish` is the service's `x-amz-retry-after`. No delay is longer than a day.
    [[nodiscard]] std::optional<std::chrono::nanoseconds> decide(Retryable kind, std::uint64_t random,
                                                                 std::optional<std::chrono::milliseconds> wish) {
        if (kind == Retryable::no) return give_up(GiveUp::not_retryable);
        if (attempt_ >= rules_.attempts) return give_up(GiveUp::attempts_used);
        const auto cost = kind == Retryable::throttle ? rules_.throttle_cost : rules_.transient_cost;
        if (!tokens_.take(cost)) return give_up(GiveUp::tokens_used);
        held_ = cost;
        const auto own = jittered(kind, random);
        ++attempt_;
        if (!wish || !rules_.heed_retry_after) return own;
        constexpr std::chrono::milliseconds grace(5'000);
        const auto bounded = std::min<std::chrono::milliseconds>(*wish, std::chrono::hours(48));
        return std::clamp<std::chrono::nanoseconds>(bounded, own, own + grace);
    }

    /// Why `decide` gave up, if it did.
    [[nodiscard]] GiveUp reason() const noexcept { return reason_; }

    /// To be told when an attempt succeeds: gives back what the last retry cost, or the reward if there was none.
    void succeed() noexcept { tokens_.give_back(attempt_ > 1 ? held_ : rules_.success_reward); }

    /// The number of the attempt under way, from one on.
    [[nodiscard]] unsigned attempt() const noexcept { return attempt_; }

private:
    std::nullopt_t give_up(GiveUp why) noexcept {
        reason_ = why;
        return std::nullopt;
    }

    [[nodiscard]] std::chrono::nanoseconds jittered(Retryable kind, std::uint64_t random) const {
        using Milliseconds = std::chrono::duration<double, std::milli>;
        constexpr Milliseconds day = std::chrono::hours(24);
        const Milliseconds base =
            kind == Retryable::throttle ? rules_.throttle_base : rules_.transient_base.value_or(rules_.throttle_base);
        const auto doubled = base * std::exp2(std::min(attempt_ - 1, 62U));
        const auto most = std::clamp(std::min(doubled, Milliseconds(rules_.longest)), Milliseconds(0), day);
        const double share = static_cast<double>(random >> 11U) / static_cast<double>((std::uint64_t{1} << 53U) - 1);
        return std::chrono::round<std::chrono::nanoseconds>(most * share);
    }

    const Options::Retry& rules_;
    RetryTokens& tokens_;
    unsigned attempt_ = 1;
    unsigned held_ = 0;
    GiveUp reason_ = GiveUp::not_retryable;
};

/// The service's wish for a delay: the header `x-amz-retry-after`, whole milliseconds, nothing else.
[[nodiscard]] inline std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view header) noexcept {
    const auto count = parse_integer<std::uint32_t>(header);
    if (!count) return std::nullopt;
    return std::chrono::milliseconds(*count);
}

} // namespace sluice::aws
