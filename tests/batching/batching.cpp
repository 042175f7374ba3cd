#include <sluice/batching/batching.hpp>
#include <sluice/batching/collect.hpp>

#include <doctest/doctest.h>

#include <type_traits>

static_assert(!std::is_aggregate_v<sluice::RequestLimits>);
static_assert(!std::is_aggregate_v<sluice::Candidate>);
static_assert(!std::is_aggregate_v<sluice::Horizon>);
static_assert(!std::is_aggregate_v<sluice::Entry>);
static_assert(!std::is_aggregate_v<sluice::Plan>);

namespace {

class Untagged {
public:
    sluice::Horizon horizon(const sluice::RequestLimits&, std::size_t) const;
    sluice::Plan plan(std::span<const sluice::Candidate>, const sluice::RequestLimits&) const;
    std::vector<sluice::Entry> assemble(std::span<const std::span<const sluice::Candidate>>,
                                        std::deque<std::string>&) const;
    std::size_t entry_room(const sluice::RequestLimits&) const;
    bool goes_by_shard() const;
    bool carries_headers() const;
};

class Tagged : public Untagged {
public:
    using policy_kind = sluice::kind::batching;
};

class OfAnotherKind : public Untagged {
public:
    using policy_kind = sluice::kind::compression;
};

class NotConst : public Tagged {
public:
    sluice::Plan plan(std::span<const sluice::Candidate>, const sluice::RequestLimits&);
};

class CountsInInt : public Tagged {
public:
    int entry_room(const sluice::RequestLimits&) const;
};

} // namespace

static_assert(sluice::Batching<sluice::Collect>);
static_assert(sluice::Batching<Tagged>);
static_assert(!sluice::Batching<Untagged>);
static_assert(!sluice::Batching<OfAnotherKind>);
static_assert(!sluice::Batching<NotConst>);
static_assert(!sluice::Batching<CountsInInt>);

TEST_CASE("a new plan is empty") {
    const sluice::Plan plan;
    CHECK(plan.empty());
    CHECK(plan.entries() == 0);
    CHECK(plan.members().empty());
}

TEST_CASE("a plan gives back its entries in order, and none without candidates") {
    sluice::Plan plan;
    plan.add(4);
    plan.add(2);
    plan.close_entry();
    plan.close_entry();
    plan.add(7);
    plan.close_entry();
    REQUIRE(plan.entries() == 2);
    REQUIRE(plan.entry(0).size() == 2);
    CHECK(plan.entry(0)[0] == 4);
    CHECK(plan.entry(0)[1] == 2);
    REQUIRE(plan.entry(1).size() == 1);
    CHECK(plan.entry(1)[0] == 7);
    CHECK(plan.members() == std::vector<std::uint32_t>{4, 2, 7});
}

TEST_CASE("what was added to an entry that is still open is in none") {
    sluice::Plan plan;
    plan.add(1);
    CHECK(plan.empty());
    plan.close_entry();
    CHECK_FALSE(plan.empty());
}

TEST_CASE("the limits are the service's unless told") {
    const sluice::RequestLimits limits;
    CHECK(limits.entries == 500);
    CHECK(limits.bytes == 10U * 1024 * 1024);
    CHECK(limits.entry_bytes == 1024U * 1024);
}
