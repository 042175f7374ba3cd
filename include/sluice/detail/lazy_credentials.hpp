#pragma once

#include <sluice/credentials/credentials.hpp>
#include <sluice/error.hpp>
#include <sluice/secrets.hpp>
#include <sluice/world.hpp>

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <utility>

namespace sluice::detail {

/// Credentials that are opened when they are asked for the first time; if that fails, the next question tries again.
/// Asked one question at a time.
template <Credentials C>
class LazyCredentials {
public:
    LazyCredentials(World& world, C recipe) : world_(&world), recipe_(std::move(recipe)) {}

    [[nodiscard]] asio::awaitable<result<Secrets>> fetch() {
        if (!running_) {
            auto running = co_await recipe_.open(*world_);
            if (!running) co_return running.error();
            running_.emplace(std::move(*running));
        }
        co_return co_await running_->fetch();
    }

private:
    World* world_;
    C recipe_;
    std::optional<running_t<C>> running_;
};

} // namespace sluice::detail
