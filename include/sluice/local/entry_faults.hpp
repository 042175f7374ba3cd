#pragma once

#include <sluice/local/faults.hpp>
#include <sluice/local/settings.hpp>
#include <sluice/local/stream.hpp>
#include <sluice/local/writing.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::local {

/// Whether a fault throttles this shard.
[[nodiscard]] inline bool throttles(const Met& met, std::string_view shard) {
    const auto* throttle = met.as<fault::Throttle>();
    return throttle != nullptr && (throttle->shard_id.empty() || throttle->shard_id == shard);
}

/// Which entries of a put to this stream fail, by the fault that the call meets; what it views must outlive the judge.
[[nodiscard]] inline Judge judge(const Met& met, std::string_view stream, const Settings& settings) {
    if (met.as<fault::Throttle>() != nullptr) {
        return [&met, stream, &settings](std::size_t, const Shard& shard) -> std::optional<Failure> {
            const std::string name = shard.id();
            if (!throttles(met, name)) return std::nullopt;
            return rate_exceeded(stream, name, settings);
        };
    }
    if (const auto* fails = met.as<fault::FailEntries>()) {
        return [fails](std::size_t entry, const Shard&) -> std::optional<Failure> {
            if (!fails->hits(entry)) return std::nullopt;
            return fails->failure;
        };
    }
    return {};
}

/// What a call tells of entries that were put to this stream, if the fault that it meets makes it lie.
inline void distort(std::vector<PutResult>& results, const Met& met, const Stream& stream) {
    if (const auto* fewer = met.as<fault::FewerEntries>()) {
        results.resize(results.size() - std::min(fewer->missing, results.size()));
    }
    if (const auto* wrong = met.as<fault::WrongShard>()) {
        for (auto& result : results) {
            if (!result.taken()) continue;
            result.shard_id = wrong->shard_id.empty() ? stream.neighbour_of(result.shard_id) : wrong->shard_id;
        }
    }
}

} // namespace sluice::local
