#pragma once

#include <sluice/aws/json_reader.hpp>
#include <sluice/aws/reply_reader.hpp>
#include <sluice/aws/timestamp.hpp>
#include <sluice/clock/clock.hpp>
#include <sluice/dead_letters/kept_letter.hpp>
#include <sluice/dead_letters/letter_text.hpp>
#include <sluice/error.hpp>
#include <sluice/receipt.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::detail {

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
        if (name == "attempts") return attempts();
        if (is(name, "reason")) return bytes(name, letter_.reason);
        if (is(name, "message")) return bytes(name, letter_.message);
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
        return name == "error" ? failure(attempt) : line_.skip();
    }

    bool failure(Attempt& attempt) {
        std::string word;
        const bool read = line_.map([&](std::string_view name) {
            return is(name, "code") ? bytes(name, word) : line_.skip();
        });
        if (read) attempt.error = error_of_text(word);
        return read;
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

} // namespace sluice::detail
