// expect: a policy is a value; give the object itself
#include <sluice/producer.hpp>

#include <memory>

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::Collect{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, std::make_shared<sluice::Collect>());
}
