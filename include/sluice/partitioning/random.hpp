#pragma once

#include <sluice/partitioning/partitioning.hpp>

namespace sluice {

/// Sixteen random hexadecimal digits: records spread evenly over the shards.
class RandomKey {
public:
    using policy_kind = kind::partitioning;

    [[nodiscard]] error_code key(const RecordView&, std::uint64_t random, std::string& key) const {
        constexpr auto digits = "0123456789abcdef";
        for (int i = 0; i < 16; ++i, random >>= 4U) key += digits[random & 15U];
        return {};
    }
};

} // namespace sluice
