#pragma once

#include <sluice/error.hpp>
#include <sluice/policy.hpp>
#include <sluice/receipt.hpp>
#include <sluice/record.hpp>

#include <boost/asio/awaitable.hpp>

#include <concepts>
#include <string>
#include <utility>
#include <vector>

namespace sluice {

/// A record that will not be delivered, and why.
class DeadLetter {
public:
    DeadLetter() = default;
    DeadLetter(RecordId its_id, Record its_record, error_code why)
        : id(its_id), record(std::move(its_record)), reason(why) {}

    RecordId id;
    Record record;     ///< With the stream and the partition key that it would have had.
    error_code reason; ///< `gave_up`, `expired`, `dropped`, `closed`, the storage's error, or the service's refusal.
    std::vector<Attempt> attempts; ///< The latest ones, with the service's words.
};

/// Dead letters that run.
///
/// | expression            | meaning                                                                                  |
/// |-----------------------|------------------------------------------------------------------------------------------|
/// | `d.take(letter)`      | Keeps the letter, or gives an error: then the record waits and is offered again, with back-off. |
/// | `d.take_all(letters)` | Optional, for who keeps many as fast as one: keeps all of a `std::vector<DeadLetter>`, or gives an error and keeps none. Then each is offered to `take`; one that was kept all the same is there twice. |
///
/// Called on the producer's strand, one call at a time; letters come in the order of their sequences, at most 256 or
/// 8 MiB of them together, but for those that failed. A call may be cancelled at the end of a producer whose storage
/// persists: its letters come again after the restart, and so may those that were kept. `async_close` waits for letters
/// of records that no storage keeps. `check_dead_letters` (conformance.hpp) asks all that no compiler sees.
template <class D>
concept RunningDeadLetters = requires(D letters, DeadLetter letter) {
    { letters.take(std::move(letter)) } -> std::same_as<asio::awaitable<result<void>>>;
};

/// Dead letters that keep many at a time.
template <class D>
concept BatchDeadLetters = RunningDeadLetters<D> && requires(D running, std::vector<DeadLetter> letters) {
    { running.take_all(std::move(letters)) } -> std::same_as<asio::awaitable<result<void>>>;
};

/// Where a record goes that cannot be delivered: a recipe with `open(World&)`, which gives `RunningDeadLetters`.
///
/// Models: ReportDeadLetters (default), FileDeadLetters, SqliteDeadLetters, DeadLettersTo.
template <class P>
concept DeadLetters = PolicyOf<P, kind::dead_letters> && requires(P recipe, World& world) {
    { recipe.open(world) } -> std::same_as<asio::awaitable<result<running_t<P>>>>;
    requires RunningDeadLetters<running_t<P>>;
};

} // namespace sluice
