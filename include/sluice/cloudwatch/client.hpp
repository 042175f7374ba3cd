#pragma once

#include <sluice/aws/client.hpp>
#include <sluice/aws/endpoint_rules.hpp>
#include <sluice/aws/service.hpp>
#include <sluice/aws/settings.hpp>
#include <sluice/cloudwatch/requests.hpp>
#include <sluice/credentials/credentials.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace sluice::cloudwatch {

/// Calls CloudWatch: puts metrics there.
///
/// Calls are tried again as `aws::Settings::retry` says; one whose answer was lost may count twice. All on the strand
/// of the world, which outlives the client. To be moved only before the first call, and destroyed only after the last.
class Client {
public:
    /// Signs with these credentials, which outlive the client.
    Client(World& world, AnyCredentials& credentials, const aws::ResolvedEndpoint& where)
        : world_(&world), client_(world, &credentials, where.signing_name, where.signing_region, where.endpoint) {}

    /// A client of the region's CloudWatch, or of `endpoint`, or of the endpoint that was configured;
    /// `error::region_missing` or `error::endpoint_invalid`.
    [[nodiscard]] static result<Client> open(World& world, AnyCredentials& credentials, const aws::Settings& settings,
                                             std::string endpoint = {}) {
        aws::EndpointParameters code;
        code.custom = std::move(endpoint);
        const auto where = settings.endpoint(aws::Service::cloudwatch, std::move(code));
        if (!where) return where.error();
        Client client(world, credentials, *where);
        client.client_.set_retry(settings.retry());
        return client;
    }

    /// Puts what `encode_put_metric_data` wrote.
    template <class...>
    [[nodiscard]] asio::awaitable<aws::Reply> put_metric_data(std::string body) {
        aws::Call call(std::string(target), std::string(content_type),
                       std::make_shared<const std::string>(std::move(body)));
        call.headers.emplace_back("x-amzn-query-mode", "true");
        call.timeout = std::min<std::chrono::milliseconds>(world_->options().request_timeout, longest_attempt);
        call.max_response_bytes = std::size_t{1} << 20U;
        return client_.send(std::move(call));
    }

private:
    static constexpr std::chrono::seconds longest_attempt{10};

    World* world_;
    aws::Client client_;
};

} // namespace sluice::cloudwatch
