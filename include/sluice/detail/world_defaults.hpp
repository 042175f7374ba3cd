#pragma once

#include <sluice/clock/system.hpp>
#include <sluice/credentials/default.hpp>
#include <sluice/detail/pack.hpp>
#include <sluice/policy.hpp>
#include <sluice/transport/curl.hpp>

#include <type_traits>

// What a world is made of if nothing else is given, be it a producer's or a session's.
namespace sluice::detail {

template <>
struct Fallback<kind::credentials> : std::type_identity<DefaultCredentials> {};
template <>
struct Fallback<kind::transport> : std::type_identity<CurlTransport> {};
template <>
struct Fallback<kind::clock> : std::type_identity<SystemClock> {};

} // namespace sluice::detail
