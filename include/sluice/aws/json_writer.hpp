#pragma once

#include <sluice/aws/base64.hpp>
#include <sluice/aws/json_text.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::aws {

/// Appends JSON to a text. Shares with `CborWriter` all that a request needs.
///
/// Texts are UTF-8 and stay as they are but for what JSON must escape.
class JsonWriter {
public:
    explicit JsonWriter(std::string& out) : out_(out) {}

    void begin_map() { begin('{'); }
    void end_map() { end('}'); }
    void begin_array() { begin('['); }
    void end_array() { end(']'); }

    /// The name of the member whose value comes next.
    void key(std::string_view name) {
        text(name);
        out_ += ':';
        comma_ = false;
    }

    void text(std::string_view characters) {
        separate();
        out_ += '"';
        while (true) {
            const auto verbatim = json_verbatim(characters);
            out_ += characters.substr(0, verbatim);
            if (verbatim == characters.size()) break;
            escape(characters[verbatim]);
            characters.remove_prefix(verbatim + 1);
        }
        out_ += '"';
    }

    /// Bytes are base64 in JSON.
    void bytes(std::string_view data) {
        separate();
        out_ += '"';
        append_base64(out_, data);
        out_ += '"';
    }

    void unsigned_integer(std::uint64_t number) {
        separate();
        out_ += std::to_string(number);
    }

    void integer(std::int64_t number) {
        separate();
        out_ += std::to_string(number);
    }

    void boolean(bool value) {
        separate();
        out_ += value ? "true" : "false";
    }

    void null() {
        separate();
        out_ += "null";
    }

    /// The shortest number that reads as the same; what is no number, or endless, is null.
    void real(double number) {
        if (!std::isfinite(number)) return null();
        std::array<char, 32> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        separate();
        out_.append(digits.data(), end);
    }

    /// A time as the services write it: seconds, with a fraction if it has milliseconds.
    void timestamp(std::chrono::system_clock::time_point time) {
        const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
        const auto fraction = std::to_string(1000 + (count < 0 ? -(count % 1000) : count % 1000));
        separate();
        if (count < 0) out_ += '-';
        out_ += std::to_string(count < 0 ? -(count / 1000) : count / 1000);
        if (count % 1000 != 0) out_ += '.' + fraction.substr(1);
    }

    /// How many bytes `text` appends, without a comma.
    [[nodiscard]] static std::size_t text_size(std::string_view characters) {
        std::size_t size = characters.size() + 2;
        for (auto at = json_verbatim(characters); at < characters.size(); at = json_verbatim(characters)) {
            size += short_form(characters[at]) == '\0' ? 5U : 1U;
            characters.remove_prefix(at + 1);
        }
        return size;
    }

private:
    /// What follows the backslash in the two-character form; NUL if there is none.
    static char short_form(char c) {
        switch (c) {
        case '"':
        case '\\': return c;
        case '\b': return 'b';
        case '\f': return 'f';
        case '\n': return 'n';
        case '\r': return 'r';
        case '\t': return 't';
        default: return '\0';
        }
    }

    void escape(char c) {
        constexpr std::string_view digits = "0123456789abcdef";
        out_ += '\\';
        if (const char letter = short_form(c); letter != '\0') {
            out_ += letter;
            return;
        }
        out_ += "u00";
        out_ += digits[static_cast<unsigned char>(c) >> 4U];
        out_ += digits[static_cast<unsigned char>(c) & 15U];
    }

    void separate() {
        if (comma_) out_ += ',';
        comma_ = true;
    }

    void begin(char bracket) {
        separate();
        out_ += bracket;
        comma_ = false;
    }

    void end(char bracket) {
        out_ += bracket;
        comma_ = true;
    }

    std::string& out_;
    bool comma_ = false;
};

} // namespace sluice::aws
