#include <sluice/repository/document.hpp>

#include <doctest/doctest.h>

#include <cstdint>

namespace {

using sluice::error;
using sluice::repository::Change;
using sluice::repository::obstacle;

} // namespace

TEST_CASE("a change needs to find what it expects") {
    const std::uint64_t version = 7;
    CHECK_FALSE(obstacle(Change::add("a", {}), nullptr));
    CHECK(obstacle(Change::add("a", {}), &version) == error::already_exists);
    CHECK_FALSE(obstacle(Change::replace("a", {}), &version));
    CHECK(obstacle(Change::replace("a", {}), nullptr) == error::not_found);
    CHECK_FALSE(obstacle(Change::replace("a", {}, 7), &version));
    CHECK(obstacle(Change::replace("a", {}, 6), &version) == error::conflict);
    CHECK(obstacle(Change::replace("a", {}, 7), nullptr) == error::not_found);
    CHECK_FALSE(obstacle(Change::remove("a"), &version));
    CHECK(obstacle(Change::remove("a"), nullptr) == error::not_found);
    CHECK_FALSE(obstacle(Change::remove("a", 7), &version));
    CHECK(obstacle(Change::remove("a", 6), &version) == error::conflict);
    CHECK(obstacle(Change::remove("a", 7), nullptr) == error::not_found);
    CHECK_FALSE(obstacle(Change::remove_if_there("a"), nullptr));
    CHECK_FALSE(obstacle(Change::remove_if_there("a"), &version));
}
