#pragma once

#include <sluice/log.hpp>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace sluice {

/// How requests are written. JSON carries data as base64, a third larger; CBOR carries the bytes themselves.
enum class Wire : std::uint8_t { json, cbor };

/// What a put does when the buffer has no room.
enum class WhenFull : std::uint8_t {
    wait,        ///< `async_put` waits, first come first served; `try_put` reports `error::buffer_full`.
    fail,        ///< Every put reports `error::buffer_full`.
    /// The oldest chunks that have nothing in flight make room; their outcome is `error::dropped`. Since `try_put`
    /// cannot wait, this begins before the buffer is full: 1 MiB, 8,192 records, or an eighth of it if that is less.
    drop_oldest,
};

/// In which order records arrive.
enum class Ordering : std::uint8_t {
    none,    ///< As fast as possible; a record that is tried again arrives after later ones.
    per_key, ///< First arrivals keep the order of the puts among records of one partition key.
};

/// How many requests a client sends that the service throttles.
enum class RetryMode : std::uint8_t {
    standard, ///< As many as there are; each one that fails backs off.
    adaptive, ///< Before a request, and not only before a retry, a client waits its turn at a rate that it learns.
};

/// What the producer and the service decide. What only one policy understands stands in that policy's constructor.
class Options {
public:
    /// How calls other than puts are tried again; the AWS SDKs' rules of 2026.
    class Retry {
    public:
        Retry() = default;

