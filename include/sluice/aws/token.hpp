#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace sluice::aws {

/// What a reader of JSON or CBOR came upon.
enum class TokenKind : std::uint8_t {
    failed, ///< The text is not well-formed; every further token says so too.
    done,   ///< The one item that the text holds has ended.
    null,   ///< Also CBOR's `undefined`. The services mean: absent.
    boolean,
    unsigned_integer,
    negative_integer, ///< -1 - `number`.
    real,
    text,
    bytes, ///< CBOR only; JSON carries bytes as base64 text.
    array,
    map,    ///< Keys and values follow in turn.
    end,    ///< Of the innermost array or map.
    tag,    ///< CBOR only; belongs to the item that follows.
    simple, ///< CBOR only: a simple value without a meaning here.
};

/// What a number with tag 1 counts since 1970.
enum class CborTime : std::uint8_t {
    milliseconds, ///< The dialect that Kinesis speaks: whole ones.
    seconds,      ///< RFC 8949, and the protocol Smithy RPC v2 CBOR, which CloudWatch speaks: with or without fraction.
};

/// One step of a reader; `JsonReader` and `CborReader` speak it both, so that what reads replies is written once.
class Token {
public:
    Token() = default;
    explicit Token(TokenKind its_kind, std::uint64_t its_number = 0) : kind(its_kind), number(its_number) {}
    explicit Token(double value) : kind(TokenKind::real), real(value) {}
    Token(TokenKind its_kind, std::string_view characters, bool in_place)
        : kind(its_kind), borrowed(in_place), text(characters) {}

    TokenKind kind = TokenKind::failed;
    bool borrowed = false;    ///< `text` points into what is read; else into the reader, until its next step.
    std::uint64_t number = 0; ///< Of integers, booleans, tags and simple values.
    double real = 0;
    std::string_view text; ///< Of texts and bytes.

    [[nodiscard]] bool is(TokenKind other) const noexcept { return kind == other; }
};

/// Reads over the item that starts with `token`, which has been read; false if it is not well-formed.
template <class Reader>
bool skip(Reader& reader, Token token) {
    std::size_t depth = 0;
    while (true) {
        if (token.is(TokenKind::failed) || token.is(TokenKind::done)) return false;
        if (token.is(TokenKind::array) || token.is(TokenKind::map)) ++depth;
        if (token.is(TokenKind::end) && depth-- == 0) return false;
        if (depth == 0 && !token.is(TokenKind::tag)) return true;
        token = reader.next();
    }
}

/// The whole number that a token stands for; none if it is not one, or too large.
[[nodiscard]] inline std::optional<std::int64_t> to_integer(const Token& token) noexcept {
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (token.number > most) return {};
    if (token.is(TokenKind::unsigned_integer)) return static_cast<std::int64_t>(token.number);
    if (token.is(TokenKind::negative_integer)) return -1 - static_cast<std::int64_t>(token.number);
    return {};
}

/// The number that a token stands for, as near as a `double` comes; none if it is not one.
[[nodiscard]] inline std::optional<double> to_real(const Token& token) noexcept {
    if (token.is(TokenKind::real)) return token.real;
    if (token.is(TokenKind::unsigned_integer)) return static_cast<double>(token.number);
    if (token.is(TokenKind::negative_integer)) return -1.0 - static_cast<double>(token.number);
    return {};
}

} // namespace sluice::aws
