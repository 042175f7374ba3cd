#include <sluice/sluice.hpp>

#include <boost/asio/io_context.hpp>

int main() {
    boost::asio::io_context context;
    sluice::Options options{"clicks"};
    options.region = "eu-west-1";
    const auto producer = sluice::make_producer(context.get_executor(), options);
    return sluice::version.empty() || producer.stats().buffered_records != 0 ? 1 : 0;
}
