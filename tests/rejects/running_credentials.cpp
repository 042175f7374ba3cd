// expect: what these credentials open does not model sluice::RunningCredentials; give it
#include <sluice/producer.hpp>

class Wrong : public sluice::EnvironmentCredentials {
public:
    class Running : public sluice::EnvironmentCredentials::Running {
    public:
        void fetch(int);
    };

    sluice::asio::awaitable<sluice::result<Running>> open(sluice::World& world) const;
};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::EnvironmentCredentials{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Wrong());
}
