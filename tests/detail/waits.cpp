#include <sluice/detail/waits.hpp>

#include <doctest/doctest.h>

using sluice::detail::Waits;
using namespace std::chrono_literals;

namespace {

const sluice::steady_time noon{std::chrono::hours(12)};

sluice::Exchange told(const Waits& waits, sluice::steady_time departure) {
    static const sluice::Answer answer;
    sluice::Exchange exchange(answer);
    waits.tell(exchange, departure);
    return exchange;
}

} // namespace

TEST_CASE("waits are those of the records, whatever their order") {
    Waits waits;
    for (const auto put : {noon - 2ms, noon - 7ms, noon - 1ms, noon - 2ms}) waits.add(put);
    const auto exchange = told(waits, noon);
    CHECK(exchange.records == 4);
    CHECK(exchange.shortest_wait == 1ms);
    CHECK(exchange.longest_wait == 7ms);
    CHECK(exchange.total_wait == 12ms);
}

TEST_CASE("nothing waits for less than no time") {
    Waits waits;
    waits.add(noon + 5ms);
    const auto exchange = told(waits, noon);
    CHECK(exchange.shortest_wait == 0ns);
    CHECK(exchange.longest_wait == 0ns);
    CHECK(exchange.total_wait == 0ns);
}

TEST_CASE("what many have waited for long is as much as can be told") {
    Waits waits;
    for (int i = 0; i < 200'000; ++i) waits.add(noon - 30h);
    const auto exchange = told(waits, noon);
    CHECK(exchange.longest_wait == 30h);
    CHECK(exchange.total_wait >= std::chrono::hours(24 * 365 * 140));
    Waits ages;
    for (int i = 0; i < 10; ++i) ages.add(noon - std::chrono::hours(24 * 365 * 56));
    CHECK(told(ages, noon).total_wait > std::chrono::hours(24 * 365 * 100));
}

TEST_CASE("no record has waited for no time") {
    const auto exchange = told(Waits(), noon);
    CHECK(exchange.records == 0);
    CHECK(exchange.total_wait == 0ns);
}
