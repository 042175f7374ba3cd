#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/record.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sluice {

/// Which records of a chunk have their outcome: one bit a record, the first in the lowest bit of the first byte.
class SettledBits {
public:
    SettledBits() = default;
    explicit SettledBits(std::size_t count) : bytes_((count + 7) / 8) {}
    explicit SettledBits(std::vector<std::uint8_t> bytes) : bytes_(std::move(bytes)) {}

    [[nodiscard]] bool test(std::size_t index) const noexcept {
        return index / 8 < bytes_.size() && (unsigned{bytes_[index / 8]} >> (index % 8) & 1U) != 0;
    }

    void set(std::size_t index) {
        if (index / 8 >= bytes_.size()) bytes_.resize(index / 8 + 1);
        bytes_[index / 8] = static_cast<std::uint8_t>(unsigned{bytes_[index / 8]} | 1U << (index % 8));
    }

    [[nodiscard]] const std::vector<std::uint8_t>& bytes() const noexcept { return bytes_; }

    friend bool operator==(const SettledBits&, const SettledBits&) = default;

private:
    std::vector<std::uint8_t> bytes_;
};

/// Consecutive records of one stream: the unit of storing, batching and freeing. The body is opaque to a storage, the
/// rest is clear.
class Chunk {
public:
    Chunk() = default;
    Chunk(std::string its_stream, std::uint64_t its_first, std::uint32_t its_count, SharedBytes its_body)
        : stream(std::move(its_stream)), first(its_first), count(its_count), live(its_count), settled(its_count),
          body(std::move(its_body)) {}

    std::string stream;
    std::uint64_t first = 0;      ///< Sequence of the first record; the others follow without gaps.
    std::uint32_t count = 0;      ///< Records in the body.
    std::uint32_t live = 0;       ///< Records without an outcome.
    std::uint64_t live_bytes = 0; ///< What these count against `Options::buffer_bytes`.
    wall_time oldest_put;         ///< Of the first record.
    SettledBits settled;
    std::vector<std::uint8_t> attempts; ///< Failures of each record; empty: none anywhere.
    SharedBytes body;                   ///< Framed records.
};

/// New settled bits and attempts of one stored chunk; without live records the chunk is deleted.
class Settlement {
public:
    Settlement() = default;
    explicit Settlement(const Chunk& chunk)
        : stream(chunk.stream), first(chunk.first), live(chunk.live), live_bytes(chunk.live_bytes),
          settled(chunk.settled), attempts(chunk.attempts) {}

    std::string stream;
    std::uint64_t first = 0;
    std::uint32_t live = 0;
    std::uint64_t live_bytes = 0;
    SettledBits settled;
    std::vector<std::uint8_t> attempts;
};

/// Which store this is, and where it goes on.
class StoreIdentity {
public:
    StoreIdentity() = default;
    StoreIdentity(std::array<std::uint8_t, 16> bits, std::uint64_t next) : id(bits), next_sequence(next) {}

    /// Of a store that is being made: the clock's dice, and sequences from 1. Strand only.
    [[nodiscard]] static StoreIdentity fresh(AnyClock& clock) {
        StoreIdentity made;
        for (std::size_t i = 0; i < made.id.size(); i += 8) {
            auto random = clock.random();
            for (std::size_t j = 0; j < 8; ++j, random >>= 8U) made.id[i + j] = static_cast<std::uint8_t>(random);
        }
        return made;
    }

    std::array<std::uint8_t, 16> id{}; ///< 128 random bits, made with the store.
    std::uint64_t next_sequence = 1;   ///< Of the next record; greater than any that was ever stored.
};

/// What a store holds that has no outcome.
class StoreUsage {
public:
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;  ///< As counted against `Options::buffer_bytes`.
    wall_time oldest = wall_time::max(); ///< Put time of the oldest record; `max()` if there is none.
};

} // namespace sluice
