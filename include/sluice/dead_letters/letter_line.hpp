#pragma once

#include <sluice/aws/base64.hpp>
#include <sluice/aws/integer.hpp>
#include <sluice/aws/json_reader.hpp>
#include <sluice/aws/json_writer.hpp>
#include <sluice/aws/reply_reader.hpp>
#include <sluice/aws/timestamp.hpp>
#include <sluice/aws/utf8.hpp>
#include <sluice/clock/clock.hpp>
#include <sluice/dead_letters/dead_letters.hpp>
#include <sluice/detail/error_word.hpp>
#include <sluice/error.hpp>
#include <sluice/receipt.hpp>
#include <sluice/record.hpp>

#include <boost/system/errc.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

/// A dead letter as it was kept: its record, ready to be put again, and why it was not delivered.
class KeptLetter {
public:
    wall_time time; ///< When it was kept, to the millisecond.
    RecordId id;    ///< That of the record's first life; whoever puts it again gets another one.
    Record record;
    std::string code;   ///< The reason as a word that stays: the name of a `sluice::error`, or `category:number`.
    std::string reason; ///< The same as a sentence.
    std::vector<Attempt> attempts; ///< To the microsecond. An error that nobody here knows is `state_not_recoverable`.
};

namespace detail {

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

/// Any bytes as a member of an object: readable as they are, others as base64 under the name with `_base64`.
inline void append_member(aws::JsonWriter& out, std::string_view name, std::string_view bytes) {
    if (is_readable(bytes)) {
        out.key(name);
        return out.text(bytes);
    }
    out.key(std::string(name).append(base64_suffix));
    out.bytes(bytes);
}

inline void append_member(aws::JsonWriter& out, std::string_view name, error_code reason) {
    out.key(name);
    out.begin_map();
    append_member(out, "code", std::string_view(error_word(reason)));
    append_member(out, "message", std::string_view(reason.message()));
    out.end_map();
}

inline void append_member(aws::JsonWriter& out, std::string_view name, wall_time time) {
    out.key(name);
    out.text(aws::iso_date_in_full(time));
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

inline void append_attempts(aws::JsonWriter& out, const std::vector<Attempt>& attempts) {
    out.key("attempts");
    out.begin_array();
    for (const auto& attempt : attempts) {
        out.begin_map();
        append_member(out, "time", attempt.time);
        out.key("microseconds");
        out.integer(std::chrono::duration_cast<std::chrono::microseconds>(attempt.duration).count());
        append_member(out, "error", attempt.error);
        append_member(out, "code", std::string_view(attempt.code));
        append_member(out, "message", std::string_view(attempt.message));
        out.end_map();
    }
    out.end_array();
}

inline void append_headers(aws::JsonWriter& out, const std::vector<Header>& headers) {
    out.key("headers");
    out.begin_array();
    for (const auto& header : headers) {
        out.begin_map();
        append_member(out, "name", std::string_view(header.name));
        append_member(out, "value", std::string_view(header.value));
        out.end_map();
    }
    out.end_array();
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

/// Reads one line of dead letters.
class LetterReader {
public:
    explicit LetterReader(std::string_view line) : line_(line) {}

    [[nodiscard]] result<KeptLetter> read() {
        const bool whole = line_.whole([this](std::string_view name) { return member(name); });
        if (!whole || !has_time_ || !has_id_ || !has_data_) return error::malformed;
        return std::move(letter_);
    }

private:
    using Line = aws::ReplyReader<aws::JsonReader>;

    bool member(std::string_view name) {
        if (name == "time") return time();
        if (name == "id") return id();
        if (name == "headers") return headers();
        if (name == "time_to_live_ms") return time_to_live();
        if (name == "reason") return reason(letter_.code, letter_.reason);
        if (name == "attempts") return attempts();
        auto& record = letter_.record;
        if (is(name, "partition_key")) return key(name);
        if (is(name, "data")) return !std::exchange(has_data_, true) && bytes(name, record.data);
        if (is(name, "stream")) return bytes(name, record.stream);
        if (is(name, "explicit_hash_key")) return bytes(name, record.explicit_hash_key);
        return line_.skip();
    }

    static bool is(std::string_view name, std::string_view wanted) {
        return name.starts_with(wanted) && (name.size() == wanted.size() || name.substr(wanted.size()) == base64_suffix);
    }

    bool bytes(std::string_view name, std::string& value) {
        return name.ends_with(base64_suffix) ? line_.bytes(value) : line_.text(value);
    }

    bool time() { return has_time_ = time(letter_.time); }

    bool time(wall_time& value) {
        std::string text;
        if (!line_.text(text)) return false;
        const auto found = aws::parse_iso_date(text);
        if (found) value = *found;
        return found.has_value();
    }

    bool id() {
        std::string text;
        if (!line_.text(text)) return false;
        const auto found = parse_id(text);
        if (found) letter_.id = *found;
        return has_id_ = found.has_value();
    }

    bool key(std::string_view name) {
        std::string text;
        if (!bytes(name, text)) return false;
        letter_.record.partition_key = std::move(text);
        return true;
    }

    bool headers() {
        return line_.list([this] {
            auto& header = letter_.record.headers.emplace_back();
            return line_.map([this, &header](std::string_view name) {
                if (is(name, "name")) return bytes(name, header.name);
                return is(name, "value") ? bytes(name, header.value) : line_.skip();
            });
        });
    }

    bool time_to_live() {
        std::optional<std::int64_t> count;
        if (!line_.integer(count)) return false;
        if (count) letter_.record.time_to_live = std::chrono::milliseconds(*count);
        return true;
    }

    bool reason(std::string& code, std::string& sentence) {
        return line_.map([&](std::string_view name) {
            if (is(name, "code")) return bytes(name, code);
            return is(name, "message") ? bytes(name, sentence) : line_.skip();
        });
    }

    bool attempts() {
        return line_.list([this] {
            auto& attempt = letter_.attempts.emplace_back();
            return line_.map([this, &attempt](std::string_view name) { return member(name, attempt); });
        });
    }

    bool member(std::string_view name, Attempt& attempt) {
        if (name == "time") return time(attempt.time);
        if (name == "microseconds") return took(attempt);
        if (is(name, "code")) return bytes(name, attempt.code);
        if (is(name, "message")) return bytes(name, attempt.message);
        if (name != "error") return line_.skip();
        std::string code;
        std::string sentence;
        if (!reason(code, sentence)) return false;
        attempt.error = error_of_text(code);
        return true;
    }

    bool took(Attempt& attempt) {
        std::optional<std::int64_t> count;
        if (!line_.integer(count)) return false;
        constexpr auto most = std::chrono::floor<std::chrono::microseconds>(std::chrono::nanoseconds::max()).count();
        attempt.duration = std::chrono::microseconds(std::clamp(count.value_or(0), -most, most));
        return true;
    }

    Line line_;
    KeptLetter letter_;
    bool has_time_ = false;
    bool has_id_ = false;
    bool has_data_ = false;
};

} // namespace detail

/// A dead letter as one line of JSON, its end included.
///
/// Members: `time` (RFC 3339), `id`, `stream`, `reason` {`code`, `message`}, `partition_key`, `explicit_hash_key`,
/// `headers` [{`name`, `value`}], `time_to_live_ms`, `attempts` [{`time`, `microseconds`, `error` {`code`, `message`},
/// `code`, `message`}], `data`. The code of a reason or an error is a word that stays (`gave_up`); code and message of
/// an attempt are the service's. What is no readable text, as binary data, stands as base64 in a member with `_base64`
/// behind its name instead. What the record does not have is left out.
[[nodiscard]] inline std::string letter_line(const DeadLetter& letter, wall_time now) {
    const auto& record = letter.record;
    std::string line;
    line.reserve(512 + record.data.size());
    aws::JsonWriter out(line);
    out.begin_map();
    detail::append_member(out, "time", now);
    detail::append_member(out, "id", std::string_view(detail::id_text(letter.id)));
    detail::append_member(out, "stream", std::string_view(record.stream));
    detail::append_member(out, "reason", letter.reason);
    if (record.partition_key) detail::append_member(out, "partition_key", std::string_view(*record.partition_key));
    if (!record.explicit_hash_key.empty()) {
        detail::append_member(out, "explicit_hash_key", std::string_view(record.explicit_hash_key));
    }
    if (!record.headers.empty()) detail::append_headers(out, record.headers);
    if (record.time_to_live) {
        out.key("time_to_live_ms");
        out.integer(record.time_to_live->count());
    }
    if (!letter.attempts.empty()) detail::append_attempts(out, letter.attempts);
    detail::append_member(out, "data", std::string_view(record.data));
    out.end_map();
    return line += '\n';
}

/// The letter that a line tells, with or without its end; `error::malformed` for any other text, as a line that was
/// cut short. Members that are not known are ignored.
[[nodiscard]] inline result<KeptLetter> read_letter(std::string_view line) { return detail::LetterReader(line).read(); }

} // namespace sluice
