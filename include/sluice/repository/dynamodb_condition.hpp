#pragma once

#include <sluice/dynamodb/attribute.hpp>
#include <sluice/dynamodb/expression.hpp>
#include <sluice/repository/comparator_sign.hpp>
#include <sluice/repository/condition.hpp>
#include <sluice/repository/dynamodb_item.hpp>

#include <boost/json/kind.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::repository {

/// Attributes that are part of keys.
class KeyNames {
public:
    std::vector<std::string> asked; ///< Of the index that is asked: its filter must not name them.
    std::vector<std::string> any;   ///< Of the table or an index of it: a filter must not look for something in them.
};

namespace detail {

/// Whether a condition is the same for every item, as far as DynamoDB can tell: one that it cannot answer holds where
/// it is wanted to hold at least where it does, and does not within a negation.
class ConstantPart {
public:
    ConstantPart(const KeyNames& keys, bool at_least) : keys_(keys), at_least_(at_least) {}

    std::optional<bool> operator()(const Condition& condition) const { return std::visit(*this, condition.node()); }

    std::optional<bool> operator()(const Condition::All& all) const { return joined(all.parts, true); }
    std::optional<bool> operator()(const Condition::Any& any) const { return joined(any.parts, false); }

    std::optional<bool> operator()(const Condition::Not& negation) const {
        const auto part = ConstantPart(keys_, !at_least_)(negation.part.front());
        return part ? std::optional<bool>(!*part) : std::nullopt;
    }

    std::optional<bool> operator()(const Condition::Presence& wanted) const { return unanswered(wanted.field); }
    std::optional<bool> operator()(const Condition::Prefix& wanted) const { return unanswered(wanted.field); }

    std::optional<bool> operator()(const Condition::Comparison& wanted) const {
        const auto& constant = wanted.constant;
        // What is no null is of another kind, and so not different either.
        if (constant.is_null() && wanted.comparator != Condition::Comparator::equal) return false;
        // Without room for the constant, whatever is kept is less, or more, or too near to zero to tell.
        if (constant.is_number() && !dynamodb_number(constant)) return at_least_;
        return unanswered(wanted.field);
    }

    std::optional<bool> operator()(const Condition::Containing& wanted) const {
        const auto& constant = wanted.constant;
        const bool text = constant.is_string() && !constant.get_string().empty();
        // Of others it does not say whether it takes them.
        if (!text && !(constant.is_number() && dynamodb_number(constant))) return at_least_;
        return unanswered(wanted.field);
    }

private:
    static constexpr std::size_t most_names = 32; ///< Of a path (Amazon DynamoDB developer guide, Constraints).

    [[nodiscard]] std::optional<bool> unanswered(const FieldPath& field) const {
        const auto& names = field.names();
        const auto attribute = attribute_of(names.front());
        const bool barred = has(keys_.asked, attribute) || (names.size() > 1 && has(keys_.any, attribute));
        return barred || names.size() > most_names ? std::optional<bool>(at_least_) : std::nullopt;
    }

    [[nodiscard]] static bool has(const std::vector<std::string>& names, const std::string& name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    }

    [[nodiscard]] std::optional<bool> joined(const std::vector<Condition>& parts, bool of_none) const {
        bool all = true;
        for (const auto& part : parts) {
            const auto constant = (*this)(part);
            if (constant == !of_none) return !of_none;
            all = all && constant;
        }
        return all ? std::optional<bool>(of_none) : std::nullopt;
    }

    const KeyNames& keys_;
    bool at_least_;
};

/// Writes what of a condition is not the same for every item.
class DynamoDbTranslator {
public:
    DynamoDbTranslator(dynamodb::Expression& expression, const KeyNames& keys) : expression_(expression), keys_(keys) {}

    /// Names, functions and signs; the service counts them too.
    [[nodiscard]] std::size_t operators() const noexcept { return operators_; }

    void write(const Condition& condition) { write(condition, true, false); }

private:
    /// `inside`: of something else, where several parts need parentheses.
    void write(const Condition& condition, bool at_least, bool inside) {
        const auto visitor = [&](const auto& node) { write(node, at_least, inside); };
        std::visit(visitor, core(condition, at_least).node());
    }

    /// Without what is around it and says nothing: the service refuses parentheses that are not needed.
    [[nodiscard]] const Condition& core(const Condition& condition, bool at_least) const {
        if (const auto* const negation = std::get_if<Condition::Not>(&condition.node())) {
            const auto& part = core(negation->part.front(), !at_least);
            const auto* const twice = std::get_if<Condition::Not>(&part.node());
            return twice == nullptr ? condition : core(twice->part.front(), at_least);
        }
        const auto* const all = std::get_if<Condition::All>(&condition.node());
        const auto* const any = std::get_if<Condition::Any>(&condition.node());
        if (all == nullptr && any == nullptr) return condition;
        const auto parts = told(all != nullptr ? all->parts : any->parts, at_least);
        return parts.size() == 1 ? core(*parts.front(), at_least) : condition;
    }

