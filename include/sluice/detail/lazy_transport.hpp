#pragma once

#include <sluice/detail/guarded.hpp>
#include <sluice/detail/spawn.hpp>
#include <sluice/detail/wait_for.hpp>
#include <sluice/error.hpp>
#include <sluice/transport/transport.hpp>
#include <sluice/world.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace sluice::detail {

/// A transport that is opened when something is sent for the first time, once for all who send meanwhile. Strand only.
///
/// If that fails, they all get its error, and the next one tries again. The opening holds the world (`World::hold`).
template <Transport T>
class LazyTransport final : public AnyTransport {
public:
    LazyTransport(World& world, T recipe) : world_(world), recipe_(std::move(recipe)) {}

    LazyTransport(const LazyTransport&) = delete;
    LazyTransport& operator=(const LazyTransport&) = delete;

    [[nodiscard]] asio::awaitable<result<HttpResponse>> send(HttpRequest request) override {
        if (!running_) {
            const auto failure = co_await wait_until_open();
            if (failure) co_return failure;
        }
        co_return co_await running_->send(std::move(request));
    }

private:
    /// One opening, and who waits for its end.
    class Opening {
    public:
        explicit Opening(const asio::any_io_executor& executor) : over(executor, steady_time::max()) {}

        asio::steady_timer over; ///< Never runs out; cancelled when there is an outcome.
        std::optional<error_code> outcome;
    };

    asio::awaitable<error_code> wait_until_open() {
        const auto opening = opening_ ? opening_ : begin();
        if (!opening->outcome) co_await wait_for(opening->over);
        if (!opening->outcome) co_return asio::error::operation_aborted;
        co_return *opening->outcome;
    }

    /// On a coroutine of its own, so that the cancellation of one who waits does not reach the others.
    std::shared_ptr<Opening> begin() {
        const auto opening = std::make_shared<Opening>(world_.executor());
        opening_ = opening;
        auto ended = [world = world_.hold(), opening](const std::exception_ptr&) {};
        spawn(world_.executor(), open(opening), asio::cancellation_slot(), std::move(ended));
        return opening;
    }

    asio::awaitable<void> open(std::shared_ptr<Opening> opening) {
        error_code failure;
        try {
            auto running = co_await recipe_.open(world_);
            if (running) running_.emplace(std::move(*running));
            else failure = running.error();
        } catch (...) {
            failure = error_of_exception();
        }
        if (failure) world_.log().warning("the transport could not be opened: ", failure);
        opening->outcome = failure;
        opening_.reset();
        opening->over.cancel();
    }

    World& world_;
    T recipe_;
    std::optional<running_t<T>> running_;
    std::shared_ptr<Opening> opening_; ///< While one is under way.
};

} // namespace sluice::detail
