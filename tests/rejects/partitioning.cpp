// expect: this partitioning does not model sluice::Partitioning; give it
#include <sluice/producer.hpp>

class Wrong : public sluice::RandomKey {
public:
    void key();
};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::RandomKey{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Wrong());
}
