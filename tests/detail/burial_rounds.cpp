#include <sluice/detail/burial_rounds.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

namespace {

using sluice::detail::BurialRounds;
using Sequences = std::vector<std::uint64_t>;

/// What is lost.
class Losses : public std::set<std::uint64_t> {
public:
    using std::set<std::uint64_t>::set;

    [[nodiscard]] Sequences losses(std::uint64_t after, std::size_t most, std::uint64_t most_bytes) const {
        CHECK(most_bytes == std::uint64_t{8} << 20U);
        Sequences found;
        for (auto one = upper_bound(after); one != end() && found.size() < most; ++one) found.push_back(*one);
        return found;
    }
};

/// Losses, and a sink that takes all but some.
class Sink {
public:
    explicit Sink(bool together) : rounds(together) {}

    [[nodiscard]] Sequences next() {
        return rounds.next(losses);
    }

    /// One round; whether it was taken.
    bool offer() {
        const auto round = next();
        REQUIRE_FALSE(round.empty());
        offered.push_back(round);
        for (const auto one : round) {
            if (!bad.contains(one)) continue;
            news += rounds.failed(round, *losses.rbegin()) ? 1 : 0;
            return false;
        }
        rounds.taken();
        for (const auto one : round) losses.erase(one);
        return true;
    }

    BurialRounds rounds;
    Losses losses;
    std::set<std::uint64_t> bad;
    std::vector<Sequences> offered;
    int news = 0;
};

} // namespace

TEST_CASE("losses go together, 256 at a time, or one by one where the dead letters take no more") {
    Sink many(true);
    Sink single(false);
    for (std::uint64_t i = 1; i <= 600; ++i) many.losses.insert(i);
    single.losses = many.losses;
    CHECK(many.offer());
    CHECK(single.offer());
    CHECK(many.offered.back().size() == 256);
    CHECK(many.offered.back().back() == 256);
    CHECK(single.offered.back() == Sequences{1});
    while (!many.losses.empty()) CHECK(many.offer());
    CHECK(many.offered.size() == 3);
    CHECK(many.offered.back().size() == 600 - 512);
    CHECK(many.next().empty());
}

TEST_CASE("one bad letter costs its round an offer each, and does not hold the others") {
    Sink sink(true);
    for (std::uint64_t i = 1; i <= 1'000; ++i) sink.losses.insert(i);
    sink.bad = {300};
    for (int i = 0; i < 10'000 && sink.losses.size() > 1; ++i) sink.offer();
    CHECK(sink.losses == Losses{300});
    CHECK(sink.offered.size() < 256 + 10);
    CHECK(sink.offered.back().size() > 1); // behind it they go together again
    CHECK_FALSE(sink.offer());
    CHECK(sink.offered.back() == Sequences{300}); // and it has its turn
    sink.losses.insert({10, 2'000});
    sink.bad.clear();
    for (int i = 0; i < 10 && !sink.losses.empty(); ++i) sink.offer();
    CHECK(sink.losses.empty());
}

TEST_CASE("a letter that fails once keeps its place, one that fails twice lets the next pass") {
    for (const bool together : {false, true}) {
        CAPTURE(together);
        Sink sink(together);
        sink.losses = {1, 2, 3};
        sink.bad = {1};
        if (together) CHECK_FALSE(sink.offer());
        for (const auto expected : {1U, 1U, 2U, 3U, 1U}) {
            CHECK(sink.next() == Sequences{expected});
            sink.offer();
        }
        CHECK(sink.losses == Losses{1});
    }
}

TEST_CASE("while nothing is taken, each has its turn, by itself") {
    Sink sink(true);
    sink.losses = {1, 2, 3};
    sink.bad = sink.losses;
    std::set<std::uint64_t> alone;
    for (int i = 0; i < 20; ++i) {
        sink.offer();
        if (sink.offered.back().size() == 1) alone.insert(sink.offered.back().front());
    }
    CHECK(alone == sink.losses);
}

TEST_CASE("a letter that is refused again and again is news once, and has its turn though new ones keep coming") {
    Sink sink(true);
    sink.bad = {1};
    sink.losses = {1, 2, 3};
    int turns = 0;
    for (std::uint64_t next = 4; next < 200; next += 2) {
        sink.losses.insert(next);
        sink.losses.insert(next + 1);
        static_cast<void>(sink.offer());
        if (sink.offered.back() == Sequences{1}) ++turns;
    }
    CHECK(sink.news == 1);
    CHECK(turns >= 10);
    CHECK(sink.losses.size() < 10);
}

TEST_CASE("dead letters that take others are asked again soon, others after longer and longer") {
    BurialRounds dead(false);
    for (int i = 0; i < 20; ++i) static_cast<void>(dead.failed({1}, 9));
    CHECK(dead.rest(~std::uint64_t{0}) > std::chrono::seconds(20));
    CHECK(dead.rest(~std::uint64_t{0}) <= std::chrono::seconds(30));
    dead.taken();
    for (int i = 0; i < 20; ++i) static_cast<void>(dead.failed({1}, 9));
    CHECK(dead.rest(~std::uint64_t{0}) <= std::chrono::seconds(1));
}
