#pragma once

#include <sluice/aws/utf8.hpp>
#include <sluice/kinesis/limits.hpp>
#include <sluice/local/failure.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::local {

/// Gathers what is wrong with a call, and says it as the service does: "2 validation errors detected: …".
class Checks {
public:
    /// 1 to 128 of `[a-zA-Z0-9_.-]`.
    void name(std::string_view value, std::string_view member) {
        if (length(value, member, 1, kinesis::limits::stream_name_characters) &&
            !std::all_of(value.begin(), value.end(), is_name_character)) {
            wrong(value, member, "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
        }
    }

    /// Whether the text has so many characters, not bytes.
    bool length(std::string_view value, std::string_view member, std::size_t least, std::size_t most) {
        const std::size_t characters = aws::utf8_length(value).value_or(value.size());
        if (characters < least) {
            wrong(value, member, "Member must have length greater than or equal to " + std::to_string(least));
        } else if (characters > most) {
            wrong(value, member, "Member must have length less than or equal to " + std::to_string(most));
        }
        return characters >= least && characters <= most;
    }

    /// A decimal number without leading zeros, of at most so many digits.
    void decimal(std::string_view value, std::string_view member, std::size_t most_digits) {
        const bool digits =
            std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; }) && !value.empty();
        if (digits && value.size() <= most_digits && (value.size() == 1 || value.front() != '0')) return;
        wrong(value, member,
              "Member must satisfy regular expression pattern: 0|([1-9]\\d{0," + std::to_string(most_digits - 1) +
                  "})");
    }

    void range(std::int64_t value, std::string_view member, std::int64_t least, std::int64_t most) {
        if (value < least) {
            wrong(std::to_string(value), member,
                  "Member must have value greater than or equal to " + std::to_string(least));
        } else if (value > most) {
            wrong(std::to_string(value), member,
                  "Member must have value less than or equal to " + std::to_string(most));
        }
    }

    /// Any other rule, in its own words.
    void wrong(std::string_view value, std::string_view member, std::string_view rule) {
        complain("Value '" + shortened(value) + "'", member, rule);
    }

    void missing(std::string_view member) { complain("Value null", member, "Member must not be null"); }

    /// All that is wrong, if anything is.
    [[nodiscard]] std::optional<Failure> failure() const {
        if (count_ == 0) return std::nullopt;
        const std::string_view plural = count_ == 1 ? "" : "s";
        return Failure("ValidationException",
                       std::to_string(count_) + " validation error" + std::string(plural) + " detected: " + text_);
    }

private:
    /// A hostile value must not come back in full, a hundred times over.
    static constexpr std::size_t longest_value = 512;
    static constexpr unsigned most_complaints = 20;

    void complain(std::string value, std::string_view member, std::string_view rule) {
        if (count_ == most_complaints) return;
        if (count_++ > 0) text_ += "; ";
        text_ += std::move(value) + " at '";
        text_ += member;
        text_ += "' failed to satisfy constraint: ";
        text_ += rule;
    }

    static bool is_name_character(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
               c == '-';
    }

    static bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

    static std::string shortened(std::string_view value) {
        if (value.size() <= longest_value) return std::string(value);
        std::size_t end = longest_value;
        while (end > 0 && continues_character(value[end])) --end;
        return std::string(value.substr(0, end)) + "...";
    }

    std::string text_;
    unsigned count_ = 0;
};

} // namespace sluice::local
