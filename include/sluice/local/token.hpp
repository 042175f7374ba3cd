#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::local {

/// What the service hands out to be handed back: a shard iterator or a page token. Opaque to clients, and read back
/// with distrust: any text is either these numbers or none.
template <std::size_t Fields>
class Token {
public:
    using Numbers = std::array<std::uint64_t, Fields>;

    /// The text of a token; `kind` keeps an iterator from being taken for a page token.
    [[nodiscard]] static std::string write(std::string_view kind, const Numbers& numbers) {
        std::string text(kind);
        for (const auto number : numbers) text += '.' + std::to_string(number);
        return text;
    }

    [[nodiscard]] static std::optional<Numbers> read(std::string_view kind, std::string_view text) {
        if (!text.starts_with(kind)) return std::nullopt;
        text.remove_prefix(kind.size());
        Numbers numbers{};
        for (auto& number : numbers) {
            if (!text.starts_with('.')) return std::nullopt;
            text.remove_prefix(1);
            const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
            if (failure != std::errc{}) return std::nullopt;
            text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        }
        if (!text.empty()) return std::nullopt;
        return numbers;
    }
};

} // namespace sluice::local
