#pragma once

#include "scenario.hpp"

#include <sluice/batching/aggregate.hpp>
#include <sluice/batching/collect.hpp>

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <vector>

namespace simulate {

/// The batching that the scenario wants, in one type.
class SimulatedBatching {
public:
    using policy_kind = sluice::kind::batching;

    explicit SimulatedBatching(const Scenario& scenario)
        : aggregates_(scenario.aggregates), aggregate_(scenario.aggregate_bytes) {}

    [[nodiscard]] sluice::Horizon horizon(const sluice::RequestLimits& limits, std::size_t shards) const {
        return aggregates_ ? aggregate_.horizon(limits, shards) : collect_.horizon(limits, shards);
    }

    [[nodiscard]] sluice::Plan plan(std::span<sluice::Candidate> candidates, const sluice::RequestLimits& limits) const {
        return aggregates_ ? aggregate_.plan(candidates, limits) : collect_.plan(candidates, limits);
    }

    [[nodiscard]] std::vector<sluice::Entry> assemble(std::span<const std::span<const sluice::Candidate>> entries,
                                                      std::deque<std::string>& texts) const {
        return aggregates_ ? aggregate_.assemble(entries, texts) : collect_.assemble(entries, texts);
    }

    [[nodiscard]] std::size_t entry_room(const sluice::RequestLimits& limits) const {
        return aggregates_ ? aggregate_.entry_room(limits) : 0;
    }

    [[nodiscard]] bool goes_by_shard() const { return aggregates_; }
    [[nodiscard]] bool carries_headers() const { return aggregates_; }

private:
    bool aggregates_;
    sluice::Collect collect_;
    sluice::Aggregate aggregate_;
};

static_assert(sluice::Batching<SimulatedBatching>);

} // namespace simulate
