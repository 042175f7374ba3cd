// expect: this producer's type does not name a policy that it was given
#include <sluice/producer.hpp>

class Mine : public sluice::MemoryStorage {};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::Producer<Mine>(executor, sluice::Options{"clicks"}, Mine{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::Producer<>(executor, sluice::Options{"clicks"}, Mine{});
}
