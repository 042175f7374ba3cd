#pragma once

#include <sluice/aws/digest.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

/// Several MD5s side by side: one is bound by the latency of its steps, and leaves most of a processor idle.
namespace sluice::aws {

namespace detail {

/// So many numbers in one register, as g++ and clang know them on every processor.
using FourNumbers [[gnu::vector_size(16)]] = std::uint32_t;
using EightNumbers [[gnu::vector_size(32)]] = std::uint32_t;
using OneNumber = std::uint32_t;

// RFC 1321: floor(2^32 * abs(sin(i + 1))), and how far each step of a round turns.
inline constexpr std::array<std::uint32_t, 64> md5_constants{
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};
inline constexpr std::array<std::array<unsigned, 4>, 4> md5_turns{
    {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};
inline constexpr std::array<std::uint32_t, 4> md5_start{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};

/// The state of as many MD5s as `Numbers` has lanes. What works on it is inlined wherever it is called, so that it
/// uses what the caller may use of the processor.
template <class Numbers>
class Md5Lanes {
public:
    static constexpr std::size_t lanes = sizeof(Numbers) / sizeof(std::uint32_t);

    [[gnu::always_inline]] inline void start(std::size_t lane) noexcept {
        for (std::size_t i = 0; i < 4; ++i) state_[i][lane] = md5_start[i];
    }

    [[gnu::always_inline]] inline void start_all() noexcept {
        for (std::size_t i = 0; i < 4; ++i) state_[i].fill(md5_start[i]);
    }

    /// Goes on, in the first lane, where a lane of others is.
    template <class Others>
    [[gnu::always_inline]] inline void resume(const Md5Lanes<Others>& others, std::size_t lane) noexcept {
        for (std::size_t i = 0; i < 4; ++i) state_[i][0] = others.state_[i][lane];
    }

    /// Takes 64 bytes in every lane.
    [[gnu::always_inline]] inline void add(const std::array<const char*, lanes>& blocks) noexcept {
        std::array<Numbers, 16> words;
        for (std::size_t i = 0; i < 16; i += 4) turn(blocks, i, words);
        add(words, std::make_index_sequence<16>());
    }

    [[gnu::always_inline]] inline void finish(std::size_t lane, Md5& sum) const noexcept {
        for (std::size_t i = 0; i < 4; ++i) {
            const auto word = state_[i][lane];
            for (unsigned byte = 0; byte < 4; ++byte) sum[4 * i + byte] = static_cast<std::uint8_t>(word >> (8 * byte));
        }
    }

private:
    template <class Others>
    friend class Md5Lanes;

    /// Four words of every lane, which lie one after the other in memory, to the side of one another.
    [[gnu::always_inline]] static inline void turn(const std::array<const char*, lanes>& blocks, std::size_t first,
                                                   std::array<Numbers, 16>& words) noexcept {
        std::array<Numbers, 4> rows;
        for (std::size_t i = 0; i < 4; ++i) load(rows[i], blocks, i % lanes, 4 * (first + i / lanes));
        if constexpr (lanes == 1) {
            for (std::size_t i = 0; i < 4; ++i) words[first + i] = rows[i];
        } else if constexpr (lanes == 4) {
            const Numbers a = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
            const Numbers b = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
            const Numbers c = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
            const Numbers d = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
            words[first] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
            words[first + 1] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
            words[first + 2] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
            words[first + 3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
        } else {
            const Numbers a = __builtin_shufflevector(rows[0], rows[1], 0, 8, 1, 9, 4, 12, 5, 13);
            const Numbers b = __builtin_shufflevector(rows[0], rows[1], 2, 10, 3, 11, 6, 14, 7, 15);
            const Numbers c = __builtin_shufflevector(rows[2], rows[3], 0, 8, 1, 9, 4, 12, 5, 13);
            const Numbers d = __builtin_shufflevector(rows[2], rows[3], 2, 10, 3, 11, 6, 14, 7, 15);
            words[first] = __builtin_shufflevector(a, c, 0, 1, 8, 9, 4, 5, 12, 13);
            words[first + 1] = __builtin_shufflevector(a, c, 2, 3, 10, 11, 6, 7, 14, 15);
            words[first + 2] = __builtin_shufflevector(b, d, 0, 1, 8, 9, 4, 5, 12, 13);
            words[first + 3] = __builtin_shufflevector(b, d, 2, 3, 10, 11, 6, 7, 14, 15);
        }
    }

    /// Sixteen bytes of a lane; with eight lanes, and of the fourth after it; with one, four bytes.
    [[gnu::always_inline]] static inline void load(Numbers& row, const std::array<const char*, lanes>& blocks,
                                                   std::size_t lane, std::size_t offset) noexcept {
        std::conditional_t<lanes == 1, OneNumber, FourNumbers> low;
        std::memcpy(&low, blocks[lane] + offset, sizeof low);
        if constexpr (lanes == 8) {
            FourNumbers high;
            std::memcpy(&high, blocks[lane + 4] + offset, sizeof high);
            row = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
        } else {
            row = low;
        }
        if constexpr (std::endian::native == std::endian::big) {
            row = (row << 24) | ((row << 8) & 0xff0000U) | ((row >> 8) & 0xff00U) | (row >> 24);
        }
    }

    template <std::size_t... Fours>
    [[gnu::always_inline]] inline void add(const std::array<Numbers, 16>& words,
                                           std::index_sequence<Fours...>) noexcept {
        Numbers a;
        Numbers b;
        Numbers c;
        Numbers d;
        std::memcpy(&a, state_[0].data(), sizeof a);
        std::memcpy(&b, state_[1].data(), sizeof b);
        std::memcpy(&c, state_[2].data(), sizeof c);
        std::memcpy(&d, state_[3].data(), sizeof d);
        const Numbers before_a = a;
        const Numbers before_b = b;
        const Numbers before_c = c;
        const Numbers before_d = d;
        (four_steps<4 * Fours>(a, b, c, d, words), ...);
        a += before_a;
        b += before_b;
        c += before_c;
        d += before_d;
        std::memcpy(state_[0].data(), &a, sizeof a);
        std::memcpy(state_[1].data(), &b, sizeof b);
        std::memcpy(state_[2].data(), &c, sizeof c);
        std::memcpy(state_[3].data(), &d, sizeof d);
    }

    template <std::size_t First>
    [[gnu::always_inline]] static inline void four_steps(Numbers& a, Numbers& b, Numbers& c, Numbers& d,
                                                         const std::array<Numbers, 16>& words) noexcept {
        step<First>(a, b, c, d, words);
        step<First + 1>(d, a, b, c, words);
        step<First + 2>(c, d, a, b, words);
        step<First + 3>(b, c, d, a, words);
    }

    template <std::size_t Step>
    [[gnu::always_inline]] static inline void step(Numbers& a, const Numbers& b, const Numbers& c, const Numbers& d,
                                                   const std::array<Numbers, 16>& words) noexcept {
        constexpr std::size_t round = Step / 16;
        constexpr std::array<std::size_t, 4> strides{1, 5, 3, 7};
        constexpr std::array<std::size_t, 4> offsets{0, 1, 5, 0};
        constexpr std::size_t chosen = (Step * strides[round] + offsets[round]) % 16;
        constexpr unsigned turned = md5_turns[round][Step % 4];
        a += words[chosen] + md5_constants[Step];
        if constexpr (round == 0) {
            a += d ^ (b & (c ^ d));
        } else if constexpr (round == 1) {
            a += c ^ (d & (b ^ c));
        } else if constexpr (round == 2) {
            a += b ^ c ^ d;
        } else {
            a += c ^ (b | ~d);
        }
        a = ((a << turned) | (a >> (32 - turned))) + b;
    }

    alignas(Numbers) std::array<std::array<std::uint32_t, lanes>, 4> state_{};
};

/// Cuts a text into blocks, the last with its padding and length.
class Md5Text {
public:
    /// Begins another text.
    void begin(std::string_view text) noexcept {
        rest_ = text;
        bits_ = std::uint64_t{text.size()} * 8;
        left_ = (text.size() + 8) / 64 + 1;
        marked_ = false;
    }

    /// How many blocks are still to come.
    [[nodiscard]] std::size_t left() const noexcept { return left_; }

    /// The next 64 bytes; they last until the next call, as this object does.
    [[nodiscard]] const char* next() noexcept {
        --left_;
        if (rest_.size() < 64) return tail();
        const auto* block = rest_.data();
        rest_.remove_prefix(64);
        return block;
    }

private:
    const char* tail() noexcept {
        tail_.fill('\0');
        if (!rest_.empty()) std::memcpy(tail_.data(), rest_.data(), rest_.size());
        if (!marked_) tail_[rest_.size()] = '\x80';
        for (unsigned i = 0; left_ == 0 && i < 8; ++i) tail_[56 + i] = static_cast<char>(bits_ >> (8 * i));
        marked_ = true;
        rest_ = {};
        return tail_.data();
    }

    std::string_view rest_;
    std::uint64_t bits_ = 0;
    std::size_t left_ = 0;
    bool marked_ = false; ///< The bit after the text has been written.
    std::array<char, 64> tail_; ///< Filled when its turn comes.
};

/// Whether a text, its end mark and its length are one block.
[[nodiscard]] inline bool fits_one_block(std::string_view text) noexcept { return text.size() < 56; }

inline void fill_only_block(std::string_view text, std::array<char, 64>& block) noexcept {
    block.fill('\0');
    if (!text.empty()) std::memcpy(block.data(), text.data(), text.size());
    block[text.size()] = '\x80';
    const auto bits = static_cast<unsigned>(text.size() * 8); // less than 448
    block[56] = static_cast<char>(bits & 0xFFU);
    block[57] = static_cast<char>(bits >> 8U);
}

/// The one text that is still running goes on alone, which is nearly twice as fast as beside idle lanes.
template <class Numbers, std::size_t Lanes>
[[gnu::always_inline]] inline void finish_last(const Md5Lanes<Numbers>& state, std::array<Md5Text, Lanes>& running,
                                               const std::array<std::size_t, Lanes>& places,
                                               std::span<Md5> sums) noexcept {
    const auto still_running = [](const Md5Text& text) { return text.left() > 0; };
    const auto found = std::find_if(running.begin(), running.end(), still_running);
    const auto lane = static_cast<std::size_t>(found - running.begin());
    Md5Lanes<OneNumber> alone;
    alone.resume(state, lane);
    while (found->left() > 0) alone.add({found->next()});
    alone.finish(0, sums[places[lane]]);
}

/// Texts of one block each, as nearly all partition keys are.
template <class Numbers>
[[gnu::always_inline]] inline void md5_of_short(std::span<const std::string_view> texts, std::span<Md5> sums) noexcept {
    constexpr auto lanes = Md5Lanes<Numbers>::lanes;
    std::array<std::array<char, 64>, lanes> blocks_of_lanes{};
    std::array<const char*, lanes> blocks{};
    for (std::size_t lane = 0; lane < lanes; ++lane) blocks[lane] = blocks_of_lanes[lane].data();
    for (std::size_t first = 0; first < texts.size(); first += lanes) {
        const auto count = std::min(lanes, texts.size() - first);
        for (std::size_t lane = 0; lane < count; ++lane) fill_only_block(texts[first + lane], blocks_of_lanes[lane]);
        Md5Lanes<Numbers> state;
        state.start_all();
        state.add(blocks);
        for (std::size_t lane = 0; lane < count; ++lane) state.finish(lane, sums[first + lane]);
    }
}

/// Each lane takes the next text when it is through with one, so that a long one holds up no others.
template <class Numbers>
[[gnu::always_inline]] inline void md5_of_any(std::span<const std::string_view> texts, std::span<Md5> sums) noexcept {
    constexpr auto lanes = Md5Lanes<Numbers>::lanes;
    static constexpr std::array<char, 64> nothing{};
    Md5Lanes<Numbers> state;
    std::array<Md5Text, lanes> running;
    std::array<const char*, lanes> blocks{};
    std::array<std::size_t, lanes> places{};
    std::size_t next = 0;
    std::size_t done = 0;
    while (done < texts.size()) {
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            if (running[lane].left() == 0 && next < texts.size()) {
                running[lane].begin(texts[next]);
                places[lane] = next++;
                state.start(lane);
            }
            const bool idle = running[lane].left() == 0;
            blocks[lane] = idle ? nothing.data() : running[lane].next();
            if (idle) places[lane] = texts.size();
        }
        state.add(blocks);
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            if (running[lane].left() > 0 || places[lane] == texts.size()) continue;
            state.finish(lane, sums[places[lane]]);
            ++done;
        }
        if (done + 1 == texts.size() && next == texts.size()) return finish_last(state, running, places, sums);
    }
}

template <class Numbers>
[[gnu::always_inline]] inline void md5_side_by_side(std::span<const std::string_view> texts,
                                                    std::span<Md5> sums) noexcept {
    const bool all_short = std::all_of(texts.begin(), texts.end(), fits_one_block);
    all_short ? md5_of_short<Numbers>(texts, sums) : md5_of_any<Numbers>(texts, sums);
}

/// Every processor that g++ and clang know has registers of four numbers, or does without.
inline void md5_four(std::span<const std::string_view> texts, std::span<Md5> sums) noexcept {
    md5_side_by_side<FourNumbers>(texts, sums);
}

#if defined(__x86_64__) || defined(__i386__)
[[gnu::target("avx2")]] inline void md5_eight(std::span<const std::string_view> texts, std::span<Md5> sums) noexcept {
    md5_side_by_side<EightNumbers>(texts, sums);
}

/// The same, where a rotation, and any function of three bits, is one instruction.
[[gnu::target("avx2,avx512f,avx512vl")]] inline void md5_eight_with_avx512(std::span<const std::string_view> texts,
                                                                           std::span<Md5> sums) noexcept {
    md5_side_by_side<EightNumbers>(texts, sums);
}
#endif

using Md5Many = void (*)(std::span<const std::string_view>, std::span<Md5>) noexcept;

/// The fastest that this processor can do.
[[nodiscard]] inline Md5Many choose_md5() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    const bool avx2 = __builtin_cpu_supports("avx2") != 0;
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512vl") != 0;
    if (avx512) return md5_eight_with_avx512;
    if (avx2) return md5_eight;
#endif
    return md5_four;
}

} // namespace detail

/// The MD5s of many texts, each in the place of its text; for keys of partitions and trailers of aggregates. `sums` has
/// as many places as there are texts. Any thread.
inline void md5_all(std::span<const std::string_view> texts, std::span<Md5> sums) noexcept {
    static const detail::Md5Many best = detail::choose_md5();
    best(texts, sums);
}

} // namespace sluice::aws
