#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <utility>
#include <vector>

/// Sizes around every border there is: of blocks, of windows, of a frame's size field.
inline std::vector<std::size_t> payload_sizes() {
    return {0, 1, 2, 3, 9, 100, 255, 256, 257, 1'000, 16'383, 32'768, 65'534, 65'535, 65'536, 65'791, 65'792, 131'071};
}

/// Those for which one level suffices.
inline std::vector<std::size_t> large_payload_sizes() {
    return {131'070, 131'072, 131'073, 196'605, 196'606, 524'289, 1'048'576};
}

/// Bytes that nothing shrinks.
inline std::string random_bytes(std::size_t size, std::uint64_t seed = 1) {
    std::mt19937_64 dice(seed);
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; i += 8) {
        const std::uint64_t number = dice();
        std::memcpy(bytes.data() + i, &number, std::min<std::size_t>(8, size - i));
    }
    return bytes;
}

/// Lines that are alike, as those of a log.
inline std::string log_lines(std::size_t size, std::uint64_t seed = 1) {
    std::mt19937_64 dice(seed);
    std::string text;
    while (text.size() < size) {
        text += R"({"level":"info","page":"/buy/)" + std::to_string(dice() % 1'000) + R"(","user":"user-)" +
                std::to_string(dice() % 1'000'000'000) + "\"}\n";
    }
    text.resize(size);
    return text;
}

/// Random, repetitive, alike, and both by turns.
inline std::vector<std::string> payloads(std::size_t size) {
    auto mixed = log_lines(size / 2) + random_bytes(size - size / 2);
    return {random_bytes(size), std::string(size, 'a'), log_lines(size), std::move(mixed)};
}
