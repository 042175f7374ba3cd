#include <sluice/partitioning/round_robin.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using sluice::RecordView;
using sluice::RoundRobinKey;

std::string key_of(const RoundRobinKey& partitioning) {
    std::string key;
    REQUIRE_FALSE(partitioning.key(RecordView("data"), 42, key));
    return key;
}

} // namespace

static_assert(sluice::Partitioning<RoundRobinKey>);

TEST_CASE("keys come in turn, and then again from the first") {
    const RoundRobinKey partitioning(3);
    for (const auto* expected : {"rr_0", "rr_1", "rr_2", "rr_0", "rr_1"}) CHECK(key_of(partitioning) == expected);
    const RoundRobinKey same(1);
    for (int i = 0; i < 3; ++i) CHECK(key_of(same) == "rr_0");
    CHECK_THROWS_AS(RoundRobinKey(0), std::invalid_argument);
}

TEST_CASE("copies share the turns, others do not") {
    const RoundRobinKey original(10);
    const RoundRobinKey copy = original;
    const RoundRobinKey other(10);
    CHECK(key_of(original) == "rr_0");
    CHECK(key_of(copy) == "rr_1");
    CHECK(key_of(original) == "rr_2");
    CHECK(key_of(other) == "rr_0");
}

TEST_CASE("threads that share the turns take each of them once") {
    const RoundRobinKey original(7);
    std::vector<std::map<std::string, int>> seen(4);
    std::vector<std::thread> threads;
    for (auto& mine : seen) {
        threads.emplace_back([&mine, copy = original] {
            for (int i = 0; i < 7'000; ++i) {
                std::string key;
                static_cast<void>(copy.key(RecordView("data"), 0, key));
                ++mine[key];
            }
        });
    }
    for (auto& thread : threads) thread.join();
    std::map<std::string, int> all;
    for (const auto& mine : seen) {
        for (const auto& [key, count] : mine) all[key] += count;
    }
    CHECK(all.size() == 7);
    for (const auto& [key, count] : all) CHECK(count == 4'000);
}
