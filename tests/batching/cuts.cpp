#include <sluice/batching/cuts.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace {

using sluice::detail::Cuts;

/// A row of digits, cut: "012|34".
std::string text(const Cuts& cuts, const std::vector<char>& row) {
    std::string all;
    for (std::size_t i = 0; i < cuts.size(); ++i) {
        const auto entry = cuts.entry_of(row, i);
        all += all.empty() ? "" : "|";
        all.append(entry.begin(), entry.end());
    }
    return all;
}

const std::vector<char> row{'0', '1', '2', '3', '4'};

} // namespace

TEST_CASE("without a cut there is no entry") {
    const Cuts cuts;
    CHECK(cuts.empty());
    CHECK(cuts.size() == 0);
}

TEST_CASE("entries follow one another, and what is behind the last is in none") {
    Cuts cuts;
    cuts.cut(3);
    CHECK_FALSE(cuts.empty());
    CHECK(text(cuts, row) == "012");
    cuts.cut(4);
    CHECK(text(cuts, row) == "012|3");
    CHECK(cuts.size() == 2);
    CHECK(cuts.begin_of(0) == 0);
    CHECK(cuts.end_of(0) == 3);
    CHECK(cuts.begin_of(1) == 3);
    CHECK(cuts.end_of(1) == 4);
}

TEST_CASE("no entry is empty, and none goes back") {
    Cuts cuts;
    cuts.cut(0);
    CHECK(cuts.empty());
    cuts.cut(2);
    cuts.cut(2);
    cuts.cut(1);
    CHECK(text(cuts, row) == "01");
    cuts.cut(5);
    CHECK(text(cuts, row) == "01|234");
}

TEST_CASE("a row of views stays what it was: one may be written to, if it could") {
    std::vector<int> numbers{1, 2, 3};
    const std::span<int> view(numbers);
    Cuts cuts;
    cuts.cut(1);
    cuts.cut(3);
    cuts.entry_of(view, 1)[0] = 7;
    CHECK(numbers == std::vector<int>{1, 7, 3});
    static_assert(std::is_same_v<decltype(cuts.entry_of(numbers, 0)), std::span<const int>>);
}
