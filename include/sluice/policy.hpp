#pragma once

#include <concepts>
#include <utility>

namespace boost::asio {}

namespace sluice {

namespace asio = boost::asio;

/// What a running policy may use of its producer; defined in `world.hpp`.
class World;

/// The questions that policies answer, one tag each.
namespace kind {
struct destination; ///< Where do records go?
struct storage;     ///< Where do records wait?
struct batching;    ///< When is a batch ready, and what is in it?
struct partitioning; ///< Which partition key, if the caller gave none?
struct compression; ///< How are payloads shrunk?
struct credentials; ///< Who signs?
struct offload;     ///< What if a payload is too large?
struct dead_letters; ///< Where does a record go that cannot be delivered?
struct metrics;     ///< Who counts?
struct transport;   ///< How does one HTTPS exchange happen?
struct clock;       ///< What time is it, when do I wake, what are the dice?
} // namespace kind

/// A policy names its kind: `using policy_kind = kind::storage;`. The tag says what a type claims to be; the concept
/// of its kind checks what it does.
template <class P>
concept Policy = requires { typename P::policy_kind; };

template <class P, class Kind>
concept PolicyOf = Policy<P> && std::same_as<typename P::policy_kind, Kind>;

/// What a recipe becomes: the `Running` of `open(World&) -> awaitable<result<Running>>`.
template <class P>
using running_t = typename decltype(std::declval<P&>().open(std::declval<World&>()))::value_type::value_type;

} // namespace sluice
