#pragma once

#include <sluice/metrics/prometheus_families.hpp>
#include <sluice/metrics/prometheus_stream.hpp>
#include <sluice/stats.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::detail {

/// What one producer tells Prometheus; on its strand.
class PrometheusCounts {
public:
    PrometheusCounts(std::shared_ptr<PrometheusFamilies> families, std::shared_ptr<const PrometheusGrain> grain,
                     std::size_t streams)
        : families_(std::move(families)), grain_(std::move(grain)), max_streams_(streams) {}

    PrometheusCounts(const PrometheusCounts&) = delete;
    PrometheusCounts& operator=(const PrometheusCounts&) = delete;

    ~PrometheusCounts() {
        show(buffered_records_, records_, 0);
        show(buffered_bytes_, bytes_, 0);
        families_->forget_age(this);
    }

    [[nodiscard]] PrometheusStream& of(std::string_view stream) {
        if (last_ == nullptr || last_->first != stream) last_ = &find(stream);
        return last_->second;
    }

    void observed(const Stats& stats) {
        PrometheusStream::catch_up(ignored_, seen_.ignored, stats.ignored);
        PrometheusStream::catch_up(refused_puts_, seen_.refused, stats.refused);
        PrometheusStream::catch_up(cleared_, seen_.cleared, stats.cleared);
        PrometheusStream::catch_up(recovered_, seen_.recovered, stats.recovered);
        PrometheusStream::catch_up(unreadable_, seen_.unreadable, stats.unreadable);
        show(buffered_records_, records_, stats.buffered_records);
        show(buffered_bytes_, bytes_, stats.buffered_bytes);
        families_->tell_age(this, std::chrono::duration<double>(stats.oldest_age).count());
        for (const auto& [name, stream] : stats.streams) of(name).observed(stream);
    }

private:
    using Streams = std::map<std::string, PrometheusStream, std::less<>>;

    [[nodiscard]] Streams::value_type& find(std::string_view stream) {
        const auto found = streams_.find(stream);
        if (found != streams_.end()) return *found;
        const std::string name(stream);
        const auto& label = streams_.size() < max_streams_ ? name : others_;
        return *streams_.try_emplace(name, *families_, *grain_, label).first;
    }

    /// Changes this producer's part of a sum.
    static void show(prometheus::Gauge& gauge, std::uint64_t& part, std::uint64_t now) {
        if (now > part) gauge.Increment(static_cast<double>(now - part));
        if (now < part) gauge.Decrement(static_cast<double>(part - now));
        part = now;
    }

    std::shared_ptr<PrometheusFamilies> families_;
    std::shared_ptr<const PrometheusGrain> grain_;
    std::size_t max_streams_;
    const std::string others_ = "other";
    Streams streams_;
    Streams::value_type* last_ = nullptr;
    Stats seen_;
    std::uint64_t records_ = 0; ///< As shown.
    std::uint64_t bytes_ = 0;
    prometheus::Gauge& buffered_records_ = families_->metric(families_->buffered_records, {});
    prometheus::Gauge& buffered_bytes_ = families_->metric(families_->buffered_bytes, {});
    prometheus::Counter& ignored_ = families_->metric(families_->ignored, {});
    prometheus::Counter& refused_puts_ = families_->metric(families_->refused_puts, {});
    prometheus::Counter& cleared_ = families_->metric(families_->cleared, {});
    prometheus::Counter& recovered_ = families_->metric(families_->recovered, {});
    prometheus::Counter& unreadable_ = families_->metric(families_->unreadable, {});
};

} // namespace sluice::detail
