#pragma once

#include <sluice/detail/frame.hpp>
#include <sluice/error.hpp>
#include <sluice/storage/chunk.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::detail {

/// Where the storage has a record whose data is not in memory.
class Whereabouts {
public:
    Whereabouts(std::string its_stream, std::uint64_t first, std::uint32_t its_index)
        : stream(std::move(its_stream)), chunk(first), index(its_index) {}

    /// The record's data, in its chunk as the storage gave it back; `error::storage_corrupt` if it is not there.
    [[nodiscard]] result<std::string_view> data_in(const Chunk& read) const {
        if (read.first != chunk || index >= read.count || !read.body) return error::storage_corrupt;
        std::size_t offset = 1;
        for (std::uint32_t i = 0;; ++i) {
            const auto frame = read_frame(*read.body, offset);
            if (!frame) return frame.error();
            if (i == index) return frame->data;
            offset += frame->size;
        }
    }

    std::string stream;
    std::uint64_t chunk; ///< Its first sequence.
    std::uint32_t index; ///< Of the record in it.
};

} // namespace sluice::detail
