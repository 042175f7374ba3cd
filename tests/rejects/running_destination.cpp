// expect: what this destination opens does not model sluice::RunningDestination; give it
#include <sluice/producer.hpp>

class Wrong : public sluice::KinesisStream {
public:
    class Running : public sluice::KinesisStream::Running {
    public:
        void shards();
    };

    sluice::asio::awaitable<sluice::result<Running>> open(sluice::World& world) const;
};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::KinesisStream{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Wrong());
}
