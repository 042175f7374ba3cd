#include <sluice/dynamodb/shard_order.hpp>

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace {

using sluice::dynamodb::ShardOrder;
using sluice::dynamodb::StreamShard;

StreamShard shard(std::string id, std::string parent = {}, bool closed = false) {
    StreamShard made;
    made.id = std::move(id);
    made.parent = std::move(parent);
    made.closed = closed;
    return made;
}

/// What is to be read, and from where.
std::string seen(ShardOrder& order, const std::vector<StreamShard>& shards) {
    std::string text;
    for (const auto& start : order.see(shards)) text += start.shard + " " + start.place.type + "; ";
    return text;
}

} // namespace

TEST_CASE("it begins with what is added to open shards") {
    ShardOrder order;
    CHECK(seen(order, {shard("a", "", true), shard("b", "a"), shard("c")}) == "b LATEST; c LATEST; ");
    CHECK(seen(order, {shard("a", "", true), shard("b", "a"), shard("c")}).empty());
}

TEST_CASE("a shard is read after its parent, from its begin") {
    ShardOrder order;
    CHECK(seen(order, {shard("a")}) == "a LATEST; ");
    CHECK(seen(order, {shard("a", "", true), shard("b", "a", true), shard("c", "b")}).empty());
    order.end("a");
    CHECK(seen(order, {shard("a", "", true), shard("b", "a", true), shard("c", "b")}) == "b TRIM_HORIZON; ");
    order.end("b");
    CHECK(seen(order, {shard("a", "", true), shard("b", "a", true), shard("c", "b")}) == "c TRIM_HORIZON; ");
}

TEST_CASE("both children of a shard follow it") {
    ShardOrder order;
    CHECK(seen(order, {shard("a")}) == "a LATEST; ");
    order.end("a");
    CHECK(seen(order, {shard("a", "", true), shard("b", "a"), shard("c", "a")}) ==
          "b TRIM_HORIZON; c TRIM_HORIZON; ");
}

TEST_CASE("what follows a shard that was closed before it began is read too") {
    ShardOrder order;
    CHECK(seen(order, {shard("a", "", true)}).empty());
    CHECK(seen(order, {shard("a", "", true), shard("b", "a")}) == "b TRIM_HORIZON; ");
}

TEST_CASE("a parent that is not kept any more is not waited for") {
    ShardOrder order;
    CHECK(seen(order, {shard("a")}) == "a LATEST; ");
    CHECK(seen(order, {shard("a"), shard("c", "b")}) == "c TRIM_HORIZON; ");
}

TEST_CASE("shards that are gone are forgotten, but not those that are still read") {
    ShardOrder order;
    CHECK(seen(order, {shard("a"), shard("b")}) == "a LATEST; b LATEST; ");
    order.end("a");
    CHECK(seen(order, {}).empty());
    CHECK(seen(order, {shard("a"), shard("b")}) == "a TRIM_HORIZON; ");
}
