#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <stdexcept>
#include <string_view>

namespace sluice::detail {

/// DEFLATE (RFC 1951) by zlib: one state of about 270 KB, used again for every call.
class ZlibDeflater {
public:
    /// Level 1 to 9. Throws `std::bad_alloc` if there is no memory.
    explicit ZlibDeflater(int level) {
        constexpr int raw_window = -15, memory = 8; // no wrapper of zlib's, and its usual amount of memory
        const auto status = deflateInit2(&stream_, level, Z_DEFLATED, raw_window, memory, Z_DEFAULT_STRATEGY);
        if (status == Z_MEM_ERROR) throw std::bad_alloc();
        if (status != Z_OK) throw std::runtime_error("sluice: zlib does not start; is it of another version?");
    }

    ZlibDeflater(const ZlibDeflater&) = delete;
    ZlibDeflater& operator=(const ZlibDeflater&) = delete;
    ~ZlibDeflater() { deflateEnd(&stream_); }

    /// Writes the data's blocks to the begin of `room`, and gives their size; 0 if they do not fit. Both are at most
    /// 2 GiB.
    [[nodiscard]] std::size_t deflate(std::string_view data, std::span<char> room) {
        if (deflateReset(&stream_) != Z_OK) throw std::runtime_error("sluice: zlib lost its state");
        // zlib only reads it, whatever the type says.
        stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(data.data()));
        stream_.avail_in = static_cast<uInt>(data.size());
        stream_.next_out = reinterpret_cast<Bytef*>(room.data());
        stream_.avail_out = static_cast<uInt>(room.size());
        const bool whole = ::deflate(&stream_, Z_FINISH) == Z_STREAM_END;
        return whole ? room.size() - stream_.avail_out : 0;
    }

    /// CRC-32 as gzip has it.
    [[nodiscard]] static std::uint32_t checksum(std::string_view data) {
        // Of no address zlib gives the checksum of nothing, which is 0, too.
        return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(data.data()), data.size()));
    }

private:
    z_stream stream_ = {};
};

} // namespace sluice::detail
