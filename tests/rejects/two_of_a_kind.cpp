// expect: two policies of one kind; give at most one of each
#include <sluice/producer.hpp>

class Mine : public sluice::MemoryStorage {};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Mine{}, sluice::Collect{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Mine{}, sluice::Collect{}, sluice::MemoryStorage{});
}
