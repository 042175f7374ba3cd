// Events of a shop, published from a program that is set up by its environment: KINESIS_STREAM_NAME, AWS_REGION, ...
#include <sluice/sluice.hpp>

#include <exception>
#include <iostream>
#include <string_view>
#include <vector>

namespace json = boost::json;

int main() try {
    auto options = sluice::Options::from_environment();
    options.ordering = sluice::Ordering::per_key; // events of one entity arrive in their order
    options.log = sluice::Log([](sluice::LogLevel, std::string_view line) { std::cerr << line << '\n'; });
    const sluice::SummaryMetrics summary{sluice::EventType()};
    sluice::BlockingProducer producer{options, sluice::Aggregate(), sluice::FieldKey("entityId"), summary};

    sluice::EventFactory events("shop");
    events.about("ORDER_PLACED", "order").about("USER_LOGIN", "user");
    const auto login = events.make("USER_LOGIN", "user-42", json::value{{"device", "phone"}});
    const auto placed = events.follow(login, "ORDER_PLACED", "order-7", json::value{{"total", 99}});
    producer.put_all(std::vector{sluice::json_record(login), sluice::json_record(placed)}); // sent soon
    const auto paid = events.follow(placed, "ORDER_PAID", "order-7", json::value{{"by", "card"}});
    const bool arrived = sluice::safe_publish(producer, paid, {}); // waits until the service has it

    for (const auto& [type, count] : summary.read().events_by_type) std::cout << type << ' ' << count << '\n';
    return arrived ? 0 : 1;
} catch (const std::exception& failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
