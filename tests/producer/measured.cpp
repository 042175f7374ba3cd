#include "../run.hpp"

#include <sluice/blocking_producer.hpp>
#include <sluice/credentials/static.hpp>
#include <sluice/local/direct_transport.hpp>
#include <sluice/metrics/cloudwatch.hpp>

#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace local = sluice::local;
using namespace std::chrono_literals;

namespace {

/// A Kinesis in this process and, beside it, a CloudWatch that takes everything.
class Services {
public:
    Services() {
        const local::Moment now(std::chrono::steady_clock::now(), std::chrono::system_clock::now());
        REQUIRE(kinesis->kinesis.create_stream(local::StreamSpec("clicks", 2), now).has_value());
    }

    std::shared_ptr<local::Service> kinesis = std::make_shared<local::Service>();
    std::shared_ptr<std::vector<std::string>> told = std::make_shared<std::vector<std::string>>();
};

class BothTransports {
public:
    using policy_kind = sluice::kind::transport;

    explicit BothTransports(const Services& services) : services_(services) {}

    class Running {
    public:
        Running(Services services, sluice::AnyClock& clock)
            : services_(std::move(services)), kinesis_(services_.kinesis, clock) {}

        boost::asio::awaitable<sluice::result<sluice::HttpResponse>> send(sluice::HttpRequest request) {
            if (request.url.find("://monitoring.eu-west-1.") == std::string::npos) {
                return kinesis_.send(std::move(request));
            }
            services_.told->push_back(*request.body);
            return welcome();
        }

    private:
        static boost::asio::awaitable<sluice::result<sluice::HttpResponse>> welcome() {
            co_return sluice::HttpResponse(200, "{}");
        }

        Services services_;
        local::DirectTransport::Running kinesis_;
    };

    boost::asio::awaitable<sluice::result<Running>> open(sluice::World& world) const {
        co_return Running(services_, world.clock());
    }

private:
    Services services_;
};

sluice::Options options() {
    sluice::Options options{"clicks"};
    options.region = "eu-west-1";
    options.auto_flush = false; // so that what is flushed is one request
    options.back_off = 1ms;
    return options;
}

/// Samples and sum of each metric: `UserRecordsPut clicks shardId-000000000000`.
std::map<std::string, std::pair<double, double>> values_of(const std::string& body) {
    std::map<std::string, std::pair<double, double>> found;
    const auto parsed = boost::json::parse(body);
    for (const auto& datum : parsed.at("MetricData").as_array()) {
        auto name = boost::json::value_to<std::string>(datum.at("MetricName"));
        for (const auto& dimension : datum.at("Dimensions").as_array()) {
            name += " " + boost::json::value_to<std::string>(dimension.at("Value"));
        }
        auto& values = found[name]; // two minutes may have a share
        values.first += datum.at("StatisticValues").at("SampleCount").to_number<double>();
        values.second += datum.at("StatisticValues").at("Sum").to_number<double>();
    }
    return found;
}

} // namespace

TEST_CASE("a producer's metrics say what became of its records") {
    const Services services;
    const local::fault::FailEntries every_other(std::vector<bool>{true, false});
    services.kinesis->faults.add(local::Fault(every_other).on("PutRecords").times(1));
    {
        sluice::BlockingProducer producer{options(), BothTransports(services), sluice::CloudWatchMetrics{},
                                          sluice::StaticCredentials("local", sluice::Secret("local"))};
        std::vector<sluice::Record> records;
        for (int i = 0; i < 10; ++i) records.emplace_back("key" + std::to_string(i), std::string(100, 'd'));
        producer.put_all(records);
        CHECK(producer.flush().delivered == 10);
    }
    REQUIRE(services.told->size() == 1);
    auto values = values_of(services.told->front());
    using Values = std::pair<double, double>;
    for (const std::string of : {"", " clicks"}) {
        CHECK(values["UserRecordsReceived" + of] == Values(10, 10));
        CHECK(values["UserRecordsPut" + of] == Values(10, 10));
        CHECK(values["UserRecordsDataPut" + of] == Values(10, 1'000));
        CHECK(values["KinesisRecordsPut" + of] == Values(15, 10));
        CHECK(values["KinesisRecordsDataPut" + of] == Values(10, 10 * 104));
        CHECK(values["RetriesPerRecord" + of] == Values(10, 5));
        CHECK(values["AllErrors" + of] == Values(15, 5));
        CHECK(values["ErrorsByCode" + of + " InternalFailure"] == Values(5, 5));
        CHECK(values["UserRecordsPerKinesisRecord" + of] == Values(15, 15));
        CHECK(values["UserRecordsPerPutRecordsRequest" + of].second == 15);
        CHECK(values["BufferingTime" + of].first == 15);
        CHECK(values["RequestTime" + of].first >= 2);
    }
    CHECK(values["UserRecordsPending"].first >= 1);
    const auto first = values["UserRecordsPut clicks shardId-000000000000"];
    const auto second = values["UserRecordsPut clicks shardId-000000000001"];
    CHECK(first.second + second.second == 10);
    CHECK(first.second > 0);
    CHECK(second.second > 0);
}

TEST_CASE("a producer that is destroyed without a close tells what it counted, and comes to its end") {
    const Services services;
    run([&services](boost::asio::io_context& context) -> boost::asio::awaitable<void> {
        auto producer = sluice::make_producer(context.get_executor(), options(), BothTransports(services),
                                              sluice::CloudWatchMetrics{},
                                              sluice::StaticCredentials("local", sluice::Secret("local")));
        co_await producer.async_put({"key", "data"}, boost::asio::use_awaitable);
    });
    REQUIRE(services.told->size() == 1);
    CHECK(values_of(services.told->front())["UserRecordsPut"] == std::pair<double, double>(1, 0));
}

TEST_CASE("a context that is destroyed with metrics under way leaves nothing behind") {
    const Services services;
    {
        boost::asio::io_context context;
        auto producer = sluice::make_producer(context.get_executor(), options(), BothTransports(services),
                                              sluice::CloudWatchMetrics{},
                                              sluice::StaticCredentials("local", sluice::Secret("local")));
        CHECK_FALSE(producer.try_put({"key", "data"}));
        context.run_for(50ms);
    }
    CHECK(services.told->empty());
}
