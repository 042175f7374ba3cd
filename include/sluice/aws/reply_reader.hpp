#pragma once

#include <sluice/aws/base64.hpp>
#include <sluice/aws/cbor_reader.hpp>
#include <sluice/aws/json_reader.hpp>
#include <sluice/aws/token.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace sluice::aws {

/// Reads a reply member by member, in JSON (`JsonReader`) or CBOR (`CborReader`).
///
/// Each reading function takes the next value and is false if that is not what the service documents; the caller
/// gives up then. A null is absent: what it would have set stays as it is.
template <class Reader>
class ReplyReader {
public:
    explicit ReplyReader(std::string_view body, CborTime time = CborTime::milliseconds)
        : reader_(body), in_seconds_(std::is_same_v<Reader, JsonReader> || time == CborTime::seconds) {}

    /// The whole reply: one map and nothing after it. `member(name)` reads or skips the value that follows its name.
    template <class Member>
    [[nodiscard]] bool whole(Member member) {
        return reader_.next().is(TokenKind::map) && members(member) && reader_.next().is(TokenKind::done);
    }

    template <class Member>
    [[nodiscard]] bool map(Member member) {
        const auto token = take();
        return token.is(TokenKind::map) ? members(member) : token.is(TokenKind::null);
    }

    /// A list; `item()` reads the next element.
    template <class Item>
    [[nodiscard]] bool list(Item item) {
        const auto token = take();
        if (!token.is(TokenKind::array)) return token.is(TokenKind::null);
        for (auto next = reader_.next(); !next.is(TokenKind::end); next = reader_.next()) {
            if (next.is(TokenKind::failed)) return false;
            pending_ = next;
            if (!item()) return false;
        }
        return true;
    }

    [[nodiscard]] bool text(std::string& value) {
        const auto token = take();
        if (token.is(TokenKind::text)) value = token.text;
        return token.is(TokenKind::text) || token.is(TokenKind::null);
    }

    /// Bytes, or their base64 text: in JSON always, in CBOR from kinesis-mock.
    [[nodiscard]] bool bytes(std::string& value) {
        const auto token = take();
        if (token.is(TokenKind::bytes)) value = token.text;
        if (!token.is(TokenKind::text)) return token.is(TokenKind::bytes) || token.is(TokenKind::null);
        auto decoded = decode_base64(token.text);
        if (decoded) value = std::move(*decoded);
        return decoded.has_value();
    }

    [[nodiscard]] bool integer(std::optional<std::int64_t>& value) {
        const auto token = take();
        if (!token.is(TokenKind::null)) value = to_integer(token);
        return token.is(TokenKind::null) || value.has_value();
    }

    [[nodiscard]] bool boolean(bool& value) {
        const auto token = take();
        if (token.is(TokenKind::boolean)) value = token.number == 1;
        return token.is(TokenKind::boolean) || token.is(TokenKind::null);
    }

    /// A value of a form of its own: `read(reader, token)` takes what starts with this token.
    template <class Read>
    [[nodiscard]] bool value(Read read) {
        const auto token = take();
        return token.is(TokenKind::null) || read(reader_, token);
    }

    /// A time: seconds in JSON; in CBOR what its dialect counts, with or without tag 1.
    [[nodiscard]] bool time(std::optional<std::chrono::system_clock::time_point>& value) {
        auto token = take();
        if (token.is(TokenKind::tag)) token = reader_.next();
        if (token.is(TokenKind::null)) return true;
        const auto number = to_real(token);
        if (!number) return false;
        const double ms = in_seconds_ ? *number * 1000 : *number;
        // What a clock of nanoseconds can tell; the comparison is false of what is no number.
        if (!(std::abs(ms) < 9.2e12)) return false;
        value = std::chrono::system_clock::time_point(std::chrono::milliseconds(std::llround(ms)));
        return true;
    }

    /// A value that nobody asked for.
    [[nodiscard]] bool skip() { return aws::skip(reader_, take()); }

private:
    /// The next token, or the one that a list looked at before its item.
    Token take() {
        const auto token = pending_ ? *pending_ : reader_.next();
        pending_.reset();
        return token;
    }

    template <class Member>
    bool members(Member& member) {
        for (auto name = reader_.next(); !name.is(TokenKind::end); name = reader_.next()) {
            if (!name.is(TokenKind::text) || !member(name.text)) return false;
        }
        return true;
    }

    Reader reader_;
    bool in_seconds_;
    std::optional<Token> pending_;
};

} // namespace sluice::aws
