// What does compression cost, and what does it save?

#include "client.hpp"
#include "harness.hpp"
#include "one_processor.hpp"
#include "records.hpp"
#include "sink_process.hpp"

#include <sluice/batching/aggregate.hpp>
#include <sluice/blocking_producer.hpp>
#include <sluice/compression/zstd.hpp>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

/// Counts the bytes that were sent.
class Bytes {
public:
    using policy_kind = sluice::kind::metrics;

    class Running {
    public:
        explicit Running(std::shared_ptr<std::uint64_t> sum) : sum_(std::move(sum)) {}

        void accepted(std::string_view, std::uint64_t, std::uint64_t) {}
        void exchanged(std::string_view, const sluice::Exchange& exchange) { *sum_ += exchange.bytes; }
        void settled(std::string_view, sluice::error_code, std::uint64_t) {}
        void observed(const sluice::Stats&) {}

    private:
        std::shared_ptr<std::uint64_t> sum_;
    };

    [[nodiscard]] sluice::asio::awaitable<sluice::result<Running>> open(sluice::World&) const {
        co_return Running(sum);
    }

    std::shared_ptr<std::uint64_t> sum = std::make_shared<std::uint64_t>(0); ///< Read when nothing is in flight.
};

/// What a record needs.
class Cost {
public:
    double microseconds; ///< Of CPU, in the whole process.
    double bytes;        ///< Of data and keys in requests, before base64.
};

template <class Compression>
class Sender {
public:
    Sender(const bench::SinkProcess& sink, const bench::Records& records, Compression compression)
        : records_(records), producer_(bench::options_for(sink), sluice::Aggregate(), std::move(compression), bytes_,
                                       bench::transport_for(sink), bench::credentials()) {}

    Cost send(std::size_t count) {
        const auto before = *bytes_.sum;
        const bench::Stopwatch watch(bench::Stopwatch::process);
        for (std::size_t i = 0; i < count; ++i) {
            if (producer_.try_put(records_[i])) std::abort();
        }
        const auto report = producer_.flush();
        if (report.left != 0 || report.failed != 0) throw std::runtime_error("not everything was delivered");
        const auto each = 1 / static_cast<double>(count);
        return {watch.nanoseconds() / 1e3 * each, static_cast<double>(*bytes_.sum - before) * each};
    }

private:
    const bench::Records& records_;
    Bytes bytes_;
    sluice::BlockingProducer<sluice::Aggregate, Compression, Bytes, sluice::CurlTransport, sluice::StaticCredentials>
        producer_;
};

void measure(bench::Table& table, const bench::SinkProcess& sink, std::size_t bytes, sluice::Zstd zstd,
             const std::string& what, bool goals) {
    const bench::Records records(16'384, bytes);
    const std::size_t count = bytes < 1'000 ? 200'000 : 30'000;
    Sender<sluice::NoCompression> plain(sink, records, {});
    Sender<sluice::Zstd> compressed(sink, records, std::move(zstd));
    bench::Series time, plain_time, size, plain_size;
    bench::repeat(5, [&](bool counts) {
        const auto its = compressed.send(count);
        const auto least = plain.send(count);
        if (!counts) return;
        time.add(its.microseconds);
        plain_time.add(least.microseconds);
        size.add(its.bytes);
        plain_size.add(least.bytes);
    });
    table.row(what + ": CPU a record", " us", time, plain_time, goals ? "<= 1.3" : "");
    table.row(what + ": bytes a record", " B", size, plain_size, goals ? "<= 0.25" : "");
}

} // namespace

int main(int, char** arguments) {
    const bench::OneProcessor pinned;
    using sluice::Scope;
    const bench::SinkProcess sink(arguments[0]);
    bench::Table table("Compression",
                       "CPU time from put to outcome, and bytes sent, of log lines in aggregates, with zstd, level 1. "
                       "The yardstick is the same without compression; a whole aggregate shrinks more than its "
                       "records one by one.");
    measure(table, sink, 100, sluice::Zstd(1, Scope::aggregate), "100 B, a whole aggregate", true);
    measure(table, sink, 1'000, sluice::Zstd(1, Scope::aggregate), "1 KB, a whole aggregate", true);
    measure(table, sink, 1'000, sluice::Zstd(1, Scope::record), "1 KB, record by record", false);
}
