#pragma once

#include <sluice/local/moment.hpp>

#include <chrono>

/// A fake clock: both times move together.
class Moments {
public:
    [[nodiscard]] sluice::local::Moment now() const { return now_; }

    sluice::local::Moment pass(std::chrono::milliseconds time) {
        now_.steady += time;
        now_.wall += time;
        return now_;
    }

private:
    /// 2026-01-02T03:04:05Z.
    sluice::local::Moment now_{sluice::steady_time(std::chrono::hours(3)),
                               sluice::wall_time(std::chrono::seconds(1'767'323'045))};
};
