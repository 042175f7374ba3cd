#pragma once

#include <sluice/batching/batching.hpp>
#include <sluice/detail/flights.hpp>
#include <sluice/detail/stream_state.hpp>
#include <sluice/options.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace sluice::detail {

/// Chooses the next request: which stream, in turn, and which of its records. Pure.
template <Batching B>
class Dispatch {
public:
    Dispatch(const Options& options, RequestLimits limits, B batching)
        : options_(options), limits_(limits), batching_(std::move(batching)) {}

    /// One more stream takes its turn.
    void add(StreamState& its) { order_.push_back(&its); }

    [[nodiscard]] const std::vector<StreamState*>& streams() const noexcept { return order_; }

    /// The next request, of the next stream that has one; none if nothing may be sent now. `all`: nothing waits for
    /// company.
    [[nodiscard]] std::optional<SendOrder> next(Flights& flights, bool all, steady_time now) {
        for (std::size_t i = 0; i < order_.size(); ++i) {
            turn_ = (turn_ + 1) % order_.size();
            auto& its = *order_[turn_];
            if (its.pause && (its.pause->probe != 0 || now < its.pause->until)) continue;
            auto order = suspects(its, flights);
            if (!order) order = ready(its, flights, all, now);
            if (order) return order;
        }
        return std::nullopt;
    }

private:
    /// Records that were refused together are sent with no others.
    [[nodiscard]] std::optional<SendOrder> suspects(StreamState& its, Flights& flights) {
        while (!its.suspects.empty()) {
            auto refs = std::move(its.suspects.front());
            its.suspects.pop_front();
            drop_closed(its, refs, refs.size());
            if (refs.empty()) continue;
            look_at(refs, refs.size());
            auto order = flights.depart(its, refs, candidates_, batching_.plan(candidates_, limits_, true));
            if (!refs.empty()) its.suspects.push_front(std::move(refs));
            return order;
        }
        return std::nullopt;
    }

    [[nodiscard]] std::optional<SendOrder> ready(StreamState& its, Flights& flights, bool all, steady_time now) {
        auto& ready = its.queue.ready();
        const auto horizon = batching_.horizon(limits_);
        do {
            its.queue.fill(horizon, now);
        } while (drop_closed(its, ready, horizon) > 0);
        if (ready.empty()) return std::nullopt;
        const bool due = all || its.pause || its.queue.urgent() ||
                         its.queue.oldest_sendable() + options_.linger <= now;
        if (!due && its.considered == ready.size()) return std::nullopt;
        its.considered = ready.size();
        const auto seen = std::min(horizon, ready.size());
        look_at(ready, seen);
        const auto plan = batching_.plan(candidates_, limits_, due);
        if (plan.empty()) return std::nullopt;
        const auto end = ready.begin() + static_cast<std::ptrdiff_t>(seen);
        std::vector<Ref> refs(ready.begin(), end);
        ready.erase(ready.begin(), end);
        auto order = flights.depart(its, refs, candidates_, plan);
        ready.insert(ready.begin(), refs.begin(), refs.end());
        its.queue.calm();
        its.considered = 0;
        return order;
    }

    /// Takes those of the first `seen` that are not open any more out of `refs`; gives their number.
    template <class Refs>
    static std::size_t drop_closed(StreamState& its, Refs& refs, std::size_t seen) {
        const auto end = refs.begin() + static_cast<std::ptrdiff_t>(std::min(seen, refs.size()));
        std::vector<Ref> gone;
        const auto is_gone = [&gone](Ref ref) {
            if (ref.open()) return false;
            gone.push_back(ref);
            return true;
        };
        refs.erase(std::remove_if(refs.begin(), end, is_gone), end);
        for (const auto& ref : gone) its.queue.drop(ref);
        return gone.size();
    }

    template <class Refs>
    void look_at(const Refs& refs, std::size_t count) {
        candidates_.clear();
        for (std::size_t i = 0; i < count; ++i) candidates_.push_back(refs[i].chunk->candidate(refs[i].index));
    }

    const Options& options_;
    RequestLimits limits_;
    B batching_;
    std::vector<StreamState*> order_;
    std::size_t turn_ = 0;
    std::vector<Candidate> candidates_;
};

} // namespace sluice::detail
