#pragma once

#include "caller.hpp"
#include "raw_client.hpp"

#include <sluice/local/server_thread.hpp>

#include <doctest/doctest.h>

#include <string>

/// A server with a thread of its own and the stream "s" of one shard, and a client that signs.
class ServerFixture {
public:
    ServerFixture() {
        server->with([](sluice::local::Service& service) {
            service.kinesis.settings().limits = sluice::local::ShardLimits::none();
            REQUIRE(
                service.kinesis.create_stream(sluice::local::StreamSpec("s"), sluice::local::moment_now()).has_value());
        });
        REQUIRE_FALSE(server->start());
    }

    [[nodiscard]] sluice::HttpRequest call(const std::string& operation, const std::string& body) const {
        return Caller().call(operation, body, sluice::local::moment_now().wall);
    }

    [[nodiscard]] sluice::HttpRequest put() const {
        return call("PutRecord", R"({"StreamName":"s","Data":"aGVsbG8=","PartitionKey":"a"})");
    }

    std::size_t stored() {
        return server->with(
            [](sluice::local::Service& service) { return service.kinesis.find("s")->shards()[0].records().size(); });
    }

    /// What a new connection gets for a put.
    std::string exchange() { return RawClient(server->port()).exchange(put()); }

    sluice::local::ServerThread server;
};

inline std::string status_line(const std::string& response) { return response.substr(0, response.find("\r\n")); }
