#include <sluice/compression/gzip.hpp>
#include <sluice/sluice.hpp>

#include <boost/asio/io_context.hpp>

#include <string>

int main() {
    boost::asio::io_context context;
    sluice::Options options{"clicks"};
    options.region = "eu-west-1";
    sluice::Gzip compression;
    std::string scratch;
    const auto small = compression.compress(std::string(1'000, 'a'), scratch);
    const auto producer = sluice::make_producer(context.get_executor(), options, compression);
    return small && small->size() < 100 && producer.stats().buffered_records == 0 ? 0 : 1;
}
