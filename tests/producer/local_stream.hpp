#pragma once

#include "../doubles.hpp"
#include "chosen.hpp"

#include <sluice/blocking_producer.hpp>
#include <sluice/credentials/static.hpp>
#include <sluice/local/server_thread.hpp>
#include <sluice/metrics/summary.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

/// A service on this machine with one stream, which takes as much as comes, and options of a producer for it.
class LocalStream {
public:
    explicit LocalStream(std::uint32_t shards = 1) {
        using namespace std::chrono_literals;
        namespace local = sluice::local;
        server->with([shards](local::Service& service) {
            service.kinesis.settings().limits = local::ShardLimits::none();
            REQUIRE(service.kinesis.create_stream(local::StreamSpec("clicks", shards), local::moment_now()).has_value());
        });
        REQUIRE_FALSE(server->start());
        options.region = "eu-west-1";
        options.endpoint = server->endpoint();
        options.linger = 5ms;
    }

    /// A producer with these policies; its dead letters are kept here. One type for all tests.
    auto start(ChosenBatching batching, ChosenCompression compression = sluice::NoCompression(),
               ChosenPartitioning partitioning = sluice::RandomKey()) {
        return sluice::BlockingProducer{options, sluice::StaticCredentials("local", sluice::Secret("local")),
                                        KeepDeadLetters{letters}, summary, std::move(batching), std::move(compression),
                                        std::move(partitioning)};
    }

    /// What `read` finds in the stream.
    template <class Read>
    auto with_stream(Read read) {
        return server->with([&read](sluice::local::Service& service) { return read(*service.kinesis.find("clicks")); });
    }

    sluice::local::ServerThread server;
    sluice::Options options{"clicks"};
    sluice::SummaryMetrics summary;
    std::shared_ptr<std::vector<sluice::DeadLetter>> letters = std::make_shared<std::vector<sluice::DeadLetter>>();
};
