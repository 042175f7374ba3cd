#include "detail/clock.hpp"
#include "doubles.hpp"
#include "run.hpp"

#include <sluice/batching/aggregate.hpp>
#include <sluice/metrics/summary.hpp>
#include <sluice/producer.hpp>

#include <boost/asio/as_tuple.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using sluice::asio::awaitable;
using sluice::Summary;
using sluice::SummaryMetrics;

namespace {

using Types = std::map<std::string, std::uint64_t, std::less<>>;
using Running = SummaryMetrics::Running;

static_assert(sluice::RecordMetrics<Running>);
static_assert(!sluice::FinishingMetrics<Running>);
static_assert(std::is_copy_constructible_v<SummaryMetrics>);

/// A summary, opened in a world whose clock is turned by hand.
class Opened {
public:
    explicit Opened(SummaryMetrics its_metrics = SummaryMetrics()) : metrics(std::move(its_metrics)) {}

    Running open() {
        std::optional<Running> running;
        boost::asio::co_spawn(
            context,
            [&]() -> awaitable<void> {
                auto opened = co_await metrics.open(world);
                running.emplace(std::move(*opened));
            },
            [](std::exception_ptr thrown) { CHECK_FALSE(thrown); });
        context.run();
        context.restart();
        return std::move(*running);
    }

    boost::asio::io_context context;
    sluice::Options options{"clicks"};
    HandClock clock;
    sluice::World world{context.get_executor(), clock, options};
    SummaryMetrics metrics;
};

sluice::AcceptedRecord record(std::string_view stream, std::string_view key, std::string_view data) {
    sluice::AcceptedRecord made;
    made.stream = stream;
    made.partition_key = key;
    made.data = data;
    return made;
}

void put(Running& running, const std::string& type, std::uint64_t bytes = 100) {
    const std::vector<sluice::HeaderView> headers{{"trace", "1"}, {"event-type", type}};
    auto fresh = record("clicks", "key", "data");
    fresh.headers = headers;
    running.record(fresh);
    running.accepted("clicks", 1, bytes);
}

} // namespace

TEST_CASE("a summary that nobody has used is empty") {
    const auto nothing = SummaryMetrics().read();
    CHECK(nothing.total_events == 0);
    CHECK(nothing.events_by_type.empty());
    CHECK(nothing.mean_duration == 0ns);
}

TEST_CASE("a summary counts events, sizes and types") {
    Opened its;
    auto running = its.open();
    put(running, "view", 10);
    put(running, "buy", 20);
    put(running, "view", 30);
    running.record(record("clicks", "key", "data"));
    running.accepted("clicks", 1, 40);
    const auto seen = its.metrics.read();
    CHECK(seen.total_events == 4);
    CHECK(seen.total_size == 100);
    CHECK(seen.events_by_type == Types{{"buy", 1}, {"unknown", 1}, {"view", 2}});
}

TEST_CASE("a summary tells how long requests took, and what became of records") {
    Opened its;
    auto running = its.open();
    const sluice::Answer good;
    sluice::Exchange quick(good);
    quick.duration = 10ms;
    running.exchanged("clicks", quick);
    const sluice::Answer bad(sluice::error::timed_out, "", "");
    sluice::Exchange slow(bad);
    slow.duration = 50ms;
    running.exchanged("clicks", slow);
    running.settled("clicks", {}, 7);
    running.settled("clicks", sluice::error::expired, 2);
    running.settled("else", sluice::error::gave_up, 1);
    const auto seen = its.metrics.read();
    CHECK(seen.requests == 2);
    CHECK(seen.failed_requests == 1);
    CHECK(seen.mean_duration == 30ms);
    CHECK(seen.max_duration == 50ms);
    CHECK(seen.succeeded == 7);
    CHECK(seen.failed == 1);
    CHECK(seen.expired == 2);
}

