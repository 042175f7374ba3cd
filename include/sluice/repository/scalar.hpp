#pragma once

#include <boost/json/array.hpp>
#include <boost/json/kind.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cmath>
#include <compare>
#include <cstdint>
#include <limits>
#include <utility>

namespace sluice::repository {

/// How values of documents compare: all repositories agree on it.
///
/// Numbers compare by what they are worth, exactly, however they are held: 2^53 + 1 is more than the double 2^53.
/// Texts compare by their bytes. Values of different kinds do not compare, nor do NaN, arrays and objects; null is
/// equal to null.
[[nodiscard]] inline std::partial_ordering compare(const boost::json::value& a, const boost::json::value& b) noexcept;

namespace detail {

template <class Integer>
[[nodiscard]] std::partial_ordering compare_with_double(Integer integer, double real) noexcept {
    // Both powers of two are exact; what lies between them can be cut to an integer.
    const double above = std::ldexp(1.0, std::numeric_limits<Integer>::digits);
    const double least = std::numeric_limits<Integer>::is_signed ? -above : 0.0;
    if (std::isnan(real)) return std::partial_ordering::unordered;
    if (real >= above) return std::partial_ordering::less;
    if (real < least) return std::partial_ordering::greater;
    const auto whole = std::trunc(real);
    const auto cut = static_cast<Integer>(whole);
    if (integer != cut) return integer <=> cut;
    return 0.0 <=> real - whole;
}

[[nodiscard]] inline std::partial_ordering reversed(std::partial_ordering ordering) noexcept { return 0 <=> ordering; }

[[nodiscard]] inline std::partial_ordering compare_numbers(const boost::json::value& a,
                                                           const boost::json::value& b) noexcept {
    using boost::json::kind;
    if (a.kind() == kind::double_) {
        if (b.kind() == kind::double_) return a.get_double() <=> b.get_double();
        return reversed(compare_numbers(b, a));
    }
    if (b.kind() == kind::double_) {
        return a.kind() == kind::int64 ? compare_with_double(a.get_int64(), b.get_double())
                                       : compare_with_double(a.get_uint64(), b.get_double());
    }
    if (a.kind() == b.kind()) {
        if (a.kind() == kind::int64) return a.get_int64() <=> b.get_int64();
        return a.get_uint64() <=> b.get_uint64();
    }
    if (a.kind() == kind::uint64) return reversed(compare_numbers(b, a));
    if (std::cmp_less(a.get_int64(), b.get_uint64())) return std::partial_ordering::less;
    return std::cmp_equal(a.get_int64(), b.get_uint64()) ? std::partial_ordering::equivalent
                                                         : std::partial_ordering::greater;
}

} // namespace detail

inline std::partial_ordering compare(const boost::json::value& a, const boost::json::value& b) noexcept {
    if (a.is_number() && b.is_number()) return detail::compare_numbers(a, b);
    if (a.kind() != b.kind()) return std::partial_ordering::unordered;
    switch (a.kind()) {
    case boost::json::kind::null: return std::partial_ordering::equivalent;
    case boost::json::kind::bool_:
        return a.get_bool() == b.get_bool() ? std::partial_ordering::equivalent : std::partial_ordering::unordered;
    case boost::json::kind::string: return a.get_string().compare(b.get_string()) <=> 0;
    default: return std::partial_ordering::unordered;
    }
}

/// Whether two values are the same, numbers by what they are worth.
[[nodiscard]] inline bool same(const boost::json::value& a, const boost::json::value& b) {
    if (a.is_number() || a.is_null()) return compare(a, b) == 0;
    if (a.kind() != b.kind()) return false;
    if (a.is_array()) {
        const auto& left = a.get_array();
        const auto& right = b.get_array();
        return std::equal(left.begin(), left.end(), right.begin(), right.end(), same);
    }
    if (!a.is_object()) return a == b;
    const auto& left = a.get_object();
    const auto& right = b.get_object();
    return left.size() == right.size() && std::all_of(left.begin(), left.end(), [&](const auto& member) {
               const auto* const other = right.if_contains(member.key());
               return other != nullptr && same(member.value(), *other);
           });
}

} // namespace sluice::repository
