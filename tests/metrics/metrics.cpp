#include "run.hpp"
#include "world.hpp"

#include <sluice/detail/slots.hpp>
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

/// Metrics that do all that is optional.
class Thorough : public Counts {
public:
    static constexpr auto exchange_detail = sluice::ExchangeDetail::data;

    void record(const sluice::AcceptedRecord& record) { seen += record.data.size(); }
    void retried(std::string_view, std::uint64_t, std::uint64_t) {}
    awaitable<void> finish() { co_return; }
};

class Overloaded : public Thorough {
public:
    using Thorough::record;
    void record(int);
};

class Mistyped : public Counts {
public:
    void record(std::string_view, std::string_view, std::string_view);
    void retried(std::uint64_t);
    void finish();
};

class Secretive : public Counts {
private:
    awaitable<void> finish();
};

class Generic : public Counts {
public:
    template <class Record>
    void record(Record, int);
};

class Final final : public Counts {
public:
    int finish();
};

/// What is optional is there under its name, of whatever type.
template <class M>
constexpr bool names(bool record, bool retried, bool finish) {
    return sluice::detail::HasRecord<M> == record && sluice::detail::HasRetried<M> == retried &&
           sluice::detail::HasFinish<M> == finish;
}

} // namespace

static_assert(sluice::RecordMetrics<Thorough> && sluice::RetryMetrics<Thorough> && sluice::FinishingMetrics<Thorough>);
static_assert(sluice::RecordMetrics<Overloaded>);
static_assert(!sluice::RecordMetrics<Counts> && !sluice::RetryMetrics<Counts> && !sluice::FinishingMetrics<Counts>);
static_assert(sluice::RunningMetrics<Mistyped>);
static_assert(!sluice::RecordMetrics<Mistyped> && !sluice::RetryMetrics<Mistyped> &&
              !sluice::FinishingMetrics<Mistyped>);
static_assert(!sluice::FinishingMetrics<Secretive>);

static_assert(names<Counts>(false, false, false));
static_assert(names<Thorough>(true, true, true));
static_assert(names<Overloaded>(true, true, true));
static_assert(names<Mistyped>(true, true, true));
static_assert(names<Secretive>(false, false, true), "nobody can call it");
static_assert(names<Generic>(true, false, false));
static_assert(names<Final>(false, false, true));

static_assert(sluice::exchange_detail<Counts> == sluice::ExchangeDetail::entries, "unless they say what they want");
static_assert(sluice::exchange_detail<Thorough> == sluice::ExchangeDetail::data);
static_assert(sluice::exchange_detail<sluice::NoMetrics::Running> == sluice::ExchangeDetail::request);

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
