#pragma once

#include <sluice/aws/machine.hpp>
#include <sluice/aws/this_machine.hpp>
#include <sluice/destination/destination.hpp>
#include <sluice/kinesis/client.hpp>
#include <sluice/kinesis/limits.hpp>
#include <sluice/world.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sluice {

/// Puts records into Kinesis Data Streams, with PutRecords, in JSON or CBOR (`Options::wire`).
///
/// Region and endpoint are those of the options, else of the environment (`AWS_REGION`, `AWS_DEFAULT_REGION`,
/// `AWS_ENDPOINT_URL_KINESIS`, `AWS_ENDPOINT_URL`), else of the profile in the shared configuration files.
class KinesisStream {
public:
    using policy_kind = kind::destination;

    template <class...>
    explicit KinesisStream(aws::Machine machine = aws::this_machine()) : machine_(std::move(machine)) {}

    class Running {
    public:
        explicit Running(kinesis::Client client) : client_(std::move(client)) {}

        template <class...>
        [[nodiscard]] asio::awaitable<Answer> send(const std::string& stream, std::span<const Entry> entries) {
            return client_.put_records(stream, entries);
        }

        template <class...>
        [[nodiscard]] asio::awaitable<result<std::vector<ShardRange>>> shards(const std::string& stream) {
            return open_shards(kinesis::ListShards(stream, true));
        }

    private:
        template <class...>
        asio::awaitable<result<std::vector<ShardRange>>> open_shards(kinesis::ListShards request) {
            auto shards = co_await client_.list_shards(std::move(request));
            if (!shards) co_return shards.error();
            std::vector<ShardRange> ranges;
            ranges.reserve(shards->size());
            for (const auto& shard : *shards) ranges.push_back(shard.range());
            co_return ranges;
        }

        kinesis::Client client_;
    };

    /// Errors: `region_missing`, `endpoint_invalid`. Nothing is sent yet.
    template <class...>
    [[nodiscard]] asio::awaitable<result<Running>> open(World& world) const {
        auto client = kinesis::Client::open(world, machine_);
        if (!client) co_return client.error();
        co_return Running(std::move(*client));
    }

    /// What the options ask for, within what the service takes.
    [[nodiscard]] RequestLimits limits(const Options& options) const {
        namespace most = kinesis::limits;
        return {std::clamp<std::size_t>(options.request_records, 1, most::request_records),
                std::min(options.request_bytes, most::request_bytes),
                std::min(options.max_payload, most::largest_record_bytes)};
    }

private:
    aws::Machine machine_;
};

} // namespace sluice
