#pragma once

#include <sluice/aws/integer.hpp>
#include <sluice/aws/utf8.hpp>
#include <sluice/detail/error_word.hpp>
#include <sluice/error.hpp>
#include <sluice/record.hpp>

#include <boost/system/errc.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::detail {

inline constexpr std::string_view base64_suffix = "_base64";

/// Whether a person can read it and a terminal shows it: well-formed UTF-8 without control characters but for white
/// space (the Unicode Standard, general category Cc).
[[nodiscard]] inline bool is_readable(std::string_view text) noexcept {
    unsigned before = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool control = byte < 0x20 ? c != '\t' && c != '\n' && c != '\r' : byte == 0x7F;
        if (control || (before == 0xC2 && byte < 0xA0)) return false;
        before = byte;
    }
    return aws::utf8_length(text).has_value();
}

/// `00112233445566778899aabbccddeeff-17`: the store in hexadecimal digits, and the sequence.
[[nodiscard]] inline std::string id_text(const RecordId& id) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const auto byte : id.store) {
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text.append("-").append(std::to_string(id.sequence));
}

[[nodiscard]] inline std::optional<RecordId> parse_id(std::string_view text) noexcept {
    constexpr std::string_view digits = "0123456789abcdef";
    RecordId id;
    const auto store = 2 * id.store.size();
    if (text.size() <= store || text[store] != '-') return std::nullopt;
    for (std::size_t i = 0; i < store; ++i) {
        const auto value = digits.find(text[i]);
        if (value == std::string_view::npos) return std::nullopt;
        auto& byte = id.store[i / 2];
        byte = static_cast<std::uint8_t>(byte * 16U + value);
    }
    const auto sequence = aws::parse_integer<std::uint64_t>(text.substr(store + 1));
    if (!sequence) return std::nullopt;
    id.sequence = *sequence;
    return id;
}

/// What `error_word` told.
[[nodiscard]] inline error_code error_of_text(std::string_view text) {
    if (const auto ours = error_of_word(text)) return *ours;
    const auto colon = std::min(text.find(':'), text.size());
    const auto number = aws::parse_integer<int>(text.substr(std::min(colon + 1, text.size())));
    if (number && text.substr(0, colon) == "system") return {*number, boost::system::system_category()};
    if (number && text.substr(0, colon) == "generic") return {*number, boost::system::generic_category()};
    return make_error_code(boost::system::errc::state_not_recoverable);
}

} // namespace sluice::detail
