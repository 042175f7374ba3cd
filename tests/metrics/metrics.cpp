#include "run.hpp"
#include "world.hpp"

#include <sluice/metrics/metrics.hpp>
#include <sluice/metrics/none.hpp>

#include <doctest/doctest.h>

namespace {

using sluice::asio::awaitable;

class Counts {
public:
    std::uint64_t seen = 0;

    void accepted(std::string_view, std::uint64_t records, std::uint64_t) { seen += records; }
    void exchanged(std::string_view, const sluice::Exchange&) {}
    void settled(std::string_view, sluice::error_code, std::uint64_t) {}
    void observed(const sluice::Stats&) {}
};

class Untagged {
public:
    awaitable<sluice::result<Counts>> open(sluice::World&) { co_return Counts{}; }
};

class Tagged : public Untagged {
public:
    using policy_kind = sluice::kind::metrics;
};

class Answers : public Counts {
public:
    bool settled(std::string_view, sluice::error_code, std::uint64_t);
};

class OpensAnswers {
public:
    using policy_kind = sluice::kind::metrics;
    awaitable<sluice::result<Answers>> open(sluice::World&);
};

class NeedsNoWorld {
public:
    using policy_kind = sluice::kind::metrics;
    awaitable<sluice::result<Counts>> open();
};

} // namespace

static_assert(sluice::RunningMetrics<Counts>);
static_assert(!sluice::RunningMetrics<Answers>);
static_assert(!sluice::RunningMetrics<const Counts>, "counting changes");
static_assert(sluice::Metrics<sluice::NoMetrics>);
static_assert(sluice::Metrics<Tagged>);
static_assert(!sluice::Metrics<Untagged>);
static_assert(!sluice::Metrics<OpensAnswers>);
static_assert(!sluice::Metrics<NeedsNoWorld>);

TEST_CASE("metrics count from the moment they are opened") {
    run([](boost::asio::io_context& context) -> awaitable<void> {
        TestWorld test(context.get_executor());
        auto opened = co_await Tagged{}.open(test.world);
        REQUIRE(opened.has_value());
        CHECK(opened->seen == 0);
        opened->accepted("clicks", 3, 100);
        CHECK(opened->seen == 3);
    });
}
