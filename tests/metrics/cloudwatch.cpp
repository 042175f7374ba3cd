#include <sluice/metrics/cloudwatch.hpp>

#include "hands_on_clock.hpp"

#include <aws/fakes.hpp>
#include <credentials/fakes.hpp>

#include <sluice/credentials/static.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace sluice;
using namespace std::chrono_literals;

namespace {

Options in_ireland() {
    Options options{"clicks"};
    options.region = "eu-west-1";
    options.retry.attempts = 1;
    return options;
}

CloudWatchOptions summary() { return CloudWatchOptions(MetricsLevel::summary, MetricsGranularity::global); }

/// Metrics that run, and a CloudWatch that says what a test wants.
template <class Recipe>
class Bench {
public:
    explicit Bench(Recipe recipe, Options its_options = in_ireland()) : options(std::move(its_options)) {
        options.log = Log([this](LogLevel, std::string_view line) { log.append(line).append("\n"); }, LogLevel::debug);
        world.offer(transport);
        world.offer(credentials);
        asio::co_spawn(context, open(std::move(recipe)), asio::detached);
        clock.settle();
        REQUIRE(running);
    }

    /// Everything that was put, `UserRecordsPut=3`, one line for each request.
    [[nodiscard]] std::string told() const {
        std::string text;
        for (const auto& request : transport.requests) {
            const auto body = boost::json::parse(*request.body);
            for (const auto& datum : body.at("MetricData").as_array()) {
                const auto sum = datum.at("StatisticValues").at("Sum").to_number<double>();
                text += boost::json::value_to<std::string>(datum.at("MetricName")) + "=" +
                        std::to_string(static_cast<long>(sum)) + " ";
            }
            text += "\n";
        }
        return text;
    }

    /// Ends the metrics; whether that is over now.
    bool finish() {
        auto ended = std::make_shared<bool>(false);
        finished = ended;
        asio::co_spawn(context, running->finish(), [ended](const std::exception_ptr& thrown) { *ended = !thrown; });
        clock.settle();
        return *ended;
    }

    std::string log;
    asio::io_context context;
    HandsOnClock clock{context};
    Options options;
    ScriptedTransport transport;
    FakeCredentials credentials;
    World world{context.get_executor(), clock, options};
    std::optional<running_t<Recipe>> running;
    std::shared_ptr<bool> finished;

private:
    asio::awaitable<void> open(Recipe recipe) {
        auto opened = co_await recipe.open(world);
        if (opened) running.emplace(*std::move(opened));
    }
};

/// Where nothing is configured.
aws::Machine bare() {
    static FakeMachine fake;
    return fake.machine();
}

CloudWatchMetrics<> metrics(CloudWatchOptions settings = summary()) {
    return CloudWatchMetrics<>(std::move(settings), ProducerCredentials(), bare());
}

using Plain = Bench<CloudWatchMetrics<>>;

/// Credentials that take an hour, which perhaps nobody can cut short.
class Drowsy {
public:
    using policy_kind = kind::credentials;

    Drowsy(bool cancellable, std::shared_ptr<int> ended) : cancellable_(cancellable), ended_(std::move(ended)) {}

    class Running {
    public:
        Running(World& world, bool cancellable, std::shared_ptr<int> ended)
            : world_(&world), cancellable_(cancellable), ended_(std::move(ended)) {}

        asio::awaitable<result<Secrets>> fetch() {
            if (!cancellable_) co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
            const auto cut = co_await world_->clock().async_wait_until(world_->clock().steady() + 1h);
            ++*ended_;
            if (cut) co_return cut;
            co_return Secrets("AKIDLATE", Secret("late"));
        }

    private:
        World* world_;
        bool cancellable_;
        std::shared_ptr<int> ended_;
    };

    asio::awaitable<result<Running>> open(World& world) const { co_return Running(world, cancellable_, ended_); }

private:
    bool cancellable_;
    std::shared_ptr<int> ended_;
};

} // namespace

