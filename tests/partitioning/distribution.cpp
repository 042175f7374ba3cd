#include <sluice/partitioning/distribution.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using sluice::DistributionKey;
using sluice::RecordView;

std::string key_of(const DistributionKey& partitioning, std::string_view data, std::uint64_t random = 42) {
    std::string key;
    REQUIRE_FALSE(partitioning.key(RecordView(data), random, key));
    return key;
}

/// By how much the fullest place is above its share, of data that differs only a little.
double excess(std::uint32_t factor, const std::string& before, const std::string& after) {
    const DistributionKey partitioning("group", "schema", factor);
    std::map<std::string, int> counts;
    constexpr int records = 20'000;
    for (int i = 0; i < records; ++i) ++counts[key_of(partitioning, before + std::to_string(i) + after)];
    CHECK(counts.size() == factor);
    int most = 0;
    for (const auto& [key, count] : counts) most = std::max(most, count);
    return static_cast<double>(most) * factor / records - 1;
}

} // namespace

static_assert(sluice::Partitioning<DistributionKey>);

TEST_CASE("the key is the log group, the schema, a place, and the attempt, which is always the first") {
    CHECK(key_of(DistributionKey("lg-1", "DataFileV1", 1), "data") == "lg-1-DataFileV1-0-0");
    const DistributionKey partitioning("lg-1", "DataFileV1", 3);
    for (const auto* data : {"a", "b", "c", "", "\xFF\xFE"}) {
        const auto key = key_of(partitioning, data);
        CHECK(key.starts_with("lg-1-DataFileV1-"));
        CHECK(key.ends_with("-0"));
        CHECK((key[16] >= '0' && key[16] <= '2'));
        CHECK(key.size() == 19);
    }
    CHECK(key_of(DistributionKey("", "", 1), "data") == "--0-0");
}

TEST_CASE("the same data has the same key, whatever the dice, the producer or the call") {
    const DistributionKey partitioning("group", "schema", 1'000);
    const auto key = key_of(partitioning, "data", 1);
    CHECK(key_of(partitioning, "data", 2) == key);
    CHECK(key_of(DistributionKey("group", "schema", 1'000), "data", 3) == key);
    // The hash is part of the format: where records of a version go does not change with the next.
    CHECK(key == "group-schema-777-0");
}

TEST_CASE("records that differ a little spread over all places evenly") {
    for (const std::uint32_t factor : {1U, 2U, 4U, 10U, 31U, 62U, 100U}) {
        CAPTURE(factor);
        CHECK(excess(factor, "", "") < 0.3);
        CHECK(excess(factor, R"({"FilePath":"s3://bucket/)", R"(.parquet","FileFormat":"Parquet"})") < 0.3);
    }
}

TEST_CASE("what makes no key is refused when it is given") {
    CHECK_THROWS_AS(DistributionKey("group", "schema", 0), std::invalid_argument);
    CHECK_THROWS_AS(DistributionKey("group\xFF", "schema", 1), std::invalid_argument);
    CHECK_THROWS_AS(DistributionKey(std::string(300, 'g'), "schema", 1), std::invalid_argument);
    CHECK_THROWS_AS(DistributionKey(std::string(125, 'g'), std::string(126, 's'), 11), std::invalid_argument);
    const DistributionKey longest(std::string(125, 'g'), std::string(126, 's'), 10);
    CHECK(key_of(longest, "data").size() == 256);
}
