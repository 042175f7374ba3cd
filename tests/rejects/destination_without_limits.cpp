// expect: this destination does not tell its limits; give it a member
#include <sluice/producer.hpp>

class Wrong : public sluice::KinesisStream {
public:
    void limits();
};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::KinesisStream{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Wrong());
}
