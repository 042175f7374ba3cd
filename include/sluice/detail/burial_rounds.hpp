#pragma once

#include <sluice/detail/back_off.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace sluice::detail {

/// Which of the lost records go to the dead letters next: together where that is possible, in the order of their
/// sequences. Pure.
///
/// A round that fails is gone through again one by one, so that one bad letter does not hold the others. A letter that
/// fails twice in a row lets the others pass, and has its next turn after them.
class BurialRounds {
public:
    static constexpr std::size_t most = 256;
    static constexpr std::uint64_t most_bytes = std::uint64_t{8} << 20U;

    /// `together`: whether the dead letters take many at a time.
    explicit BurialRounds(bool together) : most_(together ? most : 1) {}

    /// Their sequences; none if there are no losses. `outcomes.losses(after, most, most_bytes)` gives the first ones.
    template <class Outcomes>
    [[nodiscard]] std::vector<std::uint64_t> next(const Outcomes& outcomes) {
        auto round = outcomes.losses(passed_, most_, most_bytes);
        if (round.empty() || (passed_ != 0 && round.front() > turn_ends_)) {
            passed_ = alone_to_ = 0;
            round = outcomes.losses(passed_, most_, most_bytes);
        }
        if (!round.empty() && round.front() <= alone_to_) round.resize(1);
        return round;
    }

    /// The dead letters took them: they are there, and others need not wait long for one that they refuse.
    void taken() {
        failures_ = 0;
        longest_ = std::chrono::seconds(1);
    }

    /// The dead letters did not take them. `last`: the loss with the greatest sequence. Whether it is news: the first
    /// failure in a row, and of this letter by itself.
    bool failed(const std::vector<std::uint64_t>& round, std::uint64_t last) {
        if (round.size() > 1) {
            alone_to_ = round.back();
            return false;
        }
        const bool first = ++failures_ == 1;
        if (std::exchange(failed_, round.front()) == round.front()) {
            if (passed_ == 0) turn_ends_ = last;
            passed_ = round.front();
        }
        return first && told_.insert(round.front()).second;
    }

    /// How long to let the dead letters be, after a letter failed by itself.
    [[nodiscard]] std::chrono::nanoseconds rest(std::uint64_t random) const {
        return back_off(std::chrono::seconds(1), longest_, failures_, random);
    }

private:
    std::size_t most_;
    std::uint64_t alone_to_ = 0; ///< Up to here each goes by itself.
    std::uint64_t failed_ = 0;   ///< By itself, the last time that one did.
    std::uint64_t passed_ = 0;   ///< It waits until the others have had their turn,
    std::uint64_t turn_ends_ = 0; ///< which are those up to here.
    unsigned failures_ = 0; ///< In a row.
    std::chrono::seconds longest_{30};
    std::set<std::uint64_t> told_; ///< What was news.
};

} // namespace sluice::detail
