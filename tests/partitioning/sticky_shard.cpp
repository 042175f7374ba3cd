#include <sluice/partitioning/random.hpp>
#include <sluice/partitioning/sticky_shard.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using sluice::RandomKey;
using sluice::RecordView;
using sluice::StickyShard;

std::string random_key(std::uint64_t random) {
    std::string key;
    REQUIRE_FALSE(RandomKey{}.key(RecordView("data"), random, key));
    return key;
}

/// How long the runs of equal keys are of records with data of these sizes, each with dice of its own.
std::vector<std::size_t> runs(StickyShard partitioning, const std::vector<std::size_t>& sizes) {
    std::vector<std::size_t> lengths;
    std::string last;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const std::string data(sizes[i], 'd');
        std::string key;
        REQUIRE_FALSE(partitioning.key(RecordView(std::string_view(data)), i + 1, key));
        // A run's key is that of its first record's dice.
        CHECK(key == (key == last ? last : random_key(i + 1)));
        if (key != last) lengths.push_back(0);
        ++lengths.back();
        last = key;
    }
    return lengths;
}

} // namespace

static_assert(sluice::Partitioning<StickyShard>);

TEST_CASE("a key stays for so many records") {
    CHECK(runs(StickyShard(3), std::vector<std::size_t>(8, 1)) == std::vector<std::size_t>{3, 3, 2});
    CHECK(runs(StickyShard(1), {1, 1}) == std::vector<std::size_t>{1, 1});
    CHECK(runs(StickyShard(3), std::vector<std::size_t>(7, 0)) == std::vector<std::size_t>{3, 3, 1});
    CHECK(runs(StickyShard(), std::vector<std::size_t>(250, 100)) == std::vector<std::size_t>{100, 100, 50});
}

TEST_CASE("a key stays for so many bytes, and what is larger goes alone") {
    CHECK(runs(StickyShard(100, 10), {5, 5, 1, 9, 1}) == std::vector<std::size_t>{2, 2, 1});
    CHECK(runs(StickyShard(100, 10), {1, 11, 1, 9, 12, 13}) == std::vector<std::size_t>{1, 1, 2, 1, 1});
    CHECK(runs(StickyShard(), std::vector<std::size_t>(60, 1'024)) == std::vector<std::size_t>{50, 10});
    constexpr auto most = std::numeric_limits<std::size_t>::max();
    CHECK(runs(StickyShard(most, most), std::vector<std::size_t>(1'000, 1)) == std::vector<std::size_t>{1'000});
}

TEST_CASE("runs of nothing are refused") {
    CHECK_THROWS_AS(StickyShard(0), std::invalid_argument);
    CHECK_THROWS_AS(StickyShard(1, 0), std::invalid_argument);
}

TEST_CASE("a copy begins where its original stands, and goes its own way") {
    StickyShard original(2);
    std::string first, second, third;
    CHECK_FALSE(original.key(RecordView("d"), 1, first));
    StickyShard copy = original;
    CHECK_FALSE(copy.key(RecordView("d"), 2, second));
    CHECK_FALSE(original.key(RecordView("d"), 3, third));
    CHECK(second == first);
    CHECK(third == first);
}
