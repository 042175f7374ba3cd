#pragma once

#include <sluice/options.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace sluice::detail {

/// The caps of the buffer, and what counts against them: every record without an outcome, wherever it is. Not
/// synchronised.
class Room {
public:
    explicit Room(const Options& options) : options_(options) {}

    /// Whether a record that costs so much fits now.
    [[nodiscard]] bool fits(std::uint64_t cost) const noexcept {
        return bytes_ + cost <= options_.buffer_bytes && records_ < options_.buffer_records;
    }

    /// Whether one that does not fit now might, when others are gone.
    [[nodiscard]] bool may_fit(std::uint64_t cost) const noexcept {
        return options_.when_full != WhenFull::fail && options_.buffer_records > 0 && cost <= options_.buffer_bytes;
    }

    void take(std::uint64_t records, std::uint64_t bytes) noexcept {
        records_ += records;
        bytes_ += bytes;
    }

    /// More than there is counts as all.
    void give(std::uint64_t records, std::uint64_t bytes) noexcept {
        if (records > 0) short_ = false;
        records_ -= std::min(records_, records);
        bytes_ -= std::min(bytes_, bytes);
    }

    void clear() noexcept {
        records_ = bytes_ = 0;
        short_ = false;
    }

    /// Somebody found no room; true if that is news since some was made, and old records are to make room for new ones.
    [[nodiscard]] bool fell_short(std::uint64_t cost) noexcept {
        const bool may_drop = options_.when_full == WhenFull::drop_oldest && cost <= options_.buffer_bytes;
        return may_drop && !std::exchange(short_, true);
    }

    /// Whether old records are to make room: somebody needs it, or soon will.
    [[nodiscard]] bool wants_drop(bool somebody_waits) const noexcept {
        const auto bytes = std::min<std::size_t>(options_.buffer_bytes / 8, 1U << 20U);
        const auto records = std::min<std::size_t>(options_.buffer_records / 8, 8'192);
        return options_.when_full == WhenFull::drop_oldest &&
               (short_ || somebody_waits || bytes_ + bytes > options_.buffer_bytes ||
                records_ + records > options_.buffer_records);
    }

    [[nodiscard]] std::uint64_t records() const noexcept { return records_; }
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

private:
    const Options& options_;
    std::uint64_t records_ = 0;
    std::uint64_t bytes_ = 0;
    bool short_ = false; ///< Somebody was refused for want of room since some was made last.
};

} // namespace sluice::detail
