// expect: two policies of one kind; give at most one of each
#include <sluice/producer.hpp>


auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::Collect{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::Collect{}, sluice::Collect{});
}
