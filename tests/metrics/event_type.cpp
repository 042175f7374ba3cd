#include <sluice/metrics/event_type.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using sluice::AcceptedRecord;
using sluice::EventType;

AcceptedRecord with(std::string_view data) {
    AcceptedRecord record;
    record.data = data;
    return record;
}

} // namespace

TEST_CASE("the type of an event is told from its headers, or from its JSON") {
    const EventType type_of;
    auto record = with(R"({"eventId":"1","eventType":"ORDER_PLACED","data":{"eventType":"other"}})");
    CHECK(type_of(record) == "ORDER_PLACED");
    const std::vector<sluice::HeaderView> others{{"other", "1"}, {"event-type", ""}};
    record.headers = others;
    CHECK(type_of(record) == "ORDER_PLACED");
    const std::vector<sluice::HeaderView> headers{{"other", "1"}, {"event-type", "from the header"}};
    record.headers = headers;
    CHECK(type_of(record) == "from the header");
}

TEST_CASE("what is no event has no type") {
    const EventType type_of;
    for (const auto* data : {"", "no JSON", "[]", "{}", R"({"eventType":null})", R"({"eventType":{}})", R"({"eventTy)"}) {
        CHECK(type_of(with(data)).empty());
    }
}

TEST_CASE("a type that is escaped in its JSON is read, and lives until the next call") {
    const EventType type_of;
    CHECK(type_of(with(R"({"eventType":"escaped\u0041"})")) == "escapedA");
    CHECK(type_of(with(R"({"eventType":"plain"})")) == "plain");
}
