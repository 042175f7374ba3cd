#include "moments.hpp"

#include <sluice/local/faults.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace sluice::local;

namespace {

const sluice::steady_time now{std::chrono::hours(5)};

const Fault internal_failure{fault::Refuse::internal_failure()};
const Fault cut{fault::Cut(fault::Cut::Where::after_applying)};
const Fault unavailable{fault::Unavailable()};

} // namespace

TEST_CASE("without faults nothing is met") {
    FaultScript script;
    const Met met = script.meet("PutRecords", now);
    CHECK_FALSE(met.act.has_value());
    CHECK(met.delay == 0ms);
    CHECK(met.skew == 0ms);
    CHECK(script.empty());
}

TEST_CASE("faults are a queue: each call meets the first that is left") {
    FaultScript script;
    script.add(internal_failure.times(2));
    script.add(cut.times(1));
    CHECK(script.meet("PutRecords", now).as<fault::Refuse>());
    CHECK(script.meet("ListShards", now).as<fault::Refuse>());
    CHECK(script.meet("PutRecords", now).as<fault::Cut>());
    CHECK_FALSE(script.meet("PutRecords", now).act.has_value());
    CHECK(script.empty());
}

TEST_CASE("a fault for one operation waits for it, and lets others pass") {
    FaultScript script;
    script.add(internal_failure.on("PutRecords").times(1));
    CHECK_FALSE(script.meet("ListShards", now).act.has_value());
    CHECK_FALSE(script.meet("PutRecord", now).act.has_value());
    CHECK(script.meet("PutRecords", now).act.has_value());
    CHECK_FALSE(script.meet("PutRecords", now).act.has_value());
}

TEST_CASE("a fault that is met does not hide the next for another operation") {
    FaultScript script;
    script.add(internal_failure.on("PutRecords"));
    script.add(cut.on("ListShards"));
    CHECK(script.meet("ListShards", now).as<fault::Cut>());
    CHECK(script.meet("PutRecords", now).as<fault::Refuse>());
}

TEST_CASE("from and until make a timeline; its start belongs to it and its end does not") {
    FaultScript script;
    script.add(internal_failure.from(now + 1s).until(now + 2s));
    script.add(cut.from(now + 2s).until(now + 3s));
    CHECK_FALSE(script.meet("x", now + 999ms).act.has_value());
    CHECK(script.meet("x", now + 1s).as<fault::Refuse>());
    CHECK(script.meet("x", now + 1999ms).as<fault::Refuse>());
    CHECK(script.meet("x", now + 2s).as<fault::Cut>());
    CHECK_FALSE(script.meet("x", now + 3s).act.has_value());
    CHECK(script.empty());
}

TEST_CASE("delays and skews add up and accompany another fault") {
    FaultScript script;
    script.add(Fault(fault::Delay(100ms)));
    script.add(Fault(fault::Delay(20ms)).times(1));
    script.add(Fault(fault::Skew(-1h)));
    script.add(internal_failure.times(1));
    Met met = script.meet("x", now);
    CHECK(met.delay == 120ms);
    CHECK(met.skew == -1h);
    CHECK(met.as<fault::Refuse>());
    met = script.meet("x", now);
    CHECK(met.delay == 100ms);
    CHECK_FALSE(met.act.has_value());
}

TEST_CASE("the same fault may be added with other ends: what is built on does not change") {
    const Fault once = internal_failure.times(1);
    CHECK(internal_failure.left > 1);
    CHECK(once.on("x").left == 1);
    CHECK(once.operation.empty());
}

TEST_CASE("cleared faults are gone") {
    FaultScript script;
    script.add(internal_failure);
    script.clear();
    CHECK_FALSE(script.meet("x", now).act.has_value());
}

TEST_CASE("a connection is refused while the next fault says so, and that counts") {
    FaultScript script;
    CHECK_FALSE(script.refuse_connection(now));
    script.add(Fault(fault::Delay(1s)));
    script.add(unavailable.times(2));
    script.add(internal_failure);
    CHECK(script.refuse_connection(now));
    CHECK(script.refuse_connection(now));
    CHECK_FALSE(script.refuse_connection(now));
}

TEST_CASE("a connection is not refused for the sake of one operation, nor before the time") {
    FaultScript script;
    script.add(unavailable.on("PutRecords"));
    CHECK_FALSE(script.refuse_connection(now));
    script.clear();
    script.add(unavailable.from(now + 1s));
    CHECK_FALSE(script.refuse_connection(now));
    CHECK(script.refuse_connection(now + 1s));
}

TEST_CASE("a pattern repeats over the entries") {
    const fault::FailEntries fails(std::vector<bool>{false, true, true});
    CHECK_FALSE(fails.hits(0));
    CHECK(fails.hits(1));
    CHECK(fails.hits(2));
    CHECK_FALSE(fails.hits(3));
    CHECK(fails.hits(500));
}

TEST_CASE("a fraction of the entries fails, the same for the same seed") {
    const fault::FailEntries fails(0.2, 42);
    const fault::FailEntries same(0.2, 42);
    const fault::FailEntries other(0.2, 43);
    int hits = 0;
    int differences = 0;
    for (std::size_t i = 0; i < 10'000; ++i) {
        hits += fails.hits(i) ? 1 : 0;
        differences += fails.hits(i) != other.hits(i) ? 1 : 0;
        REQUIRE(fails.hits(i) == same.hits(i));
    }
    CHECK(hits > 1'800);
    CHECK(hits < 2'200);
    CHECK(differences > 2'000);
    CHECK_FALSE(fault::FailEntries(0.0).hits(3));
    CHECK(fault::FailEntries(1.0).hits(3));
}

TEST_CASE("each call throws the dice anew") {
    FaultScript script;
    script.add(Fault(fault::FailEntries(0.5)));
    const Met first = script.meet("PutRecords", now);
    const Met second = script.meet("PutRecords", now);
    int differences = 0;
    for (std::size_t i = 0; i < 100; ++i) {
        differences += first.as<fault::FailEntries>()->hits(i) != second.as<fault::FailEntries>()->hits(i) ? 1 : 0;
    }
    CHECK(differences > 20);
}
