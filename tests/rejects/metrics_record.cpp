// expect: the member 'record' of these metrics would not be called; make it 'void record(const AcceptedRecord&)'
#include <sluice/metrics/summary.hpp>
#include <sluice/producer.hpp>

class Wrong : public sluice::NoMetrics {
public:
    class Running : public sluice::NoMetrics::Running {
    public:
        template <class Key>
        void record(std::string_view stream, Key key);
    };

    sluice::asio::awaitable<sluice::result<Running>> open(sluice::World& world) const;
};

auto right(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, sluice::SummaryMetrics());
}

auto wrong(sluice::asio::any_io_executor executor) {
    return sluice::make_producer(executor, sluice::Options{"clicks"}, Wrong());
}
