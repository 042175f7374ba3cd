#pragma once

#include <sluice/error.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sluice {

/// One try to deliver a record.
class Attempt {
public:
    Attempt() = default;

    Attempt(std::chrono::system_clock::time_point start, std::chrono::nanoseconds took, error_code why,
            std::string word = {}, std::string sentence = {})
        : time(start), duration(took), error(why), code(std::move(word)), message(std::move(sentence)) {}

    std::chrono::system_clock::time_point time; ///< When the request left.
    std::chrono::nanoseconds duration{};        ///< Until its answer was read.
    error_code error;                           ///< Empty: the record was taken.
    std::string code;                           ///< The service's word, `ProvisionedThroughputExceededException`;
                                                ///< `Offload`: the data could not be put elsewhere.
    std::string message;                        ///< The service's sentence.
};

/// What became of a record, and how.
class Receipt {
public:
    Receipt() = default;

    Receipt(std::string shard_id, std::string sequence_number, std::vector<Attempt> attempts)
        : shard_id_(std::move(shard_id)), sequence_number_(std::move(sequence_number)),
          attempts_(std::move(attempts)) {}

    /// The shard that took the record; empty if none did, or if the destination has no shards.
    [[nodiscard]] const std::string& shard_id() const noexcept { return shard_id_; }

    /// The sequence number within the shard, decimal, up to 129 digits; for Firehose the record's id.
    [[nodiscard]] const std::string& sequence_number() const noexcept { return sequence_number_; }

    /// The latest attempts, oldest first, at most 16 of them.
    [[nodiscard]] const std::vector<Attempt>& attempts() const noexcept { return attempts_; }

private:
    std::string shard_id_;
    std::string sequence_number_;
    std::vector<Attempt> attempts_;
};

/// What one call of `async_put_all` did.
class PutReport {
public:
    /// One record that was not accepted.
    class Refusal {
    public:
        Refusal() = default;
        Refusal(std::size_t place, error_code why) : index(place), reason(why) {}

        std::size_t index = 0; ///< Its place in the range.
        error_code reason;
    };

    std::size_t accepted = 0;
    std::vector<Refusal> refused; ///< In the order of the range.
};

/// What became of the records that were accepted before a flush, or a close, began.
///
/// Outcomes count from the moment when the flush before it began, or from the start of the producer: one flush after
/// the other tells each outcome once. `Stats` has the sums.
class FlushReport {
public:
    std::uint64_t delivered = 0;
    std::uint64_t failed = 0;  ///< Dead-lettered: gave up, dropped, refused, or closed with nothing to keep them.
    std::uint64_t expired = 0;
    std::uint64_t left = 0;    ///< Without an outcome when the time was over.
    error_code paused_by;      ///< Why nothing moves, if a stream is paused; else empty.
};

} // namespace sluice
