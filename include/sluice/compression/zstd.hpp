#pragma once

#include <sluice/compression/compression.hpp>
#include <sluice/detail/unshared.hpp>
#include <sluice/detail/zstd.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sluice {

/// Payloads become Zstandard (RFC 8878): one frame each, which says how large its data is. Link `sluice::zstd`.
///
/// With `Scope::record` each record's data is a frame. The KCL and other consumers take aggregates apart as ever, and
/// find a frame where the data was. With `Scope::aggregate` a whole entry is one frame: what reads the stream must
/// decompress it before it takes the aggregate apart, which the KCL, Lambda and Firehose do not.
///
/// Frames carry no checksum: of a small record it would be a good part, and requests are signed and encrypted on their
/// way. The same data gives the same frame, so long as libzstd's version is the same. What does not shrink goes into
/// raw blocks: a frame is then at most 10 bytes larger than its data, and 3 for each block of 128 KiB or less, of which
/// there is one at least.
///
/// The first call makes a state; the next ones use it again, and a buffer as large as the largest data. It grows with
/// level and data: 1.3 MB at level 3 for records of 1 MiB, 18 MB at level 22. A copy makes its own. One
/// call at a time; none waits.
class Zstd {
public:
    using policy_kind = kind::compression;

    /// Level 1 to 22, or below 0, down to -131072, for speed; 0 is libzstd's default, 3. Throws `std::invalid_argument`
    /// for one that libzstd does not have.
    explicit Zstd(int level = 3, Scope scope = Scope::record) : level_(level), scope_(scope) {
        if (!detail::ZstdCompressor::knows(level)) {
            throw std::invalid_argument("sluice: Zstd has the levels 1 to 22, and those below 0 that libzstd has");
        }
    }

    /// One frame, in `scratch`. Data over 1 GiB, which no service takes, is `record_too_large`. Throws
    /// `std::bad_alloc` if there is no memory, which pauses a producer and costs no record.
    [[nodiscard]] result<std::string_view> compress(std::string_view data, std::string& scratch) {
        if (data.size() > most_bytes) return error::record_too_large;
        scratch = state_.get(level_).compress(data);
        return std::string_view(scratch);
    }

    [[nodiscard]] Scope scope() const noexcept { return scope_; }

private:
    static constexpr std::size_t most_bytes = std::size_t{1} << 30U;

    int level_;
    Scope scope_;
    detail::Unshared<detail::ZstdCompressor> state_;
};

static_assert(Compression<Zstd>);

} // namespace sluice
