// expect: a policy is a value; give the object itself
#include <sluice/producer.hpp>

sluice::Collect collect;

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, collect);
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, &collect);
}
