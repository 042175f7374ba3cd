#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/detail/arenas.hpp>
#include <sluice/detail/frame.hpp>
#include <sluice/detail/put_op.hpp>
#include <sluice/detail/write_bytes.hpp>
#include <sluice/storage/chunk.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::detail {

/// Records of one stream that were put and are not a chunk yet: the arena that puts write into.
class Lot {
public:
    /// Consecutive records of the lot that one operation put.
    class Claim {
    public:
        Claim(std::shared_ptr<PutOp> its_op, std::size_t its_place, std::uint32_t its_first)
            : op(std::move(its_op)), place(its_place), first(its_first) {}

        std::shared_ptr<PutOp> op;
        std::size_t place;       ///< Of the first of them in the operation's range.
        std::uint32_t first;     ///< Of the first of them in the lot.
        std::uint32_t count = 1;
    };

    explicit Lot(std::string its_stream) : stream(std::move(its_stream)) {}

    [[nodiscard]] bool empty() const noexcept { return count == 0; }

    /// Of the body as it is now.
    [[nodiscard]] std::size_t bytes() const noexcept { return used_; }

    /// Its first record comes now; so many bytes are expected.
    void open(steady_time now, wall_time today, const std::shared_ptr<Arenas>& memory, std::size_t bytes) {
        opened = now;
        oldest_put = today;
        arenas = memory;
        body_ = arenas->take(bytes);
    }

    /// Writes a record; both clocks as they were when the lot was opened, or read just now.
    [[gnu::always_inline]] inline void add(const RecordView& record, std::string_view key, wall_time now,
                                           std::chrono::milliseconds time_to_live) {
        using std::chrono::milliseconds;
        milliseconds after{};
        if (now > oldest_put) {
            after = std::min(std::chrono::duration_cast<milliseconds>(now - oldest_put), milliseconds(0xFFFFFFFF));
        }
        char* const to = room(frame_size(record, key, time_to_live));
        used_ = static_cast<std::size_t>(write_frame(to, record, key, after, time_to_live) - body_.data());
        cost += buffer_cost(record, key);
        ++count;
    }

    /// The record that was added last belongs to this operation.
    void claim(const std::shared_ptr<PutOp>& op, std::size_t place) {
        const bool follows = !claims.empty() && claims.back().op == op &&
                             claims.back().first + claims.back().count == count - 1 &&
                             claims.back().place + claims.back().count == place;
        if (follows) {
            ++claims.back().count;
        } else {
            claims.emplace_back(op, place, count - 1);
        }
    }

    /// Takes out what operations put, and forgets their claims; gives how many records there were.
    std::uint32_t drop_claimed() {
        Lot kept(stream);
        std::size_t offset = 1;
        auto claim = claims.begin();
        for (std::uint32_t i = 0; i < count; ++i) {
            const auto frame = read_frame(body(), offset);
            while (claim != claims.end() && claim->first + claim->count <= i) ++claim;
            if (claim == claims.end() || i < claim->first) {
                write_bytes(kept.room(frame->size), body().substr(offset, frame->size));
                kept.used_ += frame->size;
                kept.cost += buffer_cost(*frame);
                ++kept.count;
            }
            offset += frame->size;
        }
        const auto dropped = count - kept.count;
        body_ = std::move(kept.body_);
        used_ = kept.used_;
        count = kept.count;
        cost = kept.cost;
        claims.clear();
        return dropped;
    }

    /// The chunk that the storage takes. The body is moved, not copied.
    [[nodiscard]] Chunk seal(std::uint64_t first) {
        if (!arenas) arenas = std::make_shared<Arenas>();
        body_.resize(used_);
        Chunk chunk(stream, first, count, arenas->share(std::move(body_)));
        chunk.live_bytes = cost;
        chunk.oldest_put = oldest_put;
        return chunk;
    }

    std::string stream;
    std::uint32_t count = 0;
    std::uint64_t cost = 0;
    wall_time oldest_put;
    steady_time opened;
    std::vector<Claim> claims;
    std::shared_ptr<Arenas> arenas; ///< Where the body's memory comes from, and goes back to.

private:
    static constexpr std::size_t step = 4'096;

    [[nodiscard]] std::string_view body() const noexcept { return std::string_view(body_).substr(0, used_); }

    /// Where the next frame goes, which has so many bytes.
    [[nodiscard]] char* room(std::size_t bytes) {
        if (body_.size() - used_ <= bytes) grow(used_ + bytes + 1);
        if (used_ == 0) body_[used_++] = Frame::format;
        return body_.data() + used_;
    }

    /// Whoever makes a text longer writes zeros first: by and by, so that they are still in the cache when the frames
    /// come.
    [[gnu::noinline]] void grow(std::size_t least) {
        body_.resize(std::max(least, std::min(body_.capacity(), body_.size() + step)));
    }

    std::string body_;     ///< Longer than what was written.
    std::size_t used_ = 0; ///< Bytes that were.
};

/// Takes records back that were put and are not wanted any more; gives how many had been live.
inline std::uint32_t withdraw(Chunk& chunk, std::uint32_t first, std::uint32_t count) {
    std::uint32_t withdrawn = 0;
    std::size_t offset = 1;
    for (std::uint32_t i = 0; i < first + count; ++i) {
        const auto frame = read_frame(*chunk.body, offset);
        if (!frame) return withdrawn;
        offset += frame->size;
        if (i < first || chunk.settled.test(i)) continue;
        chunk.settled.set(i);
        chunk.live_bytes -= buffer_cost(*frame);
        --chunk.live;
        ++withdrawn;
    }
    return withdrawn;
}

} // namespace sluice::detail
