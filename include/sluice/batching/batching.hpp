#pragma once

#include <sluice/policy.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
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

/// A record that may be sent now, as a batching sees it. The views live until the request is answered.
class Candidate {
public:
    Candidate() = default;
    Candidate(std::string_view key, std::string_view hash_key, std::string_view bytes)
        : partition_key(key), explicit_hash_key(hash_key), data(bytes) {}

    std::string_view partition_key;
    std::string_view explicit_hash_key; ///< Empty: none.
    std::string_view data;
};

/// The entries of one request: each a list of candidates.
class Plan {
public:
    /// Puts a candidate into the entry being built.
    void add(std::uint32_t candidate) { members_.push_back(candidate); }

    /// Ends the entry being built.
    void close_entry() { ends_.push_back(static_cast<std::uint32_t>(members_.size())); }

    [[nodiscard]] std::size_t entries() const noexcept { return ends_.size(); }
    [[nodiscard]] bool empty() const noexcept { return ends_.empty(); }

    [[nodiscard]] std::span<const std::uint32_t> entry(std::size_t index) const noexcept {
        const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
        return std::span(members_).subspan(begin, ends_[index] - begin);
    }

    [[nodiscard]] const std::vector<std::uint32_t>& members() const noexcept { return members_; }

private:
    std::vector<std::uint32_t> members_;
    std::vector<std::uint32_t> ends_;
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
/// | expression                          | meaning                                                                  |
/// |-------------------------------------|--------------------------------------------------------------------------|
/// | `b.plan(candidates, limits, all)`   | The entries of the next request, oldest candidates first. `all`: these will get no company, send what there is. Else an empty plan says that waiting would fill it better. A candidate is used once at most; one that fits no request stands alone. |
/// | `b.assemble(members, scratch)`      | The entry that holds these candidates. Its views point into them or into `scratch`. |
/// | `b.horizon(limits)`                 | How many candidates `plan` wants to see at most.                         |
/// | `b.carries_headers()`               | Whether records with headers can be sent.                                |
///
/// Called on the producer's strand. Models: Collect (default).
template <class B>
concept Batching = PolicyOf<B, kind::batching> &&
                   requires(const B batching, std::span<const Candidate> candidates, const RequestLimits limits,
                            bool all, std::string& scratch) {
                       { batching.plan(candidates, limits, all) } -> std::same_as<Plan>;
                       { batching.assemble(candidates, scratch) } -> std::same_as<Entry>;
                       { batching.horizon(limits) } -> std::same_as<std::size_t>;
                       { batching.carries_headers() } -> std::same_as<bool>;
                   };

} // namespace sluice
