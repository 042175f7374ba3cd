#include <sluice/aws/base64_lanes.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace sluice::aws::detail;

/// All ways that this processor has.
std::vector<Base64Encoder> ways() {
    std::vector<Base64Encoder> all{encode_base64_by_threes, choose_base64()};
#if defined(__x86_64__) || defined(__i386__)
    if (__builtin_cpu_supports("ssse3")) all.push_back(encode_base64_by_twelves);
#endif
    return all;
}

/// As RFC 4648, section 4, has it, bit by bit.
std::string expected(std::string_view bytes) {
    std::string text;
    for (std::size_t bit = 0; bit < 8 * bytes.size(); bit += 6) {
        std::size_t six = 0;
        for (std::size_t i = bit; i < bit + 6; ++i) {
            const bool beyond = i >= 8 * bytes.size();
            six = 2 * six + (beyond ? 0U : (unsigned{static_cast<unsigned char>(bytes[i / 8])} >> (7 - i % 8)) & 1U);
        }
        text += base64_alphabet[six];
    }
    text.resize((text.size() + 3) / 4 * 4, '=');
    return text;
}

/// In blocks that are as large as they must be, at `offset` from where memory is aligned.
bool right(Base64Encoder encode, std::string_view bytes, std::size_t offset) {
    const auto text = expected(bytes);
    const auto from = std::make_unique<char[]>(offset + bytes.size());
    const auto to = std::make_unique<char[]>(offset + text.size());
    if (!bytes.empty()) std::memcpy(from.get() + offset, bytes.data(), bytes.size());
    const auto* end = encode(to.get() + offset, {from.get() + offset, bytes.size()});
    return end == to.get() + offset + text.size() && std::string_view(to.get() + offset, text.size()) == text;
}

} // namespace

TEST_CASE("bytes of every length, from everywhere in memory, are encoded alike in every way, and nothing else is read") {
    std::mt19937 dice(3);
    std::string bytes;
    for (std::size_t size = 0; size <= 200; ++size) {
        bytes.resize(size);
        for (auto& byte : bytes) byte = static_cast<char>(dice());
        for (const auto encode : ways()) {
            bool all = true;
            for (std::size_t offset = 0; offset < 33; ++offset) all = all && right(encode, bytes, offset);
            CHECK_MESSAGE(all, size);
        }
    }
}

TEST_CASE("every twelve bits become their two characters, wherever in a register they are") {
    std::string bytes;
    for (unsigned twelve = 0; twelve < 4096; ++twelve) {
        const unsigned other = 4095U - twelve;
        bytes += static_cast<char>(static_cast<unsigned char>(twelve >> 4U));
        bytes += static_cast<char>(static_cast<unsigned char>((twelve & 15U) << 4U | other >> 8U));
        bytes += static_cast<char>(static_cast<unsigned char>(other & 255U));
    }
    for (const auto encode : ways()) {
        for (const std::size_t shift : {0U, 3U, 6U, 9U, 12U, 15U, 18U, 21U}) {
            CHECK(right(encode, std::string(shift, 'x') + bytes, 0));
        }
    }
}
