#include <sluice/batching/collect.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <vector>

namespace {

using sluice::Candidate;
using sluice::Collect;
using sluice::RequestLimits;

// Candidates whose key and data have `size` bytes together.
class Candidates {
public:
    explicit Candidates(const std::vector<std::size_t>& sizes) {
        for (const auto size : sizes) texts_.emplace_back(size - 1, 'x');
        for (const auto& text : texts_) views_.emplace_back("k", "", text);
    }

    [[nodiscard]] std::span<const Candidate> all() const { return views_; }

private:
    std::vector<std::string> texts_;
    std::vector<Candidate> views_;
};

std::size_t planned(const std::vector<std::size_t>& sizes, const RequestLimits& limits) {
    const Candidates candidates(sizes);
    const auto plan = Collect{}.plan(candidates.all(), limits);
    for (std::size_t i = 0; i < plan.entries(); ++i) {
        REQUIRE(plan.entry(i).size() == 1);
        REQUIRE(plan.entry(i)[0] == i);
    }
    return plan.entries();
}

} // namespace

TEST_CASE("nothing to send makes no request") { CHECK(planned({}, {500, 1000, 100}) == 0); }

TEST_CASE("a request holds as many entries as allowed") {
    CHECK(planned({10, 10}, {3, 100, 100}) == 2);
    CHECK(planned({10, 10, 10}, {3, 100, 100}) == 3);
    CHECK(planned({10, 10, 10, 10}, {3, 100, 100}) == 3);
}

TEST_CASE("a request holds as many bytes as allowed") {
    CHECK(planned({50, 50}, {500, 100, 100}) == 2);
    CHECK(planned({50, 49}, {500, 100, 100}) == 2);
    CHECK(planned({50, 49, 2}, {500, 100, 100}) == 2);
    CHECK(planned({50, 49, 1}, {500, 100, 100}) == 3);
}

TEST_CASE("a later record never overtakes one that does not fit") {
    CHECK(planned({60, 60, 10}, {500, 100, 100}) == 1);
}

TEST_CASE("a record that fits no request stands alone") {
    CHECK(planned({500, 10}, {500, 100, 100}) == 1);
    CHECK(planned({10, 500}, {500, 100, 100}) == 1);
    CHECK(planned({500}, {500, 100, 100}) == 1);
}

TEST_CASE("records without data count by their keys") {
    const std::vector<std::size_t> sizes(101, 1);
    CHECK(planned(sizes, {500, 100, 100}) == 100);
}

TEST_CASE("an entry is its record, and nothing is copied") {
    const std::string data = "data";
    const std::vector<Candidate> one{Candidate("key", "7", data)};
    const std::vector<Candidate> other{Candidate("other", "", "more")};
    const std::vector<std::span<const Candidate>> entries{one, other};
    std::deque<std::string> texts;
    const auto assembled = Collect{}.assemble(entries, texts);
    REQUIRE(assembled.size() == 2);
    CHECK(assembled[0].partition_key == "key");
    CHECK(assembled[0].explicit_hash_key == "7");
    CHECK(assembled[0].data.data() == data.data());
    CHECK(assembled[1].partition_key == "other");
    CHECK(texts.empty());
}

TEST_CASE("it wants to see what one request can hold, and cares for no shards") {
    CHECK(Collect{}.horizon({500, 7, 1}, 3).records == 500);
    CHECK(Collect{}.horizon({500, 7, 1}, 0).bytes == 7);
    CHECK(Collect{}.entry_room({500, 7, 1}) == 0);
    CHECK_FALSE(Collect{}.goes_by_shard());
    CHECK_FALSE(Collect{}.carries_headers());
}
