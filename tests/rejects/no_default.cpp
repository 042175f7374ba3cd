// expect: cannot be made without arguments; give the producer one
#include <sluice/producer.hpp>

#include <string>

class Mine : public sluice::MemoryStorage {
public:
    explicit Mine(std::string) {}
};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::Producer<Mine>(executor, sluice::Options{"clicks"}, Mine{"clicks.db"});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::Producer<Mine>(executor, sluice::Options{"clicks"});
}
