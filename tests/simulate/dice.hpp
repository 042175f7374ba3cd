#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace simulate {

/// Dice that show the same on every machine: the standard's distributions do not.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}

    [[nodiscard]] std::uint64_t bits() { return engine_(); }

    /// A whole number from `least` to `most`.
    [[nodiscard]] std::uint64_t number(std::uint64_t least, std::uint64_t most) {
        return least + engine_() % (most - least + 1);
    }

    /// True so many times in a hundred.
    [[nodiscard]] bool chance(unsigned percent) { return number(1, 100) <= percent; }

    [[nodiscard]] std::chrono::milliseconds time(std::chrono::milliseconds least, std::chrono::milliseconds most) {
        return std::chrono::milliseconds(number(static_cast<std::uint64_t>(least.count()),
                                                static_cast<std::uint64_t>(most.count())));
    }

    /// One of these, each as likely as the others.
    template <class T, class... Ts>
    [[nodiscard]] T one_of(T first, Ts... others) {
        const T all[] = {first, static_cast<T>(others)...};
        return all[number(0, sizeof...(others))];
    }

private:
    std::mt19937_64 engine_;
};

} // namespace simulate
