#pragma once

#include <sluice/field_path.hpp>

#include <boost/json/value.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sluice {

/// What a document must be like to be found: `Field("price") >= 10 && !Field("name").starts_with("Old")`.
///
/// Conditions are made of fields, `&&`, `||` and `!`. One that says nothing holds for every document. Every repository
/// gives the same answer to the same condition (`matches` in match.hpp is that answer):
///
/// - What compares is of one kind: texts with texts, by their UTF-8 bytes; numbers with numbers, by what they are worth
///   (`1` is `1.0`); `true`, `false` and null are only equal or not.
/// - About a field that is absent, or of another kind, every comparison is false, `!=` as well; `!(a == b)` holds.
class Condition {
public:
    enum class Comparator { equal, not_equal, less, less_or_equal, greater, greater_or_equal };

    /// A field's value and a constant.
    class Comparison {
    public:
        Comparison(FieldPath its_field, Comparator its_comparator, boost::json::value its_constant)
            : field(std::move(its_field)), comparator(its_comparator), constant(std::move(its_constant)) {}
        FieldPath field;
        Comparator comparator;
        boost::json::value constant;
    };

    /// A field is a text that begins so.
    class Prefix {
    public:
        Prefix(FieldPath its_field, std::string its_text) : field(std::move(its_field)), text(std::move(its_text)) {}
        FieldPath field;
        std::string text;
    };

    /// A field is a text that has this part, or an array that has this item.
    class Containing {
    public:
        Containing(FieldPath its_field, boost::json::value its_constant)
            : field(std::move(its_field)), constant(std::move(its_constant)) {}
        FieldPath field;
        boost::json::value constant;
    };

    /// A field is there; it may be null.
    class Presence {
    public:
        explicit Presence(FieldPath its_field) : field(std::move(its_field)) {}
        FieldPath field;
    };

    /// Each of several; of none: always.
    class All {
    public:
        std::vector<Condition> parts;
    };

    /// One of several at least; of none: never.
    class Any {
    public:
        std::vector<Condition> parts;
    };

    class Not {
    public:
        explicit Not(Condition its_part);
        std::vector<Condition> part; ///< One.
    };

    using Node = std::variant<All, Any, Not, Comparison, Prefix, Containing, Presence>;

    Condition() = default; ///< Holds for every document.

    template <class Part>
        requires std::same_as<Part, All> || std::same_as<Part, Any> || std::same_as<Part, Not> ||
                 std::same_as<Part, Comparison> || std::same_as<Part, Prefix> || std::same_as<Part, Containing> ||
                 std::same_as<Part, Presence>
    explicit Condition(Part part) : node_(std::in_place_type<Part>, std::move(part)) {}

    [[nodiscard]] const Node& node() const noexcept { return node_; }

    friend Condition operator&&(Condition left, Condition right) {
        return joined<All>(std::move(left), std::move(right));
    }

    friend Condition operator||(Condition left, Condition right) {
        return joined<Any>(std::move(left), std::move(right));
    }

    friend Condition operator!(Condition condition) { return Condition(Not(std::move(condition))); }

private:
    /// `a && b && c` is one list of three.
    template <class List>
    [[nodiscard]] static Condition joined(Condition left, Condition right) {
        List list;
        if (auto* const some = std::get_if<List>(&left.node_)) list = std::move(*some);
        else list.parts.push_back(std::move(left));
        list.parts.push_back(std::move(right));
        return Condition(std::move(list));
    }

    Node node_;
};

inline Condition::Not::Not(Condition its_part) { part.push_back(std::move(its_part)); }

/// Null, booleans, numbers, texts.
template <class C>
concept ConditionConstant = std::constructible_from<boost::json::value, const C&>;

/// A field of the documents in a repository, of which conditions are made; see `FieldPath` for its name.
///
/// The path leads through objects, not into arrays. Constants are null, booleans, numbers and texts; texts and numbers
/// for what has an order. `check_query` tells of others, and so does every repository: `error::query_invalid`.
class Field {
public:
    /// Throws `std::invalid_argument` if this is no path.
    explicit Field(std::string_view path) : path_(path) {}
    explicit Field(FieldPath path) : path_(std::move(path)) {}

    [[nodiscard]] const FieldPath& path() const noexcept { return path_; }

    /// From `least` to `most`, both of them included.
    template <ConditionConstant C, ConditionConstant D>
    [[nodiscard]] Condition between(const C& least, const D& most) const {
        return *this >= least && *this <= most;
    }

    [[nodiscard]] Condition starts_with(std::string_view text) const {
        return Condition(Condition::Prefix(path_, std::string(text)));
    }

    /// Of a text, that it has this part; of an array, that it has this item.
    template <ConditionConstant C>
    [[nodiscard]] Condition contains(const C& constant) const {
        return Condition(Condition::Containing(path_, boost::json::value(constant)));
    }

    /// That it is there, be it null.
    [[nodiscard]] Condition exists() const { return Condition(Condition::Presence(path_)); }

    template <ConditionConstant C>
    friend Condition operator==(const Field& field, const C& constant) {
        return field.compared(Condition::Comparator::equal, boost::json::value(constant));
    }
    template <ConditionConstant C>
    friend Condition operator!=(const Field& field, const C& constant) {
        return field.compared(Condition::Comparator::not_equal, boost::json::value(constant));
    }
    template <ConditionConstant C>
    friend Condition operator<(const Field& field, const C& constant) {
        return field.compared(Condition::Comparator::less, boost::json::value(constant));
    }
    template <ConditionConstant C>
    friend Condition operator<=(const Field& field, const C& constant) {
        return field.compared(Condition::Comparator::less_or_equal, boost::json::value(constant));
    }
    template <ConditionConstant C>
    friend Condition operator>(const Field& field, const C& constant) {
        return field.compared(Condition::Comparator::greater, boost::json::value(constant));
    }
    template <ConditionConstant C>
    friend Condition operator>=(const Field& field, const C& constant) {
        return field.compared(Condition::Comparator::greater_or_equal, boost::json::value(constant));
    }

private:
    [[nodiscard]] Condition compared(Condition::Comparator comparator, boost::json::value constant) const {
        return Condition(Condition::Comparison(path_, comparator, std::move(constant)));
    }

    FieldPath path_;
};

} // namespace sluice
