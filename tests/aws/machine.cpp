#include <sluice/aws/machine.hpp>

#include <sluice/aws/profiles.hpp>

#include <doctest/doctest.h>

using namespace sluice;

TEST_CASE("a machine of which nothing is known has no variables, files or programs, and harms nobody") {
    const aws::Machine nothing;
    CHECK_FALSE(aws::variable(nothing.environment, "HOME").has_value());
    CHECK_FALSE(nothing.read_file);
    CHECK_FALSE(nothing.run);
    const auto profiles = aws::read_profiles(nothing);
    REQUIRE(profiles.has_value());
    CHECK(profiles->profiles.empty());
}
