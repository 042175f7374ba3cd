#pragma once

#include <sluice/destination/destination.hpp>

#include <span>
#include <string>
#include <vector>

namespace bench {

/// A destination that has taken everything at once: what remains is the producer itself.
class NullDestination {
public:
    using policy_kind = sluice::kind::destination;

    class Running {
    public:
        [[nodiscard]] sluice::asio::awaitable<sluice::Answer> send(const std::string&,
                                                                   std::span<const sluice::Entry> entries) {
            sluice::EntryAnswer taken;
            taken.shard_id = "shardId-000000000000";
            taken.sequence_number = "49";
            sluice::Answer answer;
            answer.entries.assign(entries.size(), taken);
            co_return answer;
        }

        [[nodiscard]] sluice::asio::awaitable<sluice::result<std::vector<sluice::ShardRange>>> shards(std::string) {
            co_return std::vector<sluice::ShardRange>{};
        }
    };

    [[nodiscard]] sluice::asio::awaitable<sluice::result<Running>> open(sluice::World&) const { co_return Running(); }

    [[nodiscard]] sluice::RequestLimits limits(const sluice::Options& options) const {
        return {options.request_records, options.request_bytes, options.max_payload};
    }
};

} // namespace bench
