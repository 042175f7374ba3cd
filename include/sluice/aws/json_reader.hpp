#pragma once

#include <sluice/aws/json_text.hpp>
#include <sluice/aws/token.hpp>
#include <sluice/aws/utf8.hpp>

#include <algorithm>
#include <bitset>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::aws {

/// Reads one JSON value token by token (RFC 8259), strictly and within bounds, whatever the text is.
///
/// A string without escapes is a view of the input; one with escapes is unescaped into the reader. Whole numbers that
/// fit 64 bits are exact; others come as near as a few units in the last place of a `double`.
class JsonReader {
public:
    static constexpr std::size_t max_depth = 128; ///< Of arrays and objects around a value.

    explicit JsonReader(std::string_view text) : rest_(text) {}

    /// The next token; after `done` and `failed` always the same. Names of members are texts before their values.
    [[nodiscard]] Token next() {
        skip_space();
        switch (expected_) {
        case Expected::value: return value();
        case Expected::first_item: return take(']') ? leave() : value();
        case Expected::first_member: return take('}') ? leave() : name();
        case Expected::more: return more();
        case Expected::nothing: break;
        }
        return Token(TokenKind::failed);
    }

    /// What has not been read yet; after a number it begins where that ends.
    [[nodiscard]] std::string_view rest() const { return rest_; }

private:
    enum class Expected : std::uint8_t { value, first_item, first_member, more, nothing };

    Token fail() {
        expected_ = Expected::nothing;
        return Token(TokenKind::failed);
    }

    void skip_space() {
        const auto space = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
        while (!rest_.empty() && space(rest_.front())) rest_.remove_prefix(1);
    }

    bool take(char c) {
        const bool there = !rest_.empty() && rest_.front() == c;
        if (there) rest_.remove_prefix(1);
        return there;
    }

    Token enter(TokenKind kind) {
        if (depth_ == max_depth) return fail();
        maps_[depth_++] = kind == TokenKind::map;
        expected_ = kind == TokenKind::map ? Expected::first_member : Expected::first_item;
        rest_.remove_prefix(1);
        return Token(kind);
    }

    Token leave() {
        --depth_;
        expected_ = Expected::more;
        return Token(TokenKind::end);
    }

    Token more() {
        if (depth_ == 0) return rest_.empty() ? Token(TokenKind::done) : fail();
        const bool map = maps_[depth_ - 1];
        if (take(map ? '}' : ']')) return leave();
        if (!take(',')) return fail();
        skip_space();
        return map ? name() : value();
    }

    Token name() {
        if (!take('"')) return fail();
        const auto token = string();
        skip_space();
        if (token.is(TokenKind::failed) || !take(':')) return fail();
        expected_ = Expected::value;
        return token;
    }

    Token value() {
        if (rest_.empty()) return fail();
        expected_ = Expected::more;
        switch (rest_.front()) {
        case '{': return enter(TokenKind::map);
        case '[': return enter(TokenKind::array);
        case '"': rest_.remove_prefix(1); return string();
        case 't': return word("true", Token(TokenKind::boolean, 1));
        case 'f': return word("false", Token(TokenKind::boolean, 0));
        case 'n': return word("null", Token(TokenKind::null));
        default: return number();
        }
    }

    Token word(std::string_view letters, Token token) {
        if (rest_.substr(0, letters.size()) != letters) return fail();
        rest_.remove_prefix(letters.size());
        return token;
    }

    // --- strings -----------------------------------------------------------------------------------------------

    /// Takes the front that needs no unescaping; false if it is not UTF-8.
    bool take_verbatim(std::string_view& front) {
        front = rest_.substr(0, json_verbatim(rest_));
        rest_.remove_prefix(front.size());
        return utf8_length(front).has_value();
    }

    /// The string whose opening quote has been read.
    Token string() {
        std::string_view piece;
        if (!take_verbatim(piece)) return fail();
        if (take('"')) return {TokenKind::text, piece, true};
        unescaped_ = piece;
        while (take('\\')) {
            if (!unescape() || !take_verbatim(piece)) return fail();
            unescaped_ += piece;
        }
        return take('"') ? Token(TokenKind::text, unescaped_, false) : fail();
    }

