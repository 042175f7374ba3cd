#include "run.hpp"
#include "world.hpp"

#include <sluice/offload/none.hpp>

#include <doctest/doctest.h>

#include <limits>

TEST_CASE("without an offload no payload is large enough to store, and a store that is asked refuses") {
    run([](boost::asio::io_context& context) -> boost::asio::awaitable<void> {
        TestWorld test(context.get_executor());
        auto opened = co_await sluice::NoOffload{}.open(test.world);
        REQUIRE(opened.has_value());
        CHECK(opened->threshold() == std::numeric_limits<std::size_t>::max());
        const sluice::RecordId id;
        const auto stored = co_await opened->store(id, "data");
        CHECK(stored.error() == sluice::error::record_too_large);
    });
}
