// expect: what this offload opens does not model sluice::RunningOffload; give it
#include <sluice/producer.hpp>

class Wrong : public sluice::NoOffload {
public:
    class Running : public sluice::NoOffload::Running {
    public:
        void threshold(int);
    };

    sluice::asio::awaitable<sluice::result<Running>> open(sluice::World& world) const;
};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::NoOffload{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Wrong());
}
