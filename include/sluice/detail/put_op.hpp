#pragma once

#include <sluice/detail/waiter.hpp>
#include <sluice/error.hpp>
#include <sluice/receipt.hpp>
#include <sluice/record.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::detail {

/// An `async_put`, `async_put_all` or `async_deliver` that is under way. Its members are guarded by the intake's lock.
class PutOp {
public:
    using Put = std::shared_ptr<Waiter<error_code>>;
    using PutAll = std::shared_ptr<Waiter<error_code, PutReport>>;
    using Deliver = std::shared_ptr<Waiter<error_code, Receipt>>;

    PutOp(Record its_record, std::variant<Put, PutAll, Deliver> waiter)
        : size(1), record_(std::move(its_record)), waiter_(std::move(waiter)) {
        records.emplace_back(record_);
    }

    PutOp(std::vector<RecordView> views, PutAll waiter)
        : records(std::move(views)), size(records.size()), waiter_(std::move(waiter)) {}

    PutOp(const PutOp&) = delete;
    PutOp& operator=(const PutOp&) = delete;

    [[nodiscard]] bool wants_receipt() const noexcept { return std::holds_alternative<Deliver>(waiter_); }
    [[nodiscard]] bool all_placed() const noexcept { return next == size; }

    /// All records are in the buffer or refused: it may be long until the outcome, and one copy is enough.
    void forget_records() {
        records = {};
        record_ = {};
    }

    /// Tells whoever waits; once. Not under the lock.
    void complete(Receipt receipt = {}) {
        // A commit may refuse what stands before a record that was refused at once.
        std::sort(report.refused.begin(), report.refused.end(),
                  [](const auto& a, const auto& b) { return a.index < b.index; });
        const auto told = outcome();
        if (const auto* put = std::get_if<Put>(&waiter_)) (*put)->complete(told);
        if (const auto* put_all = std::get_if<PutAll>(&waiter_)) (*put_all)->complete(told, std::move(report));
        if (const auto* deliver = std::get_if<Deliver>(&waiter_)) (*deliver)->complete(told, std::move(receipt));
    }

    void refuse(std::size_t index, error_code reason) { report.refused.emplace_back(index, reason); }

    std::vector<RecordView> records;
    std::size_t size = 0;       ///< How many records there were.
    std::size_t next = 0;       ///< The first record that is neither in the buffer nor refused.
    std::size_t unaccepted = 0; ///< Records in the buffer that are not committed yet.
    bool ended = false;         ///< Whoever waits was told, or is about to be.
    bool withdrawn = false;     ///< Cancelled: what is not committed yet shall not count.
    error_code verdict;         ///< What is told besides the report's refusals.
    PutReport report;

private:
    [[nodiscard]] error_code outcome() const {
        if (verdict) return verdict;
        return report.refused.empty() ? error_code{} : report.refused.front().reason;
    }

    Record record_;
    std::variant<Put, PutAll, Deliver> waiter_;
};

} // namespace sluice::detail
