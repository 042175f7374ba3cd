// Puts the records of a file through a buffer on disk and tells, in one line of JSON, what became of them.
//
//     put ENDPOINT STREAM BUFFER SECONDS json|cbor IN_FLIGHT collect|aggregate [FILE]
//
// A line of FILE is one record: key and data in hexadecimal digits and, perhaps, an explicit hash key. Each `accepted N`
// says that so many records are safe. Then everything is delivered, with IN_FLIGHT requests at a time and for SECONDS at
// most; what is left stays in BUFFER.
#include <sluice/batching/aggregate.hpp>
#include <sluice/batching/collect.hpp>
#include <sluice/sluice.hpp>
#include <sluice/storage/sqlite.hpp>

#include "hex.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <exception>
#include <fstream>
#include <iostream>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace {

/// Empty data has no digits: fields are parted by one tab each.
sluice::Record record_of(const std::string& line) {
    std::istringstream fields(line);
    std::string key, data, hash_key;
    std::getline(fields, key, '\t');
    std::getline(fields, data, '\t');
    std::getline(fields, hash_key, '\t');
    sluice::Record record(bytes_of(key), bytes_of(data));
    record.explicit_hash_key = hash_key;
    return record;
}

/// One of the shipped ones, chosen at run time: a producer for each would double what is compiled.
class ChosenBatching {
public:
    using policy_kind = sluice::kind::batching;

    explicit ChosenBatching(std::string_view word) {
        if (word == "aggregate") chosen_ = sluice::Aggregate();
    }

    [[nodiscard]] sluice::Horizon horizon(const sluice::RequestLimits& limits, std::size_t shards) const {
        return std::visit([&](const auto& batching) { return batching.horizon(limits, shards); }, chosen_);
    }
    [[nodiscard]] sluice::Plan plan(std::span<sluice::Candidate> candidates,
                                    const sluice::RequestLimits& limits) const {
        return std::visit([&](const auto& batching) { return batching.plan(candidates, limits); }, chosen_);
    }
    [[nodiscard]] std::vector<sluice::Entry> assemble(std::span<const std::span<const sluice::Candidate>> entries,
                                                      std::deque<std::string>& texts) const {
        return std::visit([&](const auto& batching) { return batching.assemble(entries, texts); }, chosen_);
    }
    [[nodiscard]] std::size_t entry_room(const sluice::RequestLimits& limits) const {
        return std::visit([&](const auto& batching) { return batching.entry_room(limits); }, chosen_);
    }
    [[nodiscard]] bool goes_by_shard() const {
        return std::visit([](const auto& batching) { return batching.goes_by_shard(); }, chosen_);
    }
    [[nodiscard]] bool carries_headers() const {
        return std::visit([](const auto& batching) { return batching.carries_headers(); }, chosen_);
    }

private:
    std::variant<sluice::Collect, sluice::Aggregate> chosen_;
};

using Producer = sluice::BlockingProducer<sluice::SqliteStorage, ChosenBatching>;

sluice::Options options_of(const std::vector<std::string>& words) {
    sluice::Options options{words[1]};
    options.endpoint = words[0];
    if (words[4] == "cbor") options.wire = sluice::Wire::cbor;
    options.requests_in_flight = std::stoul(words[5]);
    options.request_bytes = 5U << 20U; // older limits than the service's own are still found in the wild
    options.longest_back_off = std::chrono::milliseconds(500);
    const auto sink = [](sluice::LogLevel level, std::string_view text) {
        std::cerr << to_string(level) << ": " << text << '\n';
    };
    options.log = sluice::Log(sink);
    return options;
}

class Put {
public:
    explicit Put(const std::vector<std::string>& words)
        : producer_(options_of(words), sluice::SqliteStorage(words[2]), ChosenBatching(words[6])),
          seconds_(std::stoi(words[3])) {
        if (words.size() < 8) return;
        file_.open(words[7]);
        if (!file_) throw std::runtime_error(words[7] + " cannot be read");
    }

    int run() {
        producer_.open(opened_);
        std::vector<sluice::Record> piece;
        for (std::string line; std::getline(file_, line);) {
            piece.push_back(record_of(line));
            if (piece.size() == 50) put(piece);
        }
        if (!piece.empty()) put(piece);
        sluice::error_code failure;
        const auto report = producer_.flush(std::chrono::seconds(seconds_), failure);
        tell(report, failure);
        producer_.close(std::chrono::seconds(0));
        return report.left > 0 || failure ? 3 : 0;
    }

private:
    void put(std::vector<sluice::Record>& piece) {
        sluice::error_code failure;
        const auto report = producer_.put_all(piece, failure);
        refused_ += report.refused.size();
        if (failure) std::cerr << "refused: " << failure.message() << '\n';
        piece.clear();
        std::cout << "accepted " << producer_.stats().accepted << std::endl;
    }

    void tell(const sluice::FlushReport& report, sluice::error_code failure) const {
        const auto stats = producer_.stats();
        const auto total = stats.total();
        std::cout << R"({"opened":")" << (opened_ ? opened_.message() : "") << R"(","flushed":")"
                  << (failure ? failure.message() : "") << R"(","paused_by":")"
                  << (report.paused_by ? report.paused_by.message() : "") << R"(","accepted":)" << stats.accepted
                  << R"(,"refused":)" << refused_ << R"(,"recovered":)" << stats.recovered << R"(,"delivered":)"
                  << total.delivered << R"(,"failed":)" << total.failed << R"(,"left":)" << report.left << "}"
                  << std::endl;
    }

    Producer producer_;
    int seconds_;
    std::ifstream file_;
    sluice::error_code opened_;
    std::size_t refused_ = 0;
};

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() < 7) {
        std::cerr << "usage: put ENDPOINT STREAM BUFFER SECONDS json|cbor IN_FLIGHT collect|aggregate [FILE]\n";
        return 2;
    }
    try {
        return Put(words).run();
    } catch (const std::exception& failure) {
        std::cerr << "put: " << failure.what() << '\n';
        return 1;
    }
}
