#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sluice::detail {

/// Where a row is cut into entries, one after the other from its begin; none is empty.
class Cuts {
public:
    /// Ends an entry behind so many elements of the row, if there are more than entries have already.
    void cut(std::size_t end) {
        if (end > (empty() ? 0 : ends_.back())) ends_.push_back(static_cast<std::uint32_t>(end));
    }

    /// How many entries there are.
    [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }
    [[nodiscard]] bool empty() const noexcept { return ends_.empty(); }

    [[nodiscard]] std::size_t begin_of(std::size_t entry) const noexcept { return entry == 0 ? 0 : ends_[entry - 1]; }
    [[nodiscard]] std::size_t end_of(std::size_t entry) const noexcept { return ends_[entry]; }

    /// The elements of an entry; the row lives as long as the view, and has all elements that were cut.
    template <class Row>
    [[nodiscard]] auto entry_of(const Row& row, std::size_t entry) const noexcept {
        return std::span(row).subspan(begin_of(entry), end_of(entry) - begin_of(entry));
    }

private:
    std::vector<std::uint32_t> ends_;
};

} // namespace sluice::detail
