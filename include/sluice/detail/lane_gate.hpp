#pragma once

#include <sluice/detail/live_chunk.hpp>

#include <cstddef>
#include <list>
#include <unordered_map>
#include <vector>

namespace sluice::detail {

/// Lets one record of a lane through at a time, in the order in which they came. A lane is a stream's hash keys that
/// leave the same remainder; it survives reshards.
class LaneGate {
public:
    /// Zero lanes: everything passes.
    explicit LaneGate(std::size_t lanes) : lanes_(lanes) {}

    /// Whether the record may pass, which makes its lane busy; if not, it is held.
    [[nodiscard]] bool pass(Ref ref) {
        if (lanes_ == 0) return true;
        const auto [lane, free] = busy_.try_emplace(lane_of(ref));
        if (!free) lane->second.push_back(ref);
        return free;
    }

    /// The record that passed is through: gives the next one of its lane that is open, which has thereby passed, or
    /// none. Those that are not open any more go to `stale`.
    [[nodiscard]] Ref leave(Ref ref, std::vector<Ref>& stale) {
        const auto lane = lanes_ == 0 ? busy_.end() : busy_.find(lane_of(ref));
        if (lane == busy_.end()) return {};
        auto& held = lane->second;
        while (!held.empty()) {
            const auto next = held.front();
            held.pop_front();
            if (next.open()) return next;
            stale.push_back(next);
        }
        busy_.erase(lane);
        return {};
    }

private:
    [[nodiscard]] std::size_t lane_of(Ref ref) const { return ref.hash_key().lane(lanes_); }

    std::size_t lanes_;
    std::unordered_map<std::size_t, std::list<Ref>> busy_;
};

} // namespace sluice::detail
