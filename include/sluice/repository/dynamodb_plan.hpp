#pragma once

#include <sluice/dynamodb/expression.hpp>
#include <sluice/repository/comparator_sign.hpp>
#include <sluice/repository/condition.hpp>
#include <sluice/repository/dynamodb_condition.hpp>
#include <sluice/repository/dynamodb_index.hpp>
#include <sluice/repository/dynamodb_item.hpp>
#include <sluice/repository/dynamodb_table.hpp>
#include <sluice/repository/query.hpp>

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

/// How a table is asked for the documents that a condition holds for: by an index, or by looking at everything.
class DynamoDbPlan {
public:
    std::string index;         ///< Empty: the table is scanned.
    std::string key_condition; ///< Of the index, with the names and values of the filter.
    DynamoDbFilter filter;
};

namespace detail {

/// The parts of which all have to hold.
[[nodiscard]] inline std::vector<const Condition*> conjuncts_of(const Condition& condition) {
    const auto* const all = std::get_if<Condition::All>(&condition.node());
    if (all == nullptr) return {&condition};
    std::vector<const Condition*> parts;
    for (const auto& part : all->parts) {
        for (const auto* const inner : conjuncts_of(part)) parts.push_back(inner);
    }
    return parts;
}

/// A constant as the value of an index's key; none if there can be no such key.
[[nodiscard]] inline std::optional<dynamodb::AttributeValue> key_value(const boost::json::value& constant,
                                                                       const IndexedField& field, std::size_t most) {
    if (field.kind == IndexedField::Kind::number) {
        if (!constant.is_number()) return std::nullopt;
        auto number = dynamodb_number(constant);
        if (!number) return std::nullopt;
        return dynamodb::AttributeValue::of(*std::move(number));
    }
    if (!constant.is_string() || constant.get_string().empty() || constant.get_string().size() > most) {
        return std::nullopt;
    }
    return dynamodb::AttributeValue::of(std::string(constant.get_string()));
}

/// Makes conditions on the keys of an index.
class KeyConditions {
public:
    static constexpr std::size_t most_partition_bytes = 2'048; // Amazon DynamoDB developer guide, Constraints
    static constexpr std::size_t most_sort_bytes = 1'024;

    explicit KeyConditions(dynamodb::Expression& expression) : expression_(expression) {}

    /// `field = constant`, if this is what a condition says; else empty.
    [[nodiscard]] std::string of_partition(const Condition& condition, const IndexedField& field) {
        const auto* const wanted = comparison_of(condition, field);
        if (wanted == nullptr || wanted->comparator != Condition::Comparator::equal) return {};
        return compare(field, "=", key_value(wanted->constant, field, most_partition_bytes));
    }

    /// One condition on the sort key, if this is what a condition says; else empty.
    [[nodiscard]] std::string of_sort(const Condition& condition, const IndexedField& field) {
        if (const auto* const prefix = std::get_if<Condition::Prefix>(&condition.node())) {
            const boost::json::value text(prefix->text);
            const auto value = key_value(text, field, most_sort_bytes);
            if (!is_of(prefix->field, field) || field.kind != IndexedField::Kind::text || !value) return {};
            return "begins_with(" + expression_.name(attribute_of(field.name)) + ", " + expression_.value(*value) + ")";
        }
        const auto* const wanted = comparison_of(condition, field);
        if (wanted == nullptr || wanted->comparator == Condition::Comparator::not_equal) return {};
        return compare(field, sign_of(wanted->comparator), key_value(wanted->constant, field, most_sort_bytes));
    }

private:
    [[nodiscard]] static bool is_of(const FieldPath& path, const IndexedField& field) {
        return path.names().size() == 1 && path.names().front() == field.name;
    }

    [[nodiscard]] static const Condition::Comparison* comparison_of(const Condition& condition,
                                                                    const IndexedField& field) {
        const auto* const comparison = std::get_if<Condition::Comparison>(&condition.node());
        return comparison != nullptr && is_of(comparison->field, field) ? comparison : nullptr;
    }

    [[nodiscard]] std::string compare(const IndexedField& field, std::string_view sign,
                                      std::optional<dynamodb::AttributeValue> value) {
        if (!value) return {};
        const auto name = expression_.name(attribute_of(field.name));
        return name + " " + std::string(sign) + " " + expression_.value(*std::move(value));
    }

    dynamodb::Expression& expression_;
};

} // namespace detail

/// The plan for a condition: the first index whose first field has to be equal to something, and whose second field, if
/// it has one, has to compare with something; else, or if it has to be consistent, a scan.
///
/// What is found is looked at once more, whatever the plan.
[[nodiscard]] inline DynamoDbPlan plan_of(const DynamoDbTable& table, const Query& query) {
    const auto& condition = query.condition();
    KeyNames keys;
    keys.any = table.scalars;
    const auto parts = detail::conjuncts_of(condition);
    for (const auto& index : table.indexes) {
        if (query.is_consistent()) break;
        DynamoDbPlan plan;
        dynamodb::Expression expression;
        detail::KeyConditions conditions(expression);
        for (std::size_t i = 0; i < parts.size() && plan.key_condition.empty(); ++i) {
            plan.key_condition = conditions.of_partition(*parts[i], index.fields.front());
        }
        std::string sort;
        for (std::size_t i = 0; i < parts.size() && sort.empty() && index.fields.size() > 1; ++i) {
            sort = conditions.of_sort(*parts[i], index.fields.back());
        }
        // What lacks the second field is not in the index, but may be what is asked for.
        if (plan.key_condition.empty() || sort.empty() != (index.fields.size() == 1)) continue;
        if (!sort.empty()) plan.key_condition += " AND " + sort;
        plan.index = index.name;
        for (const auto& field : index.fields) keys.asked.push_back(attribute_of(field.name));
        plan.filter = filter_of(condition, keys, std::move(expression));
        return plan;
    }
    DynamoDbPlan plan;
    plan.filter = filter_of(condition, keys);
    return plan;
}

} // namespace sluice::repository
