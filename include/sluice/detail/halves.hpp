#pragma once

#include <sluice/batching/cuts.hpp>
#include <sluice/detail/live_chunk.hpp>
#include <sluice/detail/stream_queue.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace sluice::detail {

/// Does something with each record that comes back: first with those that travelled with others, from the last, so that
/// every lane stands in order again before its first is let go.
template <class Do>
void for_each_back(std::span<const Ref> members, Do something) {
    std::vector<Ref> heads;
    for (auto ref = members.rbegin(); ref != members.rend(); ++ref) {
        if (ref->follows()) {
            something(*ref);
        } else {
            heads.push_back(*ref);
        }
    }
    for (auto ref = heads.rbegin(); ref != heads.rend(); ++ref) something(*ref);
}

/// What was refused together, in two halves, of which the second may be empty; several entries are parted between two.
/// Who travelled with another goes back to its lane, from where half as many will travel the next time.
[[nodiscard]] inline std::array<std::vector<Ref>, 2> halves_of(StreamQueue& queue, std::span<const Ref> members,
                                                               const Cuts& cuts) {
    const auto middle = cuts.size() > 1 ? cuts.begin_of(cuts.size() / 2) : members.size() / 2;
    std::array<std::vector<Ref>, 2> halves;
    std::size_t followers = 0;
    for (auto i = members.size(); i-- > 0;) {
        const auto ref = members[i];
        if (ref.follows()) {
            ++followers;
            queue.give_back(ref);
            continue;
        }
        if (followers > 0) queue.lanes().narrow(ref, std::exchange(followers, 0));
        halves[i < middle ? 0 : 1].push_back(ref);
    }
    for (auto& half : halves) std::reverse(half.begin(), half.end());
    return halves;
}

} // namespace sluice::detail
