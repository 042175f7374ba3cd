#pragma once

#include <sluice/clock/clock.hpp>

#include <chrono>

namespace sluice::local {

/// When a call happens: the only clock that the service knows is the one in its arguments.
class Moment {
public:
    Moment() = default;
    Moment(steady_time its_steady, wall_time its_wall) : steady(its_steady), wall(its_wall) {}

    steady_time steady; ///< Throttling, and how long iterators, page tokens and changes of a stream last.
    wall_time wall;     ///< Arrival times, retention, signatures and the `Date` header.
};

/// The machine's own clocks.
[[nodiscard]] inline Moment moment_now() {
    return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()};
}

} // namespace sluice::local
