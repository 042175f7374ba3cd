#pragma once

#include <sluice/compression/compression.hpp>
#ifdef SLUICE_LIBDEFLATE
#include <sluice/detail/libdeflate.hpp>
#else
#include <sluice/detail/zlib.hpp>
#endif
#include <sluice/detail/unshared.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sluice {

/// `Gzip`, with DEFLATE by the library of choice; a type for each, so that programs may mix them.
template <class Deflater>
class BasicGzip {
public:
    using policy_kind = kind::compression;

    /// Level 0 (stored, not shrunk) to 9 (smallest, slowest). Throws `std::invalid_argument` for another one.
    explicit BasicGzip(int level = 6, Scope scope = Scope::record) : level_(level), scope_(scope) {
        if (level < 0 || level > 9) throw std::invalid_argument("sluice: Gzip has the levels 0 to 9");
    }

    /// One gzip member, in `scratch`. Data over 1 GiB, which no service takes, is `record_too_large`. Throws
    /// `std::bad_alloc` if there is no memory, which pauses a producer and costs no record.
    [[nodiscard]] result<std::string_view> compress(std::string_view data, std::string& scratch) {
        if (data.size() > most_bytes) return error::record_too_large;
        const auto blocks = level_ == 0 ? std::string_view() : state_.get(level_).deflate(data, stored_size(data));
        scratch.clear();
        scratch.reserve(header.size() + (blocks.empty() ? stored_size(data) : blocks.size()) + trailer_size);
        scratch += header;
        if (blocks.empty()) {
            store(data, scratch);
        } else {
            scratch += blocks;
        }
        append<4>(Deflater::checksum(data), scratch);
        append<4>(static_cast<std::uint32_t>(data.size()), scratch);
        return std::string_view(scratch);
    }

    [[nodiscard]] Scope scope() const noexcept { return scope_; }

private:
    /// What is used again for every call.
    class State {
    public:
        explicit State(int level) : deflater_(level) {}

        /// The data's blocks, until the next call; none if they take more than `most` bytes.
        [[nodiscard]] std::string_view deflate(std::string_view data, std::size_t most) {
            if (room_.size() < most) room_.resize(most);
            return std::string_view(room_).substr(0, deflater_.deflate(data, std::span(room_).first(most)));
        }

    private:
        Deflater deflater_;
        std::string room_;
    };

    static constexpr std::size_t most_bytes = std::size_t{1} << 30U;
    static constexpr std::size_t block_bytes = 65'535; ///< The most that a stored block takes (RFC 1951, 3.2.4).
    static constexpr std::size_t trailer_size = 8;
    /// DEFLATE, no flags, no time, no word on the effort, and from an unknown system (RFC 1952, 2.3): the same
    /// everywhere.
    static constexpr std::string_view header{"\x1f\x8b\x08\0\0\0\0\0\0\xff", 10};

    /// Bytes of the data in stored blocks, of which there is one at least.
    [[nodiscard]] static std::size_t stored_size(std::string_view data) {
        const auto blocks = std::max<std::size_t>(1, (data.size() + block_bytes - 1) / block_bytes);
        return data.size() + 5 * blocks;
    }

    static void store(std::string_view data, std::string& out) {
        bool last = false;
        while (!last) {
            const auto block = data.substr(0, block_bytes);
            data.remove_prefix(block.size());
            last = data.empty();
            out += last ? '\1' : '\0';
            append<2>(static_cast<std::uint32_t>(block.size()), out);
            append<2>(~static_cast<std::uint32_t>(block.size()), out);
            out += block;
        }
    }

    /// The lowest bytes of a number, the lowest first.
    template <unsigned Bytes>
    static void append(std::uint32_t value, std::string& out) {
        for (unsigned i = 0; i < Bytes; ++i) out += static_cast<char>(value >> 8 * i & 0xffU);
    }

    int level_;
    Scope scope_;
    detail::Unshared<State> state_;
};

/// Payloads become gzip (RFC 1952): one member each, which every gzip reads. Link `sluice::gzip`.
///
/// With `Scope::record` each record's data is a member. The KCL and other consumers take aggregates apart as ever, and
/// find a member where the data was. With `Scope::aggregate` a whole entry is one member: what reads the stream must
/// inflate it before it takes the aggregate apart, which the KCL, Lambda and Firehose do not.
///
/// The same data gives the same member, so long as the library and its version are the same. What does not shrink goes
/// into stored blocks: a member is at most 18 bytes larger than its data, and 5 for each block of 65535 bytes or less,
/// of which there is one at least.
///
/// The first call makes a state, of 270 KB with zlib, of up to 670 KB with libdeflate; the next ones use it again, and
/// a buffer as large as the largest data. A copy makes its own. One call at a time; none waits.
///
/// Where `SLUICE_LIBDEFLATE` is defined libdeflate does the work, else zlib; the CMake target defines it if libdeflate
/// is there.
#ifdef SLUICE_LIBDEFLATE
using Gzip = BasicGzip<detail::LibdeflateDeflater>;
#else
using Gzip = BasicGzip<detail::ZlibDeflater>;
#endif

static_assert(Compression<Gzip>);

} // namespace sluice
