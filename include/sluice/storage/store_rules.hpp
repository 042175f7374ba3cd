#pragma once

#include <sluice/error.hpp>
#include <sluice/storage/chunk.hpp>

#include <cstdint>
#include <limits>
#include <string_view>

namespace sluice::detail {

/// JSON and DynamoDB have greater numbers, but SQLite does not.
inline constexpr auto largest_stored_number = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

/// What a storage says when its repository, or its service, says this.
[[nodiscard]] inline error_code told_by_storage(error_code why) {
    for (const auto known : {error::storage_locked, error::storage_corrupt, error::storage_foreign,
                             error::storage_unwritable, error::storage_full}) {
        if (why == known) return why;
    }
    return error::storage_failed;
}

/// Why a chunk cannot be appended to a store that goes on with `next`; empty: it can.
[[nodiscard]] inline std::string_view unfit_sequence(const Chunk& chunk, std::uint64_t next) {
    if (chunk.first < next) return "the sequence of a chunk was used before";
    return chunk.first > largest_stored_number - chunk.count ? "there are no more sequences" : std::string_view();
}

} // namespace sluice::detail
