#pragma once

#include <sluice/detail/actions.hpp>
#include <sluice/detail/back_off.hpp>
#include <sluice/detail/stream_state.hpp>
#include <sluice/options.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <utility>
#include <vector>

namespace sluice::detail {

/// Chooses whose data is put elsewhere next, so many at a time. All of it goes to one place: while that fails, one
/// record tries from time to time. Pure.
class OffloadDesk {
public:
    /// A record whose data was on its way.
    class Passage {
    public:
        Passage(StreamState& its_stream, Ref its_ref) : stream(&its_stream), ref(its_ref) {}
        StreamState* stream;
        Ref ref;
    };

    OffloadDesk(const Options& options, std::mt19937_64& dice) : options_(options), dice_(dice) {}

    /// Data of more than `threshold` bytes is put elsewhere. To be called before there are chunks.
    void open(std::size_t threshold, std::size_t at_once) {
        threshold_ = threshold;
        at_once_ = std::max<std::size_t>(at_once, 1);
    }

    [[nodiscard]] std::size_t threshold() const noexcept { return threshold_; }

    /// The next order, of the next stream that has one; none if nothing may be tried now.
    [[nodiscard]] std::optional<StoreOrder> next(std::span<StreamState* const> streams, steady_time now) {
        if (under_way_.size() >= (reason_ ? 1 : at_once_) || now < until_) return std::nullopt;
        for (std::size_t i = 0; i < streams.size(); ++i) {
            turn_ = (turn_ + 1) % streams.size();
            auto& its = *streams[turn_];
            if (!its.queue.has_large() || could_probe(its)) continue;
            const auto ref = its.queue.next_large();
            if (ref.chunk != nullptr) return depart(its, ref);
        }
        return std::nullopt;
    }

    /// An order was answered: its record is back. None, if there is no such order.
    [[nodiscard]] std::optional<Passage> land(std::uint64_t id) {
        const auto found = under_way_.find(id);
        if (found == under_way_.end()) return std::nullopt;
        const auto passage = found->second;
        under_way_.erase(found);
        passage.ref.chunk->reset(passage.ref.index, LiveChunk::flying);
        --passage.ref.chunk->in_flight;
        return passage;
    }

    /// The place takes something; whether that is news.
    bool resume() {
        failures_ = 0;
        probe_ = 0;
        until_ = steady_time::min();
        return std::exchange(reason_, {}).failed();
    }

    /// The place takes nothing, found the order of that id; whether that is news, or the reason is.
    bool pause(std::uint64_t id, error_code reason, steady_time now) {
        const bool fresh = !reason_;
        const bool news = std::exchange(reason_, reason) != reason;
        if (!fresh && id != probe_) return news; // it had left before
        until_ = now + back_off(options_.back_off, options_.longest_back_off, ++failures_, dice_());
        return news;
    }

    /// Whoever waits is in a hurry: the next probe is due.
    void hurry(steady_time now) { until_ = std::min(until_, now); }

    /// Nothing waits any more: what failed is forgotten. Whether anything had.
    bool settle(std::span<StreamState* const> streams) {
        if (!reason_ || !under_way_.empty()) return false;
        if (std::any_of(streams.begin(), streams.end(), [](const auto* its) { return its->queue.has_large(); })) {
            return false;
        }
        return resume();
    }

    /// Why nothing can be put elsewhere now; else empty.
    [[nodiscard]] error_code reason() const noexcept { return reason_; }
    [[nodiscard]] bool busy() const noexcept { return !under_way_.empty(); }

    /// When the next probe is due; what else may be tried has been.
    [[nodiscard]] steady_time wakes_at(std::span<StreamState* const> streams) const {
        if (!reason_ || !under_way_.empty()) return steady_time::max();
        const bool any = std::any_of(streams.begin(), streams.end(), [](const auto* its) {
            return its->queue.has_large() && !could_probe(*its);
        });
        return any ? until_ : steady_time::max();
    }

private:
    /// What is stored while the stream does not move would lie there before it is needed; one record is enough to see
    /// whether it moves again.
    [[nodiscard]] static bool could_probe(const StreamState& its) {
        return its.pause && (its.pause->probe != 0 || its.queue.has_work() || !its.suspects.empty());
    }

    [[nodiscard]] StoreOrder depart(StreamState& its, Ref ref) {
        StoreOrder order;
        order.id = ++last_;
        order.sequence = ref.sequence();
        order.away = ref.chunk->whereabouts(ref.index);
        if (!order.away) {
            order.body = ref.chunk->chunk.body;
            order.data = ref.chunk->frame(ref.index).data;
        }
        ref.chunk->set(ref.index, LiveChunk::flying);
        ++ref.chunk->in_flight;
        under_way_.emplace(order.id, Passage(its, ref));
        if (reason_) probe_ = order.id;
        return order;
    }

    const Options& options_;
    std::mt19937_64& dice_;
    std::size_t threshold_ = std::numeric_limits<std::size_t>::max();
    std::size_t at_once_ = 1;
    std::map<std::uint64_t, Passage> under_way_;
    std::uint64_t last_ = 0;
    std::size_t turn_ = 0;
    error_code reason_;
    unsigned failures_ = 0;                   ///< In a row.
    std::uint64_t probe_ = 0;                 ///< The order that tries whether it works again.
    steady_time until_ = steady_time::min();  ///< Nothing is tried before.
};

} // namespace sluice::detail
