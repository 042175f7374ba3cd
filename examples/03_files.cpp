// Files as records, for the log group and the schema of somebody who reads them: 03_files BUCKET FILE...
//
// Small ones travel in the stream, compressed; of large ones the stream has a pointer, and BUCKET the bytes. Set up by
// the environment: KINESIS_STREAM_NAME, AWS_REGION, ... For metrics see metrics.cpp: it is one more policy.
#include <sluice/compression/gzip.hpp>
#include <sluice/sluice.hpp>

#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

sluice::Record read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::string bytes(std::istreambuf_iterator<char>(file), {});
    if (!file.is_open() || file.bad()) throw std::runtime_error("cannot read " + path.string());
    return sluice::Record(std::move(bytes)); // the policy chooses its key
}

void write(const std::string& bucket, const std::vector<std::string>& paths) {
    auto options = sluice::Options::from_environment();
    options.attempts = 4; // the first one, and three more
    options.log = sluice::Log([](sluice::LogLevel, std::string_view line) { std::cerr << line << '\n'; });
    sluice::BlockingProducer producer{
        options, sluice::Gzip{}, sluice::DistributionKey{"log-1", "invoices", 10},
        sluice::S3Offload{bucket, sluice::S3OffloadOptions::by_schema("log-1", "invoices", options.stream)},
        sluice::FileDeadLetters{"undelivered.jsonl"}};
    for (const auto& path : paths) producer.put(read(path)); // waits where the buffer is full
    const auto report = producer.flush();
    std::cout << report.delivered << " delivered, " << producer.stats().total().offloaded << " by way of " << bucket
              << ", " << report.failed + report.expired << " in undelivered.jsonl, " << report.left << " left\n";
}

} // namespace

int main(int argc, char** argv) try {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() < 2) {
        std::cerr << "usage: 03_files BUCKET FILE...\n";
        return 2;
    }
    write(words.front(), {words.begin() + 1, words.end()});
    return 0;
} catch (const std::exception& failure) {
    std::cerr << failure.what() << '\n';
    return 1;
}
