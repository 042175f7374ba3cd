// expect: this batching does not model sluice::Batching; give it
#include <sluice/producer.hpp>

class Wrong : public sluice::Collect {
public:
    void horizon();
};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::Collect{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Wrong());
}
