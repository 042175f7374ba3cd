#pragma once

#include <sluice/aws/client.hpp>
#include <sluice/aws/endpoint_rules.hpp>
#include <sluice/aws/json_call.hpp>
#include <sluice/aws/machine.hpp>
#include <sluice/aws/service.hpp>
#include <sluice/aws/settings.hpp>
#include <sluice/error.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::aws {

/// How a service is spoken to in AWS JSON. Its texts are literals.
class JsonDialect {
public:
    constexpr JsonDialect(Service its_service, std::string_view its_name, std::string_view its_target,
                          std::string_view its_content_type) noexcept
        : service(its_service), name(its_name), target(its_target), content_type(its_content_type) {}

    Service service;
    std::string_view name;         ///< What the log calls it: `DynamoDB`.
    std::string_view target;       ///< What is before an operation in `X-Amz-Target`: `DynamoDB_20120810.`.
    std::string_view content_type; ///< `application/x-amz-json-1.0`.
};

/// Calls a service that speaks AWS JSON.
///
/// Calls are tried again as `Settings::retry` says. All on the strand of the world, which outlives the client. To be
/// moved only before the first call, and destroyed only after the last.
class JsonClient {
public:
    /// Signs with the world's credentials.
    JsonClient(World& world, const JsonDialect& dialect, const ResolvedEndpoint& where)
        : world_(&world), dialect_(dialect),
          client_(world, where.signing_name, where.signing_region, where.endpoint) {}

    /// A client of `endpoint`, or else of the region and endpoint that environment and shared configuration name;
    /// `error::region_missing` or `error::endpoint_invalid`. `Options::endpoint` is not asked.
    [[nodiscard]] static result<JsonClient> open(World& world, const JsonDialect& dialect, std::string endpoint,
                                                 const Machine& machine) {
        const auto settings = Settings::read(world.options(), machine);
        EndpointParameters code;
        code.custom = std::move(endpoint);
        const auto where = settings.endpoint(dialect.service, std::move(code));
        if (!where) return where.error();
        JsonClient client(world, dialect, *where);
        client.client_.set_retry(settings.retry());
        return client;
    }

    /// Makes the call that a request with `operation` and `write(out)` asks for, and says nothing of it in the log.
    template <class Request>
    [[nodiscard]] asio::awaitable<Reply> send(const Request& request) {
        Call call(std::string(dialect_.target).append(Request::operation), std::string(dialect_.content_type),
                  std::make_shared<const std::string>(encode_json(request)));
        call.timeout = timeout_;
        return client_.send(std::move(call));
    }

    /// How long one attempt takes at most, in place of `Options::request_timeout`.
    void set_timeout(std::chrono::milliseconds most) { timeout_ = most; }

    /// Tells the log why a call was not done.
    void note(std::string_view operation, const Reply& failure) const {
        world_->log().info(dialect_.name, " did not do ", operation, ": ", failure.complaint());
    }

    [[nodiscard]] World& world() const noexcept { return *world_; }

private:
    World* world_;
    JsonDialect dialect_;
    Client client_;
    std::optional<std::chrono::milliseconds> timeout_;
};

} // namespace sluice::aws
