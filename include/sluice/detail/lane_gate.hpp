#pragma once

#include <sluice/detail/live_chunk.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <list>
#include <unordered_map>
#include <vector>

namespace sluice::detail {

/// Lets one record of a lane through at a time, in the order in which they came, or one and those that travel with it.
/// A lane is a stream's hash keys that leave the same remainder; it survives reshards.
class LaneGate {
public:
    /// Zero lanes: everything passes.
    explicit LaneGate(std::size_t lanes) : lanes_(lanes) {}

    /// Whether the record may pass, which makes its lane busy; if not, it is held.
    [[nodiscard]] bool pass(Ref ref) {
        if (lanes_ == 0) return true;
        const auto [lane, free] = busy_.try_emplace(lane_of(ref));
        if (!free) lane->second.held.push_back(ref);
        return free;
    }

    /// The record that passed is through: gives the next one of its lane that is open, which has thereby passed, or
    /// none. Those that are not open any more go to `stale`.
    [[nodiscard]] Ref leave(Ref ref, std::vector<Ref>& stale) {
        const auto lane = find(ref);
        if (lane == busy_.end()) return {};
        widen(lane->second);
        auto& held = lane->second.held;
        while (!held.empty()) {
            const auto next = held.front();
            held.pop_front();
            if (next.open()) return next;
            stale.push_back(next);
        }
        busy_.erase(lane);
        return {};
    }

    /// Takes out those that may travel with a record that passed: of the next in its lane, in order, those that
    /// `belongs` says are of its company, while their bytes are within `most`, and up to one that has to be put
    /// elsewhere first. Those that are not open go to `stale`.
    template <class Belongs>
    void take_followers(Ref first, std::size_t most, Belongs belongs, std::vector<Ref>& taken,
                        std::vector<Ref>& stale) {
        const auto lane = find(first);
        if (lane == busy_.end()) return;
        auto& held = lane->second.held;
        std::size_t left = lane->second.most_followers;
        std::size_t looks = longest_search;
        for (auto at = held.begin(); at != held.end() && left > 0 && looks > 0; --looks) {
            if (at->open() && at->large()) return;
            if (at->open() && !belongs(*at)) {
                ++at;
                continue;
            }
            const auto bytes = at->size();
            if (bytes > most) return;
            (at->open() ? taken : stale).push_back(*at);
            if (at->open()) {
                most -= bytes;
                --left;
            }
            at = held.erase(at);
        }
    }

    /// Takes back one that travelled, before all that are held. Of several the last one comes first.
    void put_back(Ref ref) {
        const auto lane = find(ref);
        if (lane != busy_.end()) lane->second.held.push_front(ref);
    }

    /// Something in an entry with so many followers was refused: the next one has half as many, until one is through.
    void narrow(Ref first, std::size_t followers) {
        const auto lane = find(first);
        if (lane != busy_.end()) lane->second.most_followers = followers / 2;
    }

    /// From 1; 0: there are none.
    [[nodiscard]] std::uint32_t number_of(Ref ref) const {
        return lanes_ == 0 ? 0 : static_cast<std::uint32_t>(lane_of(ref)) + 1;
    }

private:
    static constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t longest_search = 4'096; ///< Held records that are looked at for one entry.

    /// A lane that is busy.
    class Lane {
    public:
        std::list<Ref> held;
        std::size_t most_followers = no_limit;
    };

    using Lanes = std::unordered_map<std::size_t, Lane>;

    [[nodiscard]] Lanes::iterator find(Ref ref) { return lanes_ == 0 ? busy_.end() : busy_.find(lane_of(ref)); }

    [[nodiscard]] std::size_t lane_of(Ref ref) const { return ref.hash_key().lane(lanes_); }

    static void widen(Lane& lane) {
        const bool small = lane.most_followers < no_limit / 2;
        lane.most_followers = small ? std::max<std::size_t>(2 * lane.most_followers, 1) : no_limit;
    }

    std::size_t lanes_;
    Lanes busy_;
};

} // namespace sluice::detail
