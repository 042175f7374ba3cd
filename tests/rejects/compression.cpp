// expect: this compression does not model sluice::Compression; give it
#include <sluice/producer.hpp>

class Wrong : public sluice::NoCompression {
public:
    void scope();
};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::NoCompression{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Wrong());
}
