#pragma once

#include <sluice/clock/clock.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// The forms in which AWS writes a time. Those who read take times from 1970 to 2199 only, so that no arithmetic on
/// them overflows; what has another form is none.
namespace sluice::aws {

namespace detail {

inline constexpr std::string_view month_names = "JanFebMarAprMayJunJulAugSepOctNovDec";
inline constexpr std::string_view day_names = "SunMonTueWedThuFriSat";

/// The name with this number, from 0.
[[nodiscard]] inline std::string_view name_at(std::string_view names, unsigned number) noexcept {
    return names.substr(std::size_t{3} * number, 3);
}

/// So many digits, and nothing but digits.
[[nodiscard]] inline std::optional<unsigned> digits(std::string_view text) noexcept {
    unsigned value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + static_cast<unsigned>(c - '0');
    }
    return value;
}

[[nodiscard]] inline std::optional<unsigned> month_number(std::string_view name) noexcept {
    for (unsigned i = 0; i < 12; ++i) {
        if (name_at(month_names, i) == name) return i + 1;
    }
    return std::nullopt;
}

/// Whether a text is as long as `form` and the same wherever that is neither `0` nor `a`.
[[nodiscard]] inline bool has_form(std::string_view text, std::string_view form) noexcept {
    const auto agree = [](char c, char wanted) { return wanted == '0' || wanted == 'a' || c == wanted; };
    return std::equal(text.begin(), text.end(), form.begin(), form.end(), agree);
}

/// A time told by its parts, as far as they could be read.
[[nodiscard]] inline std::optional<wall_time> time_of(std::optional<unsigned> year, std::optional<unsigned> month,
                                                      std::optional<unsigned> day, std::optional<unsigned> hour,
                                                      std::optional<unsigned> minute,
                                                      std::optional<unsigned> second) noexcept {
    if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
    const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                           std::chrono::day(*day));
    // A second of 60 is a leap second.
    if (!date.ok() || *year < 1970 || *year > 2199 || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           std::chrono::seconds(*second);
}

/// A time in its parts.
class CivilTime {
public:
    explicit CivilTime(wall_time time)
        : second(std::chrono::floor<std::chrono::seconds>(time)), day(std::chrono::floor<std::chrono::days>(second)),
          date(day), clock(second - day), fraction(std::chrono::floor<std::chrono::milliseconds>(time - second)) {}

    std::chrono::sys_seconds second;
    std::chrono::sys_days day;
    std::chrono::year_month_day date;
    std::chrono::hh_mm_ss<std::chrono::seconds> clock;
    std::chrono::milliseconds fraction; ///< Past the second; never negative.
};

/// A number with leading zeros; `value` is not negative.
inline void append_padded(std::string& text, long long value, std::size_t width) {
    const auto number = std::to_string(value);
    text.append(width > number.size() ? width - number.size() : 0, '0').append(number);
}

/// `2026-01-02`, with these characters between the numbers.
inline void append_date(std::string& text, const CivilTime& time, std::string_view separator) {
    append_padded(text, static_cast<int>(time.date.year()), 4);
    append_padded(text.append(separator), static_cast<unsigned>(time.date.month()), 2);
    append_padded(text.append(separator), static_cast<unsigned>(time.date.day()), 2);
}

/// `03:04:05`, in the same way.
inline void append_clock(std::string& text, const CivilTime& time, std::string_view separator) {
    append_padded(text, time.clock.hours().count(), 2);
    append_padded(text.append(separator), time.clock.minutes().count(), 2);
    append_padded(text.append(separator), time.clock.seconds().count(), 2);
}

/// `.25`, or nothing if there is no fraction.
inline void append_fraction(std::string& text, std::chrono::milliseconds fraction) {
    if (fraction.count() == 0) return;
    append_padded(text += '.', fraction.count(), 3);
    text.resize(text.find_last_not_of('0') + 1);
}

/// The first nine digits of a fraction; the rest is finer than any clock.
[[nodiscard]] inline std::optional<std::chrono::nanoseconds> fraction_of(std::string_view digits) noexcept {
    std::chrono::nanoseconds fraction{0};
    std::chrono::nanoseconds unit{std::chrono::seconds(1)};
    for (const char c : digits) {
        if (c < '0' || c > '9') return std::nullopt;
        unit /= 10;
        fraction += unit * (c - '0');
    }
    return fraction;
}

} // namespace detail

