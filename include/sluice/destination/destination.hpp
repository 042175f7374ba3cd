#pragma once

#include <sluice/batching/batching.hpp>
#include <sluice/error.hpp>
#include <sluice/options.hpp>
#include <sluice/policy.hpp>
#include <sluice/record.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

/// What the service says of one entry. The views point into `Answer::text`.
class EntryAnswer {
public:
    EntryAnswer() = default;

    error_code error; ///< Empty: the entry was taken.
    std::string_view code;
    std::string_view message;
    std::string_view shard_id;
    std::string_view sequence_number;
};

/// What the service says of one request.
class Answer {
public:
    Answer() = default;
    Answer(error_code why, std::string word, std::string sentence)
        : error(why), code(std::move(word)), message(std::move(sentence)) {}

    error_code error;    ///< Of the whole request; if set, there are no entries.
    std::string code;    ///< The service's word for it.
    std::string message; ///< The service's sentence.
    std::optional<std::chrono::milliseconds> retry_after; ///< The service's wish.
    std::vector<EntryAnswer> entries; ///< As many as were sent, in their order.
    SharedBytes text;                 ///< What the entries' views point into.
};

/// Which keys a shard holds; both ends belong to it. Decimal, 0 to 2^128-1.
class ShardRange {
public:
    ShardRange() = default;
    ShardRange(std::string id, std::string first, std::string last)
        : shard_id(std::move(id)), first_hash_key(std::move(first)), last_hash_key(std::move(last)) {}

    std::string shard_id;
    std::string first_hash_key;
    std::string last_hash_key;
};

/// A destination that runs.
///
/// | expression                | meaning                                                                            |
/// |---------------------------|------------------------------------------------------------------------------------|
/// | `d.send(stream, entries)` | One request, sent once. Every failure is an `Answer`, typed by `sluice::error`: what it means for the records is decided elsewhere. Entries and what they view live until it completes. |
/// | `d.shards(stream)`        | The open shards, in any order; empty if the destination has none.                  |
///
/// Called on the producer's strand; several calls may be under way.
template <class D>
concept RunningDestination = requires(D destination, const std::string stream, std::span<const Entry> entries) {
    { destination.send(stream, entries) } -> std::same_as<asio::awaitable<Answer>>;
    { destination.shards(stream) } -> std::same_as<asio::awaitable<result<std::vector<ShardRange>>>>;
};

/// Where records go: a recipe with `open(World&)`, which gives a `RunningDestination`, and with `limits(options)`:
/// what one request may hold, by the service's rules and by the options.
///
/// Models: KinesisStream (default).
template <class P>
concept Destination = PolicyOf<P, kind::destination> && requires(P recipe, const P constant, World& world,
                                                                 const Options& options) {
    { recipe.open(world) } -> std::same_as<asio::awaitable<result<running_t<P>>>>;
    requires RunningDestination<running_t<P>>;
    { constant.limits(options) } -> std::same_as<RequestLimits>;
};

} // namespace sluice