        /// The rules that the AWS SDKs had before: longer delays, all retries at one price.
        [[nodiscard]] static Retry generation_2_0() {
            Retry rules;
            rules.attempts = 3;
            rules.transient_base = std::chrono::milliseconds(1'000);
            rules.transient_cost = 5;
            rules.heed_retry_after = false;
            return rules;
        }

        std::optional<RetryMode> mode;    ///< None: AWS_RETRY_MODE, the profile's `retry_mode`, `standard`.
        std::optional<unsigned> attempts; ///< Including the first. None: AWS_MAX_ATTEMPTS, the profile's
                                          ///< `max_attempts`, 3, and for DynamoDB 4.
        std::optional<std::chrono::milliseconds> transient_base; ///< First delay is at most this. None: 50 ms, and for
                                                                 ///< DynamoDB 25 ms.
        std::chrono::milliseconds throttle_base{1'000};          ///< The same after throttling.
        std::chrono::milliseconds longest{20'000};               ///< No delay is longer.
        unsigned capacity = 500;                                 ///< Tokens of one client.
        unsigned transient_cost = 14;
        unsigned throttle_cost = 5;
        unsigned success_reward = 1;  ///< Tokens back for a call that needed no retry.
        bool heed_retry_after = true; ///< A service's wish for a delay is granted, within limits.
    };

    Options() = default;
    explicit Options(std::string name) : stream(std::move(name)) {}
    explicit Options(const char* name) : stream(name) {}

    /// What the environment says: `stream` by KINESIS_STREAM_NAME, or else AWS_KINESIS_NAME; `region` by AWS_REGION, or
    /// else AWS_DEFAULT_REGION; `shard_count` by KINESIS_SHARD_COUNT; `retention` by KINESIS_RETENTION_PERIOD, in
    /// hours. All else is as ever. What a producer looks up itself, such as AWS_PROFILE and AWS_ENDPOINT_URL, is left
    /// to it: a profile that is named here would come before keys in the environment.
    ///
    /// `variable(name)` gives a value, or none; by default it is the process's. Empty means none. Throws
    /// `std::invalid_argument` if a number is none, or out of its range.
    template <class Variable>
    [[nodiscard]] static Options from_environment(const Variable& variable) {
        const auto text = [&](std::string_view name, std::string_view other) -> std::string {
            std::optional<std::string> value = variable(name);
            if ((!value || value->empty()) && !other.empty()) value = variable(other);
            return value.value_or(std::string());
        };
        Options options(text("KINESIS_STREAM_NAME", "AWS_KINESIS_NAME"));
        options.region = text("AWS_REGION", "AWS_DEFAULT_REGION");
        if (const auto count = text("KINESIS_SHARD_COUNT", {}); !count.empty()) {
            options.shard_count = number(count, 1, 100'000, "sluice: KINESIS_SHARD_COUNT must be 1 to 100,000.");
        }
        if (const auto hours = text("KINESIS_RETENTION_PERIOD", {}); !hours.empty()) {
            options.retention = std::chrono::hours(
                number(hours, 24, 8'760, "sluice: KINESIS_RETENTION_PERIOD must be 24 to 8,760 hours."));
        }
        return options;
    }

    [[nodiscard]] static Options from_environment() {
        return from_environment([](std::string_view name) -> std::optional<std::string> {
            const char* const value = std::getenv(std::string(name).c_str()); // NOLINT(concurrency-mt-unsafe)
            return value == nullptr ? std::nullopt : std::optional<std::string>(value);
        });
    }

    // where to
    std::string stream;   ///< Of records that name none. 1 to 128 of `[a-zA-Z0-9_.-]`, or an ARN. Name and ARN of one
                          ///< stream are kept apart, like two streams.
    std::string region;   ///< Empty: AWS_REGION, AWS_DEFAULT_REGION, the profile's `region`.
    std::string endpoint; ///< `http[s]://host[:port]`; empty: AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL, the profile's
                          ///< `endpoint_url`, the region's.
    std::string profile;  ///< Of the shared configuration files. Empty: AWS_PROFILE, then `default`.
    std::optional<bool> fips;       ///< Endpoints under FIPS 140. None: AWS_USE_FIPS_ENDPOINT, the profile's setting.
    std::optional<bool> dual_stack; ///< Endpoints with IPv6. None: AWS_USE_DUALSTACK_ENDPOINT, the profile's setting.
    std::optional<bool> ignore_configured_endpoints; ///< Of environment and profile. None: what these say.
    bool account_endpoints = true;  ///< A stream named by its ARN is reached at its account's own host.
    Wire wire = Wire::json;

    // what may wait
    std::size_t buffer_bytes = 64U << 20U; ///< Of payload, headers, keys and 32 B each of every record without an
                                           ///< outcome.
    std::size_t buffer_records = 10'000'000; ///< Records without an outcome.
    WhenFull when_full = WhenFull::wait;
    std::size_t window_bytes = 64U << 20U; ///< Of these, how many may be held in memory by a storage that persists.
    std::size_t max_streams = 64;          ///< With records at a time; `stream` always counts.
    std::size_t max_payload = 1U << 20U;   ///< Data, headers and key of one record; the service takes up to 10 MiB if
                                           ///< set so.

    // when it goes
    /// Longest time a record waits for company before its batch is sent anyway. The first of a stream may wait a second
    /// for its shards to be listed, if the batching goes by them.
    std::chrono::milliseconds linger{100};
    bool auto_flush = true; ///< False: records leave only during `async_flush` and `async_close`.
    Ordering ordering = Ordering::none;
    std::size_t lanes = 1'024; ///< With `Ordering::per_key`: keys that share a lane wait for one another. 1 to 65,535.
    std::size_t requests_in_flight = 4; ///< Of the whole producer.
    std::size_t request_records = 500;  ///< Entries of one request, 1 to 500.
    std::size_t request_bytes = 10U << 20U; ///< Data and keys of one request, up to 10 MiB.
    std::chrono::milliseconds commit_interval{10}; ///< How long `try_put` may wait for company in a commit.

    // when it fails
    unsigned attempts = 10; ///< Failures of its own that a record survives, plus one; 0: no limit.
    bool throttles_spend_attempts = false;
    std::chrono::milliseconds time_to_live{0}; ///< Since the put. Zero: for ever.
    std::chrono::milliseconds back_off{100};   ///< First delay is at most this; doubles with each failure.
    std::chrono::milliseconds longest_back_off{20'000};
    Retry retry; ///< Of calls other than puts.

    // how long
    std::chrono::milliseconds connect_timeout{3'100};
    std::chrono::milliseconds request_timeout{30'000};
    std::chrono::milliseconds flush_timeout{30'000}; ///< Of `async_flush` without one. Zero: one try.
    std::chrono::milliseconds close_timeout{5'000};  ///< Of `async_close` without one, and a `BlockingProducer`'s end.

    // of a stream that is to be made: for whoever makes it, and for policies that count shards
    std::uint32_t shard_count = 1;    ///< 1 to 100,000.
    std::chrono::hours retention{24}; ///< 24 to 8,760.

    Log log; ///< Where lines go; none by default.

private:
    [[nodiscard]] static std::uint32_t number(const std::string& text, std::uint32_t least, std::uint32_t most,
                                              const char* otherwise) {
        std::uint32_t value = 0;
        const auto* const end = text.data() + text.size();
        const auto [read, failure] = std::from_chars(text.data(), end, value);
        const bool good = failure == std::errc() && read == end && value >= least && value <= most;
        if (!good) throw std::invalid_argument(otherwise);
        return value;
    }
};

} // namespace sluice
