// Puts the records of a file through a buffer on disk and tells, in one line of JSON, what became of them.
//
//     put ENDPOINT STREAM BUFFER SECONDS json|cbor IN_FLIGHT [FILE]
//
// A line of FILE is one record: key and data in hexadecimal digits and, perhaps, an explicit hash key. Each `accepted N`
// says that so many records are safe. Then everything is delivered, with IN_FLIGHT requests at a time and for SECONDS at
// most; what is left stays in BUFFER.
#include <sluice/sluice.hpp>
#include <sluice/storage/sqlite.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

std::string bytes_of(std::string_view digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
    }
    return bytes;
}

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
        : producer_(options_of(words), sluice::SqliteStorage(words[2])), seconds_(std::stoi(words[3])) {
        if (words.size() < 7) return;
        file_.open(words[6]);
        if (!file_) throw std::runtime_error(words[6] + " cannot be read");
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

    sluice::BlockingProducer<sluice::SqliteStorage> producer_;
    int seconds_;
    std::ifstream file_;
    sluice::error_code opened_;
    std::size_t refused_ = 0;
};

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() < 6) {
        std::cerr << "usage: put ENDPOINT STREAM BUFFER SECONDS json|cbor IN_FLIGHT [FILE]\n";
        return 2;
    }
    try {
        return Put(words).run();
    } catch (const std::exception& failure) {
        std::cerr << "put: " << failure.what() << '\n';
        return 1;
    }
}
