// expect: a session takes credentials, a transport and a clock; give other policies to a producer
#include <sluice/session.hpp>
#include <sluice/storage/memory.hpp>

auto right(sluice::asio::any_io_executor executor) {
    return sluice::Session(executor, sluice::Options(), sluice::SystemClock{}, sluice::DefaultCredentials{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::Session(executor, sluice::Options(), sluice::MemoryStorage{});
}
