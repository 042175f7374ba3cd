// What do others need for the same records?
//
//     peers NAME=COMMAND...      each sends records and prints microseconds of CPU for each; see peers/
//
// The environment of a command says what to send and where: SINK (host:port), SINK_CA and NODE_EXTRA_CA_CERTS (a file),
// RECORDS (a file with a key, a blank, and the data a line), COUNT.

#include "client.hpp"
#include "harness.hpp"
#include "one_processor.hpp"
#include "records.hpp"
#include "sink_process.hpp"

#include <sluice/batching/aggregate.hpp>
#include <sluice/blocking_producer.hpp>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

/// A file with records, gone with this object.
class File {
public:
    explicit File(const bench::Records& records)
        : path((std::filesystem::temp_directory_path() / ("sluice-records-" + std::to_string(::getpid()))).string()) {
        std::ofstream file(path);
        for (std::size_t i = 0; i < 16'384; ++i) file << records.key(i) << ' ' << records.data(i) << '\n';
    }
    ~File() {
        std::error_code ignored;
        std::filesystem::remove(path, ignored);
    }

    File(const File&) = delete;
    File& operator=(const File&) = delete;

    std::string path;
};

/// Microseconds of CPU that we need for each.
double ours(const bench::SinkProcess& sink, const bench::Records& records, std::size_t count) {
    sluice::BlockingProducer producer(bench::options_for(sink), sluice::Aggregate(), bench::transport_for(sink),
                                      bench::credentials());
    bench::Series series;
    bench::repeat(3, [&](bool counts) {
        const bench::Stopwatch watch(bench::Stopwatch::process);
        for (std::size_t i = 0; i < count; ++i) {
            if (producer.try_put(records[i])) std::abort();
        }
        const auto report = producer.flush();
        if (report.left != 0 || report.failed != 0) throw std::runtime_error("not everything was delivered");
        if (counts) series.add(watch.nanoseconds() / 1e3 / static_cast<double>(count));
    });
    return series.median();
}

/// What a command prints; none if it fails.
bench::Series theirs(const std::string& command) {
    bench::Series series;
    std::FILE* const out = ::popen(command.c_str(), "r");
    double value = 0;
    const bool read = out != nullptr && std::fscanf(out, "%lf", &value) == 1;
    if (out != nullptr && ::pclose(out) == 0 && read) series.add(value);
    return series;
}

class Peer {
public:
    explicit Peer(std::string_view argument)
        : name(argument.substr(0, argument.find('='))), command(argument.substr(argument.find('=') + 1)) {}

    std::string name;
    std::string command;
};

/// A row for each peer that works, for records of one size.
void measure(bench::Table& table, const bench::SinkProcess& sink, std::size_t bytes, std::size_t count,
             const std::vector<Peer>& peers) {
    const bench::Records records(16'384, bytes);
    const std::string size = bytes < 1'000 ? "100 B" : "1 KB";
    const File file(records);
    ::setenv("RECORDS", file.path.c_str(), 1);
    ::setenv("COUNT", std::to_string(count).c_str(), 1);
    bench::Series its;
    its.add(ours(sink, records, 4 * count));
    for (const auto& peer : peers) {
        const auto cost = theirs(peer.command);
        if (cost.empty()) {
            std::fprintf(stderr, "%s does not work here.\n", peer.name.c_str());
            continue;
        }
        table.row(size + ", beside " + peer.name, " us", its, cost, peer.name.starts_with("librdkafka") ? "<= 1" : "");
        bench::plot("cpu", size, peer.name, cost.median());
    }
}

} // namespace

int main(int count, char** arguments) {
    const bench::OneProcessor pinned;
    const bench::SinkProcess sink(arguments[0]);
    ::setenv("SINK", sink.host().c_str(), 1);
    ::setenv("SINK_CA", sink.ca_file().c_str(), 1);
    ::setenv("NODE_EXTRA_CA_CERTS", sink.ca_file().c_str(), 1);
    const std::vector<Peer> peers(arguments + 1, arguments + count);
    bench::Table table("Others",
                       "CPU time of a whole process for each record; ours go in aggregates. The yardsticks are those "
                       "other clients that were found: SDKs call PutRecords with 500 records at a time, over HTTPS, to the sink that we use; "
                       "librdkafka sends to its own mock of a cluster, without TLS, whose thread is left out.");
    measure(table, sink, 100, 50'000, peers);
    measure(table, sink, 1'000, 20'000, peers);
}