/// `20260102T030405Z`: a time to the second, in UTC, as Signature Version 4 writes it.
[[nodiscard]] inline std::string amz_date(wall_time time) {
    const detail::CivilTime civil(time);
    std::string text;
    detail::append_date(text, civil, "");
    detail::append_clock(text += 'T', civil, "");
    return text += 'Z';
}

/// `Fri, 02 Jan 2026 03:04:05 GMT`: a time to the second, as HTTP writes it (RFC 9110).
[[nodiscard]] inline std::string http_date(wall_time time) {
    const detail::CivilTime civil(time);
    const auto month = static_cast<unsigned>(civil.date.month());
    std::string text(detail::name_at(detail::day_names, std::chrono::weekday(civil.day).c_encoding()));
    detail::append_padded(text += ", ", static_cast<unsigned>(civil.date.day()), 2);
    text.append(" ").append(detail::name_at(detail::month_names, month - 1)).append(" ");
    detail::append_padded(text, static_cast<int>(civil.date.year()), 4);
    detail::append_clock(text += ' ', civil, ":");
    return text += " GMT";
}

/// `2026-01-02T03:04:05.25Z`: a time to the millisecond, in UTC, as the query protocol writes it (RFC 3339).
[[nodiscard]] inline std::string iso_date(wall_time time) {
    const detail::CivilTime civil(time);
    std::string text;
    detail::append_date(text, civil, "-");
    detail::append_clock(text += 'T', civil, ":");
    detail::append_fraction(text, civil.fraction);
    return text += 'Z';
}

/// `2026-01-02T03:04:05.250Z`: the same with all three digits, as JavaScript's `toISOString` writes it.
[[nodiscard]] inline std::string iso_date_in_full(wall_time time) {
    const detail::CivilTime civil(time);
    std::string text;
    detail::append_date(text, civil, "-");
    detail::append_clock(text += 'T', civil, ":");
    detail::append_padded(text += '.', civil.fraction.count(), 3);
    return text += 'Z';
}

