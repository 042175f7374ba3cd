#include "moments.hpp"

#include <sluice/local/account.hpp>

#include <doctest/doctest.h>

#include <chrono>

using namespace std::chrono_literals;
using namespace sluice::local;

TEST_CASE("a stream of an account is found by name and by serial") {
    Moments moments;
    Account account{Settings()};
    REQUIRE(account.add(StreamSpec("a"), 1, moments.now()).has_value());
    REQUIRE(account.add(StreamSpec("b"), 2, moments.now()).has_value());
    const auto named = account.existing("b", moments.now());
    REQUIRE(named.has_value());
    CHECK(account.by_serial((*named)->serial, moments.now()) == named);
    CHECK((*account.existing("a", moments.now()))->serial != (*named)->serial);
    CHECK(account.by_serial(99, moments.now()).error().message == "Stream under account 000000000000 not found.");
    CHECK(account.existing("c", moments.now()).error().message == "Stream c under account 000000000000 not found.");
    CHECK(account.existing("no name", moments.now()).error().code == "ValidationException");
}

TEST_CASE("what may be done with a stream depends on its status") {
    Moments moments;
    Settings settings;
    settings.change_time = 1s;
    Account account(settings);
    REQUIRE(account.add(StreamSpec("a"), 1, moments.now()).has_value());
    CHECK(account.existing("a", moments.now()).has_value());
    CHECK(account.usable("a", moments.now()).error().code == "ResourceNotFoundException");
    CHECK(account.changeable("a", moments.now()).error().code == "ResourceInUseException");
    moments.pass(1s);
    Stream& stream = **account.existing("a", moments.now());
    CHECK(account.changeable("a", moments.now()).has_value());
    stream.change(StreamStatus::updating, moments.now().steady + 1s);
    CHECK(account.usable("a", moments.now()).has_value());
    CHECK(account.changeable("a", moments.now()).error().code == "ResourceInUseException");
    stream.change(StreamStatus::deleting, moments.now().steady + 1s);
    CHECK(account.usable("a", moments.now()).error().code == "ResourceNotFoundException");
    CHECK(account.existing("a", moments.now()).has_value());
    CHECK(account.existing("a", moments.pass(1s)).error().code == "ResourceNotFoundException");
    CHECK(account.streams().empty());
}

TEST_CASE("an ARN names region, account and stream") {
    Settings settings;
    settings.region = "eu-west-1";
    settings.account = "123456789012";
    CHECK(Account(settings).arn("a") == "arn:aws:kinesis:eu-west-1:123456789012:stream/a");
}

TEST_CASE("closed shards do not count against the limit") {
    Moments moments;
    Settings settings;
    settings.shard_limit = 3;
    Account account(settings);
    REQUIRE(account.add(StreamSpec("a"), 1, moments.now()).has_value());
    Stream& stream = **account.existing("a", moments.now());
    stream.split(*stream.find(0), sluice::kinesis::HashKey(0, 100), moments.now().wall);
    CHECK_FALSE(account.over_limits(1, moments.now()).has_value());
    CHECK(account.over_limits(2, moments.now())->code == "LimitExceededException");
}
