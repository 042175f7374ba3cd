#pragma once

#include <sluice/error.hpp>
#include <sluice/policy.hpp>
#include <sluice/record.hpp>

#include <boost/asio/awaitable.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

/// An offload that runs.
///
/// | expression              | meaning                                                                              |
/// |-------------------------|--------------------------------------------------------------------------------------|
/// | `o.threshold()`         | Data of more bytes is given to `store` when its record is sent.                      |
/// | `o.at_once()`           | How many calls of `store` may be under way, at least one.                            |
/// | `o.store(id, data)`     | Puts the data elsewhere and gives what is sent in its place. The same id stores the same object, so that a retry orphans nothing. `data` lives until it completes. |
///
/// Called on the producer's strand. Of the errors of `store`, `record_too_large` ends the record; `request_refused`,
/// `request_too_large` and `record_failed` spend an attempt of it; all others say that nothing can be stored now: what
/// is to be offloaded waits, one of it tries after a back-off, and nothing is spent.
template <class O>
concept RunningOffload = requires(O offload, const O constant, const RecordId id, std::string_view data) {
    { constant.threshold() } -> std::same_as<std::size_t>;
    { constant.at_once() } -> std::same_as<std::size_t>;
    { offload.store(id, data) } -> std::same_as<asio::awaitable<result<std::string>>>;
};

/// What happens to a payload that is too large: a recipe with `open(World&)`, which gives a `RunningOffload`, and with
/// `max_payload(limit)`: the largest data that a put may have where the destination takes `limit` bytes.
///
/// Models: NoOffload (default), S3Offload.
template <class P>
concept Offload = PolicyOf<P, kind::offload> && requires(P recipe, const P constant, World& world, std::size_t limit) {
    { recipe.open(world) } -> std::same_as<asio::awaitable<result<running_t<P>>>>;
    requires RunningOffload<running_t<P>>;
    { constant.max_payload(limit) } -> std::same_as<std::size_t>;
};

} // namespace sluice
