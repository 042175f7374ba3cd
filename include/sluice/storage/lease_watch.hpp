#pragma once

#include <sluice/clock/clock.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace sluice::detail {

/// Whether what somebody else has on a lease may be taken, by the steady clock of whoever waits for it alone.
///
/// A lease that was seen not to be renewed for its whole length has ended, whatever the clock of its owner says. The
/// version of what is leased grows with each renewal. Pure.
class LeaseWatch {
public:
    enum class Verdict : std::uint8_t {
        free,
        wait, ///< Until `next_look`.
        kept, ///< Its owner is alive.
    };

    /// Judges what was seen at `now`. A lease of no length was given back.
    [[nodiscard]] Verdict judge(std::uint64_t version, std::chrono::nanoseconds lease, steady_time now) {
        if (lease <= std::chrono::nanoseconds(0)) return Verdict::free;
        if (!seen_) {
            seen_ = version;
            end_ = now + lease;
        }
        next_look_ = std::min(end_, now + lease / looks);
        if (now < end_) return Verdict::wait;
        return version == *seen_ ? Verdict::free : Verdict::kept;
    }

    /// Often enough not to miss for long that it was given back.
    [[nodiscard]] steady_time next_look() const noexcept { return next_look_; }

private:
    static constexpr int looks = 10;

    std::optional<std::uint64_t> seen_; ///< The first version.
    steady_time end_;
    steady_time next_look_;
};

} // namespace sluice::detail
