#pragma once

#include "sink_process.hpp"

#include <sluice/credentials/static.hpp>
#include <sluice/options.hpp>
#include <sluice/transport/curl.hpp>

#include <cstddef>

namespace bench {

/// The options of a producer that sends to a sink, and may hold all that one round puts.
[[nodiscard]] inline sluice::Options options_for(const SinkProcess& sink) {
    sluice::Options options("benchmark");
    options.region = "us-east-1";
    options.endpoint = "https://" + sink.host();
    options.buffer_bytes = std::size_t{4} << 30U;
    return options;
}

/// A transport that trusts a sink.
[[nodiscard]] inline sluice::CurlTransport transport_for(const SinkProcess& sink) {
    sluice::CurlOptions options;
    options.ca_bundle = sink.ca_file();
    return sluice::CurlTransport(options);
}

[[nodiscard]] inline sluice::StaticCredentials credentials() {
    return {"AKIDEXAMPLE", sluice::Secret("an example of a secret access key")};
}

} // namespace bench
