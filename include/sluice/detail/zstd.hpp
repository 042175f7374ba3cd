#pragma once

#include <zstd.h>
#include <zstd_errors.h>

#include <cstddef>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sluice::detail {

/// Zstandard frames (RFC 8878) by libzstd: one state and one buffer, used again for every call.
class ZstdCompressor {
public:
    [[nodiscard]] static bool knows(int level) noexcept {
        return level >= ZSTD_minCLevel() && level <= ZSTD_maxCLevel();
    }

    /// A level that libzstd knows. Throws `std::bad_alloc` if there is no memory.
    explicit ZstdCompressor(int level) : state_(ZSTD_createCCtx()) {
        if (!state_) throw std::bad_alloc();
        check(ZSTD_CCtx_setParameter(state_.get(), ZSTD_c_compressionLevel, level));
    }

    /// One frame with its content's size and without a checksum, until the next call. Throws `std::bad_alloc` if there
    /// is no memory.
    [[nodiscard]] std::string_view compress(std::string_view data) {
        const auto most = ZSTD_compressBound(data.size());
        if (room_.size() < most) room_.resize(most);
        const auto size = check(ZSTD_compress2(state_.get(), room_.data(), room_.size(), data.data(), data.size()));
        return std::string_view(room_).substr(0, size);
    }

private:
    class Free {
    public:
        void operator()(ZSTD_CCtx* state) const { ZSTD_freeCCtx(state); }
    };

    static std::size_t check(std::size_t said) {
        if (ZSTD_isError(said) == 0) return said;
        if (ZSTD_getErrorCode(said) == ZSTD_error_memory_allocation) throw std::bad_alloc();
        throw std::runtime_error(std::string("sluice: libzstd failed: ") + ZSTD_getErrorName(said));
    }

    std::unique_ptr<ZSTD_CCtx, Free> state_;
    std::string room_;
};

} // namespace sluice::detail
