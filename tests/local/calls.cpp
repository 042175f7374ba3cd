#include <sluice/local/calls.hpp>

#include <doctest/doctest.h>

#include <type_traits>

using namespace sluice::local;

// g++ 12 destroys temporaries of aggregate type twice inside a co_await expression.
static_assert(!std::is_aggregate_v<StreamSpec> && !std::is_aggregate_v<PutEntry> && !std::is_aggregate_v<PutResult>);
static_assert(!std::is_aggregate_v<ShardQuery> && !std::is_aggregate_v<StreamQuery> &&
              !std::is_aggregate_v<IteratorQuery>);
static_assert(!std::is_aggregate_v<ReadPage> && !std::is_aggregate_v<ShardPage> && !std::is_aggregate_v<StreamPage>);

TEST_CASE("a result is a place in a shard or a failure, never both") {
    const PutResult taken("shardId-000000000000", "49");
    const PutResult failed = PutResult::failed(Failure("InternalFailure", ""));
    CHECK(taken.taken());
    CHECK_FALSE(failed.taken());
    CHECK(failed.shard_id.empty());
}

TEST_CASE("a stream has one shard unless told otherwise") {
    CHECK(StreamSpec("s").shards == 1);
    CHECK_FALSE(StreamSpec("s").on_demand);
}
