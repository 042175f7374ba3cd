#include <sluice/sluice.hpp>
#include <sluice/storage/sqlite.hpp>

#include <boost/asio/io_context.hpp>

int main() {
    boost::asio::io_context context;
    sluice::Options options{"clicks"};
    options.region = "eu-west-1";
    const auto producer =
        sluice::make_producer(context.get_executor(), options, sluice::SqliteStorage{"consumer.db"});
    return producer.stats().buffered_records == 0 ? 0 : 1;
}
