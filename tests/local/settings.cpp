#include <sluice/local/settings.hpp>

#include <doctest/doctest.h>

using namespace sluice::local;

TEST_CASE("without settings a shard has the documented limits") {
    const Settings settings;
    CHECK(settings.limits.write_bytes == 1'048'576);
    CHECK(settings.limits.write_records == 1'000);
    CHECK(settings.limits.read_bytes == 2'097'152);
    CHECK(settings.limits.read_calls == 5);
    CHECK(settings.account.size() == 12);
}

TEST_CASE("the service's sentences name shard, stream and account") {
    Settings settings;
    settings.account = "123456789012";
    CHECK(rate_exceeded("s", "shardId-000000000001", settings).message ==
          "Rate exceeded for shard shardId-000000000001 in stream s under account 123456789012.");
    CHECK(shard_not_found("s", "x", settings).code == "ResourceNotFoundException");
}
