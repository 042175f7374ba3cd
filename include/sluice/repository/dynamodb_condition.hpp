#pragma once

#include <sluice/dynamodb/attribute.hpp>
#include <sluice/dynamodb/expression.hpp>
#include <sluice/repository/condition.hpp>
#include <sluice/repository/dynamodb_item.hpp>

#include <boost/json/kind.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::repository {

namespace detail {

/// Translates a condition so that it holds at least where that does, or, within a negation, at most.
class DynamoDbTranslator {
public:
    explicit DynamoDbTranslator(dynamodb::Expression& expression, bool at_least = true)
        : expression_(expression), at_least_(at_least) {}

    void operator()(const Condition& condition) const { std::visit(*this, condition.node()); }

    void operator()(const Condition::All& all) const { join(all.parts, " AND ", true); }
    void operator()(const Condition::Any& any) const { join(any.parts, " OR ", false); }

    void operator()(const Condition::Not& negation) const {
        say("(NOT ");
        DynamoDbTranslator(expression_, !at_least_)(negation.part.front());
        say(")");
    }

    void operator()(const Condition::Presence& wanted) const {
        say("attribute_exists(" + path_of(wanted.field) + ")");
    }

    void operator()(const Condition::Prefix& wanted) const {
        if (wanted.text.empty()) return is_of(wanted.field, "S");
        say("begins_with(" + path_of(wanted.field) + ", " + text(wanted.text) + ")");
    }

    void operator()(const Condition::Comparison& wanted) const {
        const auto& constant = wanted.constant;
        const bool equal = wanted.comparator == Condition::Comparator::equal;
        switch (constant.kind()) {
        case boost::json::kind::null:
            // What is no null is of another kind, and so not different either.
            return equal ? is_of(wanted.field, "NULL") : constantly(false);
        case boost::json::kind::bool_:
            return say(path_of(wanted.field) + " = " +
                       expression_.value(dynamodb::AttributeValue::of(constant.get_bool() == equal)));
        case boost::json::kind::string:
            return compare(wanted, "S", dynamodb::AttributeValue::of(std::string(constant.get_string())));
        default: break;
        }
        auto number = dynamodb_number(constant);
        // Without room for the constant, whatever is kept is less, or more, or too near to zero to tell.
        if (!number) return constantly(at_least_);
        compare(wanted, "N", dynamodb::AttributeValue::of(*std::move(number)));
    }

    void operator()(const Condition::Containing& wanted) const {
        const auto& constant = wanted.constant;
        if (constant.is_string() && !constant.get_string().empty()) {
            return say("contains(" + path_of(wanted.field) + ", " + text(constant.get_string()) + ")");
        }
        if (constant.is_number()) {
            if (auto number = dynamodb_number(constant)) {
                return say("contains(" + path_of(wanted.field) + ", " +
                           expression_.value(dynamodb::AttributeValue::of(*std::move(number))) + ")");
            }
        }
        // Of others it does not say whether it takes them.
        constantly(at_least_);
    }

private:
    void say(std::string_view words) const { expression_.text += words; }

    void constantly(bool holds) const {
        say((holds ? "attribute_exists(" : "attribute_not_exists(") + expression_.name(id_attribute) + ")");
    }

    void is_of(const FieldPath& field, const char* type) const {
        say("attribute_type(" + path_of(field) + ", " + text(type) + ")");
    }

    void compare(const Condition::Comparison& wanted, const char* type, dynamodb::AttributeValue constant) const {
        const auto path = path_of(wanted.field);
        // It takes what is of another type, or is not there, for different.
        const bool different = wanted.comparator == Condition::Comparator::not_equal;
        if (different) say("(attribute_type(" + path + ", " + text(type) + ") AND ");
        say(path);
        say(sign_of(wanted.comparator));
        say(expression_.value(std::move(constant)));
        if (different) say(")");
    }

    void join(const std::vector<Condition>& parts, std::string_view between, bool of_none) const {
        if (parts.empty()) return constantly(of_none);
        say("(");
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (i > 0) say(between);
            (*this)(parts[i]);
        }
        say(")");
    }

    [[nodiscard]] static std::string_view sign_of(Condition::Comparator comparator) {
        switch (comparator) {
        case Condition::Comparator::equal: return " = ";
        case Condition::Comparator::not_equal: return " <> ";
        case Condition::Comparator::less: return " < ";
        case Condition::Comparator::less_or_equal: return " <= ";
        case Condition::Comparator::greater: return " > ";
        case Condition::Comparator::greater_or_equal: return " >= ";
        }
        return " = ";
    }

    [[nodiscard]] std::string path_of(const FieldPath& field) const {
        auto names = field.names();
        names.front() = attribute_of(names.front());
        return expression_.path(names);
    }

    [[nodiscard]] std::string text(std::string_view words) const {
        return expression_.value(dynamodb::AttributeValue::of(std::string(words)));
    }

    dynamodb::Expression& expression_;
    bool at_least_;
};

} // namespace detail

/// Adds a condition on documents to an expression of a request.
///
/// It holds for each item whose document the condition holds for, and for few others: whoever asks looks at what is
/// found once more.
inline void add_condition(dynamodb::Expression& expression, const Condition& condition) {
    const detail::DynamoDbTranslator translate(expression);
    translate(condition);
}

} // namespace sluice::repository
