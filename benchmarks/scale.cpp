// Does a record cost the same, however many shards, lanes, waiting records and putting threads there are?

#include "client.hpp"
#include "harness.hpp"
#include "one_processor.hpp"
#include "records.hpp"
#include "sink_process.hpp"

#include <sluice/batching/aggregate.hpp>
#include <sluice/batching/collect.hpp>
#include <sluice/blocking_producer.hpp>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

const bench::Records& records() {
    static const bench::Records ours(16'384, 100);
    return ours;
}

/// A producer and the sink that it sends to.
template <class Batching>
class Stream {
public:
    Stream(const char* program, std::size_t shards, const std::function<void(sluice::Options&)>& change)
        : sink_(program, shards), producer_(options(sink_, change), Batching(), bench::transport_for(sink_),
                                            bench::credentials()) {}

    /// Microseconds of CPU that the whole process spends for each of so many records, put by so many threads.
    double cost(std::size_t count, std::size_t threads = 1) {
        const bench::Stopwatch watch(bench::Stopwatch::process);
        std::vector<std::thread> others;
        for (std::size_t i = 1; i < threads; ++i) others.emplace_back([&, i] { put(i, count, threads); });
        put(0, count, threads);
        for (auto& thread : others) thread.join();
        const auto report = producer_.flush(std::chrono::minutes(2));
        if (report.left != 0 || report.failed != 0) throw std::runtime_error("not everything was delivered");
        return watch.nanoseconds() / 1e3 / static_cast<double>(count);
    }

private:
    static sluice::Options options(const bench::SinkProcess& sink,
                                   const std::function<void(sluice::Options&)>& change) {
        auto options = bench::options_for(sink);
        change(options);
        return options;
    }

    void put(std::size_t first, std::size_t count, std::size_t step) {
        for (auto i = first; i < count; i += step) {
            if (producer_.try_put(records()[i])) std::abort();
        }
    }

    bench::SinkProcess sink_;
    sluice::BlockingProducer<Batching, sluice::CurlTransport, sluice::StaticCredentials> producer_;
};

/// One thing that grows: its steps, and what a record costs at each.
class Steps {
public:
    Steps(std::string thing, std::string batching) : thing_(std::move(thing)), batching_(std::move(batching)) {}

    void add(std::size_t size, std::function<double()> cost) {
        sizes_.push_back(size);
        costs_.push_back(std::move(cost));
    }

    /// Each step in each round; adds a row that compares the last one with the first.
    void measure(bench::Table& table, int rounds) {
        std::vector<bench::Series> series(costs_.size());
        static_cast<void>(costs_.front()()); // to warm up; of the others, some take long
        for (int round = 0; round < rounds; ++round) {
            for (std::size_t i = 0; i < costs_.size(); ++i) series[i].add(costs_[i]());
        }
        for (std::size_t i = 0; i < costs_.size(); ++i) {
            bench::plot("scale: " + thing_, batching_, std::to_string(sizes_[i]), series[i].median());
        }
        const auto what = std::to_string(sizes_.back()) + " " + thing_ + ", " + batching_ + ", beside " +
                          std::to_string(sizes_.front());
        table.row(what, " us", series.back(), series.front(), "<= 1.2");
    }

private:
    std::string thing_;
    std::string batching_;
    std::vector<std::size_t> sizes_;
    std::vector<std::function<double()>> costs_;
};

template <class Batching>
class Scale {
public:
    Scale(bench::Table& table, const char* program, std::string batching)
        : table_(table), program_(program), batching_(std::move(batching)) {}

    void shards() const {
        std::deque<Stream<Batching>> streams;
        Steps steps("shards", batching_);
        for (const std::size_t count : {1U, 4U, 16U, 64U}) {
            auto& stream = streams.emplace_back(program_, count, [](sluice::Options&) {});
            steps.add(count, [&stream] { return stream.cost(200'000); });
        }
        steps.measure(table_, 3);
    }

    /// In order, so that records of one lane wait for one another.
    void lanes() const {
        std::deque<Stream<Batching>> streams;
        Steps steps("lanes", batching_);
        for (const std::size_t count : {1U, 10U, 100U, 1'000U}) {
            auto& stream = streams.emplace_back(program_, 4, [count](sluice::Options& options) {
                options.ordering = sluice::Ordering::per_key;
                options.lanes = count;
            });
            steps.add(count, [&stream] { return stream.cost(200'000); });
        }
        steps.measure(table_, 3);
    }

    /// Nothing leaves before all is there.
    void buffered() const {
        Stream<Batching> stream(program_, 4, [](sluice::Options& options) { options.auto_flush = false; });
        Steps steps("records buffered", batching_);
        steps.add(10'000, [&stream] {
            double sum = 0;
            for (int i = 0; i < 10; ++i) sum += stream.cost(10'000) / 10;
            return sum;
        });
        steps.add(100'000, [&stream] { return stream.cost(100'000); });
        steps.add(1'000'000, [&stream] { return stream.cost(1'000'000); });
        if (has_memory()) steps.add(10'000'000, [&stream] { return stream.cost(10'000'000); });
        steps.measure(table_, 1);
    }

    void threads() const {
        Stream<Batching> stream(program_, 4, [](sluice::Options&) {});
        Steps steps("putting threads", batching_);
        for (const std::size_t count : {1U, 2U, 3U, 4U}) {
            steps.add(count, [&stream, count] { return stream.cost(200'000, count); });
        }
        steps.measure(table_, 3);
    }

private:
    /// Ten million records need two gigabytes; nobody else is to be pushed out of memory.
    static bool has_memory() {
        const auto free = static_cast<double>(::sysconf(_SC_AVPHYS_PAGES)) *
                          static_cast<double>(::sysconf(_SC_PAGESIZE));
        if (free < 4e9) std::fprintf(stderr, "There is not enough memory for ten million records.\n");
        return free >= 4e9;
    }

    bench::Table& table_;
    const char* program_;
    std::string batching_;
};

} // namespace

int main(int, char** arguments) {
    bench::Table table("Scale",
                       "CPU time for each record of 100 B from put to outcome, over HTTPS to another process, when "
                       "something is large. The yardstick is the same when it is small: a ratio of 1 is flat. On one "
                       "processor, but for putting threads.");
    const Scale<sluice::Aggregate> aggregated(table, arguments[0], "in aggregates");
    const Scale<sluice::Collect> collected(table, arguments[0], "each an entry");
    {
        const bench::OneProcessor pinned;
        aggregated.shards();
        aggregated.lanes();
        aggregated.buffered();
        collected.shards();
        collected.buffered();
    }
    aggregated.threads();
    collected.threads();
}
