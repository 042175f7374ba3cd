#pragma once

#include <sluice/repository/comparator_sign.hpp>
#include <sluice/repository/condition.hpp>

#include <boost/json/kind.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::repository {

/// A value that is bound to a parameter of a statement.
using SqlValue = std::variant<std::int64_t, double, std::string>;

/// What a condition is for SQLite: an expression over a column `body` of JSON text, and the values of its parameters.
///
/// It holds for each document that the condition holds for, and for few others: whoever asks looks at what is found
/// once more. SQLite reads numbers with a fraction less exactly than they are written, and its paths cannot name
/// everything. Documents that it misreads altogether (`is_odd`) are not its business.
class SqlCondition {
public:
    std::string text;
    std::vector<SqlValue> values;
};

namespace detail {

/// Translates a condition so that it holds at least where that does, or, within a negation, at most.
class SqlTranslator {
public:
    explicit SqlTranslator(SqlCondition& sql, bool at_least = true) : sql_(sql), at_least_(at_least) {}

    void operator()(const Condition& condition) const { std::visit(*this, condition.node()); }

    void operator()(const Condition::All& all) const { join(all.parts, " AND ", "1"); }
    void operator()(const Condition::Any& any) const { join(any.parts, " OR ", "0"); }

    void operator()(const Condition::Not& negation) const {
        say("NOT ");
        SqlTranslator(sql_, !at_least_)(negation.part.front());
    }

    void operator()(const Condition::Presence& wanted) const {
        const auto path = path_of(wanted.field);
        if (path.empty()) return give_up();
        say("(json_type(body,?) IS NOT NULL)", path);
    }

    void operator()(const Condition::Prefix& wanted) const {
        const auto path = path_of(wanted.field);
        if (path.empty() || has_zero(wanted.text)) return give_up();
        say("(CASE json_type(body,?) WHEN 'text' THEN substr(json_extract(body,?),1,?)=? ELSE 0 END)", path, path,
            characters(wanted.text), wanted.text);
    }

    void operator()(const Condition::Comparison& wanted) const {
        const auto path = path_of(wanted.field);
        const auto& constant = wanted.constant;
        if (path.empty() || (constant.is_string() && has_zero(constant.get_string()))) return give_up();
        const bool equal = wanted.comparator == Condition::Comparator::equal;
        switch (constant.kind()) {
        case boost::json::kind::null:
            // What is no null is of another kind, and so not different either.
            return equal ? say("(json_type(body,?) IS 'null')", path) : say("0");
        case boost::json::kind::bool_:
            return say("(json_type(body,?) IS ?)", path, std::string(constant.get_bool() == equal ? "true" : "false"));
        case boost::json::kind::string:
            say("(CASE json_type(body,?) WHEN 'text' THEN json_extract(body,?)", path, path);
            say(sign_of(wanted.comparator));
            return say("? ELSE 0 END)", std::string(constant.get_string()));
        default:
            say("(CASE json_type(body,?) WHEN 'integer' THEN json_extract(body,?)", path, path);
            say(sign_of(wanted.comparator));
            say("?", number_of(constant));
            say(" WHEN 'real' THEN ");
            compare_real("json_extract(body,?)", path, wanted.comparator, constant.to_number<double>());
            return say(" ELSE 0 END)");
        }
    }

    void operator()(const Condition::Containing& wanted) const {
        const auto path = path_of(wanted.field);
        const auto& constant = wanted.constant;
        if (path.empty() || (constant.is_string() && has_zero(constant.get_string()))) return give_up();
        say("(CASE json_type(body,?) WHEN 'array' THEN EXISTS (SELECT 1 FROM json_each(body,?) WHERE ", path, path);
        switch (constant.kind()) {
        case boost::json::kind::null: say("type='null')"); break;
        case boost::json::kind::bool_: say("type=?)", std::string(constant.get_bool() ? "true" : "false")); break;
        case boost::json::kind::string: say("type='text' AND value=?)", std::string(constant.get_string())); break;
        default:
            say("CASE type WHEN 'integer' THEN value=? WHEN 'real' THEN ", number_of(constant));
            compare_real("value", {}, Condition::Comparator::equal, constant.to_number<double>());
            say(" ELSE 0 END)");
        }
        if (constant.is_string()) {
            say(" WHEN 'text' THEN instr(json_extract(body,?),?)>0", path, std::string(constant.get_string()));
        }
        say(" ELSE 0 END)");
    }

private:
    template <class... Values>
    void say(std::string_view text, const Values&... values) const {
        sql_.text += text;
        (sql_.values.emplace_back(values), ...);
    }