static_assert(Metrics<CloudWatchMetrics<>>);
static_assert(Metrics<CloudWatchMetrics<StaticCredentials>>);
static_assert(FinishingMetrics<CloudWatchMetrics<>::Running>);
static_assert(RetryMetrics<CloudWatchMetrics<>::Running>);
static_assert(!RecordMetrics<CloudWatchMetrics<>::Running>, "it costs no record anything");
static_assert(std::same_as<decltype(CloudWatchMetrics{}), CloudWatchMetrics<ProducerCredentials>>);
static_assert(std::same_as<decltype(CloudWatchMetrics{CloudWatchOptions()}), CloudWatchMetrics<ProducerCredentials>>);

TEST_CASE("CloudWatch is told once a minute, if there is something to tell") {
    Plain bench(metrics());
    CHECK(bench.clock.waiting() == 0);
    bench.transport.answer(200, "{}");
    bench.running->settled("clicks", {}, 3);
    bench.running->settled("clicks", error::gave_up, 2);
    bench.clock.pass(59s);
    CHECK(bench.told().empty());
    bench.clock.pass(1s);
    CHECK(bench.told() == "UserRecordsPut=3 \n");
    const auto& body = *bench.transport.requests.at(0).body;
    CHECK(body == R"({"Namespace":"KinesisProducerLibrary","MetricData":[{"MetricName":"UserRecordsPut",)"
                  R"("Dimensions":[],"Timestamp":1767323040,"StatisticValues":{"SampleCount":5,"Sum":3,"Minimum":0,)"
                  R"("Maximum":1},"Unit":"Count","StorageResolution":60}]})");
    CHECK(bench.transport.requests.at(0).url == "https://monitoring.eu-west-1.amazonaws.com/");
    bench.clock.pass(1h);
    CHECK(bench.transport.requests.size() == 1);
    CHECK(bench.clock.waiting() == 0);
    CHECK(bench.log.empty());
    bench.transport.answer(200, "{}");
    bench.running->settled("clicks", {}, 4);
    bench.clock.pass(60s);
    CHECK(bench.told() == "UserRecordsPut=3 \nUserRecordsPut=4 \n");
}

TEST_CASE("what is counted while CloudWatch is away is told when it is back, minute by minute") {
    Plain bench(metrics());
    for (int minute = 0; minute < 30; ++minute) {
        bench.running->settled("clicks", {}, 1);
        bench.clock.pass(60s);
    }
    const auto away = bench.transport.requests.size();
    CHECK(away > 3);
    CHECK(away < 15); // it backs off
    CHECK(bench.log == "CloudWatch did not take metrics: " + make_error_code(error::connection_failed).message() + "\n");
    bench.log.clear();
    bench.transport.requests.clear();
    for (int i = 0; i < 10; ++i) bench.transport.answer(200, "{}");
    bench.clock.pass(12min);
    double sum = 0;
    std::set<long> minutes;
    for (const auto& request : bench.transport.requests) {
        const auto body = boost::json::parse(*request.body);
        for (const auto& datum : body.at("MetricData").as_array()) {
            sum += datum.at("StatisticValues").at("Sum").to_number<double>();
            minutes.insert(datum.at("Timestamp").to_number<long>());
        }
    }
    CHECK(sum == 30);
    CHECK(minutes.size() == 30);
    CHECK(bench.log == "CloudWatch takes metrics again\n");
    CHECK(bench.clock.waiting() == 0);
}

TEST_CASE("what waits for CloudWatch is bounded, and the log says once that some is lost") {
    auto settings = summary();
    settings.max_kept = 5;
    Plain bench(metrics(settings));
    for (int minute = 0; minute < 600; ++minute) {
        bench.running->settled("clicks", {}, 1);
        bench.clock.pass(60s);
    }
    const std::string word = "no room for all metrics";
    const auto first = bench.log.find(word);
    CHECK(first != std::string::npos);
    CHECK(bench.log.find(word, first + 1) == std::string::npos);
    bench.transport.requests.clear();
    for (int i = 0; i < 10; ++i) bench.transport.answer(200, "{}");
    bench.clock.pass(30min);
    const auto told = bench.told();
    CHECK(std::count(told.begin(), told.end(), '=') <= 10);
    CHECK(std::count(told.begin(), told.end(), '=') >= 5);
}

