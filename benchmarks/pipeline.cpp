// What does a record cost from put to outcome, through batching, signature and TLS?

#include "client.hpp"
#include "floor.hpp"
#include "harness.hpp"
#include "one_processor.hpp"
#include "records.hpp"
#include "sink_process.hpp"

#include <sluice/batching/aggregate.hpp>
#include <sluice/batching/collect.hpp>
#include <sluice/blocking_producer.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cstdio>
#include <cstdlib>
#include <future>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace {

constexpr std::size_t usual_shards = 4;

/// Records of one size, sent by a producer to a stream with so many shards.
template <class Batching>
class Pipeline {
public:
    Pipeline(const char* program, std::size_t shards, std::size_t bytes, std::size_t count)
        : shards_(shards), sink_(program, shards), records_(16'384, bytes), floor_(sink_.port(), records_, shards),
          count_(count) {}

    /// Adds a row: microseconds of CPU that the whole process spends for each record that is put.
    void puts(bench::Table& table, const std::string& what, sluice::Wire wire, std::string_view goal) {
        auto options = bench::options_for(sink_);
        options.wire = wire;
        sluice::BlockingProducer producer(options, Batching(), bench::transport_for(sink_), bench::credentials());
        const auto [ours, least] = compare([&] { put(producer, count_); }, [&] { send_by_hand(); });
        table.row(name(what), " us", ours, least, goal);
        tell(name(what), producer.stats());
        if (shards_ != usual_shards) return;
        bench::plot("cpu", size(), "sluice, " + what, ours.median());
        if (wire == sluice::Wire::json) bench::plot("cpu", size(), "by hand, " + what, least.median());
    }

    /// The same for records whose outcomes are told one by one, to a handler each.
    void deliveries(bench::Table& table, const std::string& what, std::string_view goal) {
        sluice::asio::io_context context{1};
        auto producer = sluice::make_producer(context.get_executor(), bench::options_for(sink_), Batching(),
                                              bench::transport_for(sink_), bench::credentials());
        const auto [ours, least] = compare([&] { deliver_all(context, producer); }, [&] { send_by_hand(); });
        table.row(name(what), " us", ours, least, goal);
    }

    /// The same for records that go in a request each, several of which are in flight.
    void requests(bench::Table& table, const std::string& what, std::string_view goal) {
        auto options = bench::options_for(sink_);
        options.request_records = 1;
        sluice::BlockingProducer producer(options, Batching(), bench::transport_for(sink_), bench::credentials());
        const auto [ours, least] = compare([&] { put(producer, count_); },
                                           [&] { floor_.singly(count_, options.requests_in_flight); });
        table.row(name(what), " us", ours, least, goal);
    }

    /// The same for records each of which is flushed before the next is put: nothing is warm, and threads wake each
    /// other. So do those of the yardstick.
    void flushes(bench::Table& table, const std::string& what, std::string_view goal) {
        sluice::BlockingProducer producer(bench::options_for(sink_), Batching(), bench::transport_for(sink_),
                                          bench::credentials());
        const auto one_by_one = [&] {
            for (std::size_t i = 0; i < count_; ++i) put(producer, 1);
        };
        sluice::asio::thread_pool other(1);
        const auto [ours, least] = compare(one_by_one, [&] {
            for (std::size_t i = 0; i < count_; ++i) {
                std::promise<void> sent;
                sluice::asio::post(other, [&] {
                    floor_.collected(1);
                    sent.set_value();
                });
                sent.get_future().get();
            }
        });
        table.row(name(what), " us", ours, least, goal);
    }

    /// Nanoseconds of a record, put as `puts` does, and nothing else beside it: for a profiler.
    [[nodiscard]] double alone() {
        sluice::BlockingProducer producer(bench::options_for(sink_), Batching(), bench::transport_for(sink_),
                                          bench::credentials());
        bench::Series all;
        bench::repeat(15, [&](bool counts) {
            const auto time = time_of([&] { put(producer, count_); });
            if (counts) all.add(time * 1e3);
        });
        return all.median();
    }

private:
    [[nodiscard]] std::string name(const std::string& what) const {
        const auto in_shards = shards_ == usual_shards ? "" : ", shards: " + std::to_string(shards_);
        return size() + ", " + what + in_shards;
    }

    [[nodiscard]] std::string size() const { return records_.size() < 1'000 ? "100 B" : "1 KB"; }

    template <class Producer>
    void put(Producer& producer, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
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
    template <class Work, class LeastWork>
    [[nodiscard]] std::pair<bench::Series, bench::Series> compare(Work work, LeastWork least_work) {
        std::pair<bench::Series, bench::Series> both;
        bench::repeat(5, [&](bool counts) {
            const auto ours = time_of(work);
            const auto least = time_of(least_work);
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

    std::size_t shards_;
    bench::SinkProcess sink_;
    bench::Records records_;
    bench::Floor floor_;
    std::size_t count_;
};

} // namespace

int main(int count, char** arguments) {
    const bench::OneProcessor pinned;
    using sluice::Wire;
    using Aggregated = Pipeline<sluice::Aggregate>;
    using Collected = Pipeline<sluice::Collect>;
    if (count > 1 && arguments[1] == std::string_view("alone")) {
        std::printf("%.0f\n", Aggregated(arguments[0], usual_shards, 100, 400'000).alone());
        return 0;
    }
    bench::Table table("From put to outcome",
                       "CPU time of a whole process for each record, from `try_put` to its outcome, over HTTPS to "
                       "another process; in JSON and to four shards, but where it says otherwise. The yardstick sends the "
                       "same records by hand: only what nobody can leave out, without a queue, outcomes or retries. All "
                       "of it, the server too, on one processor.");
    for (const std::size_t shards : {1U, 4U, 64U}) {
        Aggregated small(arguments[0], shards, 100, 400'000);
        small.puts(table, "in aggregates", Wire::json, "<= 2, <= 0.65 us");
        if (shards != usual_shards) continue;
        small.puts(table, "in aggregates, CBOR", Wire::cbor, "");
        small.deliveries(table, "in aggregates, each with a handler", "");
    }
    {
        Aggregated large(arguments[0], usual_shards, 1'000, 60'000);
        large.puts(table, "in aggregates", Wire::json, "<= 1.5, <= 3.8 us");
    }
    {
        Collected small(arguments[0], usual_shards, 100, 150'000);
        small.puts(table, "each an entry", Wire::json, "<= 1.2 us");
        small.puts(table, "each an entry, CBOR", Wire::cbor, "");
        small.deliveries(table, "each an entry, each with a handler", "");
    }
    {
        Collected large(arguments[0], usual_shards, 1'000, 30'000);
        large.puts(table, "each an entry", Wire::json, "");
    }
    Collected single(arguments[0], usual_shards, 100, 1'000);
    single.requests(table, "each a request", "<= 110 us");
    single.flushes(table, "each a request, flushed one by one", "<= 110 us");
}
