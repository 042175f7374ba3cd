// expect: these dead letters have a take_all that is never called; make it
#include <sluice/producer.hpp>

#include <span>

class Wrong : public sluice::ReportDeadLetters {
public:
    class Running : public sluice::ReportDeadLetters::Running {
    public:
        sluice::asio::awaitable<void> take_all(std::span<const sluice::DeadLetter>);
    };

    sluice::asio::awaitable<sluice::result<Running>> open(sluice::World& world) const;
};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::ReportDeadLetters{});
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Wrong());
}
