#pragma once

#include <sluice/batching/cuts.hpp>
#include <sluice/policy.hpp>
#include <sluice/record.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// What one request may hold.
class RequestLimits {
public:
    RequestLimits() = default;
    RequestLimits(std::size_t most_entries, std::size_t most_bytes, std::size_t most_entry_bytes)
        : entries(most_entries), bytes(most_bytes), entry_bytes(most_entry_bytes) {}

    std::size_t entries = 500;
    std::size_t bytes = 10U << 20U;      ///< Data and partition keys of all entries.
    std::size_t entry_bytes = 1U << 20U; ///< Data and partition key of one entry.
};

/// How many records a batching wants to look at for one request; what is reached first counts.
class Horizon {
public:
    Horizon() = default;
    Horizon(std::size_t most_records, std::size_t most_bytes) : records(most_records), bytes(most_bytes) {}

    std::size_t records = 500;
    std::size_t bytes = 10U << 20U; ///< Of data and keys, more or less.
};

/// A record that may be sent now, as a batching sees it. The views live until the request is answered.
class Candidate {
public:
    Candidate() = default;
    Candidate(std::string_view key, std::string_view hash_key, std::string_view bytes)
        : partition_key(key), explicit_hash_key(hash_key), data(bytes) {}

    std::string_view partition_key;
    std::string_view explicit_hash_key; ///< Empty: none.
    std::string_view data;
    std::span<const HeaderView> headers;
    std::uint32_t group = 0; ///< Of records that go to one shard, whatever their keys; 0: it is not known which.
    std::uint32_t lane = 0;  ///< Of records that must keep their order; 0: none.
    bool alone = false; ///< It may not share an entry: who reads might not find it there.
    /// What `plan` may leave for `assemble`, if that is given the same entries.
    std::uint32_t note = no_note;

    static constexpr std::uint32_t no_note = 0xFFFFFFFF;
};

/// The entries of one request: each a list of candidates.
class Plan {
public:
    /// Puts a candidate into the entry being built.
    void add(std::uint32_t candidate) { members_.push_back(candidate); }

    /// Ends the entry being built; one without candidates is none.
    void close_entry() { entries_.cut(members_.size()); }

    [[nodiscard]] std::size_t entries() const noexcept { return entries_.size(); }
    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

    [[nodiscard]] std::span<const std::uint32_t> entry(std::size_t index) const noexcept {
        return entries_.entry_of(members_, index);
    }

    [[nodiscard]] const std::vector<std::uint32_t>& members() const noexcept { return members_; }

private:
    std::vector<std::uint32_t> members_;
    detail::Cuts entries_;
};

/// One entry of a request.
class Entry {
public:
    Entry() = default;
    Entry(std::string_view key, std::string_view hash_key, std::string_view bytes)
        : partition_key(key), explicit_hash_key(hash_key), data(bytes) {}

    std::string_view partition_key;
    std::string_view explicit_hash_key; ///< Empty: none.
    std::string_view data;
};

/// When a batch is ready, and what is in it; pure.
///
/// | expression                       | meaning                                                                     |
/// |----------------------------------|-----------------------------------------------------------------------------|
/// | `b.horizon(limits, shards)`      | How much `plan` wants to see, at least one record and one byte. So many records leave without waiting for more. `shards`: how many open ones the stream has; 0: it is not known. |
/// | `b.plan(candidates, limits)`     | The entries of the next request, within `limits`; none only if there are no candidates. The oldest candidate is among them; entries stand in the order of their oldest, and the candidates of each in their own. A candidate is used once at most; one that fits no request, or is `alone`, has an entry of its own. Records of one lane go into one entry, in their order, up to about `entry_room` bytes; those that it does not take are not used. It may write a candidate's `note`, and nothing else. |
/// | `b.assemble(entries, texts)`     | What is sent: one entry for each list of candidates, in the same order, with the data of each candidate, and the same as if the list were the only one. Data may have been compressed or offloaded since `plan`. Its views point into these or into texts that are added at the end. An entry that became larger than `entry_bytes` is refused. |
/// | `b.entry_room(limits)`           | Bytes of data and keys that one entry takes of several records, more or less, at most `limits.entry_bytes`; zero: an entry is one record, and no two candidates are of one lane. |
/// | `b.goes_by_shard()`              | Whether it wants to know which records go to one shard: `Candidate::group`. Its entries then are of one group, or, where that is 0, of one key, and are sent again where a shard took them that does not hold the keys of all. If not, nobody looks where they land. |
/// | `b.carries_headers()`            | Whether records with headers can be sent.                                   |
///
/// Called on the producer's strand, on copies: `plan` and `assemble` share nothing but the notes. `check_batching` in
/// conformance.hpp tells which of this a batching breaks. Models: Collect (default), Aggregate.
template <class B>
concept Batching = PolicyOf<B, kind::batching> &&
                   requires(const B batching, std::span<Candidate> candidates, const RequestLimits limits,
                            std::size_t shards, std::span<const std::span<const Candidate>> entries,
                            std::deque<std::string>& texts) {
                       { batching.horizon(limits, shards) } -> std::same_as<Horizon>;
                       { batching.plan(candidates, limits) } -> std::same_as<Plan>;
                       { batching.assemble(entries, texts) } -> std::same_as<std::vector<Entry>>;
                       { batching.entry_room(limits) } -> std::same_as<std::size_t>;
                       { batching.goes_by_shard() } -> std::same_as<bool>;
                       { batching.carries_headers() } -> std::same_as<bool>;
                   };

} // namespace sluice
