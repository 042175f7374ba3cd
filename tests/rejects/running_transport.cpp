// expect: what this transport opens does not model sluice::RunningTransport; give it
#include <sluice/producer.hpp>

class Wrong : public sluice::CurlTransport {
public:
    class Running : public sluice::CurlTransport::Running {
    public:
        void send();
    };

    sluice::asio::awaitable<sluice::result<Running>> open(sluice::World& world) const;
};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::CurlTransport{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Wrong());
}
