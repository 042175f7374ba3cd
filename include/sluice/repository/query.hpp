#pragma once

#include <sluice/repository/condition.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

/// Which items, in which order, and how many at a time.
///
///     sluice::Query cheap;
///     cheap.where(sluice::Field("price") < 10).order_by("name").limit(50);
///
/// Without an order, each repository has its own, which is the same from page to page.
class Query {
public:
    class Order {
    public:
        Order(FieldPath its_field, bool is_descending) : field(std::move(its_field)), descending(is_descending) {}
        FieldPath field;
        bool descending;
    };

    Query() = default; ///< Everything.
    explicit Query(Condition condition) : condition_(std::move(condition)) {}

    /// Both this and what was asked for before.
    Query& where(Condition condition) {
        condition_ = std::move(condition_) && std::move(condition);
        return *this;
    }

    /// Numbers first, then texts, then what has neither; of equals the one with the lesser id.
    Query& order_by(std::string_view field) { return set_order(field, false); }

    /// Texts first, then numbers, then what has neither; of equals the one with the lesser id.
    Query& order_by_descending(std::string_view field) { return set_order(field, true); }

    Query& order(std::optional<Order> as) {
        order_ = std::move(as);
        return *this;
    }

    /// So many items a page, at least one; without it all are on one page.
    Query& limit(std::size_t items) {
        limit_ = items;
        return *this;
    }

    /// The page that follows: what `Page::next` says, for the same condition and order. Empty: the first.
    Query& after(std::string token) {
        token_ = std::move(token);
        return *this;
    }

    /// Finds all that was written before, at the price of reading everything where only an index would be asked: one of
    /// DynamoDB lags behind. Memory and SQLite do so in any case.
    Query& consistent(bool wanted = true) {
        consistent_ = wanted;
        return *this;
    }

    [[nodiscard]] bool is_consistent() const noexcept { return consistent_; }
    [[nodiscard]] const Condition& condition() const noexcept { return condition_; }
    [[nodiscard]] const std::optional<Order>& order() const noexcept { return order_; }
    [[nodiscard]] std::optional<std::size_t> limit() const noexcept { return limit_; }
    [[nodiscard]] const std::string& token() const noexcept { return token_; }

private:
    Query& set_order(std::string_view field, bool descending) {
        order_.emplace(FieldPath(field), descending);
        return *this;
    }

    Condition condition_;
    std::optional<Order> order_;
    std::optional<std::size_t> limit_;
    std::string token_;
    bool consistent_ = false;
};

} // namespace sluice
