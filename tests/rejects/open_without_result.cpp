// expect: this recipe cannot be opened; give it a member
#include <sluice/producer.hpp>

class Wrong : public sluice::NoMetrics {
public:
    sluice::asio::awaitable<Running> open(sluice::World& world) const;
};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::NoMetrics{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Wrong());
}
