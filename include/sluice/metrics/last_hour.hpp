#pragma once

#include <sluice/clock/clock.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sluice::detail {

/// One `Minute` for each minute of the last hour: the one that it is now, and the 59 before it.
template <class Minute>
class LastHour {
public:
    /// What is counted at `now`; empty if nothing was in this minute.
    [[nodiscard]] Minute& at(steady_time now) {
        auto& place = places_[static_cast<std::size_t>(number_of(now)) % places_.size()];
        if (place.number != number_of(now)) {
            place.minute = Minute();
            place.number = number_of(now);
        }
        return place.minute;
    }

    /// Shows `see` each minute of the hour before `now` in which something was counted.
    template <class See>
    void each(steady_time now, See see) const {
        for (const auto& place : places_) {
            const auto age = number_of(now) - place.number;
            if (place.number != none && age < static_cast<std::int64_t>(places_.size())) see(place.minute);
        }
    }

private:
    static constexpr std::int64_t none = -1;

    class Place {
    public:
        std::int64_t number = none;
        Minute minute;
    };

    /// Steady clocks begin at a time of their own choice, which may be before their zero.
    [[nodiscard]] static std::int64_t number_of(steady_time time) {
        constexpr std::int64_t offset = std::int64_t{1} << 40U;
        return std::chrono::floor<std::chrono::minutes>(time.time_since_epoch()).count() + offset;
    }

    std::array<Place, 60> places_;
};

} // namespace sluice::detail