TEST_CASE("a summary slides over the hour") {
    Opened its;
    auto running = its.open();
    put(running, "early");
    running.settled("clicks", {}, 1);
    its.clock.advance(59min);
    put(running, "late");
    CHECK(its.metrics.read().total_events == 2);
    its.clock.advance(1min);
    const auto seen = its.metrics.read();
    CHECK(seen.total_events == 1);
    CHECK(seen.succeeded == 0);
    CHECK(seen.events_by_type == Types{{"late", 1}});
    its.clock.advance(24h);
    CHECK(its.metrics.read().events_by_type.empty());
}

TEST_CASE("types are bounded: what comes first has a name") {
    Opened its(SummaryMetrics(2));
    auto running = its.open();
    const std::string endless(129, 'x');
    for (const char* const type : {"a", "b", "c", "a", "d", "other"}) put(running, type);
    put(running, endless);
    CHECK(its.metrics.read().events_by_type == Types{{"a", 2}, {"b", 1}, {"other", 4}});
    its.clock.advance(1min);
    for (const char* const type : {"d", "e", "f"}) put(running, type);
    its.clock.advance(59min);
    // Those of another minute do not take the place of these for ever.
    for (const char* const type : {"f", "f"}) put(running, type);
    const auto seen = its.metrics.read().events_by_type;
    CHECK(seen.at("f") == 2);
    CHECK(seen.contains("d"));
    CHECK_FALSE(seen.contains("a"));
    for (const auto& [type, count] : seen) CHECK(type.size() <= 128);
}

TEST_CASE("a function tells types; what it throws makes them unknown") {
    Opened its(SummaryMetrics([](const sluice::AcceptedRecord& record) -> std::string_view {
        if (record.data == "throw") throw std::runtime_error("no type");
        return record.stream == "clicks" ? record.partition_key : record.data;
    }));
    auto running = its.open();
    running.record(record("clicks", "its key", "data"));
    running.record(record("else", "its key", "its data"));
    running.record(record("else", "its key", "throw"));
    running.accepted("clicks", 3, 3);
    CHECK(its.metrics.read().events_by_type == Types{{"its data", 1}, {"its key", 1}, {"unknown", 1}});
    CHECK_THROWS_AS(SummaryMetrics{SummaryMetrics::TypeOf{}}, std::invalid_argument);
}

TEST_CASE("after the end of its producers a summary stays as it is") {
    Opened its;
    {
        auto first = its.open();
        auto second = its.open();
        put(first, "view");
        put(second, "view");
    }
    its.clock.advance(24h);
    CHECK(its.metrics.read().total_events == 2);
    const auto again = its.open();
    CHECK(its.metrics.read().total_events == 0);
}

TEST_CASE("a producer's records are in the summary, which any thread may read") {
    run([](boost::asio::io_context& context) -> awaitable<void> {
        SummaryMetrics summary;
        sluice::Options options{"clicks"};
        options.linger = 1ms;
        auto script = std::make_shared<Script>();
        auto producer = sluice::make_producer(context.get_executor(), options, ScriptedDestination{script},
                                              NobodySigns{}, NoTransport{}, sluice::Aggregate{}, summary);
        for (int i = 0; i < 10; ++i) {
            sluice::Record record("key", "data");
            record.headers.emplace_back("event-type", i % 3 == 0 ? "buy" : "view");
            CHECK_FALSE(producer.try_put(record));
        }
        script->replies.emplace_back([](const std::string&, std::span<const sluice::Entry>) {
            return sluice::Answer(sluice::error::timed_out, "", "");
        });
        std::atomic<bool> done = false;
        std::thread reader([&] {
            while (!done) CHECK(summary.read().total_events <= 10);
        });
        co_await producer.async_flush(boost::asio::use_awaitable);
        co_await producer.async_close(boost::asio::use_awaitable);
        done = true;
        reader.join();
        const auto seen = summary.read();
        CHECK(seen.total_events == 10);
        CHECK(seen.succeeded == 10);
        CHECK(seen.failed_requests == 1);
        CHECK(seen.requests >= 2);
        CHECK(seen.events_by_type == Types{{"buy", 4}, {"view", 6}});
        CHECK(seen.total_size > 10 * (3 + 4 + 32));
    });
}
