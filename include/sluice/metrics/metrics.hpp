#pragma once

#include <sluice/destination/destination.hpp>
#include <sluice/error.hpp>
#include <sluice/policy.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string_view>

namespace sluice {

/// Metrics that run.
///
/// | expression                                    | meaning                                                        |
/// |-----------------------------------------------|----------------------------------------------------------------|
/// | `m.accepted(stream, records, bytes)`          | So many more were put; told per chunk.                         |
/// | `m.answered(stream, answer, bytes, duration)` | A request with so many bytes of data and keys was answered.    |
/// | `m.settled(stream, outcome, records)`         | So many records got this outcome; an empty code: delivered.    |
/// | `m.buffered(records, bytes, age)`             | What has no outcome now, and how long the oldest has waited.   |
///
/// Called on the producer's strand, never per record; must not block.
template <class M>
concept RunningMetrics = requires(M metrics, std::string_view stream, std::uint64_t n, const Answer& answer,
                                  std::chrono::nanoseconds time, error_code outcome) {
    { metrics.accepted(stream, n, n) } -> std::same_as<void>;
    { metrics.answered(stream, answer, n, time) } -> std::same_as<void>;
    { metrics.settled(stream, outcome, n) } -> std::same_as<void>;
    { metrics.buffered(n, n, time) } -> std::same_as<void>;
};

/// Who counts: a recipe with `open(World&)`, which gives `RunningMetrics`.
///
/// Models: NoMetrics (default).
template <class P>
concept Metrics = PolicyOf<P, kind::metrics> && requires(P recipe, World& world) {
    { recipe.open(world) } -> std::same_as<asio::awaitable<result<running_t<P>>>>;
    requires RunningMetrics<running_t<P>>;
};

} // namespace sluice
