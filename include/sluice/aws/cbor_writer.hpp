#pragma once

#include <sluice/aws/token.hpp>

#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::aws {

/// Appends CBOR to a text (RFC 8949). Shares with `JsonWriter` all that a request needs.
///
/// Arrays and maps are opened with `array(n)` or `map(n)`, and hold that many items or members; or with `begin_array`
/// or `begin_map`, as the Java SDK does, and end with `end_array` or `end_map`.
class CborWriter {
public:
    explicit CborWriter(std::string& out, CborTime time = CborTime::milliseconds) : out_(out), time_(time) {}

    void begin_map() { put(0xBF); }
    void end_map() { put(0xFF); }
    void begin_array() { put(0x9F); }
    void end_array() { put(0xFF); }
    void array(std::uint64_t items) { head(4, items); }
    void map(std::uint64_t members) { head(5, members); }

    void key(std::string_view name) { text(name); }

    void text(std::string_view characters) {
        head(3, characters.size());
        out_ += characters;
    }

    void bytes(std::string_view data) {
        head(2, data.size());
        out_ += data;
    }

    void unsigned_integer(std::uint64_t number) { head(0, number); }

    /// Writes -1 - `number`.
    void negative_integer(std::uint64_t number) { head(1, number); }

    void integer(std::int64_t number) {
        number < 0 ? negative_integer(static_cast<std::uint64_t>(-1 - number))
                   : unsigned_integer(static_cast<std::uint64_t>(number));
    }

    void boolean(bool value) { put(value ? 0xF5 : 0xF4); }
    void null() { put(0xF6); }

    void real(double value) {
        put(0xFB);
        big_endian(std::bit_cast<std::uint64_t>(value), 8);
    }

    void tag(std::uint64_t number) { head(6, number); }

    void simple(std::uint8_t value) {
        if (value >= 24) put(0xF8);
        put(value < 24 ? 0xE0U | value : value);
    }

    /// A time, to the millisecond, in the dialect of this writer: tag 1 and a number.
    void timestamp(std::chrono::system_clock::time_point time) {
        const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
        tag(1);
        if (time_ == CborTime::milliseconds) return integer(ms);
        if (ms % 1'000 == 0) return integer(ms / 1'000);
        real(static_cast<double>(ms) / 1'000);
    }

private:
    void put(unsigned byte) { out_ += static_cast<char>(static_cast<unsigned char>(byte)); }

    void big_endian(std::uint64_t number, unsigned size) {
        while (size-- > 0) put(static_cast<unsigned>((number >> (8 * size)) & 0xFFU));
    }

    void head(unsigned major, std::uint64_t argument) {
        const unsigned type = major << 5U;
        if (argument < 24) return put(type | static_cast<unsigned>(argument));
        const unsigned width = argument < 0x100 ? 0U : argument < 0x1'0000 ? 1U : argument < 0x1'0000'0000 ? 2U : 3U;
        put(type | (24U + width));
        big_endian(argument, 1U << width);
    }

    std::string& out_;
    CborTime time_;
};

} // namespace sluice::aws
