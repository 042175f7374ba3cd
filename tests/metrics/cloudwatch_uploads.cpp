#include <sluice/metrics/cloudwatch_uploads.hpp>

#include "hands_on_clock.hpp"

#include <aws/fakes.hpp>
#include <credentials/fakes.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace sluice;
using namespace std::chrono_literals;
using sluice::detail::CloudWatchUploads;
using sluice::detail::OwnCredentials;

namespace {

/// A source that never has anything to give.
class Silent {
public:
    explicit Silent(std::shared_ptr<bool> ended) : ended_(std::move(ended)) {}

    asio::awaitable<result<Secrets>> fetch() {
        auto executor = co_await asio::this_coro::executor;
        asio::steady_timer never(executor, steady_time::max());
        const auto cut = co_await detail::wait_for(never);
        *ended_ = true;
        co_return cut;
    }

private:
    std::shared_ptr<bool> ended_;
};

class Bench {
public:
    explicit Bench(CloudWatchOptions options = CloudWatchOptions(MetricsLevel::summary, MetricsGranularity::stream)) {
        world.offer(transport);
        world.offer(credentials);
        make(nullptr, credentials, options);
    }

    void make(std::unique_ptr<OwnCredentials> own, AnyCredentials& signer, const CloudWatchOptions& options) {
        FakeMachine fake;
        const auto settings = aws::Settings::read(in_ireland, fake.machine());
        auto client = cloudwatch::Client::open(world, signer, settings, "");
        REQUIRE(client.has_value());
        uploads = std::make_shared<CloudWatchUploads>(world, std::move(own), *std::move(client), options);
    }

    /// A record of this stream is delivered.
    void count(const std::string& stream) {
        uploads->counts.settled(world.service_time(), stream, {}, 1);
        uploads->wake();
    }

    /// Begins the end; whether it is over now.
    bool finish() {
        const auto over = std::make_shared<bool>(false);
        ended = over;
        auto task = uploads->finish();
        asio::co_spawn(context, std::move(task), [over](const std::exception_ptr& thrown) { *over = !thrown; });
        clock.settle();
        return *over;
    }

    [[nodiscard]] std::size_t datums(std::size_t request) const {
        return boost::json::parse(*transport.requests.at(request).body).at("MetricData").as_array().size();
    }

    asio::io_context context;
    HandsOnClock clock{context};
    Options in_ireland = [] {
        Options options{"clicks"};
        options.region = "eu-west-1";
        options.retry.attempts = 1;
        return options;
    }();
    ScriptedTransport transport;
    FakeCredentials credentials;
    World world{context.get_executor(), clock, in_ireland};
    std::shared_ptr<CloudWatchUploads> uploads;
    std::shared_ptr<bool> ended;
};

} // namespace

TEST_CASE("uploads are woken once for all that is counted in an interval") {
    CloudWatchOptions options(MetricsLevel::summary, MetricsGranularity::global);
    options.interval = 10s;
    Bench bench(options);
    for (int i = 0; i < 2; ++i) bench.transport.answer(200, "{}");
    for (int i = 0; i < 100; ++i) bench.count("clicks");
    CHECK(bench.clock.waiting() <= 1);
    bench.clock.pass(9s);
    bench.count("clicks");
    CHECK(bench.transport.requests.empty());
    bench.clock.pass(1s);
    CHECK(bench.transport.requests.size() == 1);
    bench.clock.pass(1h);
    CHECK(bench.transport.requests.size() == 1);
}

TEST_CASE("what one request does not hold goes into the next one, at once") {
    Bench bench;
    for (int i = 0; i < 3; ++i) bench.transport.answer(200, "{}");
    // Each stream has one metric that was counted, and the producer one.
    for (int i = 0; i < 999; ++i) bench.count("stream" + std::to_string(i));
    bench.clock.pass(60s);
    REQUIRE(bench.transport.requests.size() == 1);
    CHECK(bench.datums(0) == 1'000);
    for (int i = 0; i < 999; ++i) bench.count("stream" + std::to_string(i));
    bench.clock.pass(50s);
    for (int i = 0; i < 5; ++i) bench.count("stream" + std::to_string(i)); // perhaps of the next minute
    bench.clock.pass(10s);
    REQUIRE(bench.transport.requests.size() >= 2);
    std::size_t all = 0;
    for (std::size_t i = 0; i < bench.transport.requests.size(); ++i) all += bench.datums(i);
    CHECK(all >= 2'000);
    CHECK(bench.uploads->counts.empty());
}

TEST_CASE("after the end nothing is told any more") {
    Bench bench;
    bench.transport.answer(200, "{}");
    bench.count("clicks");
    CHECK(bench.finish());
    CHECK(bench.transport.requests.size() == 1);
    bench.count("clicks");
    bench.uploads->observe(7);
    bench.clock.pass(1h);
    CHECK(bench.transport.requests.size() == 1);
    CHECK(bench.clock.waiting() == 0);
}

TEST_CASE("the end stops credentials of its own, even if they keep CloudWatch waiting") {
    Bench bench;
    const auto source_ended = std::make_shared<bool>(false);
    auto own = std::make_unique<OwnCredentials>(bench.world, Silent(source_ended));
    auto& signer = own->credentials();
    bench.make(std::move(own), signer, CloudWatchOptions(MetricsLevel::summary));
    bench.count("clicks");
    CHECK_FALSE(bench.finish());
    bench.clock.pass(2s);
    CHECK(*bench.ended);
    bench.clock.settle();
    CHECK(*source_ended);
    CHECK(bench.transport.requests.empty());
    CHECK(bench.uploads.use_count() == 1);
}
