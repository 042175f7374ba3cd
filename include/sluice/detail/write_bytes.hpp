#pragma once

#include <cstring>
#include <string_view>

namespace sluice::detail {

/// Writes bytes where there is room for them; gives the end of what was written.
inline char* write_bytes(char* to, std::string_view bytes) noexcept {
    // A view of nothing may point nowhere, from where memcpy must not copy even nothing.
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    return to + bytes.size();
}

} // namespace sluice::detail
