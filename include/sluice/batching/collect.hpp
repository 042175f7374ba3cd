#pragma once

#include <sluice/batching/batching.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

namespace sluice {

/// Plain PutRecords: every record is an entry of its own.
class Collect {
public:
    using policy_kind = kind::batching;

    [[nodiscard]] Horizon horizon(const RequestLimits& limits, std::size_t) const {
        return {limits.entries, limits.bytes};
    }

    [[nodiscard]] Plan plan(std::span<const Candidate> candidates, const RequestLimits& limits) const {
        Plan plan;
        std::size_t bytes = 0;
        for (std::uint32_t i = 0; i < candidates.size() && plan.entries() < limits.entries; ++i) {
            bytes += candidates[i].data.size() + candidates[i].partition_key.size();
            if (i > 0 && bytes > limits.bytes) break;
            plan.add(i);
            plan.close_entry();
        }
        return plan;
    }

    [[nodiscard]] std::vector<Entry> assemble(std::span<const std::span<const Candidate>> entries,
                                              std::deque<std::string>&) const {
        std::vector<Entry> all;
        all.reserve(entries.size());
        for (const auto& members : entries) {
            const auto& only = members.front();
            all.emplace_back(only.partition_key, only.explicit_hash_key, only.data);
        }
        return all;
    }

    [[nodiscard]] std::size_t entry_room(const RequestLimits&) const noexcept { return 0; }
    [[nodiscard]] bool goes_by_shard() const noexcept { return false; }
    [[nodiscard]] bool carries_headers() const noexcept { return false; }
};

} // namespace sluice
