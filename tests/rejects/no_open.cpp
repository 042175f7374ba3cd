// expect: this recipe cannot be opened; give it a member
#include <sluice/producer.hpp>

class Wrong {
public:
    using policy_kind = sluice::kind::storage;
};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::MemoryStorage{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Wrong());
}