TEST_CASE("without permission everything else goes on, and no secret is told") {
    Plain bench(metrics());
    bench.credentials.next = Secrets("AKIDEXAMPLE", Secret("very-secret"), Secret("token-secret"));
    for (int i = 0; i < 2; ++i) {
        bench.transport.answer(403, R"({"__type":"AccessDenied","message":"very-secret may not PutMetricData"})");
    }
    bench.running->settled("clicks", {}, 1);
    bench.clock.pass(10min);
    CHECK(bench.transport.requests.size() >= 3);
    CHECK(bench.log.find("The service said: AccessDenied *** may not PutMetricData\n") != std::string::npos);
    CHECK(bench.log.find("secret") == std::string::npos);
    CHECK(bench.log.find("AccessDenied", bench.log.find("AccessDenied") + 1) == std::string::npos);
    for (const auto& request : bench.transport.requests) CHECK(request.body->find("secret") == std::string::npos);
    bench.transport.answer(200, "{}");
    bench.clock.pass(20min);
    CHECK(bench.told().find("UserRecordsPut=1") != std::string::npos);
    CHECK(bench.clock.waiting() == 0);
}

TEST_CASE("what CloudWatch calls wrong is not told again") {
    Plain bench(metrics());
    bench.transport.answer(400, R"({"__type":"InvalidParameterValue","message":"too old"})");
    bench.running->settled("clicks", {}, 1);
    bench.clock.pass(1h);
    CHECK(bench.transport.requests.size() == 1);
    CHECK(bench.log.find("InvalidParameterValue too old") != std::string::npos);
}

TEST_CASE("a page of a proxy is not told to the log") {
    Plain bench(metrics());
    bench.transport.answer(502, "<html>whatever</html>");
    bench.running->settled("clicks", {}, 1);
    bench.clock.pass(61s);
    CHECK(bench.log.find("CloudWatch did not take metrics") == 0);
    CHECK(bench.log.find("whatever") == std::string::npos);
}

TEST_CASE("at the end what is left is told at once") {
    Plain bench(metrics());
    bench.transport.answer(200, "{}");
    bench.running->settled("clicks", {}, 3);
    CHECK(bench.finish());
    CHECK(bench.told() == "UserRecordsPut=3 \n");
    bench.clock.pass(1h);
    CHECK(bench.clock.waiting() == 0);
    CHECK(bench.log.empty());
}

TEST_CASE("the end with nothing to tell calls nobody") {
    Plain bench(metrics());
    CHECK(bench.finish());
    CHECK(bench.transport.requests.empty());
    CHECK(bench.log.empty());
}

