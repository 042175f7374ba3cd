// What does a record take that waits?

#include "harness.hpp"
#include "records.hpp"

#include <sluice/blocking_producer.hpp>
#include <sluice/credentials/static.hpp>

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t record_count = 1'000'000;

/// The yardstick: keys, data and their sizes, one after the other in blocks of memory.
class Blocks {
public:
    void add(std::string_view key, std::string_view data) {
        constexpr std::size_t size = 1U << 20U;
        const auto wanted = key.size() + data.size() + 2 * sizeof(std::uint32_t);
        if (blocks_.empty() || blocks_.back().size() + wanted > size) blocks_.emplace_back().reserve(size);
        for (const auto& text : {key, data}) {
            const auto bytes = static_cast<std::uint32_t>(text.size());
            blocks_.back().append(reinterpret_cast<const char*>(&bytes), sizeof bytes).append(text);
        }
    }

private:
    std::vector<std::string> blocks_;
};

/// Megabytes of this process that are in memory.
double resident() {
    std::ifstream file("/proc/self/statm");
    double all = 0, resident = 0;
    file >> all >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

bench::Series once(double value) {
    bench::Series series;
    series.add(value);
    return series;
}

} // namespace

int main() {
    const bench::Records records(1'024, 100);
    const auto empty = resident();
    sluice::Options options("benchmark");
    options.region = "us-east-1";
    options.endpoint = "https://127.0.0.1:1"; // nobody listens there
    options.buffer_bytes = std::size_t{1} << 30U;
    options.close_timeout = std::chrono::milliseconds(0);
    sluice::BlockingProducer producer(options, sluice::StaticCredentials("nobody", sluice::Secret("nothing")));
    const auto before = resident();
    for (std::size_t i = 0; i < record_count; ++i) {
        if (producer.try_put(records[i])) std::abort();
    }
    // The stream pauses, tries again, and pauses for longer: as in an outage.
    std::this_thread::sleep_for(std::chrono::seconds(1));
    if (producer.stats().buffered_records != record_count) return 1;
    const auto full = resident();

    auto blocks = std::make_unique<Blocks>();
    for (std::size_t i = 0; i < record_count; ++i) blocks->add(records.key(i), records.data(i));
    const auto both = resident();

    constexpr auto each = 1e6 / static_cast<double>(record_count);
    bench::Table table("Memory",
                       "A million records of 100 B, with keys of 16 B, wait in memory while the service is away: what "
                       "is resident of the process, and for each record. The yardstick is keys, data and their sizes, "
                       "one after the other.");
    table.row("1,000,000 x 100 B: the whole process", " MB", once(full), once(empty + both - full), "<= 160 MB");
    table.row("a record, key and data included", " B", once((full - before) * each), once((both - full) * each),
              "<= 148 B");
}