    /// Appends what the escape after a backslash stands for.
    bool unescape() {
        if (rest_.empty()) return false;
        constexpr std::string_view letters = "\"\\/bfnrt";
        constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
        const char letter = rest_.front();
        rest_.remove_prefix(1);
        if (letter != 'u') {
            const auto found = letters.find(letter);
            if (found != std::string_view::npos) unescaped_ += meanings[found];
            return found != std::string_view::npos;
        }
        auto character = four_digits();
        if (!character || (*character & 0xFC00U) == 0xDC00U) return false;
        if ((*character & 0xFC00U) == 0xD800U) {
            if (!take('\\') || !take('u')) return false;
            const auto low = four_digits();
            if (!low || (*low & 0xFC00U) != 0xDC00U) return false;
            character = 0x10000U + ((*character & 0x3FFU) << 10U) + (*low & 0x3FFU);
        }
        append_utf8(unescaped_, *character);
        return true;
    }

    std::optional<std::uint32_t> four_digits() {
        constexpr std::string_view lower = "0123456789abcdef";
        constexpr std::string_view upper = "0123456789ABCDEF";
        std::uint32_t value = 0;
        for (int i = 0; i < 4; ++i) {
            if (rest_.empty()) return {};
            const auto digit = std::min(lower.find(rest_.front()), upper.find(rest_.front()));
            if (digit == std::string_view::npos) return {};
            value = value * 16 + static_cast<std::uint32_t>(digit);
            rest_.remove_prefix(1);
        }
        return value;
    }

    // --- numbers -----------------------------------------------------------------------------------------------

    static constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

    [[nodiscard]] bool at_digit() const { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }

    /// Takes digits into `mantissa` while they fit; gives how many did not, or none if there are no digits at all.
    std::optional<int> digits(std::uint64_t& mantissa, int& taken) {
        if (!at_digit()) return {};
        int lost = 0;
        for (; at_digit(); rest_.remove_prefix(1)) {
            const auto digit = static_cast<std::uint64_t>(rest_.front() - '0');
            if (lost > 0 || mantissa > (most - digit) / 10) {
                lost = std::min(lost + 1, 1'000'000);
            } else {
                mantissa = mantissa * 10 + digit;
                ++taken;
            }
        }
        return lost;
    }

    /// The exponent after an `e`, cut off where it makes no difference.
    std::optional<int> exponent() {
        const bool negative = take('-');
        if (!negative) take('+');
        if (!at_digit()) return {};
        int value = 0;
        for (; at_digit(); rest_.remove_prefix(1)) value = std::min(value * 10 + (rest_.front() - '0'), 1'000'000);
        return negative ? -value : value;
    }

    Token number() {
        const bool negative = take('-');
        std::uint64_t mantissa = 0;
        int taken = 0;
        if (take('0')) {
            if (at_digit()) return fail();
        } else {
            const auto lost = digits(mantissa, taken);
            if (!lost) return fail();
            if (*lost > 0) return real(negative, mantissa, *lost);
        }
        const bool whole = rest_.empty() || (rest_.front() != '.' && rest_.front() != 'e' && rest_.front() != 'E');
        if (!whole) return real(negative, mantissa, 0);
        if (!negative || mantissa == 0) return Token(TokenKind::unsigned_integer, mantissa);
        return Token(TokenKind::negative_integer, mantissa - 1);
    }

    /// The rest of a number that is not a whole one of 64 bits: `mantissa` times ten to `power`, and what follows.
    Token real(bool negative, std::uint64_t mantissa, int power) {
        if (take('.')) {
            int taken = 0;
            std::uint64_t dropped = most;
            const auto lost = digits(power > 0 ? dropped : mantissa, taken);
            if (!lost) return fail();
            if (power == 0) power = -taken;
        }
        if (take('e') || take('E')) {
            const auto more_power = exponent();
            if (!more_power) return fail();
            power += *more_power;
        }
        const auto value = scale(static_cast<double>(mantissa), power);
        return Token(negative ? -value : value);
    }

    /// Exact for up to 53 bits and 22 places: there one division or multiplication rounds once.
    static double scale(double mantissa, int power) {
        if (mantissa == 0) return 0;
        if (power < -300) return scale(mantissa / 1e300, std::max(power, -1000) + 300);
        return power < 0 ? mantissa / std::pow(10.0, -power) : mantissa * std::pow(10.0, std::min(power, 400));
    }

    std::string_view rest_;
    std::string unescaped_;
    std::bitset<max_depth> maps_;
    std::size_t depth_ = 0;
    Expected expected_ = Expected::value;
};

} // namespace sluice::aws
