#pragma once

#include <sluice/repository/document.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace sluice::detail {

/// Changes in their order, cut into writes that a repository takes, or a transaction of DynamoDB, with room for one
/// small change more in each.
template <class Change>
class ChangeBatches {
public:
    static constexpr std::size_t most_changes = repository::max_changes - 1;
    static constexpr std::size_t most_bytes = repository::max_write_bytes / 6 * 5; ///< Sizes are estimates.

    /// Whether so much can be done in one write.
    [[nodiscard]] static constexpr bool fit(std::size_t changes, std::size_t bytes) noexcept {
        return changes <= most_changes && bytes <= most_bytes;
    }

    /// All of these in one write; with `fit`.
    void add(std::vector<Change> together, std::size_t bytes) {
        if (batches_.empty() || !fit(batches_.back().size() + together.size(), bytes_ + bytes)) {
            batches_.emplace_back();
            bytes_ = 0;
        }
        bytes_ += bytes;
        for (auto& change : together) batches_.back().push_back(std::move(change));
    }

    void add(Change change, std::size_t bytes) {
        std::vector<Change> one;
        one.push_back(std::move(change));
        add(std::move(one), bytes);
    }

    [[nodiscard]] std::vector<std::vector<Change>> take() && { return std::move(batches_); }

private:
    std::vector<std::vector<Change>> batches_;
    std::size_t bytes_ = 0; ///< Of the last one.
};

} // namespace sluice::detail
