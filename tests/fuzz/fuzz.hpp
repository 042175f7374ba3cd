#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

/// What a fuzzer is given. A parser must survive it; whatever else is promised of its answer, `demand` checks.
[[nodiscard]] inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size}; // NOLINT: bytes are bytes
}

/// Ends the fuzzer, which keeps the input.
inline void demand(bool kept) {
    if (!kept) std::abort();
}
