// Puts payloads of these sizes, the large ones by way of a bucket, and tells in one line of JSON what became of them.
//
//     offload ENDPOINT STREAM BUCKET SECONDS SIZE...
//
// A payload is its number, a colon, and so many letters. Over 64 KiB it goes to BUCKET, below "large/".
#include <sluice/blocking_producer.hpp>
#include <sluice/offload/s3.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

int run(const std::vector<std::string>& words) {
    sluice::Options options{words[1]};
    options.endpoint = words[0];
    options.requests_in_flight = 1;
    options.longest_back_off = std::chrono::milliseconds(500);
    options.log = sluice::Log([](sluice::LogLevel level, std::string_view text) {
        std::cerr << to_string(level) << ": " << text << '\n';
    });
    sluice::s3::Bucket bucket(words[2]);
    bucket.endpoint = words[0];
    sluice::S3OffloadOptions how;
    how.prefix = "large";
    how.threshold = std::size_t{64} << 10U;
    sluice::BlockingProducer<sluice::S3Offload> producer(options, sluice::S3Offload(bucket, how));
    for (std::size_t i = 4; i < words.size(); ++i) {
        const auto number = std::to_string(i - 4);
        producer.put(sluice::Record(number, number + ':' + std::string(std::stoul(words[i]), 'x')));
    }
    const auto report = producer.flush(std::chrono::seconds(std::stoi(words[3])));
    const auto stats = producer.stats();
    std::cout << R"({"delivered":)" << stats.total().delivered << R"(,"offloaded":)" << stats.total().offloaded
              << R"(,"left":)" << report.left << R"(,"failed":)" << report.failed << R"(,"offload_fails_by":")"
              << (stats.offload_fails_by ? stats.offload_fails_by.message() : "") << "\"}" << std::endl;
    producer.close(std::chrono::seconds(0));
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() < 5) {
        std::cerr << "usage: offload ENDPOINT STREAM BUCKET SECONDS SIZE...\n";
        return 2;
    }
    try {
        return run(words);
    } catch (const std::exception& failure) {
        std::cerr << "offload: " << failure.what() << '\n';
        return 1;
    }
}
