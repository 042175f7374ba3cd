#pragma once

#include <sluice/aws/json_writer.hpp>
#include <sluice/aws/timestamp.hpp>
#include <sluice/clock/clock.hpp>
#include <sluice/dead_letters/dead_letters.hpp>
#include <sluice/dead_letters/kept_letter.hpp>
#include <sluice/dead_letters/letter_reader.hpp>
#include <sluice/dead_letters/letter_text.hpp>
#include <sluice/error.hpp>
#include <sluice/receipt.hpp>
#include <sluice/record.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {
namespace detail {

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

} // namespace detail

/// A dead letter as one line of JSON, its end included.
///
/// Members: `time` (RFC 3339), `id`, `stream`, `reason` (a word that stays, as `gave_up`), `message` (the same as a
/// sentence), `partition_key`, `explicit_hash_key`, `headers` [{`name`, `value`}], `time_to_live_ms`, `attempts`
/// [{`time`, `microseconds`, `error` {`code`, `message`}, `code`, `message`}], `data`. The code of an error is a word
/// that stays, too; code and message of an attempt are the service's. What is no readable text, as binary data, stands
/// as base64 in a member with `_base64` behind its name instead. What the record does not have is left out.
[[nodiscard]] inline std::string letter_line(const DeadLetter& letter, wall_time now) {
    const auto& record = letter.record;
    std::string line;
    line.reserve(512 + record.data.size());
    aws::JsonWriter out(line);
    out.begin_map();
    detail::append_member(out, "time", now);
    detail::append_member(out, "id", std::string_view(detail::id_text(letter.id)));
    detail::append_member(out, "stream", std::string_view(record.stream));
    detail::append_member(out, "reason", std::string_view(detail::error_word(letter.reason)));
    detail::append_member(out, "message", std::string_view(letter.reason.message()));
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
