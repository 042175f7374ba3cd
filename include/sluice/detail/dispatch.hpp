#pragma once

#include <sluice/batching/batching.hpp>
#include <sluice/detail/flights.hpp>
#include <sluice/detail/stream_state.hpp>
#include <sluice/options.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
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

    /// Whether requests are better where the shards are known.
    [[nodiscard]] bool goes_by_shard() const { return batching_.goes_by_shard(); }

    /// The next request, of the next stream that has one; none if nothing may be sent now. `all`: nothing waits for
    /// company.
    [[nodiscard]] std::optional<SendOrder> next(Flights& flights, bool all, steady_time now) {
        for (std::size_t i = 0; i < order_.size(); ++i) {
            turn_ = (turn_ + 1) % order_.size();
            auto& its = *order_[turn_];
            if (its.pause && (its.pause->probe != 0 || now < its.pause->until)) continue;
            if (now < its.held_until) continue;
            auto order = suspects(its, flights);
            if (!order) order = ready(its, flights, all, now);
            if (order) return order;
        }
        return std::nullopt;
    }

private:
    /// How much a request wants to see; with nothing in sight a stream would never move.
    [[nodiscard]] Horizon horizon_of(const StreamState& its) const {
        const auto horizon = batching_.horizon(limits_, its.shards.map().size());
        return {std::max<std::size_t>(horizon.records, 1), std::max<std::size_t>(horizon.bytes, 1)};
    }

    /// Records that were refused together are sent with no others, but for those that travel with them.
    [[nodiscard]] std::optional<SendOrder> suspects(StreamState& its, Flights& flights) {
        while (!its.suspects.empty()) {
            auto refs = std::move(its.suspects.front());
            its.suspects.pop_front();
            its.queue.drop_closed_of(refs);
            if (refs.empty()) continue;
            auto order = depart(its, flights, refs, horizon_of(its));
            if (!refs.empty()) its.suspects.push_front(std::move(refs));
            return order;
        }
        return std::nullopt;
    }

    [[nodiscard]] std::optional<SendOrder> ready(StreamState& its, Flights& flights, bool all, steady_time now) {
        auto& queue = its.queue;
        const auto horizon = horizon_of(its);
        do {
            queue.fill(horizon, now);
            if (queue.ready().empty()) return std::nullopt;
            const bool due = all || its.pause || queue.urgent() || queue.oldest_sendable() + options_.linger <= now;
            if (!due && !queue.full(horizon)) return std::nullopt;
        } while (queue.drop_closed() > 0);
        auto refs = queue.take_ready();
        auto order = depart(its, flights, refs, horizon);
        queue.put_back(refs);
        queue.calm();
        return order;
    }

    /// Sends what the batching makes of these and those that may travel with them; what it leaves stays in `refs`, or
    /// goes back to its lane.
    [[nodiscard]] SendOrder depart(StreamState& its, Flights& flights, std::vector<Ref>& refs,
                                   const Horizon& horizon) {
        const auto seen = look_at(its, refs, horizon);
        auto order = flights.depart(its, company_, candidates_, plan());
        std::vector<Ref> left;
        for (const auto& ref : company_) {
            if (!ref.follows()) left.push_back(ref);
        }
        left.insert(left.end(), refs.begin() + static_cast<std::ptrdiff_t>(seen), refs.end());
        refs = std::move(left);
        for (auto ref = company_.rbegin(); ref != company_.rend(); ++ref) {
            if (ref->follows()) its.queue.give_back(*ref);
        }
        return order;
    }

    /// What the batching makes of `candidates_`. If that is nothing, which it must not be, the oldest goes alone: the
    /// stream would be asked again at once, and for ever.
    [[nodiscard]] Plan plan() {
        auto plan = batching_.plan(candidates_, limits_);
        if (plan.empty()) {
            plan = Plan();
            plan.add(0);
            plan.close_entry();
        }
        return plan;
    }

    /// Makes `company_` of these and their followers, and `candidates_` of it, until that is as much as is wanted;
    /// gives how many of `refs` are in it.
    std::size_t look_at(StreamState& its, const std::vector<Ref>& refs, const Horizon& horizon) {
        company_.clear();
        candidates_.clear();
        const bool by_shard = batching_.goes_by_shard();
        const bool mapped = by_shard && its.shards.map().size() > 0;
        const bool all_alone = by_shard && its.shards.alone();
        std::size_t bytes = 0;
        for (std::size_t seen = 0; seen < refs.size(); ++seen) {
            if (bytes >= horizon.bytes || company_.size() >= horizon.records) return seen;
            const auto ref = refs[seen];
            const auto first = company_.size();
            const auto group = by_shard ? its.shards.group_of(ref) : 0;
            const bool alone = all_alone || (mapped && group == 0);
            company_.push_back(ref);
            if (ref.chunk->has(ref.index, LiveChunk::in_lane) && !alone) add_followers(its, ref, group);
            for (auto i = first; i < company_.size(); ++i) {
                auto& candidate = candidates_.emplace_back(company_[i].chunk->candidate(company_[i].index));
                candidate.group = group;
                candidate.lane = its.queue.lanes().number_of(ref);
                candidate.alone = alone;
                bytes += company_[i].size();
            }
        }
        return refs.size();
    }

    /// Of the records that wait in its lane, those that go where it goes.
    void add_followers(StreamState& its, Ref first, std::uint32_t group) {
        const auto room = batching_.entry_room(limits_);
        const auto bytes = first.size();
        if (bytes >= room) return;
        const auto belongs = [&](Ref ref) {
            if (group != 0) return its.shards.group_of(ref) == group;
            return ref.chunk->frame(ref.index).partition_key == first.chunk->frame(first.index).partition_key;
        };
        its.queue.add_followers(first, room - bytes, belongs, company_);
    }

    const Options& options_;
    RequestLimits limits_;
    B batching_;
    std::vector<StreamState*> order_;
    std::size_t turn_ = 0;
    std::vector<Ref> company_;
    std::vector<Candidate> candidates_; ///< Of `company_`.
};

} // namespace sluice::detail
