#pragma once

#include <sluice/repository/condition.hpp>

#include <string_view>

namespace sluice::repository::detail {

/// What SQL and DynamoDB's expressions write for a comparison: `=`, `<>`, `<`, `<=`, `>`, `>=`. DynamoDB has no `<>` in
/// conditions on keys.
[[nodiscard]] constexpr std::string_view sign_of(Condition::Comparator comparator) noexcept {
    switch (comparator) {
    case Condition::Comparator::equal: return "=";
    case Condition::Comparator::not_equal: return "<>";
    case Condition::Comparator::less: return "<";
    case Condition::Comparator::less_or_equal: return "<=";
    case Condition::Comparator::greater: return ">";
    case Condition::Comparator::greater_or_equal: return ">=";
    }
    return "=";
}

} // namespace sluice::repository::detail
