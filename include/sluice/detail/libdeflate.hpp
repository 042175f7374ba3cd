#pragma once

#include <libdeflate.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string_view>

namespace sluice::detail {

/// DEFLATE (RFC 1951) by libdeflate, which is faster than zlib: one state, used again for every call.
class LibdeflateDeflater {
public:
    /// Level 1 to 9. Throws `std::bad_alloc` if there is no memory.
    explicit LibdeflateDeflater(int level) : state_(libdeflate_alloc_compressor(level)) {
        if (!state_) throw std::bad_alloc();
    }

    /// Writes the data's blocks to the begin of `room`, and gives their size; 0 if they do not fit.
    [[nodiscard]] std::size_t deflate(std::string_view data, std::span<char> room) {
        return libdeflate_deflate_compress(state_.get(), data.data(), data.size(), room.data(), room.size());
    }

    /// CRC-32 as gzip has it.
    [[nodiscard]] static std::uint32_t checksum(std::string_view data) {
        return libdeflate_crc32(0, data.data(), data.size());
    }

private:
    class Free {
    public:
        void operator()(libdeflate_compressor* state) const { libdeflate_free_compressor(state); }
    };

    std::unique_ptr<libdeflate_compressor, Free> state_;
};

} // namespace sluice::detail
