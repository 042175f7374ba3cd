#pragma once

#include <sluice/aws/token.hpp>
#include <sluice/aws/utf8.hpp>

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace sluice::aws {

/// Reads one CBOR item token by token (RFC 8949), strictly and within bounds, whatever the bytes are.
///
/// Definite and indefinite lengths look the same. A definite string is a view of the input; one in chunks is joined
/// into the reader. A length that the rest of the input cannot hold fails at once, so that callers may reserve by it.
class CborReader {
public:
    static constexpr std::size_t max_depth = 128; ///< Of arrays, maps and tags around an item.

    explicit CborReader(std::string_view bytes) : rest_(bytes) {}

    /// The next token; after `done` and `failed` always the same.
    [[nodiscard]] Token next() {
        if (failed_) return Token(TokenKind::failed);
        if (tags_ == 0 && depth_ == 0 && started_) return rest_.empty() ? Token(TokenKind::done) : fail();
        if (tags_ == 0 && depth_ > 0 && !top().indefinite && top().left == 0) return leave();
        if (rest_.empty()) return fail();
        const auto initial = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        if (initial == break_code) return end_of_indefinite();
        return item(initial >> 5U, initial & 31U);
    }

    /// How many items the array that was just entered has, or twice the members of a map; zero if indefinite.
    [[nodiscard]] std::size_t announced() const noexcept {
        return depth_ == 0 || top().indefinite ? 0 : static_cast<std::size_t>(top().left);
    }

private:
    static constexpr unsigned break_code = 0xFF;
    static constexpr unsigned indefinite_length = 31;

    struct Level {
        std::uint64_t left = 0; ///< Items still to come, or that have come if indefinite.
        bool map = false;
        bool indefinite = false;
    };

    [[nodiscard]] const Level& top() const { return levels_[depth_ - 1]; }

    Token fail() {
        failed_ = true;
        return Token(TokenKind::failed);
    }

    Token leave() {
        --depth_;
        return Token(TokenKind::end);
    }

    Token end_of_indefinite() {
        const bool allowed = tags_ == 0 && depth_ > 0 && top().indefinite && !(top().map && top().left % 2 != 0);
        return allowed ? leave() : fail();
    }

    Token item(unsigned major, unsigned info) {
        if (major == 7) return simple(info);
        std::uint64_t argument = 0;
        if (info == indefinite_length) {
            return major < 2 || major == 6 ? fail() : major < 4 ? chunks(major) : enter(major, 0, true);
        }
        if (!read_argument(info, argument)) return fail();
        switch (major) {
        case 0: return counted(Token(TokenKind::unsigned_integer, argument));
        case 1: return counted(Token(TokenKind::negative_integer, argument));
        case 2:
        case 3: return string(major, argument);
        case 6: return tag(argument);
        default: return enter(major, argument, false);
        }
    }

    /// An item is complete, or has been entered: its container has one more.
    Token counted(Token token) {
        tags_ = 0;
        started_ = true;
        if (depth_ > 0) {
            auto& level = levels_[depth_ - 1];
            if (level.indefinite) {
                ++level.left;
            } else {
                --level.left;
            }
        }
        return token;
    }

    bool read_argument(unsigned info, std::uint64_t& argument) {
        argument = info;
        if (info < 24) return true;
        if (info > 27) return false;
        const std::size_t size = std::size_t{1} << (info - 24);
        if (rest_.size() < size) return false;
        argument = 0;
        for (std::size_t i = 0; i < size; ++i) argument = (argument << 8U) | static_cast<unsigned char>(rest_[i]);
        rest_.remove_prefix(size);
        return true;
    }

    Token tag(std::uint64_t number) {
        if (depth_ + ++tags_ > max_depth) return fail();
        return Token(TokenKind::tag, number);
    }

    Token enter(unsigned major, std::uint64_t count, bool indefinite) {
        const bool map = major == 5;
        if (depth_ + tags_ >= max_depth || count > rest_.size() / (map ? 2 : 1)) return fail();
        const auto token = counted(Token(map ? TokenKind::map : TokenKind::array));
        auto& level = levels_[depth_++];
        level.left = map ? 2 * count : count;
        level.map = map;
        level.indefinite = indefinite;
        return token;
    }

    Token string(unsigned major, std::uint64_t size) {
        std::string_view characters;
        if (!take(major, size, characters)) return fail();
        return counted(Token(major == 2 ? TokenKind::bytes : TokenKind::text, characters, true));
    }

    Token chunks(unsigned major) {
        joined_.clear();
        while (!rest_.empty()) {
            const auto initial = static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
            if (initial == break_code) {
                return counted(Token(major == 2 ? TokenKind::bytes : TokenKind::text, joined_, false));
            }
            std::uint64_t size = 0;
            std::string_view chunk;
            if ((initial >> 5U) != major || !read_argument(initial & 31U, size) || !take(major, size, chunk)) break;
            joined_ += chunk;
        }
        return fail();
    }

    bool take(unsigned major, std::uint64_t size, std::string_view& characters) {
        if (size > rest_.size()) return false;
        characters = rest_.substr(0, static_cast<std::size_t>(size));
        rest_.remove_prefix(characters.size());
        return major == 2 || utf8_length(characters).has_value();
    }

    Token simple(unsigned info) {
        std::uint64_t argument = 0;
        if (!read_argument(info, argument)) return fail();
        switch (info) {
        case 20:
        case 21: return counted(Token(TokenKind::boolean, info - 20));
        case 22:
        case 23: return counted(Token(TokenKind::null));
        case 24: return argument < 32 ? fail() : counted(Token(TokenKind::simple, argument));
        case 25: return counted(Token(half(static_cast<unsigned>(argument))));
        case 26: return counted(Token(double{std::bit_cast<float>(static_cast<std::uint32_t>(argument))}));
        case 27: return counted(Token(std::bit_cast<double>(argument)));
        default: return counted(Token(TokenKind::simple, info));
        }
    }

    static double half(unsigned bits) {
        const int exponent = static_cast<int>((bits >> 10U) & 31U);
        const auto mantissa = static_cast<double>(bits & 1023U);
        double value = 0;
        if (exponent == 0) {
            value = std::ldexp(mantissa, -24);
        } else if (exponent < 31) {
            value = std::ldexp(mantissa + 1024, exponent - 25);
        } else {
            value = mantissa > 0 ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
        }
        return (bits & 0x8000U) != 0 ? -value : value;
    }

    std::string_view rest_;
    std::string joined_;
    std::array<Level, max_depth> levels_;
    std::size_t depth_ = 0;
    std::size_t tags_ = 0; ///< Read, while the item that they belong to is still to come.
    bool started_ = false;
    bool failed_ = false;
};

} // namespace sluice::aws
