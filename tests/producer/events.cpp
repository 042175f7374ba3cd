#include "local_stream.hpp"

#include <sluice/event.hpp>
#include <sluice/kinesis/deaggregate.hpp>
#include <sluice/metrics/event_type.hpp>
#include <sluice/publish.hpp>

#include <doctest/doctest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace json = boost::json;
namespace local = sluice::local;
using sluice::error;

namespace {

/// What a consumer of the stream finds: data by partition key, in the order of each.
std::map<std::string, std::vector<std::string>> read_by_key(LocalStream& place) {
    return place.with_stream([](const local::Stream& stream) {
        std::map<std::string, std::vector<std::string>> found;
        for (const auto& shard : stream.shards()) {
            for (const auto& record : shard.records()) {
                for (const auto& one : sluice::kinesis::deaggregate(record.data, record.partition_key,
                                                                    shard.range.first, shard.range.last).records) {
                    found[std::string(one.partition_key)].emplace_back(one.data);
                }
            }
        }
        return found;
    });
}

auto start_by_entity(LocalStream& place) {
    place.options.ordering = sluice::Ordering::per_key;
    place.summary = sluice::SummaryMetrics(sluice::EventType());
    return place.start(sluice::Aggregate(), sluice::NoCompression(), sluice::FieldKey("entityId"));
}

} // namespace

TEST_CASE("events of one entity arrive in their order, and are counted by their type") {
    LocalStream place(4);
    sluice::EventFactory<> events("shop");
    events.about("ORDER_PLACED", "order");
    {
        auto producer = start_by_entity(place);
        std::vector<sluice::Record> records;
        for (int i = 0; i < 2'000; ++i) {
            const bool hot = i % 4 == 0; // a quarter is of one order
            auto event = events.make(i % 10 == 0 ? "ORDER_PLACED" : "ORDER_SEEN",
                                     hot ? "order-hot" : "order-" + std::to_string(i), json::value{{"n", i}});
            records.emplace_back(sluice::json_text(event)); // its key is found in it
        }
        CHECK(producer.put_all(records).accepted == records.size());
        CHECK(producer.flush().delivered == records.size());
        const auto stats = producer.stats().streams.at("clicks");
        REQUIRE(stats.hottest_keys.size() == 1);
        CHECK(stats.hottest_keys[0].key == "order-hot");
        CHECK(stats.hottest_keys[0].share > 0.15);
        CHECK(stats.hottest_keys[0].share < 0.35);
        CHECK(stats.shards == 4);
        CHECK(stats.skew() > 1.2);
        CHECK(stats.skew() < 3);
    }
    const auto found = read_by_key(place);
    CHECK(found.size() == 1 + 1'500);
    int last = -1;
    for (const auto& text : found.at("order-hot")) {
        const auto event = json::parse(text);
        CHECK(event.at("entityId").as_string() == "order-hot");
        const auto number = json::value_to<int>(event.at("data").at("n"));
        CHECK(number > last);
        last = number;
    }
    CHECK(found.at("order-hot").size() == 500);
    const auto told = place.summary.read();
    CHECK(told.total_events == 2'000);
    CHECK(told.succeeded == 2'000);
    CHECK(told.events_by_type.at("ORDER_PLACED") == 200);
    CHECK(told.events_by_type.at("ORDER_SEEN") == 1'800);
}

TEST_CASE("values are put as JSON, and publishing says yes or no") {
    LocalStream place;
    auto producer = start_by_entity(place);
    sluice::EventFactory<> events("shop");
    const auto event = events.make("ORDER_PLACED", "order-7", json::object{});
    sluice::put_json(producer, json::value{{"n", 1}}, "a key of its own");
    producer.put(event.record());
    CHECK(sluice::safe_publish(producer, event, "order-7"));
    CHECK_FALSE(sluice::safe_publish(producer, event, std::string(300, 'k'))); // at once, since it never can be
    const auto found = read_by_key(place);
    CHECK(found.at("order-7") == std::vector<std::string>(2, sluice::json_text(event)));
    CHECK(found.at("a key of its own") == std::vector<std::string>{R"({"n":1})"});
}

TEST_CASE("what has no field for its key is refused with a typed error, and the rest is not harmed") {
    LocalStream place;
    auto producer = start_by_entity(place);
    CHECK(producer.try_put(sluice::RecordView("no JSON")) == error::data_not_json);
    CHECK(producer.try_put(sluice::RecordView("[1]")) == error::data_not_json);
    CHECK(producer.try_put(sluice::RecordView(R"({"entityId":null})")) == error::key_field_missing);
    CHECK(producer.try_put(sluice::RecordView(R"({"other":1})")) == error::key_field_missing);
    CHECK(producer.try_put(sluice::RecordView(R"({"entityId":""})")) == error::partition_key_empty);
    sluice::error_code failure;
    producer.put(sluice::Record(R"({"entityId":")" + std::string(257, 'x') + "\"}"), failure);
    CHECK(failure == error::partition_key_too_long);
    CHECK_FALSE(producer.try_put(sluice::RecordView(R"({"entityId":42})")));
    CHECK(producer.flush().delivered == 1);
    CHECK(producer.stats().refused == 6);
    CHECK(read_by_key(place).at("42").size() == 1);
}
