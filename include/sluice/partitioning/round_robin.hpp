#pragma once

#include <sluice/partitioning/partitioning.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

namespace sluice {

/// So many keys in turn: `rr_0`, `rr_1`, ... `rr_{keys - 1}`, and from the beginning.
///
/// Copies share the counter, so that producers which were given copies of one policy take turns together, on whatever
/// threads they are. A key says nothing about its shard: the digests of few keys fall on the shards as dice do. Give at
/// least ten times as many keys as there are shards, or RandomKey.
class RoundRobinKey {
public:
    using policy_kind = kind::partitioning;

    /// Throws `std::invalid_argument` if there is no key.
    explicit RoundRobinKey(std::uint32_t keys) : keys_(keys) {
        if (keys == 0) throw std::invalid_argument("sluice: RoundRobinKey needs at least one key");
    }

    [[nodiscard]] error_code key(const RecordView&, std::uint64_t, std::string& key) const {
        const auto turn = turns_->fetch_add(1, std::memory_order_relaxed);
        (key += "rr_") += std::to_string(turn % keys_);
        return {};
    }

private:
    std::uint32_t keys_;
    std::shared_ptr<std::atomic<std::uint64_t>> turns_ = std::make_shared<std::atomic<std::uint64_t>>(0);
};

} // namespace sluice
