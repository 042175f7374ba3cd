#include "run.hpp"

#include <sluice/record.hpp>

#include <doctest/doctest.h>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <concepts>
#include <string>
#include <type_traits>

// g++ 12 destroys temporaries of aggregate type twice inside a `co_await` expression.
static_assert(!std::is_aggregate_v<sluice::Record>);
static_assert(!std::is_aggregate_v<sluice::RecordView>);
static_assert(!std::is_aggregate_v<sluice::RecordId>);
static_assert(!std::is_aggregate_v<sluice::Header>);

static_assert(!std::convertible_to<std::string, sluice::Record>, "data alone is no record by accident");
static_assert(std::convertible_to<const sluice::Record&, sluice::RecordView>);
static_assert(std::regular<sluice::Record>);
static_assert(std::is_nothrow_move_constructible_v<sluice::Record>);

namespace {

boost::asio::awaitable<std::size_t> measure(sluice::Record record) {
    co_return record.data.size();
}

boost::asio::awaitable<std::size_t> measure_later(const sluice::Record& record) {
    co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
    co_return record.data.size() + (record.partition_key ? record.partition_key->size() : 0);
}

} // namespace

TEST_CASE("a record of data alone has no partition key, not an empty one") {
    const sluice::Record record{"data"};
    CHECK(record.data == "data");
    CHECK_FALSE(record.partition_key.has_value());
    CHECK(record.explicit_hash_key.empty());
    CHECK(record.stream.empty());
    CHECK_FALSE(record.time_to_live.has_value());
}

TEST_CASE("of two texts the first is the key") {
    const sluice::Record record{"key", "data"};
    CHECK(record.partition_key == "key");
    CHECK(record.data == "data");
}

TEST_CASE("data is bytes, zeros among them") {
    const std::string zeros(3, '\0');
    const sluice::Record record{"key", zeros};
    CHECK(record.data.size() == 3);
    CHECK(sluice::RecordView(record).data.size() == 3);
}

TEST_CASE("a view shows every member of its record") {
    sluice::Record record{"key", "data"};
    record.explicit_hash_key = "7";
    record.stream = "stream";
    record.headers = {sluice::Header{"name", "value"}};
    record.time_to_live = std::chrono::milliseconds(5);
    const sluice::RecordView view = record;
    CHECK(view.data == "data");
    CHECK(view.data.data() == record.data.data());
    CHECK(view.partition_key == "key");
    CHECK(view.explicit_hash_key == "7");
    CHECK(view.stream == "stream");
    REQUIRE(view.headers.size() == 1);
    CHECK(view.headers[0] == sluice::Header{"name", "value"});
    CHECK(view.time_to_live == std::chrono::milliseconds(5));
}

TEST_CASE("the view of a record without a key has none, and of an empty key an empty one") {
    CHECK_FALSE(sluice::RecordView(sluice::Record{"data"}).partition_key.has_value());
    const sluice::Record empty{"", "data"};
    const sluice::RecordView view = empty;
    REQUIRE(view.partition_key.has_value());
    CHECK(view.partition_key->empty());
}

TEST_CASE("records differ if any member differs") {
    const sluice::Record record{"key", "data"};
    auto other = record;
    CHECK(other == record);
    other.time_to_live = std::chrono::milliseconds(0);
    CHECK(other != record);
    other = record;
    other.headers.emplace_back();
    CHECK(other != record);
    CHECK(sluice::RecordId({1}, 2) != sluice::RecordId({2}, 1));
    CHECK(sluice::RecordId({1}, 2) == sluice::RecordId({1}, 2));
}

TEST_CASE("a record made inside a co_await expression is destroyed once") {
    // Long enough to be on the heap: what is freed twice is seen by the sanitizer, and by the allocator without it.
    const std::string text(100, 'x');
    run([&](boost::asio::io_context&) -> boost::asio::awaitable<void> {
        const auto by_value = co_await measure(sluice::Record{text, text});
        CHECK(by_value == 100);
        const auto by_reference = co_await measure_later(sluice::Record(text, text));
        CHECK(by_reference == 200);
        const auto unnamed = co_await measure({text, text});
        CHECK(unnamed == 100);
    });
}
