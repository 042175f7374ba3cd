#include <sluice/kinesis/shard.hpp>

#include <doctest/doctest.h>

TEST_CASE("a shard is open until its last sequence number is known") {
    sluice::kinesis::Shard shard("shardId-000000000000", "0", "9");
    CHECK_FALSE(shard.closed());
    CHECK(shard.range().shard_id == "shardId-000000000000");
    CHECK(shard.range().first_hash_key == "0");
    CHECK(shard.range().last_hash_key == "9");
    shard.last_sequence_number = "49";
    CHECK(shard.closed());
}
