#include <sluice/cloudwatch/requests.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <span>
#include <string>
#include <vector>

using namespace sluice;
using cloudwatch::Datum;
using cloudwatch::Dimension;
using cloudwatch::StatisticSet;

namespace {

constexpr wall_time noon{std::chrono::seconds(1'767'323'040)}; // 2026-01-02T03:04:00Z

Datum datum(std::vector<Dimension> dimensions = {}) {
    return Datum("UserRecordsPut", std::move(dimensions), noon, cloudwatch::Unit::count, StatisticSet(3, 2, 0, 1));
}

std::size_t occurrences(const std::string& text, const std::string& of) {
    std::size_t count = 0;
    for (auto at = text.find(of); at != std::string::npos; at = text.find(of, at + 1)) ++count;
    return count;
}

} // namespace

TEST_CASE("values are added up to what CloudWatch takes together") {
    StatisticSet set;
    CHECK(set.samples == 0);
    set.add(5, 0);
    CHECK(set.samples == 0);
    CHECK(set.maximum == 0);
    set.add(7);
    set.add(3, 4);
    CHECK(set.samples == 5);
    CHECK(set.sum == 19);
    CHECK(set.minimum == 3);
    CHECK(set.maximum == 7);
    StatisticSet other;
    other.add(-1);
    other.add(set);
    CHECK(other.samples == 6);
    CHECK(other.sum == 18);
    CHECK(other.minimum == -1);
    CHECK(other.maximum == 7);
    other.add(StatisticSet());
    CHECK(other.minimum == -1);
    CHECK(other.samples == 6);
}

TEST_CASE("PutMetricData in AWS JSON") {
    const std::vector<Datum> datums{datum({Dimension("StreamName", "cli\"cks"), Dimension("ShardId", "shardId-0")}),
                                    Datum("RequestTime", {}, noon, cloudwatch::Unit::milliseconds,
                                          StatisticSet(2, 0.5, 0.125, 0.375))};
    std::span<const Datum> rest(datums);
    const auto body = cloudwatch::encode_put_metric_data("N/S", rest);
    CHECK(rest.empty());
    CHECK(body ==
          R"({"Namespace":"N/S","MetricData":[{"MetricName":"UserRecordsPut","Dimensions":[{"Name":"StreamName",)"
          R"("Value":"cli\"cks"},{"Name":"ShardId","Value":"shardId-0"}],"Timestamp":1767323040,)"
          R"("StatisticValues":{"SampleCount":3,"Sum":2,"Minimum":0,"Maximum":1},"Unit":"Count",)"
          R"("StorageResolution":60},{"MetricName":"RequestTime","Dimensions":[],"Timestamp":1767323040,)"
          R"("StatisticValues":{"SampleCount":2,"Sum":0.5,"Minimum":0.125,"Maximum":0.375},"Unit":"Milliseconds",)"
          R"("StorageResolution":60}]})");
    CHECK(cloudwatch::to_string(cloudwatch::Unit::bytes) == "Bytes");
}

TEST_CASE("a request holds no more than a thousand datums") {
    const std::vector<Datum> datums(2'001, datum());
    std::span<const Datum> rest(datums);
    CHECK(occurrences(cloudwatch::encode_put_metric_data("N", rest), "MetricName") == 1'000);
    CHECK(rest.size() == 1'001);
    CHECK(occurrences(cloudwatch::encode_put_metric_data("N", rest), "MetricName") == 1'000);
    CHECK(occurrences(cloudwatch::encode_put_metric_data("N", rest), "MetricName") == 1);
    CHECK(rest.empty());
    CHECK(cloudwatch::encode_put_metric_data("N", rest) == R"({"Namespace":"N","MetricData":[]})");
}

TEST_CASE("a request is no larger than a megabyte") {
    const std::vector<Datum> datums(300, datum(std::vector<Dimension>(30, Dimension("d", std::string(1'024, '"')))));
    std::span<const Datum> rest(datums);
    std::size_t told = 0;
    while (!rest.empty()) {
        const auto before = rest.size();
        const auto body = cloudwatch::encode_put_metric_data("N", rest);
        REQUIRE(rest.size() < before);
        CHECK(body.size() <= 1'000'000);
        CHECK(body.substr(body.size() - 5) == "60}]}");
        CHECK(occurrences(body, "MetricName") == before - rest.size());
        told += before - rest.size();
    }
    CHECK(told == 300);
}

TEST_CASE("names that CloudWatch takes") {
    for (const auto* good : {"KinesisProducerLibrary", "a", "my app/x", "AWS", "aws/mine", "a:b"}) {
        CHECK_MESSAGE(cloudwatch::is_namespace(good), good);
    }
    for (const auto* bad : {"", " ", "AWS/Kinesis", ":a", "größe", "a\n"}) {
        CHECK_FALSE_MESSAGE(cloudwatch::is_namespace(bad), bad);
    }
    CHECK(cloudwatch::is_namespace(std::string(255, 'n')));
    CHECK_FALSE(cloudwatch::is_namespace(std::string(256, 'n')));
    CHECK(cloudwatch::is_dimension(Dimension("Host", std::string(1'024, 'h'))));
    CHECK_FALSE(cloudwatch::is_dimension(Dimension("Host", std::string(1'025, 'h'))));
    CHECK_FALSE(cloudwatch::is_dimension(Dimension("", "v")));
    CHECK_FALSE(cloudwatch::is_dimension(Dimension("n", "")));
    CHECK_FALSE(cloudwatch::is_dimension(Dimension(":n", "v")));
    CHECK_FALSE(cloudwatch::is_dimension(Dimension("n", "ключ")));
}
