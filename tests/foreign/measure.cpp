// Puts records, and tells CloudWatch what became of them:
//
//     measure ENDPOINT STREAM NAMESPACE COUNT
//
// ENDPOINT is both services'. Ends with 3 if not everything was delivered; the log goes to standard error.
#include <sluice/sluice.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

namespace {

sluice::Options options_of(const std::vector<std::string>& words) {
    sluice::Options options{words[1]};
    options.endpoint = words[0];
    options.flush_timeout = std::chrono::seconds(5);
    options.close_timeout = std::chrono::seconds(1);
    const auto sink = [](sluice::LogLevel level, std::string_view text) {
        std::cerr << to_string(level) << ": " << text << '\n';
    };
    options.log = sluice::Log(sink);
    return options;
}

int run(const std::vector<std::string>& words) {
    sluice::CloudWatchOptions settings;
    settings.name_space = words[2];
    settings.endpoint = words[0];
    settings.dimensions.emplace_back("Host", "here");
    sluice::BlockingProducer producer{options_of(words), sluice::CloudWatchMetrics{settings}};
    const auto count = std::stoul(words[3]);
    for (std::size_t i = 0; i < count; ++i) producer.put({"key" + std::to_string(i), std::string(i % 100, 'x')});
    return producer.flush().delivered == count ? 0 : 3;
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() != 4) {
        std::cerr << "usage: measure ENDPOINT STREAM NAMESPACE COUNT\n";
        return 2;
    }
    try {
        return run(words);
    } catch (const std::exception& failure) {
        std::cerr << "measure: " << failure.what() << '\n';
        return 1;
    }
}
