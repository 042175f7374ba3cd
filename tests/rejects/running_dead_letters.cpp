// expect: what these dead letters open does not model sluice::RunningDeadLetters; give it
#include <sluice/producer.hpp>

class Wrong : public sluice::ReportDeadLetters {
public:
    class Running : public sluice::ReportDeadLetters::Running {
    public:
        void take();
    };

    sluice::asio::awaitable<sluice::result<Running>> open(sluice::World& world) const;
};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::ReportDeadLetters{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Wrong());
}
