#include <sluice/storage/lease_watch.hpp>

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
    CHECK(watch.next_look() == start + 3s);
    CHECK(watch.judge(7, 30s, start + 29s) == Verdict::wait);
    CHECK(watch.next_look() == start + 30s);
    CHECK(watch.judge(7, 30s, start + 30s) == Verdict::free);
}

TEST_CASE("a lease that was renewed while somebody waited is kept, even if its owner came last") {
    LeaseWatch watch;
    CHECK(watch.judge(7, 30s, start) == Verdict::wait);
    CHECK(watch.judge(8, 30s, start + 10s) == Verdict::wait);
    CHECK(watch.judge(8, 30s, start + 30s) == Verdict::kept);
    CHECK(watch.judge(9, 30s, start + 31s) == Verdict::kept);
}

TEST_CASE("what was given back is free at once, and waited for again if another one takes it") {
    LeaseWatch watch;
    CHECK(watch.judge(7, 0s, start) == Verdict::free);
    CHECK(watch.judge(8, 10s, start + 1s) == Verdict::wait);
    CHECK(watch.judge(9, 0s, start + 2s) == Verdict::free);
    CHECK(watch.judge(10, 10s, start + 10s) == Verdict::wait);
    CHECK(watch.judge(10, 10s, start + 11s) == Verdict::kept);
}
