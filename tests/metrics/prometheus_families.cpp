#include <sluice/metrics/prometheus_families.hpp>

#include <doctest/doctest.h>

#include <prometheus/registry.h>

#include <memory>
#include <stdexcept>
#include <string>

using sluice::detail::PrometheusFamilies;

namespace {

double shown(const prometheus::Registry& registry, const std::string& name) {
    for (const auto& family : registry.Collect()) {
        if (family.name != name) continue;
        REQUIRE(family.metric.size() == 1);
        return family.metric.front().counter.value + family.metric.front().gauge.value;
    }
    return -1;
}

} // namespace

TEST_CASE("families made twice are one, and so are metrics with the same labels") {
    const auto registry = std::make_shared<prometheus::Registry>();
    PrometheusFamilies first(registry, {{"application", "shop"}});
    PrometheusFamilies second(registry, {{"application", "shop"}});
    CHECK(&first.attempts == &second.attempts);
    auto& metric = first.metric(first.attempts, {{"stream_name", "clicks"}});
    CHECK(&metric == &second.metric(second.attempts, {{"stream_name", "clicks"}}));
    CHECK(&metric != &second.metric(second.attempts, {{"stream_name", "orders"}}));
    metric.Increment();
    PrometheusFamilies other(registry, {{"application", "else"}});
    CHECK(&metric != &other.metric(other.attempts, {{"stream_name", "clicks"}}));
}

TEST_CASE("a label of all metrics does not take the place of a metric's own") {
    const auto registry = std::make_shared<prometheus::Registry>();
    PrometheusFamilies families(registry, {{"stream_name", "of all"}});
    static_cast<void>(families.metric(families.attempts, {{"stream_name", "clicks"}}));
    const auto collected = registry->Collect();
    REQUIRE(collected.size() == 1);
    CHECK(collected.front().metric.front().label.front().value == "clicks");
}

TEST_CASE("the age that is shown is the greatest of those who are there") {
    const auto registry = std::make_shared<prometheus::Registry>();
    PrometheusFamilies families(registry, {});
    const int first = 0;
    const int second = 0;
    const std::string name = "sluice_oldest_record_age_seconds";
    families.tell_age(&first, 3);
    families.tell_age(&second, 5);
    CHECK(shown(*registry, name) == 5);
    families.tell_age(&second, 1);
    CHECK(shown(*registry, name) == 3);
    families.forget_age(&first);
    CHECK(shown(*registry, name) == 1);
    families.forget_age(&second);
    families.forget_age(&second);
    CHECK(shown(*registry, name) == 0);
}

TEST_CASE("a registry that has something else under a name is refused") {
    const auto registry = std::make_shared<prometheus::Registry>();
    prometheus::BuildCounter().Name("sluice_buffered_records").Register(*registry);
    CHECK_THROWS_AS(PrometheusFamilies(registry, {}), std::invalid_argument);
}
