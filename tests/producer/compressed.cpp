#include "../compression/payloads.hpp"
#include "../storage/temporary.hpp"
#include "local_stream.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace local = sluice::local;
using namespace std::chrono_literals;

namespace {

// Here a process is made, which ThreadSanitizer does not like.
const auto forks = doctest::test_suite("forks");

class Gzipped {
public:
    using Policy = sluice::Gzip;
    static constexpr auto tool = "gzip";
};

class Zstandard {
public:
    using Policy = sluice::Zstd;
    static constexpr auto tool = "zstd";
};

/// What a command of the shell says; nothing if there is no such program.
std::string output_of(const std::string& command) {
    const auto close = [](FILE* pipe) { return pclose(pipe); };
    const std::unique_ptr<FILE, decltype(close)> pipe(popen(command.c_str(), "r"), close);
    if (!pipe) throw std::runtime_error("no pipe");
    std::string text, room(65'536, '\0');
    while (const auto got = std::fread(room.data(), 1, room.size(), pipe.get())) text.append(room, 0, got);
    return text;
}

/// A stream of one shard.
class OneShard : public LocalStream {
public:
    /// The data of everything that arrived, in its order.
    std::vector<std::string> arrived() {
        return with_stream([](const local::Stream& stream) {
            std::vector<std::string> all;
            for (const auto& record : stream.shards()[0].records()) all.push_back(record.data);
            return all;
        });
    }

    /// Puts records of every size and kind, and waits until they have arrived; gives their data, sorted.
    template <class Policy>
    std::vector<std::string> ship(Policy policy) {
        auto producer = start(sluice::Collect(), std::move(policy));
        std::vector<std::string> all;
        for (const std::size_t size : {0U, 1U, 300U, 70'000U, 1'000'000U}) {
            for (auto& data : payloads(size)) {
                producer.put({"key", data});
                all.push_back(std::move(data));
            }
        }
        CHECK(producer.flush(30s).left == 0);
        CHECK(producer.stats().total().delivered == all.size());
        std::sort(all.begin(), all.end());
        return all;
    }
};

} // namespace

TEST_CASE_TEMPLATE("what a producer compressed arrives, and the tool of that name reads it" * forks, Kind, Gzipped,
                   Zstandard) {
    OneShard place;
    for (const auto scope : {sluice::Scope::record, sluice::Scope::aggregate}) {
        const auto before = place.arrived().size();
        const auto sent = place.ship(typename Kind::Policy(1, scope));
        auto pieces = place.arrived();
        pieces.erase(pieces.begin(), pieces.begin() + static_cast<std::ptrdiff_t>(before));
        CHECK(pieces.size() == sent.size());

        const TemporaryDirectory directory;
        std::vector<std::string> read;
        for (const auto& piece : pieces) {
            const auto path = (directory / "piece").string();
            std::ofstream(path, std::ios::binary) << piece;
            read.push_back(output_of(std::string(Kind::tool) + " -dc < '" + path + "'"));
        }
        std::sort(read.begin(), read.end());
        CHECK((read == sent));
    }
}

TEST_CASE_TEMPLATE("a record that its compression makes too large becomes a dead letter, and no other does", Kind,
                   Gzipped, Zstandard) {
    OneShard place;
    place.options.max_payload = 1'024;
    auto producer = place.start(sluice::Collect(), typename Kind::Policy());
    const auto hopeless = random_bytes(1'020); // with its key as large as allowed, and larger when compressed
    producer.put({"key", log_lines(1'020)});
    producer.put({"fat", hopeless});
    producer.put({"key", random_bytes(900)});
    CHECK(producer.flush(30s).left == 0);
    CHECK(place.arrived().size() == 2);
    REQUIRE(place.letters->size() == 1);
    CHECK(place.letters->front().reason == sluice::error::record_too_large);
    CHECK((place.letters->front().record.data == hopeless)); // as it was put
}
