#pragma once

#include <sluice/local/moment.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::local {

/// The sequence numbers of one shard: 56 decimal digits, as long as the service's own.
///
/// | digits | meaning                                                                              |
/// |--------|--------------------------------------------------------------------------------------|
/// | 2      | `49`, as the service's own begin                                                      |
/// | 14     | when the stream was created, milliseconds since 1970                                  |
/// | 8      | which stream of the service it is, so that one deleted and made again has new numbers |
/// | 12     | the shard; children are numbered after their parents, and so are their records        |
/// | 20     | the place in the shard, from 0                                                        |
class SequenceNumbers {
public:
    SequenceNumbers(wall_time stream_created, std::uint64_t stream, std::uint64_t shard) : prefix_("49") {
        const auto milliseconds =
            std::chrono::duration_cast<std::chrono::milliseconds>(stream_created.time_since_epoch()).count();
        pad(prefix_, static_cast<std::uint64_t>(std::max<std::int64_t>(milliseconds, 0)), 14);
        pad(prefix_, stream, 8);
        pad(prefix_, shard, 12);
    }

    [[nodiscard]] std::string at(std::uint64_t place) const {
        std::string number;
        number.reserve(prefix_.size() + place_digits);
        number += prefix_;
        pad(number, place, place_digits);
        return number;
    }

    /// The place of a number; none if it is not one of this shard.
    [[nodiscard]] std::optional<std::uint64_t> place(std::string_view number) const {
        if (number.size() != prefix_.size() + place_digits || !number.starts_with(prefix_)) return std::nullopt;
        std::uint64_t found = 0;
        const char* end = number.data() + number.size();
        const auto [stopped, failure] = std::from_chars(number.data() + prefix_.size(), end, found);
        if (failure != std::errc{} || stopped != end) return std::nullopt;
        return found;
    }

private:
    static constexpr std::size_t place_digits = 20;

    /// Appends the last `width` digits of `value`.
    static void pad(std::string& text, std::uint64_t value, std::size_t width) {
        const auto start = text.size();
        text.append(width, '0');
        for (auto i = start + width; i > start && value != 0; --i, value /= 10U) {
            text[i - 1] = static_cast<char>('0' + value % 10U);
        }
    }

    std::string prefix_;
};

} // namespace sluice::local
