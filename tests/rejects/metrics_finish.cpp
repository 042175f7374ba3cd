// expect: the member 'finish' of these metrics would not be awaited; make it 'asio::awaitable<void> finish()'
#include <sluice/producer.hpp>

class Right : public sluice::NoMetrics {
public:
    class Running : public sluice::NoMetrics::Running {
    public:
        sluice::asio::awaitable<void> finish();
        void record(const sluice::AcceptedRecord& record);
        void retried(std::string_view stream, std::uint64_t retries, std::uint64_t records);
    };

    sluice::asio::awaitable<sluice::result<Running>> open(sluice::World& world) const;
};

class Wrong : public sluice::NoMetrics {
public:
    class Running : public sluice::NoMetrics::Running {
    public:
        void finish();
    };

    sluice::asio::awaitable<sluice::result<Running>> open(sluice::World& world) const;
};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Right());
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Wrong());
}
