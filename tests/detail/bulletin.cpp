#include <sluice/detail/bulletin.hpp>

#include "chunks.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <utility>

namespace {

using namespace std::chrono_literals;
using chunks::start;
using sluice::Stats;
using sluice::steady_time;
using sluice::detail::Bulletin;

Stats accepted(std::uint64_t records) {
    Stats stats;
    stats.accepted = records;
    return stats;
}

TEST_CASE("what was written is read, with the age of the oldest as of the reading") {
    Bulletin bulletin;
    CHECK(bulletin.read(start).accepted == 0);
    CHECK(bulletin.read(start).oldest_age == 0ms);
    bulletin.write(accepted(3), start, start + 1s);
    CHECK(bulletin.read(start + 2500ms).accepted == 3);
    CHECK(bulletin.read(start + 2500ms).oldest_age == 2500ms);
    CHECK(bulletin.read(start - 1s).oldest_age == 0ms);
    bulletin.write(accepted(4), steady_time::max(), start + 2s);
    CHECK(bulletin.read(start + 1h).oldest_age == 0ms);
}

TEST_CASE("a new one is due a hundredth of a second after the last, and has to be written if one was put off") {
    Bulletin bulletin;
    CHECK(bulletin.due(start));
    CHECK(bulletin.due_at() == steady_time::max());
    bulletin.write(accepted(1), steady_time::max(), start);
    CHECK_FALSE(bulletin.due(start + 9ms));
    CHECK(bulletin.due_at() == steady_time::max());
    bulletin.put_off();
    CHECK(bulletin.due_at() == start + 10ms);
    CHECK(bulletin.due(start + 10ms));
    bulletin.write(accepted(2), steady_time::max(), start + 10ms);
    CHECK(bulletin.due_at() == steady_time::max());
}

} // namespace
