// expect: what these metrics open does not model sluice::RunningMetrics; give it
#include <sluice/producer.hpp>

class Wrong : public sluice::NoMetrics {
public:
    class Running : public sluice::NoMetrics::Running {
    public:
        void settled();
    };

    sluice::asio::awaitable<sluice::result<Running>> open(sluice::World& world) const;
};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::NoMetrics{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Wrong());
}
