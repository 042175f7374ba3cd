#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace sluice::aws {

/// The number that a text is: decimal digits, before them a `-` if the type has negative numbers, and nothing else.
/// None if it does not fit.
template <std::integral Integer>
    requires(!std::same_as<Integer, bool>)
[[nodiscard]] std::optional<Integer> parse_integer(std::string_view text) noexcept {
    Integer number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

} // namespace sluice::aws
