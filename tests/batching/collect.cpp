#include <sluice/batching/collect.hpp>

#include <doctest/doctest.h>

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

std::size_t planned(const std::vector<std::size_t>& sizes, const RequestLimits& limits, bool all) {
    const Candidates candidates(sizes);
    const auto plan = Collect{}.plan(candidates.all(), limits, all);
    for (std::size_t i = 0; i < plan.entries(); ++i) {
        REQUIRE(plan.entry(i).size() == 1);
        REQUIRE(plan.entry(i)[0] == i);
    }
    return plan.entries();
}

} // namespace

TEST_CASE("nothing to send makes no request") {
    CHECK(planned({}, {500, 1000, 100}, true) == 0);
    CHECK(planned({}, {500, 1000, 100}, false) == 0);
}

TEST_CASE("a request with room waits for company, unless there will be none") {
    CHECK(planned({10, 10}, {3, 100, 100}, false) == 0);
    CHECK(planned({10, 10}, {3, 100, 100}, true) == 2);
}

TEST_CASE("a request of as many entries as allowed leaves at once") {
    CHECK(planned({10, 10, 10}, {3, 100, 100}, false) == 3);
    CHECK(planned({10, 10, 10, 10}, {3, 100, 100}, false) == 3);
    CHECK(planned({10, 10, 10, 10}, {3, 100, 100}, true) == 3);
}

TEST_CASE("a request of exactly as many bytes as allowed leaves at once") {
    CHECK(planned({50, 50}, {500, 100, 100}, false) == 2);
    CHECK(planned({50, 49}, {500, 100, 100}, false) == 0);
    CHECK(planned({50, 49, 2}, {500, 100, 100}, false) == 2);
    CHECK(planned({50, 49, 1}, {500, 100, 100}, false) == 3);
}

TEST_CASE("a later record never overtakes one that does not fit") {
    CHECK(planned({60, 60, 10}, {500, 100, 100}, false) == 1);
}

TEST_CASE("a record that fits no request stands alone") {
    CHECK(planned({500, 10}, {500, 100, 100}, false) == 1);
    CHECK(planned({10, 500}, {500, 100, 100}, false) == 1);
    CHECK(planned({500}, {500, 100, 100}, false) == 1);
}

TEST_CASE("records without data count by their keys") {
    const std::vector<std::size_t> sizes(100, 1);
    CHECK(planned(sizes, {500, 100, 100}, false) == 100);
}

TEST_CASE("an entry is its record, and nothing is copied") {
    const std::string data = "data";
    const std::vector<Candidate> members{Candidate("key", "7", data)};
    std::string scratch;
    const auto entry = Collect{}.assemble(members, scratch);
    CHECK(entry.partition_key == "key");
    CHECK(entry.explicit_hash_key == "7");
    CHECK(entry.data.data() == data.data());
    CHECK(scratch.empty());
}

TEST_CASE("the horizon is far enough to fill a request and to see that there is more") {
    CHECK(Collect{}.horizon({500, 1, 1}) > 500);
    CHECK_FALSE(Collect{}.carries_headers());
}
