#pragma once

#include <algorithm>
#include <string>
#include <string_view>

/// Texts of protocols, whose letters are those of ASCII whatever the locale is.
namespace sluice::aws {

[[nodiscard]] constexpr char to_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

[[nodiscard]] inline std::string to_lower(std::string_view text) {
    std::string lowered(text);
    for (auto& c : lowered) c = to_lower(c);
    return lowered;
}

/// Whether two texts differ in nothing but the case of letters, as names of headers may.
[[nodiscard]] constexpr bool same_name(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return to_lower(x) == to_lower(y); });
}

/// Whether all characters are visible ones (VCHAR of RFC 5234): neither space nor control nor beyond ASCII. Such a text
/// is safe within a header; a line break would end that.
[[nodiscard]] constexpr bool is_visible(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

/// Cuts what stands before the next `separator`, or else all, off the front of `rest`, and the separator too.
constexpr std::string_view next_piece(std::string_view& rest, char separator) noexcept {
    const auto piece = rest.substr(0, rest.find(separator));
    rest.remove_prefix(std::min(piece.size() + 1, rest.size()));
    return piece;
}

} // namespace sluice::aws
