#pragma once

#include <sluice/aws/endpoint_rules.hpp>
#include <sluice/aws/json_call.hpp>
#include <sluice/aws/json_client.hpp>
#include <sluice/aws/machine.hpp>
#include <sluice/aws/service.hpp>
#include <sluice/aws/this_machine.hpp>
#include <sluice/detail/remark.hpp>
#include <sluice/dynamodb/streams.hpp>
#include <sluice/error.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace sluice::dynamodb {

/// Calls DynamoDB Streams.
///
/// Calls are tried again as the settings say, and bodies are held against their checksums. Errors are those of
/// `sluice::error`, among them `stream_not_found`, and `iterator_expired` for an iterator as for data that is not kept
/// any more; the service's own words go to the log, once for each change. All on the strand of the world, which
/// outlives the client. To be moved only before the first call, and destroyed only after the last.
class StreamsClient {
public:
    /// Signs with the world's credentials.
    StreamsClient(World& world, const aws::ResolvedEndpoint& where)
        : StreamsClient(aws::JsonClient(world, dialect, where)) {}

    /// A client of `endpoint`, or else of the region and endpoint that environment and shared configuration name;
    /// `error::region_missing` or `error::endpoint_invalid`.
    template <class...>
    [[nodiscard]] static result<StreamsClient> open(World& world, std::string endpoint = {},
                                                    const aws::Machine& machine = aws::this_machine()) {
        auto client = aws::JsonClient::open(world, dialect, std::move(endpoint), machine);
        if (!client) return client.error();
        return StreamsClient(*std::move(client));
    }

    /// Any call with a reply.
    template <class Request>
    [[nodiscard]] asio::awaitable<result<typename Request::Reply>> call(Request request) {
        const auto reply = co_await client_.send(request);
        if (reply.error) {
            failure_ = std::string(Request::operation) + ": " + reply.error.message();
            if (!failure_.take().empty()) client_.note(Request::operation, reply);
            co_return reply.error;
        }
        co_return aws::decode_json<typename Request::Reply>(reply.response.body);
    }

    /// What was asked for is all there: the log will be told of the next failure, even if it is the last one again.
    void settle() noexcept { failure_.settle(); }

    /// All shards of a stream that are still kept.
    template <class...>
    [[nodiscard]] asio::awaitable<result<ShardPage>> describe(std::string arn) {
        ShardPage all;
        DescribeStream request(std::move(arn));
        for (std::size_t page = 0; page < most_pages; ++page) {
            auto reply = co_await call(request);
            if (!reply) co_return reply.error();
            all.enabled = reply->enabled;
            std::move(reply->shards.begin(), reply->shards.end(), std::back_inserter(all.shards));
            if (reply->last.empty()) co_return all;
            request.start = std::move(reply->last);
        }
        co_return error::response_invalid;
    }

private:
    static constexpr std::size_t most_pages = 10'000; ///< A million shards: a service that sends more goes in circles.

    static constexpr aws::JsonDialect dialect{aws::Service::dynamodb_streams, "DynamoDB Streams",
                                              "DynamoDBStreams_20120810.", "application/x-amz-json-1.0"};

    explicit StreamsClient(aws::JsonClient client) : client_(std::move(client)) {}

    aws::JsonClient client_;
    sluice::detail::Remark failure_;
};

} // namespace sluice::dynamodb
