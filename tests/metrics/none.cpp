#include "run.hpp"
#include "world.hpp"

#include <sluice/metrics/none.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <type_traits>

static_assert(std::is_empty_v<sluice::NoMetrics>);
static_assert(std::is_empty_v<sluice::NoMetrics::Running>);

TEST_CASE("no metrics take everything that may be counted") {
    run([](boost::asio::io_context& context) -> boost::asio::awaitable<void> {
        TestWorld test(context.get_executor());
        auto opened = co_await sluice::NoMetrics{}.open(test.world);
        REQUIRE(opened.has_value());
        constexpr auto most = std::numeric_limits<std::uint64_t>::max();
        opened->accepted("", most, most);
        const sluice::Answer answer(sluice::error::throttled, "code", "message");
        opened->exchanged("clicks", sluice::Exchange(answer));
        opened->settled("clicks", sluice::error::expired, most);
        opened->observed(sluice::Stats());
    });
}
