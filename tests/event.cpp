#include <sluice/event.hpp>

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>

#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

using sluice::error;
using sluice::Event;
using namespace std::chrono_literals;

namespace json = boost::json;

namespace {

/// A clock at one moment, with dice that count from where they are set.
class Still {
public:
    using policy_kind = sluice::kind::clock;

    explicit Still(sluice::wall_time its_now, std::uint64_t its_dice = 0) : now(its_now), dice(its_dice) {}

    [[nodiscard]] sluice::steady_time steady() const { return {}; }
    [[nodiscard]] sluice::wall_time wall() const { return now; }
    [[nodiscard]] sluice::asio::awaitable<sluice::error_code> async_wait_until(sluice::steady_time) {
        co_return sluice::error_code{};
    }
    [[nodiscard]] std::uint64_t random() { return dice++; }

    sluice::wall_time now;
    std::uint64_t dice;
};

const sluice::wall_time new_year = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1) + 250ms;

sluice::EventFactory<Still> shop(std::uint64_t dice = 0) {
    sluice::EventFactory<Still> events("shop", Still(new_year, dice));
    events.about("ORDER_PLACED", "order").about("USER_LOGIN", "user");
    return events;
}

/// An object whose text has so many bytes.
json::value object_of(std::size_t bytes) { return {{"a", std::string(bytes - std::string(R"({"a":""})").size(), 'x')}}; }

} // namespace

TEST_CASE("an event is an envelope of JSON around its data") {
    auto events = shop();
    const auto event = events.make("ORDER_PLACED", "order-7", json::value{{"total", 12.5}});
    CHECK(sluice::json_text(event) ==
          R"({"eventId":"evt_1767225600250_000000000","eventType":"ORDER_PLACED","entityId":"order-7",)"
          R"("entityType":"order","timestamp":"2026-01-01T00:00:00.250Z","version":"1.0","data":{"total":1.25E1},)"
          R"("metadata":{"source":"shop","correlationId":"corr_1767225600250_100000000"}})");
}

TEST_CASE("its record has its entity's id for a key, and none if there is no entity") {
    auto events = shop();
    auto event = events.make("ORDER_PLACED", "order-7", json::object{});
    CHECK(event.record() == sluice::Record("order-7", sluice::json_text(event)));
    event.entity_id.clear();
    CHECK_FALSE(event.record().partition_key.has_value());
}

TEST_CASE("what an event is about follows from its type") {
    auto events = shop();
    CHECK(events.make("USER_LOGIN", "u", nullptr).entity_type == "user");
    CHECK(events.make("ORDER_PLACED", "o", nullptr).entity_type == "order");
    CHECK(events.make("METEOR_STRIKE", "m", nullptr).entity_type == "unknown");
    events.about("USER_LOGIN", "person");
    CHECK(events.make("USER_LOGIN", "u", nullptr).entity_type == "person");
}

TEST_CASE("an event that follows from another has its correlation, and an id of its own") {
    auto events = shop();
    const auto cause = events.make("ORDER_PLACED", "order-7", nullptr);
    const auto effect = events.follow(cause, "ORDER_PAID", "payment-1", nullptr);
    CHECK(effect.correlation_id == cause.correlation_id);
    CHECK(effect.id != cause.id);
    CHECK(events.make("ORDER_PLACED", "order-8", nullptr).correlation_id != cause.correlation_id);
}

TEST_CASE("ids have nine digits and letters, and are not the same twice in a millisecond") {
    sluice::EventFactory<> events("shop");
    std::set<std::string> ids;
    for (int i = 0; i < 1'000; ++i) {
        const auto id = events.make("type", "entity", i).id;
        REQUIRE(id.size() == 4 + 13 + 1 + 9);
        CHECK(id.starts_with("evt_"));
        CHECK(id.substr(18).find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz") == std::string::npos);
        ids.insert(id);
    }
    CHECK(ids.size() == 1'000);
    const auto first = shop(36).make("type", "entity", nullptr).id;
    CHECK(first == "evt_1767225600250_010000000");
}

TEST_CASE("text of any kind stays what it is") {
    auto events = shop();
    const auto event = events.make("quote\"d", "näme\n", "a \\ \t b");
    const auto read = json::parse(sluice::json_text(event));
    CHECK(read.at("eventType").as_string() == "quote\"d");
    CHECK(read.at("entityId").as_string() == "näme\n");
    CHECK(read.at("data").as_string() == "a \\ \t b");
}

TEST_CASE("the data of an event is an object of a million bytes of text at most") {
    CHECK_FALSE(sluice::check_event_data(json::object{}));
    for (const auto* text : {"null", "true", "1", "\"text\"", "[]", "[{}]"}) {
        CHECK(sluice::check_event_data(json::parse(text)) == error::data_not_json);
    }
    CHECK_FALSE(sluice::check_event_data(object_of(1'000'000)));
    CHECK(sluice::check_event_data(object_of(1'000'001)) == error::record_too_large);
}
