#include <sluice/metrics/prometheus_counts.hpp>

#include <doctest/doctest.h>

#include <prometheus/registry.h>

#include <memory>
#include <string>

using sluice::detail::PrometheusCounts;
using sluice::detail::PrometheusFamilies;
using sluice::detail::PrometheusGrain;

namespace {

class Shown {
public:
    Shown() { grain->seconds = {1}; }

    [[nodiscard]] std::unique_ptr<PrometheusCounts> counts(std::size_t streams = 2) const {
        return std::make_unique<PrometheusCounts>(families, grain, streams);
    }

    [[nodiscard]] double buffered() const { return families->metric(families->buffered_records, {}).Value(); }

    std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
    std::shared_ptr<PrometheusFamilies> families =
        std::make_shared<PrometheusFamilies>(registry, PrometheusFamilies::Labels());
    std::shared_ptr<PrometheusGrain> grain = std::make_shared<PrometheusGrain>();
};

} // namespace

TEST_CASE("a stream is found again, and those beyond the bound are one") {
    const Shown its;
    const auto counts = its.counts();
    auto& first = counts->of("first");
    auto& second = counts->of("second");
    CHECK(&first != &second);
    CHECK(&counts->of("first") == &first);
    counts->of("third").accepted(1, 10);
    counts->of("fourth").accepted(2, 20);
    CHECK(its.families->metric(its.families->accepted_records, {{"stream_name", "other"}}).Value() == 3);
    counts->of("other").accepted(4, 40); // one that is really called so
    CHECK(its.families->metric(its.families->accepted_records, {{"stream_name", "other"}}).Value() == 7);
}

TEST_CASE("what a producer has buffered is its part of a sum, and leaves with it") {
    const Shown its;
    const auto stays = its.counts();
    sluice::Stats stats;
    stats.buffered_records = 5;
    stats.buffered_bytes = 500;
    stays->observed(stats);
    {
        const auto leaves = its.counts();
        stats.buffered_records = 7;
        leaves->observed(stats);
        CHECK(its.buffered() == 12);
        stats.buffered_records = 1;
        leaves->observed(stats);
        CHECK(its.buffered() == 6);
    }
    CHECK(its.buffered() == 5);
    CHECK(its.families->metric(its.families->buffered_bytes, {}).Value() == 500);
}

TEST_CASE("puts that are refused are not taken for records that the service refused") {
    const Shown its;
    const auto counts = its.counts();
    sluice::Stats stats;
    stats.refused = 3;
    counts->observed(stats);
    counts->of("clicks").settled(sluice::error::request_refused, 2);
    CHECK(its.families->metric(its.families->refused_puts, {}).Value() == 3);
    const PrometheusFamilies::Labels labels{{"stream_name", "clicks"}, {"outcome", "request_refused"}};
    CHECK(its.families->metric(its.families->settled, labels).Value() == 2);
}
