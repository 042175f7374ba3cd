#pragma once

#include <sluice/clock/clock.hpp>
#include <sluice/credentials/credentials.hpp>
#include <sluice/error.hpp>
#include <sluice/secrets.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <concepts>
#include <optional>
#include <utility>

namespace sluice {

/// Stands for the credentials that the producer has.
class ProducerCredentials {};

/// What metrics may sign with.
template <class C>
concept MetricsCredentials = std::same_as<C, ProducerCredentials> || Credentials<C>;

namespace detail {

/// Credentials of metrics that do not sign as the producer does, kept until shortly before their end. One call of
/// `fetch` at a time.
template <RunningCredentials Source>
class OwnCredentials final : public AnyCredentials {
public:
    OwnCredentials(World& world, Source source) : world_(world), source_(std::move(source)) {}

    [[nodiscard]] asio::awaitable<result<Secrets>> fetch() override {
        if (secrets_ && good_for(std::chrono::minutes(5))) co_return *secrets_;
        auto fresh = co_await source_.fetch();
        if (fresh) secrets_ = *fresh;
        const bool old_will_do = !fresh && secrets_ && good_for(std::chrono::seconds(0));
        if (old_will_do) co_return *secrets_;
        co_return fresh;
    }

    void reject(const Secrets& used) override {
        if (secrets_ == used) secrets_.reset();
    }

private:
    [[nodiscard]] bool good_for(std::chrono::seconds time) const {
        return !secrets_->expires || *secrets_->expires > world_.service_time() + time;
    }

    World& world_;
    Source source_;
    std::optional<Secrets> secrets_;
};

} // namespace detail

} // namespace sluice
