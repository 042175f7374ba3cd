#include "../run.hpp"
#include "caller.hpp"
#include "moments.hpp"

#include <sluice/destination/kinesis_stream.hpp>
#include <sluice/local/direct_transport.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace sluice::local;
namespace asio = boost::asio;
using sluice::error;
using sluice::error_code;
using sluice::HttpRequest;
using sluice::HttpResponse;
using sluice::result;

static_assert(sluice::Transport<DirectTransport>);
static_assert(sluice::RunningTransport<DirectTransport::Running>);
static_assert(!sluice::Transport<DirectTransport::Running>);
static_assert(!sluice::Transport<Service>);

namespace {

/// A clock whose waits are over at once, and which is then as late as was waited for.
class FakeClock final : public sluice::AnyClock {
public:
    [[nodiscard]] sluice::steady_time steady() const override { return moments.now().steady; }
    [[nodiscard]] sluice::wall_time wall() const override { return moments.now().wall; }

    [[nodiscard]] asio::awaitable<error_code> async_wait_until(sluice::steady_time when) override {
        if (!interruption) moments.pass(std::chrono::duration_cast<std::chrono::milliseconds>(when - steady()));
        co_return interruption;
    }

    [[nodiscard]] std::uint64_t random() override { return 4; }

    Moments moments;
    error_code interruption;
};

/// A service with the stream "s", a world with a fake clock, and a transport that is open.
class Fixture {
public:
    explicit Fixture(asio::io_context& context) : world(context.get_executor(), clock, options) {
        REQUIRE(service->kinesis.create_stream(StreamSpec("s"), clock.moments.now()).has_value());
    }

    [[nodiscard]] HttpRequest put() const {
        return Caller().call("PutRecord", R"({"StreamName":"s","Data":"aGVsbG8=","PartitionKey":"a"})", clock.wall());
    }

    [[nodiscard]] std::size_t stored() const { return service->kinesis.find("s")->shards()[0].records().size(); }

    FakeClock clock;
    sluice::Options options;
    sluice::World world;
    std::shared_ptr<Service> service = std::make_shared<Service>();
};

/// Those that the service knows.
class LocalCredentials final : public sluice::AnyCredentials {
public:
    [[nodiscard]] asio::awaitable<result<sluice::Secrets>> fetch() override {
        co_return sluice::Secrets("local", sluice::Secret("local"));
    }

    void reject(const sluice::Secrets&) override {}
};

/// What a put gives that meets the fault.
asio::awaitable<result<HttpResponse>> put_meeting(Fixture& f, Fault::Act act) {
    f.service->faults.add(Fault(std::move(act)).times(1));
    DirectTransport recipe(f.service);
    auto transport = co_await recipe.open(f.world);
    auto request = f.put();
    auto answer = co_await transport->send(std::move(request));
    co_return answer;
}

} // namespace

TEST_CASE("an exchange is a call of the service") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Fixture f(context);
        DirectTransport recipe(f.service);
        auto transport = co_await recipe.open(f.world);
        auto request = f.put();
        const auto answer = co_await transport->send(std::move(request));
        REQUIRE(answer.has_value());
        CHECK(answer->status == 200);
        CHECK(f.stored() == 1);
    });
}

TEST_CASE("any status is a success") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Fixture f(context);
        const auto answer = co_await put_meeting(f, fault::Refuse::service_unavailable());
        REQUIRE(answer.has_value());
        CHECK(answer->status == 503);
    });
}

TEST_CASE("faults of the connection are errors, and the record is there or not as it would be") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        using Where = fault::Cut::Where;
        Fixture f(context);
        auto answer = co_await put_meeting(f, fault::Unavailable());
        CHECK(answer.error() == error::connection_failed);
        answer = co_await put_meeting(f, fault::Cut(Where::before_reading));
        CHECK(answer.error() == error::connection_failed);
        answer = co_await put_meeting(f, fault::Garbage());
        CHECK(answer.error() == error::protocol_violated);
        CHECK(f.stored() == 0);
        answer = co_await put_meeting(f, fault::Cut(Where::mid_response));
        CHECK(answer.error() == error::response_truncated);
        CHECK(f.stored() == 1);
        answer = co_await put_meeting(f, fault::Cut(Where::after_applying));
        CHECK(answer.error() == error::connection_failed);
        CHECK(f.stored() == 2);
    });
}

