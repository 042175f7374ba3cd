#pragma once

#include <sluice/dynamodb/streams.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sluice::dynamodb {

/// In which order the shards of a change stream are read, so that each item's changes come in theirs: a shard after its
/// parent. It begins with what is added to the shards that are open at first.
class ShardOrder {
public:
    /// A shard to be read, and from where.
    class Start {
    public:
        Start(std::string its_shard, ShardPosition its_place)
            : shard(std::move(its_shard)), place(std::move(its_place)) {}

        std::string shard;
        ShardPosition place;
    };

    /// What is to be read beside what is being read, now that these are all shards that are kept.
    [[nodiscard]] std::vector<Start> see(const std::vector<StreamShard>& shards) {
        const bool first = !std::exchange(begun_, true);
        std::set<std::string> kept;
        for (const auto& shard : shards) kept.insert(shard.id);
        std::erase_if(ended_, [&](const auto& each) { return each.second && !kept.contains(each.first); });
        std::vector<Start> starts;
        for (const auto& shard : shards) {
            if (ended_.contains(shard.id)) continue;
            const bool early = first && shard.closed;
            // What a parent had that is not kept any more cannot be waited for.
            const auto parent = ended_.find(shard.parent);
            const bool orphan = !kept.contains(shard.parent);
            if (!first && !orphan && (parent == ended_.end() || !parent->second)) continue;
            ended_.emplace(shard.id, early);
            if (!early) starts.emplace_back(shard.id, first ? ShardPosition::latest() : ShardPosition::oldest());
        }
        return starts;
    }

    /// A shard was read to its end: those that follow it may be read now.
    void end(const std::string& shard) { ended_[shard] = true; }

private:
    bool begun_ = false;
    std::map<std::string, bool> ended_; ///< The shards that are read, or have been.
};

} // namespace sluice::dynamodb
