#include <sluice/repository/dynamodb_write.hpp>

#include <doctest/doctest.h>

#include <boost/json/object.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace {

using boost::json::object;
using sluice::error;
using sluice::dynamodb::AttributeValue;
using sluice::dynamodb::DeleteItem;
using sluice::dynamodb::Item;
using sluice::dynamodb::Number;
using sluice::dynamodb::PutItem;
using sluice::dynamodb::Write;
using sluice::repository::Change;
using sluice::repository::DynamoDbTable;
using sluice::repository::has_expired;
using sluice::repository::item_of;
using sluice::repository::verdict_on;
using sluice::repository::version_after;
using sluice::repository::write_of;

constexpr sluice::wall_time now{std::chrono::seconds(1'767'323'045)};

DynamoDbTable sessions() {
    DynamoDbTable table("sessions");
    table.expiry = "until";
    return table;
}

std::string condition_of(const DynamoDbTable& table, const Change& change) {
    const auto write = write_of(table, change, 9, now).value();
    const auto* const put = std::get_if<PutItem>(&write);
    return put != nullptr ? put->condition.text : std::get<DeleteItem>(write).condition.text;
}

Item ending(AttributeValue end) {
    Item item;
    item.emplace("$id", AttributeValue::of(std::string("a")));
    item.emplace("until", std::move(end));
    return item;
}

} // namespace

TEST_CASE("versions grow with time, and from one change to the next") {
    CHECK(version_after(0, now, 5) == (std::uint64_t{1'767'323'045'000'000} << 10U) + 5);
    CHECK(version_after(0, now, 1'024 + 5) == version_after(0, now, 5));
    const auto ahead = version_after(0, now + std::chrono::hours(1), 1'023);
    CHECK(version_after(ahead, now, 0) == ahead + 1); // whoever made that one has another clock
    CHECK(version_after(ahead, now, 7) == ahead + 8);
    CHECK(version_after(UINT64_MAX, now, 1'023) > UINT64_MAX - 3'000); // there is nothing greater
    CHECK(version_after(7, sluice::wall_time(std::chrono::seconds(-5)), 0) == 8);
    CHECK(version_after(0, now + std::chrono::years(20), 0) < std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("a change is made under its condition") {
    const DynamoDbTable table("t");
    CHECK(condition_of(table, Change::add("a", {})) == "attribute_not_exists(#0)");
    CHECK(condition_of(table, Change::replace("a", {})) ==
          "attribute_exists(#0) AND (attribute_not_exists(#1) OR NOT attribute_type(#1, :0) OR #1 < :1)");
    CHECK(condition_of(table, Change::replace("a", {}, 7)) == "attribute_exists(#0) AND #1 = :0");
    CHECK(condition_of(table, Change::replace("a", {}, 0)) == "attribute_exists(#0) AND attribute_not_exists(#1)");
    CHECK(condition_of(table, Change::remove("a")) == "attribute_exists(#0)");
    CHECK(condition_of(table, Change::remove("a", 7)) == "attribute_exists(#0) AND #1 = :0");
    CHECK(condition_of(table, Change::remove_if_there("a")).empty());
}

TEST_CASE("a version that others made is expected as it is") {
    const DynamoDbTable table("t");
    for (const auto& version : {AttributeValue::of(std::string("v1")), AttributeValue::of(Number(0)),
                                AttributeValue::of(Number::parse("1e30").value())}) {
        Item item;
        item.emplace("$id", AttributeValue::of(std::string("a")));
        item.emplace("$version", version);
        auto document = sluice::repository::document_of(item).value();
        CHECK(document.version == 0);
        document.source = std::make_shared<const sluice::repository::DynamoDbSource>(item);
        CHECK(condition_of(table, Change::replace(document, {})) == "attribute_exists(#0) AND #1 = :0");
    }
}

TEST_CASE("what is over is as if it were not there") {
    CHECK(condition_of(sessions(), Change::add("a", {})) ==
          "attribute_not_exists(#0) OR (attribute_type(#1, :0) AND #1 < :1)");
    CHECK(condition_of(sessions(), Change::remove("a")) ==
          "attribute_exists(#0) AND (NOT attribute_type(#1, :0) OR #1 >= :1)");
    CHECK(has_expired(sessions(), ending(AttributeValue::of(Number(1'767'323'044))), now));
    CHECK_FALSE(has_expired(sessions(), ending(AttributeValue::of(Number(1'767'323'045))), now));
    CHECK(has_expired(sessions(), ending(AttributeValue::of(Number::parse("-1e20").value())), now));
    CHECK_FALSE(has_expired(sessions(), ending(AttributeValue::of(std::string("1"))), now));
    CHECK_FALSE(has_expired(sessions(), Item(), now));
    CHECK_FALSE(has_expired(DynamoDbTable("t"), ending(AttributeValue::of(Number(1))), now));
}

TEST_CASE("a change is an item that fits") {
    const DynamoDbTable table("t");
    const auto write = write_of(table, Change::add("a", {{"x", 1}}), 9, now).value();
    const auto* const put = std::get_if<PutItem>(&write);
    REQUIRE(put != nullptr);
    CHECK(put->table == "t");
    CHECK(put->item == item_of("a", 9, {{"x", 1}}).value());
    CHECK(write_of(table, Change::add("a", {{"x", 1e126}}), 9, now).error() == error::item_invalid);
    CHECK(write_of(table, Change::add("a", {{"x", std::string(400 * 1'024, 'x')}}), 9, now).error() ==
          error::item_too_large);
    CHECK(write_of(table, Change::add("a", {{"x", std::string(399 * 1'024, 'x')}}), 9, now).has_value());
}

TEST_CASE("what was read and did not change is written as it was") {
    auto former = item_of("a", 7, {}).value();
    former.emplace("set", AttributeValue::of(AttributeValue::Texts{"x"}));
    auto document = sluice::repository::document_of(former).value();
    document.source = std::make_shared<const sluice::repository::DynamoDbSource>(former);
    const auto write = write_of(DynamoDbTable("t"), Change::replace(document, *document.body), 9, now).value();
    CHECK(std::get<PutItem>(write).item.at("set").get<AttributeValue::Texts>() != nullptr);
    document.source = std::make_shared<const sluice::repository::DocumentSource>(); // another model's
    const auto other = write_of(DynamoDbTable("t"), Change::replace(document, *document.body), 9, now).value();
    CHECK(std::get<PutItem>(other).item.at("set").get<AttributeValue::List>() != nullptr);
}

TEST_CASE("why a change was not made is told by what there was") {
    const DynamoDbTable table("t");
    const auto judge = [&](const Change& change, std::optional<Item> found, bool doubtful = false) {
        const auto write = write_of(table, change, 9, now).value();
        return verdict_on(table, change, write, found, doubtful, now);
    };
    const auto at = [](std::uint64_t version) { return item_of("a", version, {{"x", 1}}).value(); };
    CHECK(judge(Change::add("a", {}), at(5)).error == error::already_exists);
    CHECK(judge(Change::replace("a", {}, 4), at(5)).error == error::conflict);
    CHECK_FALSE(judge(Change::replace("a", {}, 4), at(5)).retry);
    CHECK(judge(Change::replace("a", {}, 4), {}).error == error::not_found);
    CHECK(judge(Change::replace("a", {}), {}).error == error::not_found);
    CHECK(judge(Change::remove("a"), {}).error == error::not_found);

    const auto newer = judge(Change::replace("a", {}), at(50)); // by somebody with another clock
    CHECK(newer.retry);
    CHECK(newer.version == 50);
    CHECK(judge(Change::add("a", {}), {}).retry); // it was removed meanwhile
    CHECK(judge(Change::remove("a"), at(5)).retry); // it was added meanwhile
    CHECK(judge(Change::replace("a", {}, 5), at(5)).retry);
}

TEST_CASE("a change whose answer was lost is known by its version") {
    const DynamoDbTable table("t");
    const auto judge = [&](const Change& change, std::optional<Item> found, bool doubtful) {
        const auto write = write_of(table, change, 9, now).value();
        return verdict_on(table, change, write, found, doubtful, now).error;
    };
    const auto at = [](std::uint64_t version) { return item_of("a", version, {{"x", 1}}).value(); };
    CHECK_FALSE(judge(Change::add("a", {}), at(9), true));
    CHECK(judge(Change::add("a", {}), at(9), false) == error::already_exists);
    CHECK(judge(Change::add("a", {}), at(8), true) == error::already_exists);
    CHECK_FALSE(judge(Change::replace("a", {}, 4), at(9), true));
    CHECK(judge(Change::replace("a", {}, 4), at(10), true) == error::timed_out); // made, and changed since?
    CHECK(judge(Change::replace("a", {}, 4), at(8), true) == error::conflict);
    CHECK(judge(Change::add("a", {}), at(10), true) == error::timed_out);
    CHECK_FALSE(judge(Change::remove("a"), {}, true));
    CHECK(judge(Change::remove("a"), {}, false) == error::not_found);
    CHECK(judge(Change::replace("a", {}, 4), {}, true) == error::not_found);
}

TEST_CASE("what is over is not found") {
    const auto over = item_of("a", 5, {{"until", 1}}).value();
    const auto judge = [&](const Change& change) {
        const auto write = write_of(sessions(), change, 9, now).value();
        return verdict_on(sessions(), change, write, over, false, now);
    };
    CHECK(judge(Change::replace("a", {})).error == error::not_found);
    CHECK(judge(Change::remove("a")).error == error::not_found);
    CHECK(judge(Change::add("a", {})).retry); // it was over only just now
}