TEST_CASE("a delay passes on the world's clock, and the record has the time at which it came") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Fixture f(context);
        const auto start = f.clock.moments.now();
        const auto answer = co_await put_meeting(f, fault::Delay(20s));
        CHECK(answer.has_value());
        CHECK(f.clock.steady() == start.steady + 20s);
        CHECK(f.service->kinesis.find("s")->shards()[0].records()[0].arrival == start.wall);
    });
}

TEST_CASE("an answer that comes after the time-out does not come, though the record is there") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Fixture f(context);
        const auto start = f.clock.steady();
        const auto answer = co_await put_meeting(f, fault::Delay(31s));
        CHECK(answer.error() == error::timed_out);
        CHECK(f.clock.steady() == start + 30s);
        CHECK(f.stored() == 1);
    });
}

TEST_CASE("without a time-out an answer may take any time") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Fixture f(context);
        f.service->faults.add(Fault(fault::Delay(1h)).times(1));
        DirectTransport recipe(f.service);
        auto transport = co_await recipe.open(f.world);
        auto request = f.put();
        request.timeout = 0ms;
        const auto answer = co_await transport->send(std::move(request));
        CHECK(answer.has_value());
    });
}

TEST_CASE("a wait that is interrupted ends the exchange with its reason") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Fixture f(context);
        f.clock.interruption = asio::error::operation_aborted;
        const auto answer = co_await put_meeting(f, fault::Delay(1s));
        CHECK(answer.error() == asio::error::operation_aborted);
    });
}

TEST_CASE("an answer larger than allowed is none") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Fixture f(context);
        DirectTransport recipe(f.service);
        auto transport = co_await recipe.open(f.world);
        auto request = f.put();
        request.max_response_bytes = 20;
        const auto answer = co_await transport->send(std::move(request));
        CHECK(answer.error() == error::response_too_large);
    });
}

TEST_CASE("two transports share one service") {
    run([](asio::io_context& context) -> asio::awaitable<void> {
        Fixture f(context);
        const auto first = co_await put_meeting(f, fault::Delay(0ms));
        const auto second = co_await put_meeting(f, fault::Delay(0ms));
        CHECK(first.has_value());
        CHECK(second.has_value());
        CHECK(f.stored() == 2);
    });
}

TEST_CASE("a producer's destination finds a stream by its ARN, on either wire") {
    for (const auto wire : {sluice::Wire::json, sluice::Wire::cbor}) {
        run([wire](asio::io_context& context) -> asio::awaitable<void> {
            Fixture f(context);
            f.options.region = "us-east-1";
            f.options.wire = wire;
            LocalCredentials credentials;
            sluice::TransportBox<DirectTransport::Running> transport{DirectTransport::Running(f.service, f.clock)};
            f.world.offer(transport);
            f.world.offer(credentials);
            const sluice::KinesisStream recipe;
            auto destination = co_await recipe.open(f.world);
            REQUIRE(destination.has_value());
            const auto arn = f.service->kinesis.arn("s");
            const std::vector<sluice::Entry> entries(1, sluice::Entry("k", "", "data"));
            const auto answer = co_await destination->send(arn, entries);
            CHECK_FALSE(answer.error);
            REQUIRE(answer.entries.size() == 1);
            CHECK_FALSE(answer.entries[0].error);
            CHECK(answer.entries[0].shard_id == "shardId-000000000000");
            CHECK(f.stored() == 1);
            const auto shards = co_await destination->shards(arn);
            REQUIRE(shards.has_value());
            CHECK(shards->size() == 1);
        });
    }
}
