#pragma once

#include <sluice/batching/cuts.hpp>
#include <sluice/detail/actions.hpp>
#include <sluice/detail/stream_state.hpp>
#include <sluice/kinesis/shard_map.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace sluice::detail {

/// A request that waits for its answer.
class Flight {
public:
    StreamState* stream = nullptr;
    std::vector<Ref> members;          ///< Of all entries, one entry after the other.
    Cuts cuts;                         ///< Between entries, among the members.
    std::vector<std::uint32_t> groups; ///< The shard that each entry is for, as `ShardBook::group_of` has it.
    kinesis::ShardMap map;             ///< What these were predicted by.

    [[nodiscard]] std::span<const Ref> entry(std::size_t index) const { return cuts.entry_of(members, index); }
};

/// The requests that wait for their answers. Pure.
class Flights {
public:
    [[nodiscard]] std::size_t size() const noexcept { return flights_.size(); }
    [[nodiscard]] bool empty() const noexcept { return flights_.empty(); }

    /// Makes a request of what was planned for `refs`, whose `candidates` stand in the same order; those that are not
    /// in it are left in `refs`.
    [[nodiscard]] SendOrder depart(StreamState& its, std::vector<Ref>& refs, std::span<const Candidate> candidates,
                                   const Plan& plan) {
        SendOrder order;
        order.id = ++last_;
        order.stream = its.name;
        Flight flight;
        flight.stream = &its;
        flight.map = its.shards.map();
        const auto count = plan.members().size();
        order.members.reserve(count);
        order.sequences.reserve(count);
        flight.members.reserve(count);
        for (std::size_t entry = 0; entry < plan.entries(); ++entry) {
            for (const auto member : plan.entry(entry)) {
                order.members.push_back(candidates[member]);
                order.sequences.push_back(refs[member].sequence());
                order.waits.add(refs[member].chunk->put);
                flight.members.push_back(refs[member]);
                board(its, refs[member]);
            }
            order.cuts.cut(order.members.size());
            flight.groups.push_back(group_of(candidates, plan.entry(entry)));
        }
        flight.cuts = order.cuts;
        its.queue.gate().sent(plan.entries(), count);
        std::erase_if(refs, [](Ref ref) { return ref.chunk->has(ref.index, LiveChunk::flying); });
        if (its.pause) its.pause->probe = order.id;
        flights_.emplace(order.id, std::move(flight));
        return order;
    }

    /// The request was answered: its records are back. None, if there is no such request.
    [[nodiscard]] std::optional<Flight> land(std::uint64_t id) {
        const auto found = flights_.find(id);
        if (found == flights_.end()) return std::nullopt;
        auto flight = std::move(found->second);
        flights_.erase(found);
        ++flight.stream->stats.requests;
        for (const auto& ref : flight.members) {
            ref.chunk->reset(ref.index, LiveChunk::flying);
            --ref.chunk->in_flight;
        }
        return flight;
    }

private:
    /// The group that all of an entry are of; 0: none is known, or there are several.
    [[nodiscard]] static std::uint32_t group_of(std::span<const Candidate> candidates,
                                                std::span<const std::uint32_t> entry) {
        const auto group = candidates[entry.front()].group;
        const auto same = [&](std::uint32_t member) { return candidates[member].group == group; };
        return std::all_of(entry.begin(), entry.end(), same) ? group : 0;
    }

    static void board(StreamState& its, Ref ref) {
        if (ref.follows()) its.queue.gate().charge(ref);
        ref.chunk->depart(ref.index);
        ++ref.chunk->in_flight;
    }

    std::map<std::uint64_t, Flight> flights_;
    std::uint64_t last_ = 0;
};

} // namespace sluice::detail
