#pragma once

#include <sluice/aws/utf8.hpp>
#include <sluice/error.hpp>
#include <sluice/repository/condition.hpp>
#include <sluice/repository/query.hpp>

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

namespace sluice::repository {

/// Conditions inside of conditions; no repository takes more.
inline constexpr std::size_t max_condition_depth = 64;

namespace detail {

/// Whether every repository can answer a condition.
class ConditionCheck {
public:
    explicit ConditionCheck(std::size_t depth = max_condition_depth) : depth_(depth) {}

    bool operator()(const Condition& condition) const {
        return depth_ > 0 && std::visit(ConditionCheck(depth_ - 1), condition.node());
    }

    bool operator()(const Condition::All& all) const { return std::all_of(all.parts.begin(), all.parts.end(), *this); }
    bool operator()(const Condition::Any& any) const { return std::all_of(any.parts.begin(), any.parts.end(), *this); }
    bool operator()(const Condition::Not& negation) const { return (*this)(negation.part.front()); }
    bool operator()(const Condition::Presence& wanted) const { return names(wanted.field); }
    bool operator()(const Condition::Prefix& wanted) const { return names(wanted.field) && text(wanted.text); }
    bool operator()(const Condition::Containing& wanted) const {
        return names(wanted.field) && constant(wanted.constant);
    }

    bool operator()(const Condition::Comparison& wanted) const {
        const bool orders = wanted.comparator != Condition::Comparator::equal &&
                            wanted.comparator != Condition::Comparator::not_equal;
        const bool has_order = wanted.constant.is_number() || wanted.constant.is_string();
        return names(wanted.field) && constant(wanted.constant) && (has_order || !orders);
    }

    [[nodiscard]] static bool names(const FieldPath& path) {
        const auto& all = path.names();
        return std::none_of(all.begin(), all.end(), [](const auto& name) { return name.empty() || !text(name); });
    }

private:
    [[nodiscard]] static bool text(std::string_view value) { return aws::utf8_length(value).has_value(); }

    [[nodiscard]] static bool constant(const boost::json::value& value) {
        switch (value.kind()) {
        case boost::json::kind::array:
        case boost::json::kind::object: return false;
        case boost::json::kind::string: return text(value.get_string());
        case boost::json::kind::double_: return std::isfinite(value.get_double());
        case boost::json::kind::uint64:
            return std::cmp_less_equal(value.get_uint64(), std::numeric_limits<std::int64_t>::max());
        default: return true;
        }
    }

    std::size_t depth_;
};

} // namespace detail

/// Whether every repository can answer this query; else `error::query_invalid`.
///
/// Constants have to be null, a boolean, a text of UTF-8, or a finite number, which is below 2^63 if it is an integer;
/// where order counts, a number or a text. Names of fields are not empty, conditions no deeper than
/// `max_condition_depth`, and a page has room for one item.
[[nodiscard]] inline error_code check_query(const Query& query) {
    const bool ordered = !query.order() || detail::ConditionCheck::names(query.order()->field);
    if (!ordered || query.limit() == std::size_t{0} || !detail::ConditionCheck()(query.condition())) {
        return error::query_invalid;
    }
    return {};
}

} // namespace sluice::repository
