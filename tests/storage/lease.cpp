#include <sluice/storage/lease.hpp>

#include <doctest/doctest.h>

#include <chrono>

namespace {

using namespace sluice;
using namespace std::chrono_literals;
using detail::LeaseWatch;
using Verdict = detail::LeaseWatch::Verdict;

const steady_time start{100h};

} // namespace

TEST_CASE("a lease that is not renewed ends after its length, as seen by who waits") {
    LeaseWatch watch;
    CHECK(watch.judge(7, 30s, start) == Verdict::wait);
    CHECK(watch.next_look() == start + 1s);
    CHECK(watch.judge(7, 30s, start + 29s) == Verdict::wait);
    CHECK(watch.next_look() == start + 30s);
    CHECK(watch.judge(7, 30s, start + 30s) == Verdict::free);
}

TEST_CASE("a lease that was renewed while somebody waited is kept, even if its owner came last") {
    LeaseWatch watch;
    CHECK(watch.judge(7, 30s, start) == Verdict::wait);
    CHECK(watch.judge(8, 30s, start + 10s) == Verdict::wait);
    CHECK(watch.judge(8, 30s, start + 30s) == Verdict::renewed);
    CHECK(watch.judge(9, 30s, start + 31s) == Verdict::renewed);
}

TEST_CASE("what was given back is free at once; if another one takes it meanwhile, only the rest is waited for") {
    LeaseWatch watch;
    CHECK(watch.judge(7, 0s, start) == Verdict::free);
    CHECK(watch.judge(8, 10s, start + 1s) == Verdict::wait);
    CHECK(watch.judge(9, 0s, start + 2s) == Verdict::free);
    CHECK(watch.judge(10, 10s, start + 10s) == Verdict::wait);
    CHECK(watch.judge(10, 10s, start + 11s) == Verdict::renewed);
}

TEST_CASE("a shorter lease of another one is not waited for longer than itself") {
    LeaseWatch watch;
    CHECK(watch.judge(7, 1h, start) == Verdict::wait);
    CHECK(watch.judge(9, 2s, start + 6min) == Verdict::wait);
    CHECK(watch.next_look() <= start + 6min + 2s);
    CHECK(watch.judge(9, 2s, start + 6min + 2s) == Verdict::renewed);
}

TEST_CASE("the third attempt to renew a lease is in time") {
    for (const auto lease : {6'000ms, 30'000ms, 3'600'000ms}) {
        const detail::LeaseTimes times(lease);
        // It was just too early at one look, and three attempts come after the next one.
        CHECK(times.renewal_age() + times.interval() + 3 * times.attempt() < lease);
    }
    CHECK(detail::LeaseTimes(1s).attempt() == 1s);
}
