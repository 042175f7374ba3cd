// expect: this offload does not tell the largest payload; give it a member
#include <sluice/producer.hpp>

class Wrong : public sluice::NoOffload {
public:
    void max_payload();
};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::NoOffload{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Wrong());
}
