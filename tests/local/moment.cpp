#include <sluice/local/moment.hpp>

#include <doctest/doctest.h>

TEST_CASE("the machine's own moments follow one another") {
    const auto first = sluice::local::moment_now();
    const auto second = sluice::local::moment_now();
    CHECK(first.steady <= second.steady);
    CHECK(first.wall.time_since_epoch().count() > 0);
}
