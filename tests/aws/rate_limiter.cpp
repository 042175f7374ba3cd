#include <sluice/aws/rate_limiter.hpp>

#include <doctest/doctest.h>

using namespace sluice;
using aws::Seconds;

TEST_CASE("a rate is that of whole half seconds, smoothed") {
    aws::RequestRate rate(Seconds(0));
    for (const double time : {0.1, 0.2, 0.3, 0.4, 0.49}) CHECK(rate.add(Seconds(time)) == 0);
    CHECK(rate.add(Seconds(0.5)) == doctest::Approx(0.8 * 12));
    CHECK(rate.add(Seconds(0.9)) == doctest::Approx(0.8 * 12));
    // Two in one second: 0.8 * 2 + 0.2 * 9.6.
    CHECK(rate.add(Seconds(1.5)) == doctest::Approx(3.52));
}

TEST_CASE("a rate does not mind where time begins, nor that it stands still") {
    aws::RequestRate early(Seconds(0));
    aws::RequestRate late(Seconds(1e6));
    for (const double time : {0.1, 0.6, 0.6, 2.0}) {
        CHECK(early.add(Seconds(time)) == doctest::Approx(late.add(Seconds(1e6 + time))));
    }
}

TEST_CASE("a rate falls by three tenths, comes back, and goes beyond") {
    aws::CubicRate curve;
    CHECK(curve.throttle(10, Seconds(5)) == 7);
    CHECK(curve.succeed(Seconds(5)) == doctest::Approx(7));
    const auto back = aws::CubicRate::way_back(10);
    CHECK(back.count() == doctest::Approx(1.9574338205844317));
    CHECK(curve.succeed(Seconds(5) + back / 2) > 9);
    CHECK(curve.succeed(Seconds(5) + back) == doctest::Approx(10));
    CHECK(curve.succeed(Seconds(5) + 2 * back) == doctest::Approx(13));
}

TEST_CASE("nobody waits before the service throttles") {
    aws::RateLimiter limiter(Seconds(0));
    for (int i = 0; i < 1'000; ++i) {
        CHECK(limiter.take_turn(Seconds(i * 1e-6)) == Seconds(0));
        limiter.succeed(Seconds(i * 1e-6));
    }
}

TEST_CASE("after throttling, turns are as far apart as the rate says") {
    aws::RateLimiter limiter(Seconds(0));
    for (int i = 1; i <= 100; ++i) limiter.succeed(Seconds(i * 0.1));
    limiter.throttle(Seconds(10));
    const double rate = limiter.rate();
    CHECK(rate < 0.71 * limiter.measured());
    CHECK(rate > 5);
    // What was saved up, a second's worth at most, goes first.
    int at_once = 0;
    auto before = limiter.take_turn(Seconds(10));
    for (; before == Seconds(0); before = limiter.take_turn(Seconds(10))) ++at_once;
    CHECK(at_once <= rate);
    for (int i = 0; i < 5; ++i) {
        const auto next = limiter.take_turn(Seconds(10));
        CHECK((next - before).count() == doctest::Approx(1 / rate));
        before = next;
    }
    CHECK(limiter.take_turn(Seconds(1'000)) == Seconds(0));
}

TEST_CASE("whatever happens, somebody is let through every two seconds") {
    aws::RateLimiter limiter(Seconds(0));
    for (int i = 0; i < 50; ++i) limiter.throttle(Seconds(i));
    CHECK(limiter.rate() == 0.5);
    CHECK(limiter.take_turn(Seconds(50)).count() <= 2);
}

TEST_CASE("one at a time gets its turn when it comes") {
    // Throttled at once, and the only one: the wait is over when it said so.
    aws::RateLimiter limiter(Seconds(0));
    limiter.throttle(Seconds(1));
    double now = 1;
    for (int i = 0; i < 20; ++i) {
        now += limiter.take_turn(Seconds(now)).count();
        limiter.succeed(Seconds(now));
    }
    CHECK(now < 41);
    CHECK(limiter.rate() >= 0.5);
}

TEST_CASE("a clock that steps back gives no tokens and takes none") {
    aws::RateLimiter limiter(Seconds(10));
    limiter.throttle(Seconds(10));
    const auto first = limiter.take_turn(Seconds(10));
    CHECK(limiter.take_turn(Seconds(3)) >= first);
}
