#pragma once

#include <sluice/clock/clock.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace sluice::detail {

/// The parts of a lease: it is looked after, and renewed when it has a certain age, and no attempt of a request takes
/// longer than one of them, so that the third attempt to renew it is in time.
class LeaseTimes {
public:
    explicit constexpr LeaseTimes(std::chrono::milliseconds lease) : lease_(lease) {}

    [[nodiscard]] constexpr std::chrono::milliseconds interval() const { return lease_ / 6; }
    [[nodiscard]] constexpr std::chrono::milliseconds renewal_age() const { return lease_ / 4; }
    [[nodiscard]] constexpr std::chrono::milliseconds attempt() const {
        return std::max(lease_ / 6, std::chrono::milliseconds(1'000));
    }

private:
    std::chrono::milliseconds lease_;
};

/// Whether what somebody else has on a lease may be taken, by the steady clock of whoever waits for it alone.
///
/// A lease that was seen not to be renewed for its whole length has ended, whatever the clock of its owner says. The
/// version of what is leased grows with each renewal. Pure.
class LeaseWatch {
public:
    enum class Verdict : std::uint8_t {
        free,
        wait, ///< Until `next_look`.
        renewed, ///< Its owner is alive.
    };

    /// Judges what was seen at `now`. A lease of no length was given back.
    [[nodiscard]] Verdict judge(std::uint64_t version, std::chrono::nanoseconds lease, steady_time now) {
        if (lease <= std::chrono::nanoseconds(0)) return Verdict::free;
        if (!seen_) {
            seen_ = version;
            end_ = now + lease;
        }
        if (version != *seen_) end_ = std::min(end_, now + lease); // another one's may be shorter
        next_look_ = std::min(end_, now + std::min(lease / 10, longest_pause));
        if (now < end_) return Verdict::wait;
        return version == *seen_ ? Verdict::free : Verdict::renewed;
    }

    /// Often enough not to miss for long that it was given back, or that nobody wants it any more.
    [[nodiscard]] steady_time next_look() const noexcept { return next_look_; }

private:
    static constexpr std::chrono::nanoseconds longest_pause = std::chrono::seconds(1);

    std::optional<std::uint64_t> seen_; ///< The first version.
    steady_time end_;
    steady_time next_look_;
};

} // namespace sluice::detail