TEST_CASE("the end waits two seconds for CloudWatch, and no longer") {
    Plain bench(metrics());
    Gate gate(bench.context.get_executor());
    bench.transport.gate = &gate;
    bench.running->settled("clicks", {}, 3);
    SUBCASE("asked for the first time") {}
    SUBCASE("asked already") {
        bench.clock.pass(60s);
        CHECK(bench.transport.requests.size() == 1);
        bench.running->settled("clicks", {}, 1);
    }
    CHECK_FALSE(bench.finish());
    bench.clock.pass(1'999ms);
    CHECK_FALSE(*bench.finished);
    bench.clock.pass(1ms);
    CHECK(*bench.finished);
    CHECK(bench.log == "CloudWatch: the last metrics were not told\n");
    CHECK(bench.transport.requests.size() == 1);
    bench.clock.pass(1h);
    CHECK(bench.clock.waiting() == 0);
}

TEST_CASE("the end lets a request that is under way come to its end, and tells the rest") {
    Plain bench(metrics());
    Gate gate(bench.context.get_executor());
    bench.transport.gate = &gate;
    for (int i = 0; i < 2; ++i) bench.transport.answer(200, "{}");
    bench.running->settled("clicks", {}, 3);
    bench.clock.pass(60s);
    bench.running->settled("clicks", {}, 1);
    CHECK_FALSE(bench.finish());
    gate.open();
    bench.clock.pass(1s);
    CHECK(*bench.finished);
    CHECK(bench.told() == "UserRecordsPut=3 \nUserRecordsPut=1 \n");
    CHECK(bench.log.empty());
}

TEST_CASE("the end does not insist when CloudWatch is away") {
    Plain bench(metrics());
    bench.running->settled("clicks", {}, 3);
    CHECK(bench.finish());
    CHECK(bench.transport.requests.size() == 1);
    CHECK(bench.log.find("CloudWatch: the last metrics were not told\n") != std::string::npos);
}

TEST_CASE("metrics that are destroyed while something is under way harm nobody") {
    Plain bench(metrics());
    Gate gate(bench.context.get_executor());
    bench.transport.gate = &gate;
    bench.running->settled("clicks", {}, 3);
    SUBCASE("between requests") { bench.clock.pass(30s); }
    SUBCASE("in a request") { bench.clock.pass(60s); }
    bench.running.reset();
    gate.open();
    bench.clock.pass(5min);
}

TEST_CASE("the pending records are sampled, and told as long as there are some") {
    auto settings = summary();
    settings.level = MetricsLevel::detailed;
    Plain bench(metrics(settings));
    for (int i = 0; i < 10; ++i) bench.transport.answer(200, "{}");
    Stats stats;
    for (const unsigned records : {4U, 9U, 6U}) {
        stats.buffered_records = records;
        bench.running->observed(stats); // at the same moment: one sample
    }
    bench.clock.pass(1s);
    stats.buffered_records = 7;
    bench.running->observed(stats);
    bench.clock.pass(59s);
    const auto body = boost::json::parse(*bench.transport.requests.at(0).body);
    const auto& values = body.at("MetricData").at(0).at("StatisticValues");
    CHECK(body.at("MetricData").at(0).at("MetricName") == "UserRecordsPending");
    CHECK(body.at("MetricData").as_array().size() == 2); // a sample of this minute is the upload's own
    CHECK(values.at("Maximum").to_number<int>() == 7);
    CHECK(values.at("Minimum").to_number<int>() == 4);
    bench.clock.pass(3min);
    CHECK(bench.transport.requests.size() == 4);
    stats.buffered_records = 0;
    bench.running->observed(stats);
    bench.clock.pass(10min);
    CHECK(bench.transport.requests.size() == 5);
    CHECK(bench.clock.waiting() == 0);
}

TEST_CASE("metrics of no level cost nothing") {
    Plain bench(metrics(CloudWatchOptions(MetricsLevel::none)));
    Stats stats;
    stats.buffered_records = 1;
    bench.running->observed(stats);
    bench.running->accepted("clicks", 1, 1);
    bench.running->settled("clicks", {}, 1);
    bench.running->retried("clicks", 1, 1);
    const Answer answer(error::throttled, "", "");
    bench.running->exchanged("clicks", Exchange(answer));
    CHECK(bench.clock.waiting() == 0);
    CHECK(bench.finish());
    CHECK(bench.transport.requests.empty());
}

TEST_CASE("region, endpoint, namespace, dimensions and interval are the metrics' own") {
    auto settings = summary();
    settings.region = "us-east-1";
    settings.name_space = "My/App";
    settings.dimensions.emplace_back("Host", "a");
    settings.interval = 5s;
    SUBCASE("region") {
        Plain bench(metrics(settings));
        bench.running->settled("clicks", {}, 1);
        bench.clock.pass(5s);
        const auto& request = bench.transport.requests.at(0);
        CHECK(request.url == "https://monitoring.us-east-1.amazonaws.com/");
        CHECK(request.body->find(R"({"Namespace":"My/App")") == 0);
        CHECK(request.body->find(R"("Dimensions":[{"Name":"Host","Value":"a"}])") != std::string::npos);
        CHECK(find_header(request.headers, "Authorization").find("/us-east-1/monitoring/") != std::string::npos);
    }
    SUBCASE("endpoint, which is not Kinesis'") {
        auto options = in_ireland();
        options.endpoint = "http://kinesis:4567";
        settings.endpoint = "http://localhost:4566";
        Plain bench(metrics(settings), options);
        bench.running->settled("clicks", {}, 1);
        bench.clock.pass(5s);
        CHECK(bench.transport.requests.at(0).url == "http://localhost:4566/");
    }
}

TEST_CASE("a CloudWatch that cannot be found is an error of opening") {
    for (const bool region : {false, true}) {
        asio::io_context context;
        FakeWorld fake(context.get_executor(), region ? in_ireland() : Options("clicks"));
        auto settings = summary();
        if (region) settings.endpoint = "elsewhere";
        auto recipe = metrics(settings);
        std::optional<error_code> failure;
        asio::co_spawn(
            context,
            [](auto& its_recipe, World& world, std::optional<error_code>& told) -> asio::awaitable<void> {
                const auto opened = co_await its_recipe.open(world);
                told = opened ? error_code() : opened.error();
            }(recipe, fake.world, failure),
            asio::detached);
        context.poll();
        CHECK(failure == make_error_code(region ? error::endpoint_invalid : error::region_missing));
    }
}

TEST_CASE("metrics may sign with credentials of their own") {
    using Own = CloudWatchMetrics<StaticCredentials>;
    Bench<Own> bench(Own(summary(), StaticCredentials("AKIDOWN", Secret("own")), bare()));
    bench.transport.answer(200, "{}");
    bench.running->settled("clicks", {}, 1);
    bench.clock.pass(60s);
    CHECK(find_header(bench.transport.requests.at(0).headers, "Authorization").find("AKIDOWN/") != std::string::npos);
    CHECK(bench.credentials.fetched == 0);
}

TEST_CASE("the end does not wait longer for credentials of their own that nothing can hurry") {
    for (const bool cancellable : {true, false}) {
        CAPTURE(cancellable);
        const auto ended = std::make_shared<int>(0);
        {
            using Own = CloudWatchMetrics<Drowsy>;
            Bench<Own> bench(Own(summary(), Drowsy(cancellable, ended), bare()));
            bench.running->settled("clicks", {}, 3);
            CHECK_FALSE(bench.finish());
            bench.clock.pass(1'999ms);
            CHECK_FALSE(*bench.finished);
            bench.clock.pass(1ms);
            CHECK(*bench.finished);
            CHECK(bench.log == "CloudWatch: the last metrics were not told\n");
            CHECK(*ended == (cancellable ? 1 : 0));
            bench.running.reset();
            bench.clock.pass(2h);
            CHECK(*ended == 1);
            CHECK(bench.clock.waiting() == 0);
        }
        CHECK(ended.use_count() == 1);
    }
}

TEST_CASE("settings that CloudWatch would never take are refused at once") {
    const auto refused = [](auto change) {
        CloudWatchOptions settings;
        change(settings);
        CHECK_THROWS_AS(metrics(settings), std::invalid_argument);
    };
    refused([](auto& its) { its.name_space = "AWS/Kinesis"; });
    refused([](auto& its) { its.name_space = ""; });
    refused([](auto& its) { its.name_space = std::string(256, 'n'); });
    refused([](auto& its) { its.dimensions.emplace_back("", "v"); });
    refused([](auto& its) { its.dimensions.assign(28, cloudwatch::Dimension("n", "v")); });
    refused([](auto& its) { its.interval = 999ms; });
    refused([](auto& its) { its.interval = 60'001ms; });
    CloudWatchOptions settings;
    settings.dimensions.assign(27, cloudwatch::Dimension("n", "v"));
    CHECK_NOTHROW(metrics(settings));
    CHECK(settings.name_space == "KinesisProducerLibrary");
    CHECK(settings.level == MetricsLevel::detailed);
    CHECK(settings.granularity == MetricsGranularity::shard);
    CHECK(settings.interval == 60s);
}
