#pragma once

#include <sluice/aws/client.hpp>
#include <sluice/aws/endpoint_rules.hpp>
#include <sluice/aws/machine.hpp>
#include <sluice/aws/service.hpp>
#include <sluice/aws/settings.hpp>
#include <sluice/aws/this_machine.hpp>
#include <sluice/destination/destination.hpp>
#include <sluice/kinesis/calls.hpp>
#include <sluice/kinesis/put_records.hpp>
#include <sluice/kinesis/validate.hpp>
#include <sluice/world.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::kinesis {

/// Calls Kinesis: one member function for each operation.
///
/// Calls are tried again as `Options::retry` says, but for `put_records`, which is sent once. Errors are those of
/// `sluice::error`; the service's own words go to the log. All on the strand of the world, which outlives the client.
/// To be moved only before the first call, and destroyed only after the last.
///
/// Calls that name a stream by its ARN go to a host of its account, in the client's region, unless
/// `Options::account_endpoints` is false or an endpoint was configured.
class Client {
public:
    /// Everything goes to one endpoint.
    Client(World& world, const aws::ResolvedEndpoint& where)
        : world_(&world), client_(world, where.signing_name, where.signing_region, where.endpoint) {}

    /// A client of the region and the endpoint that options, environment and shared configuration name;
    /// `error::region_missing` or `error::endpoint_invalid`.
    template <class...>
    [[nodiscard]] static result<Client> open(World& world, const aws::Machine& machine = aws::this_machine()) {
        const auto settings = aws::Settings::read(world.options(), machine);
        aws::EndpointParameters code;
        code.custom = world.options().endpoint;
        auto parameters = settings.parameters(aws::Service::kinesis, std::move(code));
        if (!parameters) return parameters.error();
        const auto where = aws::resolve_endpoint(aws::Service::kinesis, *parameters);
        if (!where) return where.error();
        Client client(world, *where);
        client.client_.set_retry(settings.retry());
        client.parameters_ = *std::move(parameters);
        return client;
    }

    template <class...>
    [[nodiscard]] asio::awaitable<result<Nothing>> create_stream(CreateStream request) {
        return call(std::move(request));
    }
    template <class...>
    [[nodiscard]] asio::awaitable<result<Nothing>> delete_stream(DeleteStream request) {
        return call(std::move(request));
    }
    template <class...>
    [[nodiscard]] asio::awaitable<result<StreamSummary>> describe_stream_summary(DescribeStreamSummary request) {
        return call(std::move(request));
    }
    template <class...>
    [[nodiscard]] asio::awaitable<result<ShardIterator>> get_shard_iterator(GetShardIterator request) {
        return call(std::move(request));
    }
    template <class...>
    [[nodiscard]] asio::awaitable<result<RecordPage>> get_records(GetRecords request) {
        return call(std::move(request));
    }
    template <class...>
    [[nodiscard]] asio::awaitable<result<Nothing>> split_shard(SplitShard request) { return call(std::move(request)); }
    template <class...>
    [[nodiscard]] asio::awaitable<result<Nothing>> merge_shards(MergeShards request) {
        return call(std::move(request));
    }
    template <class...>
    [[nodiscard]] asio::awaitable<result<PutRecordReply>> put_record(PutRecord request) {
        return call(std::move(request));
    }

    /// All shards, page by page; with `only_open` none that is closed, whatever the service sends.
    template <class...>
    [[nodiscard]] asio::awaitable<result<std::vector<Shard>>> list_shards(ListShards request) {
        std::vector<Shard> shards;
        for (std::size_t page = 0; page < most_pages; ++page) {
            auto reply = co_await call(request);
            if (!reply) co_return reply.error();
            for (auto& shard : reply->shards) {
                if (!request.only_open || !shard.closed()) shards.push_back(std::move(shard));
            }
            if (reply->next_token.empty()) co_return shards;
            request.next_token = std::move(reply->next_token);
        }
        co_return error::response_invalid;
    }

    /// Waits until a stream is active, asking once a second; `error::timed_out` if that takes longer than `patience`.
    template <class...>
    [[nodiscard]] asio::awaitable<result<StreamSummary>> wait_until_active(std::string stream,
                                                                            std::chrono::seconds patience) {
        const auto end = world_->clock().steady() + patience;
        const DescribeStreamSummary request(std::move(stream));
        while (true) {
            auto summary = co_await call(request);
            if (!summary || summary->status == StreamStatus::active) co_return summary;
            const auto next = world_->clock().steady() + std::chrono::seconds(1);
            if (next > end) co_return error::timed_out;
            const auto interrupted = co_await world_->clock().async_wait_until(next);
            if (interrupted) co_return interrupted;
        }
    }

    /// One PutRecords, sent once. What the entries view lives until it completes.
    template <class...>
    [[nodiscard]] asio::awaitable<Answer> put_records(std::string stream, std::span<const Entry> entries) {
        auto body = encode_put_records(stream, entries, wire());
        auto request = make_call("PutRecords", stream, std::move(body));
        if (!request) {
            Answer nowhere(request.error(), "", "The ARN of the stream leads to no host of this region.");
            co_return nowhere;
        }
        auto reply = co_await client_.send_once(*std::move(request));
        if (reply.error) {
            Answer refused(reply.error, std::move(reply.code), std::move(reply.message));
            refused.retry_after = reply.retry_after;
            co_return refused;
        }
        co_return decode_put_records(std::move(reply.response.body), entries.size(), wire());
    }

    /// Any call with a reply.
    template <class Request>
    [[nodiscard]] asio::awaitable<result<typename Request::Reply>> call(Request request) {
        auto body = encode(request, wire());
        auto its_call = make_call(Request::operation, stream_of(request), std::move(body));
        if (!its_call) co_return its_call.error();
        auto reply = co_await client_.send(*std::move(its_call));
        if (reply.error) {
            world_->log().info("Kinesis did not do ", Request::operation, ": ", reply.complaint());
            co_return reply.error;
        }
        co_return decode<typename Request::Reply>(reply.response.body, wire());
    }

private:
    static constexpr std::size_t most_pages = 1'000; ///< A million shards: a service that sends more goes in circles.

    [[nodiscard]] Wire wire() const noexcept { return world_->options().wire; }

    template <class Request>
    [[nodiscard]] static std::string_view stream_of(const Request& request) {
        if constexpr (requires { request.stream; }) {
            return request.stream;
        } else {
            return {};
        }
    }

    [[nodiscard]] static aws::OperationType type_of(std::string_view operation) {
        for (const std::string_view data : {"PutRecords", "PutRecord", "GetRecords", "GetShardIterator"}) {
            if (operation == data) return aws::OperationType::data;
        }
        return aws::OperationType::control;
    }

    [[nodiscard]] result<aws::Call> make_call(std::string_view operation, std::string_view stream,
                                              std::string body) const {
        aws::Call call(target(operation), std::string(content_type(wire())),
                       std::make_shared<const std::string>(std::move(body)));
        if (!parameters_ || !is_arn(stream)) return call;
        auto parameters = *parameters_;
        parameters.arns.assign(1, std::string(stream));
        parameters.operation_type = type_of(operation);
        auto where = aws::resolve_endpoint(aws::Service::kinesis, parameters);
        if (!where) return where.error();
        call.endpoint = std::move(where->endpoint);
        return call;
    }

    World* world_;
    aws::Client client_;
    std::optional<aws::EndpointParameters> parameters_; ///< None: everything goes to one endpoint.
};

} // namespace sluice::kinesis
