// What does a record cost from put to outcome, through batching, signature and TLS?

#include "client.hpp"
#include "floor.hpp"
#include "harness.hpp"
#include "records.hpp"
#include "sink_process.hpp"

#include <sluice/batching/collect.hpp>
#include <sluice/blocking_producer.hpp>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace {

/// Records of one size, sent by a producer to a stream with so many shards.
template <class Batching>
class Pipeline {
public:
    Pipeline(const char* program, std::size_t shards, std::size_t bytes, std::size_t count)
        : sink_(program, shards), records_(16'384, bytes), floor_(sink_.port(), records_, shards), count_(count) {}

    /// Adds a row: microseconds of CPU that the whole process spends for each record that is put.
    void puts(bench::Table& table, const std::string& what, sluice::Wire wire, std::string_view goal) {
        auto options = bench::options_for(sink_);
        options.wire = wire;
        sluice::BlockingProducer producer(options, Batching(), bench::transport_for(sink_), bench::credentials());
        const auto [ours, least] = compare([&] { put_all(producer); });
        table.row(size() + ", " + what, " us", ours, least, goal);
        tell(what, producer.stats());
        bench::plot("cpu", size(), "sluice, " + what, ours.median());
        if (wire == sluice::Wire::json) bench::plot("cpu", size(), "by hand, " + what, least.median());
    }

    /// The same for records whose outcomes are told one by one, to a handler each.
    void deliveries(bench::Table& table, const std::string& what, std::string_view goal) {
        sluice::asio::io_context context{1};
        auto producer = sluice::make_producer(context.get_executor(), bench::options_for(sink_), Batching(),
                                              bench::transport_for(sink_), bench::credentials());
        const auto [ours, least] = compare([&] { deliver_all(context, producer); });
        table.row(size() + ", " + what, " us", ours, least, goal);
    }

private:
    [[nodiscard]] std::string size() const { return records_.size() < 1'000 ? "100 B" : "1 KB"; }

    template <class Producer>
    void put_all(Producer& producer) {
        for (std::size_t i = 0; i < count_; ++i) {
            if (producer.try_put(records_[i])) std::abort();
        }
        const auto report = producer.flush();
        if (report.left != 0 || report.failed != 0) throw std::runtime_error("not everything was delivered");
    }

    template <class Producer>
    void deliver_all(sluice::asio::io_context& context, Producer& producer) {
        std::size_t delivered = 0;
        for (std::size_t i = 0; i < count_; ++i) {
            sluice::Record record(std::string(records_.key(i)), std::string(records_.data(i)));
            producer.async_deliver(std::move(record), [&](sluice::error_code failure, const sluice::Receipt&) {
                if (!failure) ++delivered;
            });
        }
        producer.async_flush([](sluice::error_code, const sluice::FlushReport&) {});
        context.restart();
        context.run();
        if (delivered != count_) throw std::runtime_error("not everything was delivered");
    }

    /// What each side needs for a record, in microseconds of CPU.
    template <class Work>
    [[nodiscard]] std::pair<bench::Series, bench::Series> compare(Work work) {
        std::pair<bench::Series, bench::Series> both;
        bench::repeat(5, [&](bool counts) {
            const auto ours = time_of(work);
            const auto least = time_of([&] { send_by_hand(); });
            if (!counts) return;
            both.first.add(ours);
            both.second.add(least);
        });
        return both;
    }

    void send_by_hand() {
        if constexpr (std::is_same_v<Batching, sluice::Collect>) {
            floor_.collected(count_);
        } else {
            floor_.aggregated(count_);
        }
    }

    template <class Work>
    [[nodiscard]] double time_of(Work work) const {
        const bench::Stopwatch watch(bench::Stopwatch::process);
        work();
        return watch.nanoseconds() / 1e3 / static_cast<double>(count_);
    }

    static void tell(std::string_view what, const sluice::Stats& stats) {
        const auto total = stats.total();
        std::fprintf(stderr, "%.*s: %.1f records a request, %llu tries more than needed\n",
                     static_cast<int>(what.size()), what.data(),
                     static_cast<double>(total.delivered) / static_cast<double>(total.requests),
                     static_cast<unsigned long long>(total.retried));
    }

    bench::SinkProcess sink_;
    bench::Records records_;
    bench::Floor floor_;
    std::size_t count_;
};

} // namespace

int main(int, char** arguments) {
    using sluice::Wire;
    bench::Table table("From put to outcome",
                       "CPU time of a whole process for each record, from `try_put` to its outcome, over HTTPS to "
                       "another process; with one exception JSON. The yardstick sends the same records by hand: only "
                       "what nobody can leave out, without a queue, outcomes or retries.");
    using Collected = Pipeline<sluice::Collect>;
    {
        Collected small(arguments[0], 4, 100, 150'000);
        small.puts(table, "each an entry", Wire::json, "<= 1.2 us");
        small.puts(table, "each an entry, CBOR", Wire::cbor, "");
        small.deliveries(table, "each an entry, each with a handler", "");
    }
    {
        Collected large(arguments[0], 4, 1'000, 30'000);
        large.puts(table, "each an entry", Wire::json, "<= 4.7 us");
    }
}
