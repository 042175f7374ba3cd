#include <sluice/receipt.hpp>

#include <doctest/doctest.h>

#include <concepts>
#include <type_traits>

static_assert(!std::is_aggregate_v<sluice::Attempt>);
static_assert(!std::is_aggregate_v<sluice::Receipt>);
static_assert(!std::is_aggregate_v<sluice::PutReport::Refusal>);
static_assert(std::semiregular<sluice::Receipt>);

TEST_CASE("an empty receipt names no shard and no attempt") {
    const sluice::Receipt receipt;
    CHECK(receipt.shard_id().empty());
    CHECK(receipt.sequence_number().empty());
    CHECK(receipt.attempts().empty());
}

TEST_CASE("a receipt tells shard, sequence number and attempts, oldest first") {
    const auto start = std::chrono::system_clock::time_point(std::chrono::seconds(1));
    std::vector<sluice::Attempt> attempts;
    attempts.emplace_back(start, std::chrono::milliseconds(3), sluice::error::throttled,
                          "ProvisionedThroughputExceededException", "Rate exceeded");
    attempts.emplace_back(start + std::chrono::seconds(1), std::chrono::milliseconds(2), sluice::error_code{});
    const sluice::Receipt receipt("shardId-000000000007", "495", attempts);
    CHECK(receipt.shard_id() == "shardId-000000000007");
    CHECK(receipt.sequence_number() == "495");
    REQUIRE(receipt.attempts().size() == 2);
    CHECK(receipt.attempts()[0].error == sluice::error::throttled);
    CHECK(receipt.attempts()[0].code == "ProvisionedThroughputExceededException");
    CHECK(receipt.attempts()[0].message == "Rate exceeded");
    CHECK(receipt.attempts()[0].duration == std::chrono::milliseconds(3));
    CHECK(receipt.attempts()[0].time == start);
    CHECK_FALSE(receipt.attempts()[1].error);
}

TEST_CASE("a report begins with nothing accepted, refused or left") {
    const sluice::PutReport put;
    CHECK(put.accepted == 0);
    CHECK(put.refused.empty());
    const sluice::FlushReport flush;
    CHECK(flush.delivered == 0);
    CHECK(flush.failed == 0);
    CHECK(flush.expired == 0);
    CHECK(flush.left == 0);
    CHECK_FALSE(flush.paused_by);
    const sluice::PutReport::Refusal refusal(4, sluice::error::not_utf8);
    CHECK(refusal.index == 4);
    CHECK(refusal.reason == sluice::error::not_utf8);
}
