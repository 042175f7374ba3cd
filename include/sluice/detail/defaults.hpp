#pragma once

#include <sluice/batching/collect.hpp>
#include <sluice/compression/none.hpp>
#include <sluice/dead_letters/report.hpp>
#include <sluice/destination/kinesis_stream.hpp>
#include <sluice/detail/pack.hpp>
#include <sluice/detail/world_defaults.hpp>
#include <sluice/metrics/none.hpp>
#include <sluice/offload/none.hpp>
#include <sluice/partitioning/random.hpp>
#include <sluice/policy.hpp>
#include <sluice/storage/memory.hpp>

#include <type_traits>

namespace sluice::detail {

template <>
struct Fallback<kind::destination> : std::type_identity<KinesisStream> {};
template <>
struct Fallback<kind::storage> : std::type_identity<MemoryStorage> {};
template <>
struct Fallback<kind::batching> : std::type_identity<Collect> {};
template <>
struct Fallback<kind::partitioning> : std::type_identity<RandomKey> {};
template <>
struct Fallback<kind::compression> : std::type_identity<NoCompression> {};
template <>
struct Fallback<kind::offload> : std::type_identity<NoOffload> {};
template <>
struct Fallback<kind::dead_letters> : std::type_identity<ReportDeadLetters> {};
template <>
struct Fallback<kind::metrics> : std::type_identity<NoMetrics> {};

} // namespace sluice::detail
