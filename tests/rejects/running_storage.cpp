// expect: what this storage opens does not model sluice::RunningStorage; give it
#include <sluice/producer.hpp>

class Wrong : public sluice::MemoryStorage {
public:
    class Running : public sluice::MemoryStorage::Running {
    public:
        void settle();
    };

    sluice::asio::awaitable<sluice::result<Running>> open(sluice::World& world) const;
};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::MemoryStorage{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Wrong());
}