    /// The parts that are not the same for every item.
    [[nodiscard]] std::vector<const Condition*> told(const std::vector<Condition>& parts, bool at_least) const {
        std::vector<const Condition*> found;
        for (const auto& part : parts) {
            if (!ConstantPart(keys_, at_least)(part)) found.push_back(&part);
        }
        return found;
    }

    void write(const Condition::All& all, bool at_least, bool inside) { join(all.parts, " AND ", at_least, inside); }
    void write(const Condition::Any& any, bool at_least, bool inside) { join(any.parts, " OR ", at_least, inside); }

    void write(const Condition::Not& negation, bool at_least, bool) {
        say("NOT ");
        write(negation.part.front(), !at_least, true);
    }

    void write(const Condition::Presence& wanted, bool, bool) {
        say("attribute_exists(" + path_of(wanted.field) + ")");
    }

    void write(const Condition::Prefix& wanted, bool, bool) {
        if (wanted.text.empty()) return is_of(wanted.field, "S");
        say("begins_with(" + path_of(wanted.field) + ", " + text(wanted.text) + ")");
    }

    void write(const Condition::Containing& wanted, bool, bool) {
        say("contains(" + path_of(wanted.field) + ", " + value(wanted.constant) + ")");
    }

    void write(const Condition::Comparison& wanted, bool, bool inside) {
        const auto& constant = wanted.constant;
        if (constant.is_null()) return is_of(wanted.field, "NULL");
        const bool different = wanted.comparator == Condition::Comparator::not_equal;
        if (constant.is_bool()) {
            return say(path_of(wanted.field) + " = " +
                       expression_.value(dynamodb::AttributeValue::of(constant.get_bool() != different)));
        }
        // It takes what is of another type, or is not there, for different.
        if (different && inside) expression_.text += "(";
        if (different) {
            is_of(wanted.field, constant.is_string() ? "S" : "N");
            say(" AND ");
        }
        const auto path = path_of(wanted.field);
        say(path + " " + std::string(sign_of(wanted.comparator)) + " " + value(constant));
        if (different && inside) expression_.text += ")";
    }

    void join(const std::vector<Condition>& parts, std::string_view between, bool at_least, bool inside) {
        if (inside) expression_.text += "(";
        bool first = true;
        for (const auto* const part : told(parts, at_least)) {
            if (!std::exchange(first, false)) say(between);
            write(*part, at_least, true);
        }
        if (inside) expression_.text += ")";
    }

    void say(std::string_view words) {
        expression_.text += words;
        ++operators_;
    }

    void is_of(const FieldPath& field, const char* type) {
        const auto path = path_of(field);
        say("attribute_type(" + path + ", " + text(type) + ")");
    }

    [[nodiscard]] std::string path_of(const FieldPath& field) const {
        auto names = field.names();
        names.front() = attribute_of(names.front());
        return expression_.path(names);
    }

    [[nodiscard]] std::string text(std::string_view words) const {
        return expression_.value(dynamodb::AttributeValue::of(std::string(words)));
    }

    /// Of a text, or a number that there is room for.
    [[nodiscard]] std::string value(const boost::json::value& constant) const {
        if (constant.is_string()) return text(constant.get_string());
        return expression_.value(dynamodb::AttributeValue::of(*dynamodb_number(constant)));
    }

    dynamodb::Expression& expression_;
    const KeyNames& keys_;
    std::size_t operators_ = 0;
};

} // namespace detail

/// What of a condition on documents DynamoDB can look at.
class DynamoDbFilter {
public:
    bool never = false; ///< It holds for no document at all.
    dynamodb::Expression expression; ///< Its text is empty if every item has to be looked at.
};

/// A condition on documents as a filter of items, added to the names and values of `expression`, without the keys.
///
/// It holds for each item whose document the condition holds for, and for few others: whoever asks looks at what is
/// found once more. What is too much for the service (4 KB, 300 operators: Amazon DynamoDB developer guide,
/// Constraints) filters nothing.
[[nodiscard]] inline DynamoDbFilter filter_of(const Condition& condition, const KeyNames& keys = {},
                                              dynamodb::Expression expression = {}) {
    constexpr std::size_t most_bytes = 4'096;
    constexpr std::size_t most_operators = 300;
    DynamoDbFilter filter;
    filter.expression = expression;
    if (const auto constant = detail::ConstantPart(keys, true)(condition)) {
        filter.never = !*constant;
        return filter;
    }
    detail::DynamoDbTranslator translator(filter.expression, keys);
    translator.write(condition);
    const bool fits = filter.expression.text.size() <= most_bytes && translator.operators() <= most_operators;
    if (!fits) filter.expression = std::move(expression);
    return filter;
}

} // namespace sluice::repository
