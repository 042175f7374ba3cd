#pragma once

#include <sluice/batching/batching.hpp>
#include <sluice/compression/compression.hpp>
#include <sluice/destination/destination.hpp>
#include <sluice/detail/actions.hpp>
#include <sluice/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sluice::detail {

/// What a send order becomes on its way out: compressed, assembled, and cut to what may be sent.
///
/// Entries that cannot be sent are answered here; `merge` puts the service's answers in between.
class Parcel {
public:
    /// The order's members become what is sent for them.
    explicit Parcel(SendOrder& order) : order_(order), members_(order.members), refusals_(order.entries()) {}

    /// Remembers what the entries held before anything is done to them, for `tell`.
    void weigh() {
        contents_.reserve(order_.entries());
        for (std::size_t i = 0; i < order_.entries(); ++i) {
            contents_.push_back(content_of(order_.cuts.entry_of(members_, i)));
        }
    }

    /// Compresses and assembles the entries, and refuses those that became too large.
    template <Batching B, Compression C>
    void pack(const B& batching, C& compression, const RequestLimits& limits) {
        std::vector<std::span<const Candidate>> groups;
        std::vector<std::size_t> places;
        for (std::size_t i = 0; i < order_.entries(); ++i) {
            const auto members = order_.cuts.entry_of(members_, i);
            if (compression.scope() == Scope::record) refusals_[i] = shrink_all(compression, members);
            if (refusals_[i]) continue;
            groups.emplace_back(members);
            places.push_back(i);
        }
        auto assembled = batching.assemble(groups, texts_);
        for (std::size_t i = 0; i < assembled.size(); ++i) {
            auto& entry = assembled[i];
            auto& refusal = refusals_[places[i]];
            if (compression.scope() == Scope::aggregate) refusal = shrink(compression, entry.data);
            const auto size = entry.data.size() + entry.partition_key.size();
            if (!refusal && size > limits.entry_bytes) refusal = error::record_too_large;
            // What does not shrink may grow: then the last ones have to wait for the next request.
            if (!refusal && bytes_ > 0 && bytes_ + size > limits.bytes) refusal = error::request_too_large;
            if (refusal) continue;
            bytes_ += size;
            entries_.push_back(entry);
        }
    }

    /// What is to be sent; its views live as long as this object and the order.
    [[nodiscard]] std::span<const Entry> entries() const noexcept { return entries_; }

    /// What metrics are told of it: with its entries, if they want to know of them.
    void tell(Exchange& exchange, ExchangeDetail detail) const {
        exchange.bytes = bytes_;
        if (detail == ExchangeDetail::request) return;
        exchange.entries.reserve(refusals_.size());
        auto sent = entries_.begin();
        for (std::size_t i = 0; i < refusals_.size(); ++i) {
            const bool goes = !refusals_[i] && sent != entries_.end();
            const auto bytes = goes ? sent->data.size() + sent->partition_key.size() : 0;
            if (goes) ++sent;
            auto& load = exchange.entries.emplace_back(order_.cuts.end_of(i) - order_.cuts.begin_of(i), bytes);
            if (!contents_.empty()) load = contents_[i];
            load.bytes = bytes;
        }
    }

    /// The answer to the order, out of the service's answer to what was sent.
    [[nodiscard]] Answer merge(Answer answer) const {
        if (answer.error || entries_.size() == order_.entries()) return answer;
        if (answer.entries.size() != entries_.size()) return Answer(error::response_invalid, {}, {});
        std::vector<EntryAnswer> all;
        auto next = answer.entries.begin();
        for (const auto& refusal : refusals_) {
            if (refusal) {
                all.emplace_back().error = refusal;
            } else {
                all.push_back(*next++);
            }
        }
        answer.entries = std::move(all);
        return answer;
    }

private:
    [[nodiscard]] static Exchange::Load content_of(std::span<const Candidate> members) {
        Exchange::Load load(members.size(), 0);
        load.min_data = members.front().data.size();
        for (const auto& member : members) {
            load.data += member.data.size();
            load.min_data = std::min<std::uint64_t>(load.min_data, member.data.size());
            load.max_data = std::max<std::uint64_t>(load.max_data, member.data.size());
        }
        return load;
    }

    template <class C>
    [[nodiscard]] error_code shrink_all(C& compression, std::span<Candidate> members) {
        for (auto& member : members) {
            if (const auto failure = shrink(compression, member.data)) return failure;
        }
        return {};
    }

    /// Has `data` view itself, compressed.
    template <class C>
    [[nodiscard]] error_code shrink(C& compression, std::string_view& data) {
        // A text of its own for whoever writes; who does not write leaves it to the next.
        if (texts_.empty() || !texts_.back().empty()) texts_.emplace_back();
        const auto compressed = compression.compress(data, texts_.back());
        if (!compressed) return compressed.error();
        data = *compressed;
        return {};
    }

    const SendOrder& order_;
    std::span<Candidate> members_;
    std::vector<error_code> refusals_;
    std::vector<Entry> entries_;
    std::size_t bytes_ = 0; ///< Of all entries, data and keys.
    std::vector<Exchange::Load> contents_; ///< Of each entry; none, if nobody wants to know.
    std::deque<std::string> texts_; ///< What the views point into that do not point into chunks.
};

} // namespace sluice::detail
