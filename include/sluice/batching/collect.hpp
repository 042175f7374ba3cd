#pragma once

#include <sluice/batching/batching.hpp>

namespace sluice {

/// Plain PutRecords: every record is an entry of its own.
class Collect {
public:
    using policy_kind = kind::batching;

    [[nodiscard]] Plan plan(std::span<const Candidate> candidates, const RequestLimits& limits, bool all) const {
        Plan plan;
        std::size_t bytes = 0;
        for (std::uint32_t i = 0; i < candidates.size(); ++i) {
            const auto size = candidates[i].data.size() + candidates[i].partition_key.size();
            const bool full = plan.entries() == limits.entries || (i > 0 && bytes + size > limits.bytes);
            if (full) return plan;
            bytes += size;
            plan.add(i);
            plan.close_entry();
        }
        const bool full = plan.entries() == limits.entries || bytes >= limits.bytes;
        return all || full ? plan : Plan{};
    }

    [[nodiscard]] Entry assemble(std::span<const Candidate> members, std::string&) const {
        const auto& only = members.front();
        return {only.partition_key, only.explicit_hash_key, only.data};
    }

    [[nodiscard]] std::size_t horizon(const RequestLimits& limits) const { return limits.entries + 1; }

    [[nodiscard]] bool carries_headers() const { return false; }
};

} // namespace sluice
