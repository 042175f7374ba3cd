#pragma once

#include <sluice/kinesis/limits.hpp>
#include <sluice/kinesis/validate.hpp>
#include <sluice/options.hpp>

#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace sluice::detail {

/// Throws `std::invalid_argument`, with the remedy, for options that can never work.
inline void require_possible(const Options& options) {
    const auto require = [](bool possible, const char* otherwise) {
        if (!possible) throw std::invalid_argument(otherwise);
    };
    const auto zero = std::chrono::milliseconds(0);
    require(options.stream.empty() || !kinesis::check_stream(options.stream),
            "sluice: Options::stream is not the name of a stream; give 1 to 128 characters of [a-zA-Z0-9_.-], or its "
            "ARN.");
    require(options.request_records >= 1 && options.request_records <= kinesis::limits::request_records,
            "sluice: Options::request_records must be 1 to 500.");
    require(options.request_bytes >= 1 && options.request_bytes <= kinesis::limits::request_bytes,
            "sluice: Options::request_bytes must be 1 to 10 MiB.");
    require(options.max_payload >= 1 && options.max_payload <= kinesis::limits::largest_record_bytes,
            "sluice: Options::max_payload must be 1 to 10 MiB.");
    require(options.requests_in_flight >= 1, "sluice: Options::requests_in_flight must be at least 1.");
    require(options.lanes >= 1 && options.lanes <= 65'535, "sluice: Options::lanes must be 1 to 65,535.");
    require(options.max_streams >= 1, "sluice: Options::max_streams must be at least 1.");
    require(options.buffer_bytes >= 1 && options.buffer_records >= 1,
            "sluice: Options::buffer_bytes and Options::buffer_records must be at least 1.");
    require(options.linger >= zero && options.commit_interval >= zero && options.time_to_live >= zero,
            "sluice: Options::linger, commit_interval and time_to_live must not be negative.");
    require(options.back_off >= zero && options.longest_back_off >= options.back_off,
            "sluice: Options::longest_back_off must not be less than Options::back_off.");
    require(options.connect_timeout > zero && options.request_timeout > zero,
            "sluice: Options::connect_timeout and Options::request_timeout must be positive.");
    require(options.flush_timeout >= zero && options.close_timeout >= zero,
            "sluice: Options::flush_timeout and Options::close_timeout must not be negative.");
}

/// Makes durations that stand for ever, as `max()`, long ones that can be reckoned with.
inline void bound_durations(Options& options) {
    constexpr std::chrono::milliseconds longest = std::chrono::hours(24) * 365 * 50;
    for (auto* duration : {&options.linger, &options.commit_interval, &options.time_to_live, &options.back_off,
                           &options.longest_back_off, &options.connect_timeout, &options.request_timeout,
                           &options.flush_timeout, &options.close_timeout}) {
        *duration = std::min(*duration, longest);
    }
}

} // namespace sluice::detail
