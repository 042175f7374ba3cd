#pragma once

#include <sluice/detail/live_chunk.hpp>
#include <sluice/detail/lot.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// Chunks as the intake makes them, for the tests of what happens to them.
namespace chunks {

using namespace std::chrono_literals;

inline const sluice::wall_time today{std::chrono::hours(24 * 365 * 50)};
inline const sluice::steady_time start{std::chrono::hours(1)};

inline sluice::detail::Moment moment(std::chrono::nanoseconds later = {}) {
    return {start + later, today + std::chrono::duration_cast<sluice::wall_time::duration>(later)};
}

/// A chunk of these records, put at `when`, all of them at once.
inline sluice::Chunk make(const std::string& stream, std::uint64_t first, const std::vector<sluice::Record>& records,
                          sluice::wall_time when = today) {
    sluice::detail::Lot lot(stream);
    lot.oldest_put = when;
    for (const auto& record : records) {
        lot.add(record, record.partition_key.value_or("key"), when, record.time_to_live.value_or(0ms));
    }
    return lot.seal(first);
}

/// So many records with keys of their own.
inline std::vector<sluice::Record> records(std::size_t count, const std::string& name = "r") {
    std::vector<sluice::Record> made;
    for (std::size_t i = 0; i < count; ++i) made.emplace_back(name + std::to_string(i), "data" + std::to_string(i));
    return made;
}

/// A chunk as the delivery keeps it, indexed.
inline std::unique_ptr<sluice::detail::LiveChunk> live(sluice::Chunk chunk, sluice::detail::Moment now = moment()) {
    auto made = std::make_unique<sluice::detail::LiveChunk>(std::move(chunk), now);
    if (!made->index()) return nullptr;
    return made;
}

} // namespace chunks
