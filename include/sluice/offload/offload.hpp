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
/// | `o.store(id, data)`     | Puts the data elsewhere and gives what is sent in its place. The same id stores the same object, so that a retry orphans nothing. `data` lives until it completes. |
///
/// Called on the producer's strand; several calls may be under way.
template <class O>
concept RunningOffload = requires(O offload, const O constant, const RecordId id, std::string_view data) {
    { constant.threshold() } -> std::same_as<std::size_t>;
    { offload.store(id, data) } -> std::same_as<asio::awaitable<result<std::string>>>;
};

/// What happens to a payload that is too large: a recipe with `open(World&)`, which gives a `RunningOffload`, and with
/// `max_payload(limit)`: the largest data that a put may have where the destination takes `limit` bytes.
///
/// Models: NoOffload (default).
template <class P>
concept Offload = PolicyOf<P, kind::offload> && requires(P recipe, const P constant, World& world, std::size_t limit) {
    { recipe.open(world) } -> std::same_as<asio::awaitable<result<running_t<P>>>>;
    requires RunningOffload<running_t<P>>;
    { constant.max_payload(limit) } -> std::same_as<std::size_t>;
};

} // namespace sluice