/// `1767323045.25`: a time to the millisecond, in seconds since 1970, as JSON carries it.
[[nodiscard]] inline std::string epoch_seconds(wall_time time) {
    using std::chrono::milliseconds;
    auto count = std::chrono::floor<milliseconds>(time.time_since_epoch());
    std::string text(count.count() < 0 ? "-" : "");
    count = std::chrono::abs(count);
    text += std::to_string(count.count() / 1'000);
    detail::append_fraction(text, count % std::chrono::seconds(1));
    return text;
}

/// The time that a `Date` header tells in the form of RFC 9110, `Fri, 02 Jan 2026 03:04:05 GMT`. The day of the week
/// is not checked against the date.
[[nodiscard]] inline std::optional<wall_time> parse_http_date(std::string_view text) noexcept {
    if (!detail::has_form(text, "aaa, 00 aaa 0000 00:00:00 GMT")) return std::nullopt;
    const auto number = [text](std::size_t at, std::size_t size) { return detail::digits(text.substr(at, size)); };
    return detail::time_of(number(12, 4), detail::month_number(text.substr(8, 3)), number(5, 2), number(17, 2),
                           number(20, 2), number(23, 2));
}

/// The time that a text tells as `2026-01-02T03:04:05Z` (RFC 3339), with or without a fraction, in UTC or with an
/// offset from it, `+05:30`.
[[nodiscard]] inline std::optional<wall_time> parse_iso_date(std::string_view text) noexcept {
    constexpr std::string_view form = "0000-00-00T00:00:00";
    if (!detail::has_form(text.substr(0, form.size()), form)) return std::nullopt;
    const auto number = [text](std::size_t at) { return detail::digits(text.substr(at, 2)); };
    const auto time = detail::time_of(detail::digits(text.substr(0, 4)), number(5), number(8), number(11), number(14),
                                      number(17));
    auto zone = text.substr(form.size());
    std::optional<std::chrono::nanoseconds> fraction(0);
    if (zone.starts_with('.')) {
        const auto end = std::min(zone.find_first_not_of("0123456789", 1), zone.size());
        if (end > 1) fraction = detail::fraction_of(zone.substr(1, end - 1));
        zone.remove_prefix(end > 1 ? end : 0);
    }
    if (!time || !fraction) return std::nullopt;
    const auto utc = *time + std::chrono::duration_cast<wall_time::duration>(*fraction);
    if (zone == "Z") return utc;
    if (!detail::has_form(zone, "+00:00") && !detail::has_form(zone, "-00:00")) return std::nullopt;
    const auto hours = detail::digits(zone.substr(1, 2));
    const auto minutes = detail::digits(zone.substr(4, 2));
    if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    const std::chrono::minutes offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
    return zone.front() == '+' ? utc - offset : utc + offset;
}

namespace detail {

/// A decimal number, `1.767323045678E9`: the digits without the point, and where it stands.
class Decimal {
public:
    /// False if the text is none, or longer than any time needs.
    [[nodiscard]] bool read(std::string_view text) noexcept {
        if (text.size() > buffer_.size()) return false;
        const auto mantissa = text.substr(0, text.find_first_of("eE"));
        const auto dot = std::min(mantissa.find('.'), mantissa.size());
        for (const char c : mantissa) {
            if (c != '.') buffer_[size_++] = c;
        }
        // A point stands between digits, and only once.
        if (dot == 0 || dot + 1 == mantissa.size() || !detail::digits({buffer_.data(), size_})) return false;
        if (mantissa.size() - size_ > 1) return false;
        point_ = static_cast<int>(dot);
        return mantissa.size() == text.size() || move_point(text.substr(mantissa.size() + 1));
    }

    /// The digit that counts ten to this power; zero where none is written.
    [[nodiscard]] int digit(int power) const noexcept {
        const int at = point_ - 1 - power;
        return at < 0 || at >= static_cast<int>(size_) ? 0 : buffer_[static_cast<std::size_t>(at)] - '0';
    }

    /// How many places there are before the point.
    [[nodiscard]] int places() const noexcept { return point_; }

private:
    bool move_point(std::string_view exponent) noexcept {
        const bool negative = exponent.starts_with('-');
        if (negative || exponent.starts_with('+')) exponent.remove_prefix(1);
        const auto power = detail::digits(exponent);
        if (exponent.empty() || exponent.size() > 3 || !power) return false;
        point_ += negative ? -static_cast<int>(*power) : static_cast<int>(*power);
        return true;
    }

    std::array<char, 64> buffer_{};
    std::size_t size_ = 0;
    int point_ = 0;
};

} // namespace detail

/// The time that a decimal number tells in seconds since 1970, with or without a fraction or an exponent. Exact to the
/// nanosecond, where a `double` would lose milliseconds.
[[nodiscard]] inline std::optional<wall_time> parse_epoch_seconds(std::string_view text) noexcept {
    constexpr int most_places = 10;
    constexpr std::chrono::seconds end(7'258'118'400); // 2200
    detail::Decimal number;
    if (!number.read(text)) return std::nullopt;
    for (int power = number.places() - 1; power >= most_places; --power) {
        if (number.digit(power) != 0) return std::nullopt;
    }
    long long seconds = 0;
    long long fraction = 0;
    for (int power = most_places - 1; power >= 0; --power) seconds = seconds * 10 + number.digit(power);
    for (int power = -1; power >= -9; --power) fraction = fraction * 10 + number.digit(power);
    if (std::chrono::seconds(seconds) >= end) return std::nullopt;
    const auto since = std::chrono::seconds(seconds) + std::chrono::nanoseconds(fraction);
    return wall_time(std::chrono::duration_cast<wall_time::duration>(since));
}

} // namespace sluice::aws
