#include <sluice/detail/unshared.hpp>

#include <doctest/doctest.h>

#include <utility>

using sluice::detail::Unshared;

TEST_CASE("what is made at first use stays, and no copy has it") {
    Unshared<int> first;
    int& made = first.get(7);
    CHECK(made == 7);
    CHECK(&first.get(8) == &made);

    auto copy = first;
    CHECK(&copy.get(9) != &made);
    CHECK(copy.get(10) == 9);
    copy = first;
    CHECK(copy.get(11) == 11);
    auto& itself = first;
    first = itself;
    CHECK(&first.get(12) == &made);

    auto moved = std::move(first);
    CHECK(&moved.get(13) == &made);
}
