#pragma once

#include <sluice/aws/cached_credentials.hpp>
#include <sluice/credentials/credentials.hpp>
#include <sluice/world.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <utility>

namespace sluice {

/// Stands for the credentials that the producer has.
class ProducerCredentials {};

/// What metrics may sign with.
template <class C>
concept MetricsCredentials = std::same_as<C, ProducerCredentials> || Credentials<C>;

namespace detail {

/// Credentials of metrics that do not sign as the producer does, whatever their source is; kept and asked for as the
/// producer's are. To be destroyed after `stop`, or with their executor.
class OwnCredentials {
public:
    template <RunningCredentials Source>
    OwnCredentials(World& world, Source source) {
        auto cached = std::make_unique<CachedCredentials<Source>>(world, std::move(source));
        stop_ = [its = cached.get()] { its->stop(); };
        credentials_ = std::move(cached);
    }

    [[nodiscard]] AnyCredentials& credentials() noexcept { return *credentials_; }

    /// The source is asked no more; what it has under way is cancelled, and nobody waits for it.
    void stop() { stop_(); }

private:
    std::unique_ptr<AnyCredentials> credentials_;
    std::function<void()> stop_;
};

} // namespace detail

} // namespace sluice
