#include "moments.hpp"

#include <sluice/local/kinesis.hpp>
#include <sluice/local/listing.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace sluice::local;

namespace {

/// A stream whose shard 0 was split an hour after it was made, into 1 and 2; an hour later 1 into 3 and 4.
class Fixture {
public:
    Fixture() {
        REQUIRE(kinesis.create_stream(StreamSpec("s"), moments.now()).has_value());
        made = moments.now().wall;
        REQUIRE(kinesis.split_shard("s", shard_name(0), "1000", moments.pass(1h)).has_value());
        REQUIRE(kinesis.split_shard("s", shard_name(1), "500", moments.pass(1h)).has_value());
        moments.pass(1h);
    }

    /// The indices that a query shows, page after page.
    std::string show(ShardQuery query) {
        std::string indices;
        for (;;) {
            const auto page = kinesis.list_shards(query, moments.now());
            if (page.has_error()) return page.error().code;
            for (const auto& shard : page->shards) indices += std::to_string(*shard_index(shard.shard_id));
            if (!page->next_token) return indices;
            indices += '|';
            const auto most = query.max_results;
            query = ShardQuery();
            query.next_token = *page->next_token;
            query.max_results = most;
        }
    }

    std::string show(ShardFilterType type, std::optional<sluice::wall_time> when = {}, std::string shard = {},
                     std::int64_t most = 1'000) {
        ShardQuery query("s");
        query.filter = ShardFilter(type);
        query.filter->timestamp = when;
        query.filter->shard_id = std::move(shard);
        query.max_results = most;
        return show(query);
    }

    Moments moments;
    Kinesis kinesis;
    sluice::wall_time made;
};

} // namespace

TEST_CASE("without a filter every shard is listed, open or closed") {
    Fixture f;
    CHECK(f.show(ShardQuery("s")) == "01234");
}

TEST_CASE("each filter shows its shards") {
    Fixture f;
    CHECK(f.show(ShardFilterType::at_latest) == "234");
    CHECK(f.show(ShardFilterType::from_trim_horizon) == "01234");
    CHECK(f.show(ShardFilterType::at_trim_horizon) == "0");
    CHECK(f.show(ShardFilterType::after_shard_id, {}, shard_name(2)) == "34");
    CHECK(f.show(ShardFilterType::at_timestamp, f.made) == "0");
    CHECK(f.show(ShardFilterType::at_timestamp, f.made - 1000h) == "0");
    CHECK(f.show(ShardFilterType::at_timestamp, f.made + 59min) == "0");
    CHECK(f.show(ShardFilterType::at_timestamp, f.made + 1h) == "12");
    CHECK(f.show(ShardFilterType::at_timestamp, f.made + 2h) == "234");
    CHECK(f.show(ShardFilterType::from_timestamp, f.made + 90min) == "1234");
    CHECK(f.show(ShardFilterType::from_timestamp, f.made) == "01234");
}

TEST_CASE("the trim horizon moves with the time") {
    Fixture f;
    f.moments.pass(22h + 30min);
    CHECK(f.show(ShardFilterType::at_trim_horizon) == "12");
    CHECK(f.show(ShardQuery("s")) == "1234");
    f.moments.pass(1h);
    CHECK(f.show(ShardFilterType::at_trim_horizon) == "234");
    CHECK(f.show(ShardQuery("s")) == "234");
}

TEST_CASE("pages show every shard once, and keep the filter") {
    Fixture f;
    ShardQuery query("s");
    query.max_results = 2;
    CHECK(f.show(query) == "01|23|4");
    CHECK(f.show(ShardFilterType::at_latest, {}, {}, 1) == "2|3|4");
    CHECK(f.show(ShardFilterType::at_latest, {}, {}, 3) == "234");
    CHECK(f.show(ShardFilterType::from_timestamp, f.made + 90min, {}, 3) == "123|4");
    query.after = shard_name(0);
    CHECK(f.show(query) == "12|34");
}

TEST_CASE("a page holds at most 1,000 shards, whatever is asked") {
    Moments moments;
    Kinesis kinesis;
    REQUIRE(kinesis.create_stream(StreamSpec("s", 1'500), moments.now()).has_value());
    ShardQuery query("s");
    query.max_results = 10'000;
    const auto page = kinesis.list_shards(query, moments.now());
    CHECK(page->shards.size() == 1'000);
    ShardQuery rest;
    rest.next_token = *page->next_token;
    const auto last = kinesis.list_shards(rest, moments.now());
    CHECK(last->shards.size() == 500);
    CHECK(last->shards[0].shard_id == shard_name(1'000));
    CHECK_FALSE(last->next_token.has_value());
}

TEST_CASE("a page token lives for five minutes, with nothing beside it, and cannot be forged") {
    Fixture f;
    ShardQuery query("s");
    query.max_results = 1;
    const std::string token = *f.kinesis.list_shards(query, f.moments.now())->next_token;
    ShardQuery next;
    next.next_token = token;
    CHECK(f.show(next) == "1234");
    next.stream = "s";
    CHECK(f.show(next) == "InvalidArgumentException");
    next.stream = "";
    next.after = shard_name(0);
    CHECK(f.show(next) == "InvalidArgumentException");
    next.after = "";
    f.moments.pass(5min + 1ms);
    CHECK(f.show(next) == "ExpiredNextTokenException");
    for (const char* forged : {"x", "shards.1.1.9.0.0", "shards.1.1.1.0", "iterator.1.1.1.1"}) {
        next.next_token = forged;
        CHECK(f.show(next) == "InvalidArgumentException");
    }
    const auto now = std::to_string(f.moments.now().steady.time_since_epoch().count());
    next.next_token = "shards.99.1.1.0." + now;
    CHECK(f.show(next) == "ResourceNotFoundException");
    next.next_token = "shards.1.18446744073709551615.4.18446744073709551615." + now;
    CHECK(f.show(next) == "");
}

TEST_CASE("what ListShards refuses") {
    Fixture f;
    ShardQuery query("s");
    query.max_results = 0;
    CHECK(f.show(query) == "ValidationException");
    query.max_results = 10'001;
    CHECK(f.show(query) == "ValidationException");
    query = ShardQuery("s");
    query.after = "no shard";
    CHECK(f.show(query) == "ResourceNotFoundException");
    CHECK(f.show(ShardQuery("t")) == "ResourceNotFoundException");
    CHECK(f.show(ShardQuery("")) == "ValidationException");
}

TEST_CASE("a shard is shown with its range, its parents and its first number, and a closed one with its last") {
    Fixture f;
    const auto& shards = f.kinesis.find("s")->shards();
    const auto closed = view_of(shards[1]);
    CHECK(closed.shard_id == shard_name(1));
    CHECK(closed.parent == shard_name(0));
    CHECK_FALSE(closed.adjacent_parent.has_value());
    CHECK(closed.range.last.to_string() == "999");
    CHECK(closed.first_sequence_number < *closed.last_sequence_number);
    CHECK_FALSE(view_of(shards[2]).last_sequence_number.has_value());
}
