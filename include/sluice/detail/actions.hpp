#pragma once

#include <sluice/batching/batching.hpp>
#include <sluice/batching/cuts.hpp>
#include <sluice/detail/waits.hpp>
#include <sluice/detail/whereabouts.hpp>
#include <sluice/error.hpp>
#include <sluice/receipt.hpp>
#include <sluice/record.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::detail {

/// A request to be sent. Its views live until it is answered.
class SendOrder {
public:
    std::uint64_t id = 0;
    std::string stream;
    std::vector<Candidate> members;       ///< Of all entries, one entry after the other.
    std::vector<std::uint64_t> sequences; ///< Of the members.
    Cuts cuts;                            ///< Between entries, among the members.
    Waits waits;                          ///< Of the members.

    [[nodiscard]] std::size_t entries() const noexcept { return cuts.size(); }
};

/// Data to be put elsewhere, before its record is sent.
class StoreOrder {
public:
    std::uint64_t id = 0;
    std::uint64_t sequence = 0; ///< Of the record.
    SharedBytes body;           ///< Where the data lies.
    std::string_view data;
    std::optional<Whereabouts> away; ///< Where both are to be read first, if they are not in memory.
};

/// Chunks to be read from the storage.
class LoadOrder {
public:
    LoadOrder(std::string its_stream, std::uint64_t its_after, std::size_t its_max, std::uint64_t its_epoch)
        : stream(std::move(its_stream)), after(its_after), max_bytes(its_max), epoch(its_epoch) {}

    std::string stream;
    std::uint64_t after;
    std::size_t max_bytes;
    std::uint64_t epoch; ///< To be given back with the chunks.
};

/// The outcome of a record that somebody waits for.
class Told {
public:
    Told(std::uint64_t its_sequence, error_code its_outcome, Receipt its_receipt)
        : sequence(its_sequence), outcome(its_outcome), receipt(std::move(its_receipt)) {}

    std::uint64_t sequence;
    error_code outcome;
    Receipt receipt;
};

/// So many records of a stream have had this outcome, after so many tries, and count no longer against the caps.
class Tally {
public:
    Tally(std::string its_stream, error_code its_outcome, unsigned its_retries)
        : stream(std::move(its_stream)), outcome(its_outcome), retries(its_retries) {}

    std::string stream;
    error_code outcome; ///< Empty: delivered.
    unsigned retries;   ///< Of each of them.
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
};

/// A flush that is over.
class FlushDone {
public:
    FlushDone(std::uint64_t its_id, FlushReport its_report) : id(its_id), report(its_report) {}

    std::uint64_t id;
    FlushReport report;
};

/// A stream that was paused, is paused for another reason, or moves again.
class PauseNote {
public:
    PauseNote(std::string its_stream, error_code why, std::string its_message)
        : stream(std::move(its_stream)), reason(why), message(std::move(its_message)) {}

    std::string stream;
    error_code reason;   ///< Empty: it moves again.
    std::string message; ///< The service's words.
};

/// A chunk whose body does not hold what its header says; it stays in the storage.
class Unreadable {
public:
    Unreadable(std::string its_stream, std::uint64_t its_first, std::uint32_t its_records)
        : stream(std::move(its_stream)), first(its_first), records(its_records) {}

    std::string stream;
    std::uint64_t first;
    std::uint32_t records;
};

/// What the delivery wants done. Each kind in the order in which it came up.
class Actions {
public:
    std::vector<SendOrder> sends;
    std::vector<StoreOrder> stores;
    std::vector<LoadOrder> loads;
    std::vector<std::string> maps; ///< Streams whose shards are to be listed.
    std::vector<Told> told;
    std::vector<Tally> tallies;
    std::vector<FlushDone> flushed;
    std::vector<PauseNote> pauses;
    std::vector<error_code> offload_changes; ///< Why nothing can be put elsewhere from now on; empty: it can again.
    std::vector<Unreadable> unreadable;
    std::vector<std::string> keyless; ///< Streams whose service was found not to go by keys.

    /// Counts more records.
    void tally(const std::string& stream, error_code outcome, unsigned retries, std::uint64_t records,
               std::uint64_t bytes) {
        for (auto& known : tallies) {
            if (known.outcome == outcome && known.retries == retries && known.stream == stream) {
                known.records += records;
                known.bytes += bytes;
                return;
            }
        }
        auto& fresh = tallies.emplace_back(stream, outcome, retries);
        fresh.records = records;
        fresh.bytes = bytes;
    }
};

} // namespace sluice::detail
