#pragma once

#include <sluice/local/failure.hpp>
#include <sluice/local/throttle.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::local {

/// What kind of service it is.
class Settings {
public:
    Settings() = default;

    std::string region = "us-east-1";         ///< As it stands in ARNs. Signatures may name any.
    std::string account = "000000000000";     ///< Twelve digits.
    ShardLimits limits;                       ///< Of every shard; `ShardLimits::none()` never throttles.
    std::chrono::milliseconds change_time{0}; ///< How long a stream is CREATING, UPDATING or DELETING.
    std::uint64_t shard_limit = 20'000;       ///< Open shards of the account.
    std::uint64_t retention_bytes = 0;        ///< Data and keys that one shard keeps, the newest; 0: all, for 24 hours.
};

/// How the service's sentences name a stream.
[[nodiscard]] inline std::string in_stream(std::string_view stream, const Settings& settings) {
    return " in stream " + std::string(stream) + " under account " + settings.account;
}

/// How the service says that a shard has had enough.
[[nodiscard]] inline Failure rate_exceeded(std::string_view stream, std::string_view shard, const Settings& settings) {
    return {"ProvisionedThroughputExceededException",
            "Rate exceeded for shard " + std::string(shard) + in_stream(stream, settings) + "."};
}

/// How the service says that there is no such shard.
[[nodiscard]] inline Failure shard_not_found(std::string_view stream, std::string_view shard,
                                             const Settings& settings) {
    return {"ResourceNotFoundException",
            "Could not find shard " + std::string(shard) + in_stream(stream, settings) + "."};
}

} // namespace sluice::local