    /// What it cannot tell may be.
    void give_up() const { say(at_least_ ? "1" : "0"); }

    void join(const std::vector<Condition>& parts, std::string_view between, std::string_view none) const {
        if (parts.empty()) return say(none);
        say("(");
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (i > 0) say(between);
            (*this)(parts[i]);
        }
        say(")");
    }

    /// A number with a fraction, which SQLite may have read a little wrong.
    void compare_real(std::string_view value, const std::string& path, Condition::Comparator comparator,
                      double constant) const {
        const auto near = [&](int units) {
            const auto end = units < 0 ? -std::numeric_limits<double>::infinity()
                                       : std::numeric_limits<double>::infinity();
            auto shifted = constant;
            for (int i = 0; i < std::abs(units); ++i) shifted = std::nextafter(shifted, end);
            return shifted;
        };
        const int slack = at_least_ ? 8 : -8;
        const auto with = [&](std::string_view sign, double bound) {
            say(value);
            if (!path.empty()) sql_.values.emplace_back(path);
            say(sign);
            say("?", bound);
        };
        switch (comparator) {
        case Condition::Comparator::less:
        case Condition::Comparator::less_or_equal: return with("<=", near(slack));
        case Condition::Comparator::greater:
        case Condition::Comparator::greater_or_equal: return with(">=", near(-slack));
        case Condition::Comparator::equal:
            if (!at_least_) return say("0");
            say("(");
            with(">=", near(-8));
            say(" AND ");
            with("<=", near(8));
            return say(")");
        case Condition::Comparator::not_equal:
            if (at_least_) return say("1");
            say("(");
            with("<", near(-8));
            say(" OR ");
            with(">", near(8));
            return say(")");
        }
    }

    [[nodiscard]] static SqlValue number_of(const boost::json::value& constant) {
        if (constant.is_double()) return constant.get_double();
        return constant.to_number<std::int64_t>();
    }

    /// `$."user"."id"`; empty if SQLite cannot name it, since it compares names as they stand in the text.
    [[nodiscard]] static std::string path_of(const FieldPath& field) {
        std::string path = "$";
        for (const auto& name : field.names()) {
            const auto plain = [](char c) { return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20; };
            if (!std::all_of(name.begin(), name.end(), plain)) return {};
            path.append(".\"").append(name).append("\"");
        }
        return path;
    }

    [[nodiscard]] static bool has_zero(std::string_view text) { return text.find('\0') != std::string_view::npos; }

    [[nodiscard]] static std::int64_t characters(std::string_view text) {
        return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
    }

    SqlCondition& sql_;
    bool at_least_;
};

} // namespace detail

[[nodiscard]] inline SqlCondition sql_condition(const Condition& condition) {
    SqlCondition sql;
    detail::SqlTranslator translate(sql);
    translate(condition);
    return sql;
}

/// Whether SQLite's functions for JSON misread this: texts with a zero in them end there, and whole numbers from 2^63
/// on become doubles.
[[nodiscard]] inline bool is_odd(const boost::json::value& value) {
    switch (value.kind()) {
    case boost::json::kind::string: return value.get_string().find('\0') != boost::json::string::npos;
    case boost::json::kind::uint64:
        return std::cmp_greater(value.get_uint64(), std::numeric_limits<std::int64_t>::max());
    case boost::json::kind::array: return std::any_of(value.get_array().begin(), value.get_array().end(), is_odd);
    case boost::json::kind::object:
        return std::any_of(value.get_object().begin(), value.get_object().end(),
                           [](const auto& member) { return is_odd(member.value()); });
    default: return false;
    }
}

} // namespace sluice::repository
