#pragma once

#include <sluice/error.hpp>
#include <sluice/field_path.hpp>
#include <sluice/repository/condition.hpp>
#include <sluice/repository/scalar.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <compare>
#include <string_view>
#include <variant>

namespace sluice::repository {

/// The value at a path that leads through objects; null pointer if there is none.
[[nodiscard]] inline const boost::json::value* find(const boost::json::object& document, const FieldPath& path) {
    const auto* object = &document;
    const boost::json::value* value = nullptr;
    for (const auto& name : path.names()) {
        if (object == nullptr) return nullptr;
        value = object->if_contains(name);
        if (value == nullptr) return nullptr;
        object = value->if_object();
    }
    return value;
}

namespace detail {

[[nodiscard]] inline bool holds(std::partial_ordering ordering, Condition::Comparator comparator) noexcept {
    switch (comparator) {
    case Condition::Comparator::equal: return ordering == 0;
    case Condition::Comparator::not_equal: return ordering != 0;
    case Condition::Comparator::less: return ordering < 0;
    case Condition::Comparator::less_or_equal: return ordering <= 0;
    case Condition::Comparator::greater: return ordering > 0;
    case Condition::Comparator::greater_or_equal: return ordering >= 0;
    }
    return false;
}

[[nodiscard]] inline bool same_kind(const boost::json::value& a, const boost::json::value& b) noexcept {
    return a.kind() == b.kind() || (a.is_number() && b.is_number());
}

/// Whether a document is as a condition wants it.
class Match {
public:
    explicit Match(const boost::json::object& document) : document_(document) {}

    bool operator()(const Condition& condition) const { return std::visit(*this, condition.node()); }

    bool operator()(const Condition::All& all) const { return std::all_of(all.parts.begin(), all.parts.end(), *this); }
    bool operator()(const Condition::Any& any) const { return std::any_of(any.parts.begin(), any.parts.end(), *this); }
    bool operator()(const Condition::Not& negation) const { return !(*this)(negation.part.front()); }

    bool operator()(const Condition::Comparison& wanted) const {
        const auto* const value = find(document_, wanted.field);
        if (value == nullptr || !same_kind(*value, wanted.constant)) return false;
        return holds(compare(*value, wanted.constant), wanted.comparator);
    }

    bool operator()(const Condition::Prefix& wanted) const {
        const auto* const value = find(document_, wanted.field);
        return value != nullptr && value->is_string() && value->get_string().starts_with(wanted.text);
    }

    bool operator()(const Condition::Containing& wanted) const {
        const auto* const value = find(document_, wanted.field);
        if (value == nullptr) return false;
        if (const auto* const items = value->if_array()) {
            return std::any_of(items->begin(), items->end(),
                               [&](const auto& item) { return compare(item, wanted.constant) == 0; });
        }
        if (!value->is_string() || !wanted.constant.is_string()) return false;
        const std::string_view text = value->get_string();
        return text.find(std::string_view(wanted.constant.get_string())) != std::string_view::npos;
    }

    bool operator()(const Condition::Presence& wanted) const { return find(document_, wanted.field) != nullptr; }

private:
    const boost::json::object& document_;
};

} // namespace detail

/// Whether a document is as a condition wants it: the answer that every repository gives.
[[nodiscard]] inline bool matches(const Condition& condition, const boost::json::object& document) {
    return detail::Match(document)(condition);
}

} // namespace sluice::repository
