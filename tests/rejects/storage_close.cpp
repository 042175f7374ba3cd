// expect: the member 'close' of this storage would not be awaited; make it 'asio::awaitable<void> close()'
#include <sluice/producer.hpp>

template <class Close>
class Closing : public sluice::MemoryStorage {
public:
    class Running : public sluice::MemoryStorage::Running {
    public:
        Close close();
    };

    sluice::asio::awaitable<sluice::result<Running>> open(sluice::World& world) const;
};

using Right = Closing<sluice::asio::awaitable<void>>;
using Wrong = Closing<void>;

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Right());
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Wrong());
}
