#pragma once

#include <sluice/error.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <locale>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::dynamodb {

/// A number as DynamoDB keeps it: a decimal of at most 38 significant digits, zero or from 1E-130 to less than 1E126 on
/// both sides of it. It is carried as text, so that nothing of it is lost on the way.
class Number {
public:
    static constexpr std::size_t max_digits = 38;
    static constexpr int max_exponent = 125; ///< Of the first digit.
    static constexpr int min_exponent = -130;

    Number() = default; ///< Zero.

    template <std::integral Integer>
        requires(!std::same_as<Integer, bool>)
    explicit Number(Integer value) : text_(std::to_string(value)) {}

    /// `-12.5E3`, with digits on both sides of the point; `error::malformed` if that is no number, or none that fits.
    [[nodiscard]] static result<Number> parse(std::string_view text) {
        Number number;
        number.text_ = text;
        Digits digits;
        if (!digits.read(text) || !digits.fit()) return error::malformed;
        return number;
    }

    /// The number with the fewest digits that is this and no other `double`.
    [[nodiscard]] static result<Number> from(double value) {
        if (!std::isfinite(value)) return error::malformed;
        std::array<char, 32> text{};
        const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
        return parse({text.data(), static_cast<std::size_t>(end - text.data())});
    }

    /// As it was written.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

    /// The same number as another type; `error::malformed` if it has a fraction or does not fit.
    template <std::integral Integer>
        requires(!std::same_as<Integer, bool>)
    [[nodiscard]] result<Integer> to() const {
        Digits digits;
        std::string whole;
        if (!digits.read(text_) || !digits.write_whole(whole)) return error::malformed;
        Integer value = 0;
        const auto read = std::from_chars(whole.data(), whole.data() + whole.size(), value);
        if (read.ec != std::errc() || read.ptr != whole.data() + whole.size()) return error::malformed;
        return value;
    }

    /// The nearest `double`; `error::malformed` if it does not stand for this number, as when it has fewer digits.
    template <std::same_as<double> Real>
    [[nodiscard]] result<Real> to() const {
        std::istringstream in(text_);
        in.imbue(std::locale::classic());
        double value = 0;
        in >> value;
        const auto again = from(value);
        if (!in || !again || *again != *this) return error::malformed;
        return value;
    }

    /// Whether two numbers are the same, however they are written.
    friend bool operator==(const Number& a, const Number& b) { return a.normal() == b.normal(); }

    /// One text for each number: the digits without zeros around them, and the exponent of the first one.
    [[nodiscard]] std::string normal() const {
        Digits digits;
        return digits.read(text_) ? digits.normal() : text_;
    }

private:
    /// What a text says: a sign, digits without zeros around them, and ten to what the first one counts.
    class Digits {
    public:
        [[nodiscard]] bool read(std::string_view text) {
            negative_ = take(text, '-');
            const auto mantissa = text.substr(0, text.find_first_of("eE"));
            const auto dot = std::min(mantissa.find('.'), mantissa.size());
            digits_ = mantissa.substr(0, dot);
            if (dot < mantissa.size()) digits_ += mantissa.substr(dot + 1);
            if (dot == 0 || dot + 1 == mantissa.size() || !all_digits(digits_) || text.size() > max_text) return false;
            exponent_ = static_cast<int>(dot) - 1;
            if (mantissa.size() < text.size() && !read_exponent(text.substr(mantissa.size() + 1))) return false;
            trim();
            return true;
        }

        [[nodiscard]] bool fit() const noexcept {
            return digits_.size() <= max_digits && exponent_ <= max_exponent && exponent_ >= min_exponent;
        }

        /// False if there is a fraction, or more places than any integer has.
        [[nodiscard]] bool write_whole(std::string& out) const {
            constexpr int places = std::numeric_limits<std::uint64_t>::digits10;
            const auto last = static_cast<int>(digits_.size()) - 1;
            if (exponent_ > places || exponent_ < last) return false;
            if (negative_ && !digits_.empty()) out += '-';
            out.append(digits_.empty() ? "0" : digits_).append(static_cast<std::size_t>(exponent_ - last), '0');
            return true;
        }

        [[nodiscard]] std::string normal() const {
            return digits_.empty() ? "0" : (negative_ ? "-" : "") + digits_ + "E" + std::to_string(exponent_);
        }

    private:
        /// Zeros may stand in front and at the end, but no more than a mistake would account for.
        static constexpr std::size_t max_text = 512;

        static bool take(std::string_view& text, char c) {
            const bool there = text.starts_with(c);
            if (there) text.remove_prefix(1);
            return there;
        }

        static bool all_digits(std::string_view text) {
            return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
        }

        bool read_exponent(std::string_view text) {
            const bool negative = take(text, '-');
            if (!negative) take(text, '+');
            if (!all_digits(text) || text.size() > 4) return false;
            int power = 0;
            for (const char c : text) power = power * 10 + (c - '0');
            exponent_ += negative ? -power : power;
            return true;
        }

        void trim() {
            const auto zeros = std::min(digits_.find_first_not_of('0'), digits_.size());
            digits_.erase(0, zeros);
            exponent_ -= static_cast<int>(zeros);
            digits_.resize(digits_.find_last_not_of('0') + 1); // npos + 1 is 0
            if (digits_.empty()) exponent_ = 0;
        }

        bool negative_ = false;
        std::string digits_; ///< None of zero.
        int exponent_ = 0;
    };

    std::string text_ = "0";
};

} // namespace sluice::dynamodb
