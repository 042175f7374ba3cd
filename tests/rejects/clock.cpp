// expect: this clock does not model sluice::Clock; give it
#include <sluice/producer.hpp>

class Wrong : public sluice::SystemClock {
public:
    void wall();
};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::SystemClock{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Wrong());
}
