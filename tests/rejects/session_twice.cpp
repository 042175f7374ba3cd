// expect: two policies of one kind; give at most one of each
#include <sluice/session.hpp>

auto right(sluice::asio::any_io_executor executor) {
    return sluice::Session(executor, sluice::Options(), sluice::EnvironmentCredentials{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::Session(executor, sluice::Options(), sluice::EnvironmentCredentials{}, sluice::DefaultCredentials{});
}
