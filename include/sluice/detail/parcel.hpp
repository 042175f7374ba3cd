#pragma once

#include <sluice/batching/batching.hpp>
#include <sluice/compression/compression.hpp>
#include <sluice/destination/destination.hpp>
#include <sluice/detail/actions.hpp>
#include <sluice/error.hpp>
#include <sluice/offload/offload.hpp>
#include <sluice/record.hpp>

#include <boost/asio/awaitable.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sluice::detail {

/// What a send order becomes on its way out: offloaded, compressed, assembled, and cut to what may be sent.
///
/// Entries that cannot be sent are answered here; `merge` puts the service's answers in between.
class Parcel {
public:
    explicit Parcel(const SendOrder& order) : order_(order), members_(order.members), refusals_(order.entries()) {}

    /// Puts payloads over the offload's threshold elsewhere. An error is the whole request's.
    template <class O>
    [[nodiscard]] asio::awaitable<error_code> offload(O& offload, const std::array<std::uint8_t, 16>& store) {
        for (std::size_t i = 0; i < members_.size(); ++i) {
            if (members_[i].data.size() <= offload.threshold()) continue;
            const RecordId id(store, order_.sequences[i]);
            auto pointer = co_await offload.store(id, members_[i].data);
            if (!pointer) co_return pointer.error();
            members_[i].data = scratch_.emplace_back(std::move(*pointer));
        }
        co_return error_code{};
    }

    /// Compresses and assembles the entries, and refuses those that became too large.
    template <Batching B, Compression C>
    void pack(const B& batching, C& compression, const RequestLimits& limits) {
        entries_.reserve(order_.entries());
        for (std::size_t i = 0; i < order_.entries(); ++i) {
            auto entry = make_entry(i, batching, compression);
            if (entry && entry->data.size() + entry->partition_key.size() > limits.entry_bytes) {
                entry = error::record_too_large;
            }
            if (entry) {
                entries_.push_back(*entry);
            } else {
                refusals_[i] = entry.error();
            }
        }
    }

    /// What is to be sent; its views live as long as this object and the order.
    [[nodiscard]] std::span<const Entry> entries() const noexcept { return entries_; }

    [[nodiscard]] std::uint64_t bytes() const noexcept {
        std::uint64_t sum = 0;
        for (const auto& entry : entries_) sum += entry.data.size() + entry.partition_key.size();
        return sum;
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
    template <class B, class C>
    [[nodiscard]] result<Entry> make_entry(std::size_t index, const B& batching, C& compression) {
        const auto begin = order_.begin_of(index);
        const auto members = std::span(members_).subspan(begin, order_.ends[index] - begin);
        if (compression.scope() == Scope::record) {
            for (auto& member : members) {
                const auto compressed = shrink(compression, member.data);
                if (!compressed) return compressed.error();
                member.data = *compressed;
            }
        }
        auto entry = batching.assemble(members, scratch());
        if (compression.scope() == Scope::aggregate) {
            const auto compressed = shrink(compression, entry.data);
            if (!compressed) return compressed.error();
            entry.data = *compressed;
        }
        return entry;
    }

    /// A text of its own for whoever writes; who does not write leaves it to the next.
    [[nodiscard]] std::string& scratch() {
        if (scratch_.empty() || !scratch_.back().empty()) scratch_.emplace_back();
        return scratch_.back();
    }

    template <class C>
    [[nodiscard]] result<std::string_view> shrink(C& compression, std::string_view data) {
        return compression.compress(data, scratch());
    }

    const SendOrder& order_;
    std::vector<Candidate> members_;
    std::vector<error_code> refusals_;
    std::vector<Entry> entries_;
    std::deque<std::string> scratch_; ///< What the views point into that do not point into chunks.
};

} // namespace sluice::detail
