#include <sluice/metrics/prometheus.hpp>

#include <prometheus/registry.h>

#include <memory>

int main() {
    const auto registry = std::make_shared<prometheus::Registry>();
    const sluice::PrometheusMetrics metrics(registry);
    return registry->Collect().empty() ? 0 : 1; // nothing is shown before a producer has it
}
