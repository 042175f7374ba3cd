// What is the least that a record costs, and where does it go?

#include "floor.hpp"
#include "harness.hpp"
#include "one_processor.hpp"
#include "sink_process.hpp"

#include <cstdint>
#include <iterator>
#include <numeric>
#include <string>
#include <vector>

namespace {

/// Nanoseconds of CPU for each record, step by step, of requests full of aggregates.
class Steps {
public:
    Steps(int port, std::size_t bytes) : records_(16'384, bytes), floor_(port, records_, 1) {
        members_.resize(floor_.capacity());
    }

    void round(bool counts) {
        std::vector<double> spent(6);
        std::size_t count = 0;
        while (count < 200'000) {
            const auto first = count;
            for (std::size_t i = 0; i < bench::Floor::aggregates_a_request; ++i, count += members_.size()) {
                std::iota(members_.begin(), members_.end(), static_cast<std::uint32_t>(count));
                add(spent[1], [&] { floor_.frame(members_); });
            }
            add(spent[0], [&] {
                for (auto i = first; i < count; i += bench::Floor::digested) floor_.digest_keys(i);
            });
            add(spent[2], [&] { floor_.digest_aggregates(); });
            std::size_t entries = 0;
            add(spent[3], [&] { entries = floor_.encode_aggregates(); });
            add(spent[4], [&] { floor_.sign(); });
            add(spent[5], [&] { floor_.exchange(entries); });
        }
        if (!counts) return;
        for (std::size_t i = 0; i < spent.size(); ++i) series_[i].add(spent[i] / static_cast<double>(count));
        all_.add(std::accumulate(spent.begin(), spent.end(), 0.0) / static_cast<double>(count));
    }

    void show(bench::Table& table, const std::string& size) const {
        static constexpr const char* names[]{"digest of the key", "framing", "digest of the aggregate", "base64",
                                             "signature", "HTTPS exchange"};
        for (std::size_t i = 0; i < std::size(names); ++i) {
            table.row(size + ": " + names[i], " ns", series_[i], {}, "");
        }
        table.row(size + ": all", " ns", all_, {}, "");
    }

private:
    template <class Step>
    static void add(double& spent, Step step) {
        const bench::Stopwatch watch(bench::Stopwatch::process);
        step();
        spent += watch.nanoseconds();
    }

    bench::Records records_;
    bench::Floor floor_;
    std::vector<std::uint32_t> members_;
    std::vector<bench::Series> series_ = std::vector<bench::Series>(6);
    bench::Series all_;
};

} // namespace

int main(int, char** arguments) {
    const bench::OneProcessor pinned;
    const bench::SinkProcess sink(arguments[0], 1);
    bench::Table table("The least that a record costs",
                       "CPU time of a record's share of each step that nobody can leave out, by hand, in aggregates of "
                       "50 KiB over HTTPS. The sum is the yardstick of the pipeline below.");
    for (const std::size_t bytes : {100U, 1'000U}) {
        Steps steps(sink.port(), bytes);
        bench::repeat(7, [&](bool counts) { steps.round(counts); });
        steps.show(table, bytes == 100 ? "100 B" : "1 KB");
    }
}
